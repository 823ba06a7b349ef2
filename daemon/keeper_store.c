// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "keeper_store.h"
#include "log.h"
#include "log_limit.h"

struct keeper_entry {
	UT_hash_handle hh;
	int fd;
	char name[KEPT_NAME_LEN];
};

/* Return: what follows a line's @key, as long as the line; NULL if no line has it. */
static const char *value_of(const char *text, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line >= key_len && !strncmp(text, key, key_len)) {
			*len = line - key_len;
			return text + key_len;
		}
		text += line + (text[line] == '\n');
	}
	return NULL;
}

bool keeper_store_says(const char *text, const char *line)
{
	size_t len;

	return value_of(text, line, &len) && !len;
}

/* As systemd has it: printable, and no colon, which stands between them. */
static bool read_name(const char *text, char name[KEPT_NAME_LEN])
{
	size_t len;
	const char *value = value_of(text, "FDNAME=", &len);

	if (!value || !len || len >= KEPT_NAME_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == ':')
			return false;
	memcpy(name, value, len);
	name[len] = '\0';
	return true;
}

static struct keeper_entry *find(const struct keeper_store *store, const char *name)
{
	struct keeper_entry *entry;

	HASH_FIND_STR(store->entries, name, entry);
	return entry;
}

int keeper_store_find(const struct keeper_store *store, const char *name)
{
	const struct keeper_entry *entry = find(store, name);

	return entry ? entry->fd : -1;
}

static void drop(struct keeper_store *store, struct keeper_entry *entry)
{
	if (!entry)
		return;
	HASH_DEL(store->entries, entry);
	store->n--;
	store->names -= strlen(entry->name) + 1;
	close(entry->fd);
	free(entry);
}

void keeper_store_clear(struct keeper_store *store)
{
	struct keeper_entry *entry, *next;

	HASH_ITER(hh, store->entries, entry, next)
		drop(store, entry);
}

static const char *add(struct keeper_store *store, const char *name, int fd)
{
	size_t len = strlen(name) + 1;
	struct keeper_entry *entry;

	if (store->n == KEPT_MAX || store->names + len > KEPT_NAMES_MAX)
		return "too many";
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return "no memory";
	memcpy(entry->name, name, len);
	entry->fd = fd;
	HASH_ADD_STR(store->entries, name, entry);
	store->n++;
	store->names += len;
	return NULL;
}

static void keep(struct keeper_store *store, const char *name, int fd)
{
	const char *why;

	drop(store, find(store, name));
	why = add(store, name, fd);
	if (!why)
		return;
	log_limited(log_warning, "descriptor not kept", "name=%s error=\"%s\"", name, why);
	close(fd);
}

void keeper_store_notify(struct keeper_store *store, const char *text, const int *fds,
			 size_t n_fds)
{
	char name[KEPT_NAME_LEN];
	bool named = read_name(text, name);
	bool wanted = named && n_fds == 1 && keeper_store_says(text, "FDSTORE=1");

	if (wanted)
		keep(store, name, fds[0]);
	else if (named && keeper_store_says(text, "FDSTOREREMOVE=1"))
		drop(store, find(store, name));
	while (!wanted && n_fds)
		close(fds[--n_fds]);
}

/* --- in the child */

static int tell_environment(const struct keeper_store *store)
{
	static char names[KEPT_NAMES_MAX];
	const struct keeper_entry *entry;
	char text[16], *end = names;

	for (entry = store->entries; entry; entry = entry->hh.next)
		end += sprintf(end, "%s%s", end > names ? ":" : "", entry->name);
	*end = '\0';
	if (setenv("LISTEN_FDNAMES", names, 1))
		return -errno;
	snprintf(text, sizeof(text), "%u", store->n);
	if (setenv("LISTEN_FDS", text, 1))
		return -errno;
	snprintf(text, sizeof(text), "%d", (int)getpid());
	return setenv("LISTEN_PID", text, 1) ? -errno : 0;
}

int keeper_store_pass(struct keeper_store *store)
{
	struct keeper_entry *entry;
	int to = KEPT_FD_FIRST;

	/* First out of the way of those that come to lie there. */
	for (entry = store->entries; entry; entry = entry->hh.next) {
		int fd = fcntl(entry->fd, F_DUPFD_CLOEXEC, KEPT_FD_FIRST + store->n);

		if (fd < 0)
			return -errno;
		close(entry->fd);
		entry->fd = fd;
	}
	for (entry = store->entries; entry; entry = entry->hh.next)
		if (dup2(entry->fd, to++) < 0)
			return -errno;
	return tell_environment(store);
}
