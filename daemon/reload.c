// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_diff.h"
#include "log.h"
#include "reload.h"
#include "server.h"
#include "snapshot.h"
#include "tls_server.h"
#include "worker.h"

#define LINE_QUOTE_LEN 1024

/* A configuration on its way into use. */
struct reloading {
	FILE *told;
	struct config_kept kept;
	unsigned int changes;
};

/* To one worker; the snapshot's reference travels along. */
struct news {
	struct mail mail;
	struct snapshot *snapshot;
};

__attribute__((format(printf, 2, 3)))
static void tell(struct reloading *r, const char *fmt, ...)
{
	va_list args;

	if (!r->told)
		return;
	va_start(args, fmt);
	vfprintf(r->told, fmt, args);
	va_end(args);
	fputc('\n', r->told);
}

/* One line of the log for each line of what is wrong, or has no effect. */
static void pass_on(struct reloading *r, char *complaints, bool refused)
{
	char *rest = complaints, *line, quoted[LINE_QUOTE_LEN];

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		log_quote_n(quoted, sizeof(quoted), line, strlen(line));
		if (refused)
			log_error("reload refused", "error=%s", quoted);
		else
			log_warning("configuration", "warning=%s", quoted);
		tell(r, "%s", line);
	}
}

/* Return: a new configuration without a fault, or NULL. */
static struct config *load(struct reloading *r, const struct config *old)
{
	struct config *config = calloc(1, sizeof(*config));
	char *complaints = NULL;
	size_t size = 0;
	FILE *errors = open_memstream(&complaints, &size);
	unsigned int n = 1;

	if (config && errors) {
		n = config_load(config, old->argc, old->argv, errors);
		if (!n)
			n = config_keep(config, old, &r->kept, errors);
	}
	if (errors)
		fclose(errors);
	pass_on(r, complaints ? complaints : (char []){ "no memory" }, n);
	if (n) {
		if (config)
			config_free(config);
		free(config);
		config = NULL;
	}
	free(complaints);
	return config;
}

static bool is_kept(const struct config_kept *kept, const char *key)
{
	for (unsigned int i = 0; i < kept->n; i++)
		if (!strcmp(kept->keys[i], key))
			return true;
	return false;
}

static void on_difference(const struct config_difference *difference, void *arg)
{
	struct reloading *r = arg;
	char old[LOG_QUOTE_LEN], new[LOG_QUOTE_LEN];

	/* What is in use does not depend on what a file has said in between. */
	if (config_is_fixed(difference->key) || is_kept(&r->kept, difference->key))
		return;
	r->changes++;
	log_info("setting changed", "key=%s old=%s new=%s", difference->key,
		 log_quote(old, difference->old, strlen(difference->old)),
		 log_quote(new, difference->new, strlen(difference->new)));
	tell(r, "%s: %s -> %s", difference->key, difference->old, difference->new);
}

static const struct tls_server *tls_of(const struct config *config)
{
	return config->tls ? config->tls : config->dtls;
}

/* The file may have the same name and be another one. */
static void compare_certificates(struct reloading *r, const struct config *old,
				 const struct config *new)
{
	char before[TLS_FINGERPRINT_LEN], now[TLS_FINGERPRINT_LEN];

	if (!tls_of(old) || !tls_of(new) ||
	    !strcmp(tls_server_fingerprint(tls_of(old), before),
		    tls_server_fingerprint(tls_of(new), now)))
		return;
	r->changes++;
	log_info("certificate changed", "old=%.16s new=%.16s path=\"%s\"", before, now, new->cert);
	tell(r, "certificate: %.16s -> %.16s", before, now);
}

static void say_what_changes(struct reloading *r, const struct config *old,
			     const struct config *new)
{
	for (unsigned int i = 0; i < r->kept.n; i++) {
		if (i && !strcmp(r->kept.keys[i], r->kept.keys[i - 1]))
			continue;
		log_warning("setting kept", "key=%s reason=\"it takes a restart\"",
			    r->kept.keys[i]);
		tell(r, "%s: kept as it was: it takes a restart", r->kept.keys[i]);
	}
	config_diff(old, new, on_difference, r);
	compare_certificates(r, old, new);
}

static void arrive(struct mail *mail, void *worker)
{
	struct news *news = (struct news *)mail;

	worker_take(worker, news->snapshot);
	free(news);
}

/* All the messages first: then none of the workers is left out. */
static struct news **write_news(const struct server *server, struct snapshot *snapshot)
{
	struct news **list = calloc(server->n_workers, sizeof(*list));
	unsigned int n = 0;

	while (list && n < server->n_workers && (list[n] = malloc(sizeof(**list)))) {
		*list[n] = (struct news){ { arrive }, snapshot_get(snapshot) };
		n++;
	}
	if (list && n == server->n_workers)
		return list;
	while (n) {
		snapshot_put(list[--n]->snapshot);
		free(list[n]);
	}
	free(list);
	return NULL;
}

static int publish(struct server *server, struct snapshot *snapshot)
{
	struct news **list = write_news(server, snapshot);
	int err = 0;

	if (!list)
		return -ENOMEM;
	for (unsigned int i = 0; i < server->n_workers; i++) {
		/* Thousands wait for a worker that does not move; it is lost anyway. */
		if (!mailbox_post(&server->workers[i].mailbox, &list[i]->mail))
			continue;
		log_error("reload", "worker=%u error=\"%s\"", i, "its mailbox is full");
		snapshot_put(list[i]->snapshot);
		free(list[i]);
		err = -EAGAIN;
	}
	free(list);
	return err;
}

static int use(struct server *server, struct reloading *r, struct config *config)
{
	struct snapshot *old = server->snapshot, *snapshot;
	int err = snapshot_new(&snapshot, config, config);

	if (err) {
		tell(r, "userdb: %s: %s", config->userdb ? config->userdb : "Redis",
		     strerror(-err));
		config_free(config);
		free(config);
		return err;
	}
	say_what_changes(r, old->config, config);
	log_set_verbose(config->verbose);
	err = publish(server, snapshot);
	server->snapshot = snapshot;
	server->config = config;
	LIST_INSERT_HEAD(&server->replaced, old, entry);
	return err;
}

/* It may have been moved away, as logrotate(8) does. */
static void reopen_log(const struct config *config)
{
	int err = log_reopen();

	if (err)
		log_error("log file kept", "path=\"%s\" error=\"%s\"", config->log_file,
			  strerror(-err));
}

int reload(struct server *server, FILE *told)
{
	struct reloading r = { .told = told };
	struct config *config;
	int err;

	reopen_log(server->config);
	config = load(&r, server->config);
	err = config ? use(server, &r, config) : -EINVAL;
	if (!err)
		log_info("reloaded", "changes=%u kept=%u", r.changes, r.kept.n);
	return err;
}
