/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings from a command line or a file that a test writes down; after cmocka.h.
 */
#ifndef KTURN_CONFIG_LOAD_H
#define KTURN_CONFIG_LOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "macros.h"

/* A value that is right, so that only what is tested can be wrong. */
#define USER "--user=u:p", "--realm=r", "--relay-ip=192.0.2.1"

static struct config config;

/* Return: what was complained about, to be freed. */
static char *load(char *const *args, size_t n)
{
	char *argv[64] = { "kturnd", "-n" }, *text = NULL;
	size_t size = 0;
	FILE *errors = open_memstream(&text, &size);
	unsigned int count, lines = 0;

	memcpy(argv + 2, args, n * sizeof(*args));
	count = config_load(&config, n + 2, argv, errors);
	fclose(errors);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(count + config.warnings, lines);
	return text;
}

static inline void load_well(char *const *args, size_t n)
{
	char *text = load(args, n);

	assert_string_equal(text, "");
	free(text);
}

#define LOAD(...)						\
	do {							\
		char *args[] = { __VA_ARGS__ };			\
		load_well(args, ARRAY_SIZE(args));		\
	} while (0)

static inline const char *write_file(const char *text)
{
	static char path[] = "/tmp/test_config.XXXXXX";
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static inline char *load_file(const char *text)
{
	char *args[] = { "-c", (char *)write_file(text), USER };
	char *errors = load(args, ARRAY_SIZE(args));

	unlink(args[1]);
	return errors;
}

#endif
