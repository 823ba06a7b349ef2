/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a web page comes from (RFC 6454), as the ORIGIN attribute has it.
 */
#ifndef KTURN_ORIGIN_H
#define KTURN_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#define ORIGIN_MAX 512

/**
 * origin_write() - write an origin in the one form in which two can be compared
 * @canonical: gets "scheme://host:port" in lower case, with the port also where it
 *	is the scheme's own; what has no scheme only changes its case
 *
 * Return: false if it is empty or too long.
 */
bool origin_write(char canonical[ORIGIN_MAX], const char *origin, size_t len);

#endif
