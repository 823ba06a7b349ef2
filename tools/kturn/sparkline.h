/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A curve that is one line high.
 */
#ifndef KTURN_SPARKLINE_H
#define KTURN_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes for a curve of so many values. */
#define SPARKLINE_LEN(count) (3 * (count) + 1)

/**
 * sparkline() - draw values from left to right, the greatest of them as high as can be
 * @values: @count of them; below 0: not known, left blank
 * @utf8: with block elements of Unicode; else with what ASCII has
 * @buf: has room for SPARKLINE_LEN(@count)
 *
 * What is not 0 stands out from what is.
 *
 * Return: @buf.
 */
const char *sparkline(const float *values, size_t count, bool utf8, char *buf);

#endif
