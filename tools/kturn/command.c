// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "printable.h"

void complain(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	fflush(stdout);
	if (len < 0)
		fputs("kturn: out of memory\n", stderr);
	else
		fprintf(stderr, "kturn: %.*s\n", (int)printable(text, len), text);
	if (len >= 0)
		free(text);
}

bool parse_u64(const char *text, uint64_t *value)
{
	int base = strncasecmp(text, "0x", 2) ? 10 : 16;
	char *end;

	/* strtoull() would accept blanks and a sign. */
	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && !*end && isxdigit((unsigned char)end[-1]);
}

struct kturn_genl *connect_module(void)
{
	struct kturn_genl *genl;
	char why[128];

	if (!kturn_genl_open(&genl, why, sizeof(why)))
		return genl;
	complain("%s", why);
	return NULL;
}
