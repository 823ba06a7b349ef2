// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

void complain(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kturn: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
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
