// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "password.h"

void password_free(char *password)
{
	if (password)
		gnutls_memset(password, 0, strlen(password));
	free(password);
}

/* Return: a line without its end, or NULL. */
static char *read_line(FILE *from)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, from);

	if (len > 0 && line[len - 1] == '\n')
		line[len - 1] = '\0';
	if (len >= 0)
		return line;
	free(line);
	return NULL;
}

static char *prompt(const char *what, const char *again)
{
	struct termios before, silent;
	char *line;

	fprintf(stderr, "%s%s: ", what, again);
	if (tcgetattr(STDIN_FILENO, &before))
		return read_line(stdin);
	silent = before;
	silent.c_lflag &= ~ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	line = read_line(stdin);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return line;
}

static char *ask(const char *what, bool twice)
{
	char *first = prompt(what, ""), *second;

	if (!first || !twice)
		return first;
	second = prompt(what, " again");
	if (second && !strcmp(first, second)) {
		password_free(second);
		return first;
	}
	complain("these are two");
	password_free(first);
	password_free(second);
	return NULL;
}

static char *from_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line;

	if (!file) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	line = read_line(file);
	fclose(file);
	return line;
}

char *password_get(const struct options *opt, const char *what, bool twice)
{
	char *password;

	if (opt->password_file && strcmp(opt->password_file, "-"))
		password = from_file(opt->password_file);
	else if (isatty(STDIN_FILENO))
		password = ask(what, twice);
	else
		password = read_line(stdin);
	if (password && *password)
		return password;
	password_free(password);
	complain("there is no %s", what);
	return NULL;
}
