// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "config_foreign.h"
#include "config_internal.h"

#define WIDTH 88

static void print_key(FILE *out, const struct config_key *key)
{
	bool optional = key->flags & CONFIG_KEY_OPTIONAL, separate = key->flags & CONFIG_KEY_NEXT;
	char option[64];

	snprintf(option, sizeof(option), "--%s%s%s%s%s%s", key->name,
		 separate ? " " : "", optional ? "[" : "", key->arg && !separate ? "=" : "",
		 key->arg ? key->arg : "", optional ? "]" : "");
	fprintf(out, "  %c%c  %-32s %s\n", key->letter ? '-' : ' ',
		key->letter ? key->letter : ' ', option, key->help);
}

/* The names of coturn's keys that are refused, or those that are not. */
static void print_foreign(FILE *out, const char *title, bool refused)
{
	const struct config_foreign *key = NULL;
	size_t column = WIDTH;

	fprintf(out, "\n%s", title);
	while ((key = config_foreign_next(key))) {
		if (config_foreign_refuses(key, true) != refused)
			continue;
		column += 1 + strlen(key->name);
		if (column > WIDTH) {
			fputs("\n ", out);
			column = 2 + strlen(key->name);
		}
		fprintf(out, " %s", key->name);
	}
	fputc('\n', out);
}

void config_help(FILE *out)
{
	const struct config_key *key = NULL;

	fputs("Usage: kturnd [options]\n\n"
	      "A TURN server with TCP relaying (RFC 8656, RFC 6062). Each long option is also a\n"
	      "key of the configuration file, there without the dashes: see kturnd.conf(5).\n\n",
	      out);
	while ((key = config_key_next(key)))
		print_key(out, key);
	print_foreign(out, "Keys of coturn's that have no effect here; a warning says why:", false);
	print_foreign(out, "Keys of coturn's that are refused; an error says what to do instead:",
		      true);
}
