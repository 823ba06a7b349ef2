// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper_store.h"
#include "log.h"

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

static void drop(struct keeper_store *store, const char *name)
{
	for (unsigned int i = 0; i < store->n; i++) {
		if (strcmp(store->entries[i].name, name))
			continue;
		close(store->entries[i].fd);
		store->entries[i] = store->entries[--store->n];
		return;
	}
}

static void keep(struct keeper_store *store, const char *name, int fd)
{
	drop(store, name);
	if (store->n == KEPT_MAX) {
		log_warning("descriptor not kept", "name=%s error=\"too many\"", name);
		close(fd);
		return;
	}
	strcpy(store->entries[store->n].name, name);
	store->entries[store->n++].fd = fd;
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
		drop(store, name);
	while (!wanted && n_fds)
		close(fds[--n_fds]);
}

/* --- in the child */

static int tell_environment(const struct keeper_store *store)
{
	static char names[KEPT_MAX * KEPT_NAME_LEN];
	char text[16];
	char *end = names;

	for (unsigned int i = 0; i < store->n; i++)
		end += sprintf(end, "%s%s", i ? ":" : "", store->entries[i].name);
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
	/* First out of the way of those that come to lie there. */
	for (unsigned int i = 0; i < store->n; i++) {
		int fd = fcntl(store->entries[i].fd, F_DUPFD_CLOEXEC, KEPT_FD_FIRST + store->n);

		if (fd < 0)
			return -errno;
		store->entries[i].fd = fd;
	}
	for (unsigned int i = 0; i < store->n; i++)
		if (dup2(store->entries[i].fd, KEPT_FD_FIRST + i) < 0)
			return -errno;
	return tell_environment(store);
}
