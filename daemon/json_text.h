/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that may be any bytes, such as names and realms, for those who want JSON.
 */
#ifndef KTURN_JSON_TEXT_H
#define KTURN_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/**
 * json_text() - a string of JSON
 * @text: what is no UTF-8 is told as if it were ISO 8859-1; NULL is null
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *json_text(const char *text);

/**
 * json_text_n() - the same of text that has a length, and may have NULs
 */
json_t *json_text_n(const char *text, size_t len);

#endif
