// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>

#include "tally.h"

/**
 * broken() - note what does not hold
 * @tally: where
 * @invariant: what
 * @fmt: how that shows
 *
 * Return: -1.
 */
int broken(struct tally *tally, enum invariant invariant, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(tally->what[invariant], sizeof(tally->what[invariant]), fmt, args);
	va_end(args);
	__atomic_fetch_or(&tally->broken, 1u << invariant, __ATOMIC_SEQ_CST);
	return -1;
}
