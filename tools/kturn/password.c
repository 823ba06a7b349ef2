// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "macros.h"
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

/* --- on a terminal, without an echo */

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* The terminal as it was. */
static struct termios before;

/* Who ends here must not leave a terminal that does not echo. */
static void on_signal(int number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raise(number);	/* it is as it was again, and comes when this returns */
}

/* @old: of each signal, what was done about it; one that is ignored stays so. */
static void catch_signals(struct sigaction old[ARRAY_SIZE(ending)])
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		sigaction(ending[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	}
}

static void release_signals(const struct sigaction old[ARRAY_SIZE(ending)])
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &old[i], NULL);
}

static char *prompt(const char *what, const char *again)
{
	struct sigaction old[ARRAY_SIZE(ending)];
	struct termios silent;
	char *line;

	fprintf(stderr, "%s%s: ", what, again);
	if (tcgetattr(STDIN_FILENO, &before))
		return read_line(stdin);
	silent = before;
	silent.c_lflag &= ~ECHO;
	catch_signals(old);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	line = read_line(stdin);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	release_signals(old);
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
