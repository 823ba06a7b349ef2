// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "sparkline.h"

#define LEVELS 8

static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const ascii[LEVELS] = { "_", ".", ":", "-", "=", "+", "*", "#" };

static size_t level_of(float value, float most)
{
	size_t level;

	if (value <= 0)
		return 0;
	level = 1 + (size_t)(value / most * (LEVELS - 2) + 0.5f);
	return level < LEVELS ? level : LEVELS - 1;
}

const char *sparkline(const float *values, size_t count, bool utf8, char *buf)
{
	const char *const *levels = utf8 ? blocks : ascii;
	float most = 0;
	char *end = buf;

	for (size_t i = 0; i < count; i++)
		if (values[i] > most)
			most = values[i];
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, values[i] < 0 ? " " : levels[level_of(values[i], most)]);
	*end = '\0';
	return buf;
}
