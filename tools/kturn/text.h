/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers, times and bytes for people to read.
 */
#ifndef KTURN_TEXT_H
#define KTURN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "genl.h"

#define TEXT_LEN 24

/**
 * text_init() - find out whether standard output wants colour
 *
 * It does on a terminal, unless the environment has NO_COLOR.
 */
void text_init(void);

/**
 * text_bold() - what makes the following text stand out, or nothing
 */
const char *text_bold(void);

/**
 * text_warning() - what makes it stand out more
 */
const char *text_warning(void);

/**
 * text_plain() - what ends either of them
 */
const char *text_plain(void);

/**
 * text_bytes() - "170B", "1.5KiB", "64.0MiB"
 *
 * Return: @buf.
 */
const char *text_bytes(uint64_t bytes, char buf[TEXT_LEN]);

/**
 * text_time() - "340ms", "12.3s", "4m05s", "2h04m", "3d07h"
 *
 * Return: @buf.
 */
const char *text_time(uint64_t ms, char buf[TEXT_LEN]);

/**
 * text_addr() - address and port, or "-" if nothing is known
 *
 * Return: a constant, or @buf.
 */
const char *text_addr(const union addr *addr, char buf[ADDR_STR_LEN]);

/**
 * text_hex() - bytes as hexadecimal digits, two each
 * @buf: has room for 2 * @len + 1
 *
 * Return: @buf.
 */
const char *text_hex(const uint8_t *bytes, size_t len, char *buf);

/**
 * text_key() - print the name of what follows in the line
 * @indent: stands before it
 */
void text_key(const char *indent, const char *key);

/**
 * text_field_count() - print a line with a name and a number
 */
void text_field_count(const char *indent, const char *key, uint64_t count);

/**
 * text_field_bytes() - print a line with a name and a size, exact if large
 */
void text_field_bytes(const char *indent, const char *key, uint64_t bytes);

/**
 * text_runs() - print a line about how often sockets were looked at
 */
void text_runs(const char *indent, const struct kturn_runs *runs);

/**
 * text_hexdump() - print bytes, sixteen a line, as digits and as characters
 * @indent: stands before each line
 */
void text_hexdump(const char *indent, const uint8_t *bytes, size_t len);

#endif
