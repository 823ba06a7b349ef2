// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is to say about a configuration. It is kept until all of it has been
 * read: the whole may be wrong only because a part of it is, which is not said twice.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"

static size_t key_len(const char *text)
{
	return strcspn(text, ":");
}

bool config_complained(const struct config_errors *errors, const char *key)
{
	size_t len = key_len(key);

	for (const struct config_complaint *c = errors->first; c; c = c->next)
		if (!c->warning && key_len(c->text) == len && !memcmp(c->text, key, len))
			return true;
	return false;
}

/* Takes @text over. A complaint that finds no memory still counts. */
static void add(struct config_errors *errors, const struct config_place *place, bool warning,
		char *text)
{
	struct config_complaint *complaint = calloc(1, sizeof(*complaint));

	if (warning)
		errors->warnings++;
	else
		errors->n++;
	if (!complaint) {
		free(text);
		return;
	}
	complaint->place = *place;
	complaint->warning = warning;
	complaint->text = text;
	if (errors->last)
		errors->last->next = complaint;
	else
		errors->first = complaint;
	errors->last = complaint;
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

void config_complain_at(struct config_errors *errors, const struct config_place *place,
			const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (text)
		add(errors, place, false, text);
	else
		errors->n++;
}

void config_warn_at(struct config_errors *errors, const struct config_place *place,
		    const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (text)
		add(errors, place, true, text);
}

/* Where the key was given that a text begins with. */
static struct config_place place_of(const struct config_errors *errors, const char *text)
{
	const struct config_key *key = config_key_find(text, key_len(text));

	return key ? errors->places[config_key_index(key)] : (struct config_place){ 0 };
}

void config_complain(struct config_errors *errors, const char *fmt, ...)
{
	struct config_place place;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (!text) {
		errors->n++;
	} else if (config_complained(errors, text)) {
		free(text);
	} else {
		place = place_of(errors, text);
		add(errors, &place, false, text);
	}
}

void config_warn(struct config_errors *errors, const char *fmt, ...)
{
	struct config_place place;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	if (!text)
		return;
	place = place_of(errors, text);
	add(errors, &place, true, text);
}

bool config_given(const struct config_errors *errors, const char *name)
{
	return place_of(errors, name).origin;
}

void config_errors_print(const struct config_errors *errors, FILE *out)
{
	for (const struct config_complaint *c = errors->first; c; c = c->next) {
		if (c->place.line)
			fprintf(out, "%s:%u: ", c->place.origin, c->place.line);
		else if (c->place.origin)
			fprintf(out, "%s: ", c->place.origin);
		fprintf(out, "%s%s\n", c->warning ? "warning: " : "", c->text);
	}
}

void config_errors_free(struct config_errors *errors)
{
	struct config_complaint *complaint;

	while ((complaint = errors->first)) {
		errors->first = complaint->next;
		free(complaint->text);
		free(complaint);
	}
	*errors = (struct config_errors){ 0 };
}
