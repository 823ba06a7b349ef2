// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "text.h"
#include "version.h"

static const struct noun {
	const char *name;
	const struct verb *verbs;
} nouns[] = {
	{ "relay", relay_verbs },
	{ "stats", stats_verbs },
	{ "caps", caps_verbs },
	{ "settings", settings_verbs },
	{ NULL, NULL },
};

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

static void usage(FILE *to)
{
	fputs("usage: kturn [OPTION...] NOUN [VERB] [ARGUMENT...]\n\n", to);
	for (const struct noun *noun = nouns; noun->name; noun++)
		for (const struct verb *verb = noun->verbs; verb->name; verb++)
			fprintf(to, "  kturn %-8s %-4s %-22s %s\n", noun->name, verb->name,
				verb->takes, verb->does);
	fputs("\n"
	      "  -g, --group G   only the relays of this group\n"
	      "  -j, --json      answer in JSON\n"
	      "  -h, --help      this text\n"
	      "  -V, --version\n\n"
	      "Words may be cut short; a noun alone means its first verb. The exit status\n"
	      "is 0, or 1 if the request failed, or 2 if the command line makes no sense.\n",
	      to);
}

static int usage_error(void)
{
	fputs("Try \"kturn help\".\n", stderr);
	return EXIT_USAGE;
}

/* A word may be cut short; the first that fits is meant. */
static bool matches(const char *word, const char *name)
{
	return *word && !strncmp(word, name, strlen(word));
}

static const struct noun *find_noun(const char *word)
{
	for (const struct noun *noun = nouns; noun->name; noun++)
		if (matches(word, noun->name))
			return noun;
	return NULL;
}

static const struct verb *find_verb(const struct noun *noun, const char *word)
{
	for (const struct verb *verb = noun->verbs; verb->name; verb++)
		if (matches(word, verb->name))
			return verb;
	return NULL;
}

static int run(const struct noun *noun, const struct verb *verb,
	       const struct options *opt, int count, char **args)
{
	if (opt->by_group && !verb->takes_group) {
		complain("%s %s knows no --group", noun->name, verb->name);
		return usage_error();
	}
	if (opt->by_group && count) {
		complain("%s %s takes arguments or --group, not both", noun->name,
			 verb->name);
		return usage_error();
	}
	if (!opt->by_group && count < verb->min) {
		complain("%s %s needs %s", noun->name, verb->name, verb->takes);
		return usage_error();
	}
	if (count > verb->max) {
		complain("%s %s: what is \"%s\"?", noun->name, verb->name,
			 args[verb->max]);
		return usage_error();
	}
	return verb->run(opt, count, args);
}

static int dispatch(const struct options *opt, int count, char **words)
{
	const struct noun *noun;
	const struct verb *verb;

	if (!count) {
		usage(stderr);
		return EXIT_USAGE;
	}
	noun = find_noun(words[0]);
	if (matches(words[0], "help") ||
	    (noun && count == 2 && !strcmp(words[1], "help"))) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (!noun) {
		complain("there is no \"%s\"", words[0]);
		return usage_error();
	}
	if (count == 1)
		return run(noun, noun->verbs, opt, 0, NULL);
	verb = find_verb(noun, words[1]);
	if (!verb) {
		complain("there is no \"%s %s\"", noun->name, words[1]);
		return usage_error();
	}
	return run(noun, verb, opt, count - 2, words + 2);
}

static int set_group(struct options *opt, const char *text)
{
	opt->by_group = parse_u64(text, &opt->group);
	if (opt->by_group)
		return EXIT_SUCCESS;
	complain("\"%s\" is not the number of a group", text);
	return usage_error();
}

static int parse_and_run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = { .json = false };
	int c;

	while ((c = getopt_long(argc, argv, "g:jhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'g':
			if (set_group(&opt, optarg))
				return EXIT_USAGE;
			break;
		case 'j':
			opt.json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("kturn " KTURN_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage_error();
		}
	}
	return dispatch(&opt, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	static char name[] = "kturn";
	int status;

	/* getopt complains in this name. */
	if (argc)
		argv[0] = name;
	text_init();
	status = parse_and_run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return status;
}
