/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What strangers have written, for an operator's terminal: a name may be any bytes, and so
 * commands to the terminal, or what lets other text appear where it is not.
 */
#ifndef KTURN_PRINTABLE_H
#define KTURN_PRINTABLE_H

#include <jansson.h>
#include <stddef.h>

/**
 * printable() - put a '.' in place of every character that is more than a sign on the screen
 * @text: is changed; never gets longer
 * @len: bytes of it
 *
 * These are control characters (C0, DEL, C1), those that change the direction of text or end
 * a line in Unicode, and each byte that is not UTF-8.
 *
 * Return: how many bytes are left.
 */
size_t printable(char *text, size_t len);

/**
 * printable_json() - the same in all strings and keys of a value
 *
 * Return: another value, a new reference; NULL without memory.
 */
json_t *printable_json(const json_t *value);

#endif
