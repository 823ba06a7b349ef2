/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The limits of relays: their names, and how people write their values.
 */
#ifndef KTURN_LIMIT_H
#define KTURN_LIMIT_H

#include "genl.h"
#include "text.h"

/* There are so many kinds. */
#define LIMIT_KINDS 8

/**
 * limit_name() - a limit's name, as the command line has it
 * @kind: below LIMIT_KINDS
 */
const char *limit_name(size_t kind);

/**
 * limit_value() - what a relay has of it, in the attribute's unit; 0 is none
 */
uint64_t limit_value(const struct kturn_limits *limits, size_t kind);

/**
 * limit_text() - the value for people to read
 *
 * Return: @buf.
 */
const char *limit_text(const struct kturn_limits *limits, size_t kind, char buf[TEXT_LEN]);

/**
 * limit_parse() - read a name and a value from the command line, or complain
 *
 * A time is a number and ms, s (which may be left out), m, h or d. Bytes, and
 * bytes per second, may have K, M, G or T behind them, powers of 1024. "none"
 * is 0.
 *
 * Return: false after a complaint.
 */
bool limit_parse(const char *name, const char *value, struct kturn_limit *limit);

/**
 * limit_parse_time() - read a time as limits have it, in milliseconds
 *
 * Return: false if @text is something else.
 */
bool limit_parse_time(const char *text, uint64_t *ms);

#endif
