// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "text.h"
#include "version.h"

/* Options without a letter. */
#define SHA256		256
#define ADDRESS		257
#define PCAPNG		258
#define COUNT		259
#define PEER		260
#define IDLE		261
#define ENGINE		262
#define RCVBUF		263
#define INTERVAL	264
#define DEADLINE_MAX	(365 * 24 * 3600)
#define RCVBUF_MAX	(1 << 30)

static const struct noun {
	const char *name;
	const struct verb *verbs;
} nouns[] = {
	{ "relay", relay_verbs },
	{ "monitor", monitor_verbs },
	{ "top", top_verbs },
	{ "stats", stats_verbs },
	{ "caps", caps_verbs },
	{ "settings", settings_verbs },
	{ "allocation", allocation_verbs },
	{ "user", user_verbs },
	{ "secret", secret_verbs },
	{ "status", status_verbs },
	{ "reload", reload_verbs },
	{ "drain", drain_verbs },
	{ "upgrade", upgrade_verbs },
	{ "trace", trace_verbs },
	{ "diagnose", diagnose_verbs },
	{ NULL, NULL },
};

static void usage(FILE *to)
{
	fputs("usage: kturn [OPTION...] NOUN [VERB] [ARGUMENT...]\n\n", to);
	for (const struct noun *noun = nouns; noun->name; noun++)
		for (const struct verb *verb = noun->verbs; verb->name; verb++)
			fprintf(to, "  kturn %-10s %-7s %-22s %s\n", noun->name, verb->name,
				verb->takes, verb->does);
	fputs("\n"
	      "  -g, --group G   only the relays of this group\n"
	      "      --peer ADDR[/N]     only those whose peer is this, or in this network\n"
	      "      --idle +TIME        only those that have been idle for so long; -TIME: not so long\n"
	      "      --engine ENGINE     only those with this: process, softirq, tls\n"
	      "      --interval TIME     between two looks; else one second\n"
	      "      --rcvbuf BYTES      room for what is told before it is read\n"
	      "  -j, --json      answer in JSON\n"
	      "  -u, --user NAME         only the allocations of this user\n"
	      "  -s, --socket PATH       kturnd's control socket\n"
	      "  -d, --deadline SECONDS  when draining ends what is left\n"
	      "  -b, --db FILE           the database of users; else kturnd's\n"
	      "  -r, --realm REALM       else kturnd's\n"
	      "  -f, --password-file FILE  holds the password, or the secret; - is standard input\n"
	      "      --sha256            keep the key of SHA-256, not of MD5\n"
	      "      --address ADDR[/N]  only what has to do with this client or peer\n"
	      "      --pcapng FILE       write a capture; - is standard output\n"
	      "      --count N           end after so many\n"
	      "  -h, --help      this text\n"
	      "  -V, --version\n\n"
	      "Words may be cut short; a noun alone means its first verb. The exit status\n"
	      "is 0, or 1 if the request failed, or 2 if the command line makes no sense, or 3\n"
	      "if something looks wrong to diagnose.\n",
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

/* Return: the first option that was given and makes no sense here, or NULL. */
static const char *strange_option(const struct options *opt, const struct verb *verb)
{
	static const char *const names[] = {
		"socket", "user", "deadline", "db", "realm", "password-file", "sha256",
		"address", "pcapng", "count",
		"peer", "idle", "engine", "rcvbuf", "interval",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (opt->given & ~verb->options & 1u << i)
			return names[i];
	return opt->by_group && !verb->takes_group ? "group" : NULL;
}

static int run(const struct noun *noun, const struct verb *verb,
	       const struct options *opt, int count, char **args)
{
	const char *strange = strange_option(opt, verb);

	if (strange) {
		complain("%s %s knows no --%s", noun->name, verb->name, strange);
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
	if (count == 1 || !*noun->verbs->name)
		return run(noun, noun->verbs, opt, count - 1, words + 1);
	verb = find_verb(noun, words[1]);
	if (!verb) {
		complain("there is no \"%s %s\"", noun->name, words[1]);
		return usage_error();
	}
	return run(noun, verb, opt, count - 2, words + 2);
}

/* An option whose value is some text, or none. Return: it is one of those. */
static bool set_text(struct options *opt, int letter, const char *value)
{
	static const struct {
		int letter;
		unsigned int flag;
		size_t offset;
	} texts[] = {
		{ 's', OPTION_SOCKET, offsetof(struct options, socket) },
		{ 'b', OPTION_DB, offsetof(struct options, db) },
		{ 'r', OPTION_REALM, offsetof(struct options, realm) },
		{ 'f', OPTION_PASSWORD, offsetof(struct options, password_file) },
		{ ADDRESS, OPTION_ADDRESS, offsetof(struct options, address) },
		{ PCAPNG, OPTION_PCAPNG, offsetof(struct options, pcapng) },
		{ PEER, OPTION_PEER, offsetof(struct options, peer) },
		{ IDLE, OPTION_IDLE, offsetof(struct options, idle) },
		{ ENGINE, OPTION_ENGINE, offsetof(struct options, engine) },
		{ INTERVAL, OPTION_INTERVAL, offsetof(struct options, interval) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].letter != letter)
			continue;
		*(const char **)((char *)opt + texts[i].offset) = value;
		opt->given |= texts[i].flag;
		return true;
	}
	return false;
}

/* As JSON has it: a request without it would ask for everybody. */
static int set_user(struct options *opt, const char *name)
{
	json_t *string = json_string(name);
	bool is_utf8 = string;

	json_decref(string);
	opt->user = name;
	opt->given |= OPTION_USER;
	if (is_utf8)
		return EXIT_SUCCESS;
	complain("\"%s\" is not UTF-8, as names of users are", name);
	return usage_error();
}

static int set_deadline(struct options *opt, const char *text)
{
	opt->given |= OPTION_DEADLINE;
	if (parse_u64(text, &opt->deadline) && opt->deadline <= DEADLINE_MAX)
		return EXIT_SUCCESS;
	complain("\"%s\" is not a number of seconds", text);
	return usage_error();
}

static int set_count(struct options *opt, const char *text)
{
	opt->given |= OPTION_COUNT;
	if (parse_u64(text, &opt->count) && opt->count)
		return EXIT_SUCCESS;
	complain("\"%s\" is not a number of messages", text);
	return usage_error();
}

static int set_rcvbuf(struct options *opt, const char *text)
{
	opt->given |= OPTION_RCVBUF;
	if (parse_u64(text, &opt->rcvbuf) && opt->rcvbuf && opt->rcvbuf <= RCVBUF_MAX)
		return EXIT_SUCCESS;
	complain("\"%s\" is not a number of bytes, at most %d", text, RCVBUF_MAX);
	return usage_error();
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
		{ "user", required_argument, NULL, 'u' },
		{ "socket", required_argument, NULL, 's' },
		{ "deadline", required_argument, NULL, 'd' },
		{ "db", required_argument, NULL, 'b' },
		{ "realm", required_argument, NULL, 'r' },
		{ "password-file", required_argument, NULL, 'f' },
		{ "sha256", no_argument, NULL, SHA256 },
		{ "address", required_argument, NULL, ADDRESS },
		{ "pcapng", required_argument, NULL, PCAPNG },
		{ "count", required_argument, NULL, COUNT },
		{ "peer", required_argument, NULL, PEER },
		{ "idle", required_argument, NULL, IDLE },
		{ "engine", required_argument, NULL, ENGINE },
		{ "rcvbuf", required_argument, NULL, RCVBUF },
		{ "interval", required_argument, NULL, INTERVAL },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = { .json = false };
	int c;

	while ((c = getopt_long(argc, argv, "g:ju:s:d:b:r:f:hV", long_options, NULL)) != -1) {
		switch (c) {
		case 'g':
			if (set_group(&opt, optarg))
				return EXIT_USAGE;
			break;
		case 'j':
			opt.json = true;
			break;
		case 'u':
			if (set_user(&opt, optarg))
				return EXIT_USAGE;
			break;
		case 'd':
			if (set_deadline(&opt, optarg))
				return EXIT_USAGE;
			break;
		case COUNT:
			if (set_count(&opt, optarg))
				return EXIT_USAGE;
			break;
		case RCVBUF:
			if (set_rcvbuf(&opt, optarg))
				return EXIT_USAGE;
			break;
		case SHA256:
			opt.sha256 = true;
			opt.given |= OPTION_SHA256;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("kturn " KTURN_VERSION);
			return EXIT_SUCCESS;
		default:
			if (!set_text(&opt, c, optarg))
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
