/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking for what nobody else is to see: a password, a secret.
 */
#ifndef KTURN_PASSWORD_H
#define KTURN_PASSWORD_H

#include <stdbool.h>

struct options;

/**
 * password_get() - from --password-file, else from standard input: without echo, and
 * twice, where that is a terminal; otherwise its first line
 * @what: "password", "secret"; for the prompt and the complaint
 * @twice: it is new, so typing mistakes would not be noticed
 *
 * Return: to be freed by password_free(); NULL after a complaint.
 */
char *password_get(const struct options *opt, const char *what, bool twice);

/**
 * password_free() - wipe and free it; NULL is none
 */
void password_free(char *password);

#endif
