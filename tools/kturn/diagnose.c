// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a call does not work: what the daemon and the module know, and the verdict.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "daemon.h"
#include "datapath.h"
#include "diagnose_text.h"
#include "diagnosis.h"
#include "json.h"

#define EXIT_CAUSE	3	/* something looks wrong */
#define ID_DIGITS	16	/* of an allocation, as all other commands show it */

/**
 * struct meant - what the command line says
 * @allocation: its digits, or NULL
 * @relay: its id, or 0
 */
struct meant {
	const char *allocation;
	uint64_t relay;
	struct network peer;
	bool by_peer;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- asking both */

static void take_history(const json_t *line, void *arg)
{
	diagnosis_add_history(arg, json_object_get(line, "history"));
}

static void take_relay(const struct kturn_relay *relay, void *arg)
{
	diagnosis_add_relay(arg, relay);
}

/* Return: whether it has answered. */
static bool ask_daemon(const struct options *opt, const struct meant *meant,
		       struct diagnosis *diagnosis)
{
	json_t *request = json_pack("{s:s}", "command", "diagnose"), *answer;
	bool answered;

	if (meant->allocation)
		json_object_set_new(request, "id", json_string(meant->allocation));
	if (opt->user)
		json_object_set_new(request, "user", json_string(opt->user));
	answer = daemon_ask(opt, request, take_history, diagnosis);
	answered = answer;
	json_decref(answer);
	return answered;
}

/* Without the module the daemon moves the bytes, and knows all. */
static bool ask_module(const struct meant *meant, struct diagnosis *diagnosis)
{
	uint64_t group = meant->allocation ? strtoull(meant->allocation, NULL, 16) : 0;
	const struct kturn_which which = { .group = meant->allocation ? &group : NULL };
	struct kturn_genl *genl;
	char why[128];
	int err;

	if (kturn_genl_open(&genl, why, sizeof(why)))
		return false;
	err = kturn_relay_each(genl, &which, take_relay, diagnosis);
	if (err)
		complain("the module: %s", kturn_genl_why(genl));
	kturn_genl_close(genl);
	return !err;
}

/* --- answering */

/**
 * struct output - where it goes
 * @table: the list, if that is what is wanted
 * @n: how many clients there have been
 */
struct output {
	bool json, in_full;
	struct table table;
	size_t n;
	bool failed;
};

static void put(const json_t *history, void *arg)
{
	struct output *output = arg;

	if (output->json) {
		putchar(output->n ? ',' : '[');
		json_dumpf(history, stdout, JSON_COMPACT);
	} else if (output->in_full ? diagnose_print(history)
				    : diagnose_add_rows(&output->table, history)) {
		output->failed = true;
	}
	output->n++;
}

static void finish(struct output *output)
{
	if (output->json)
		puts(output->n ? "]" : "[]");
	else if (!output->in_full && !output->failed)
		table_print(&output->table);
	if (output->failed)
		complain("out of memory");
	table_free(&output->table);
}

/* --- the command line */

static bool read_which(const char *word, struct meant *meant)
{
	if (strlen(word) == ID_DIGITS && strspn(word, "0123456789abcdefABCDEF") == ID_DIGITS) {
		meant->allocation = word;
		return true;
	}
	if (parse_u64(word, &meant->relay) && meant->relay) {
		/* The log has it with this bit. */
		meant->relay &= ~DATAPATH_SPLICE_ID;
		return true;
	}
	complain("\"%s\" is neither an allocation nor a relay", word);
	return false;
}

static bool read_peer(const char *peer, struct meant *meant)
{
	meant->by_peer = peer;
	if (!peer || network_parse(&meant->peer, peer))
		return true;
	complain("\"%s\" is not an address, nor one with a length", peer);
	return false;
}

/* Return: the exit status. */
static int ask(const struct options *opt, const struct meant *meant,
	       struct diagnosis *diagnosis)
{
	bool module = ask_module(meant, diagnosis);
	bool daemon = ask_daemon(opt, meant, diagnosis);

	if (!daemon && !module)
		return EXIT_FAILURE;
	if (!daemon)
		complain("only what the module knows follows");
	if (!diagnosis_end(diagnosis) && (meant->allocation || meant->relay)) {
		complain("nothing is known of it");
		return EXIT_FAILURE;
	}
	return diagnosis_causes(diagnosis) ? EXIT_CAUSE : EXIT_SUCCESS;
}

static int diagnose(const struct options *opt, int count, char **args)
{
	struct output output = { .json = opt->json, .table = diagnose_table() };
	struct meant meant = { .allocation = NULL };
	struct diagnosis_which which = { .user = opt->user };
	struct diagnosis *diagnosis;
	int status;

	if ((count && !read_which(args[0], &meant)) || !read_peer(opt->peer, &meant))
		return EXIT_USAGE;
	which.relay = meant.relay;
	which.peer = meant.by_peer ? &meant.peer : NULL;
	output.in_full = count || opt->user || opt->peer;
	diagnosis = diagnosis_new(now_us(), &which, put, &output);
	if (!diagnosis)
		return EXIT_FAILURE;
	status = ask(opt, &meant, diagnosis);
	diagnosis_free(diagnosis);
	if (status != EXIT_FAILURE || output.n)
		finish(&output);
	return output.failed ? EXIT_FAILURE : status;
}

const struct verb diagnose_verbs[] = {
	{
		.name = "",
		.takes = "[ALLOCATION | RELAY]",
		.does = "what works, and why something does not",
		.options = OPTION_SOCKET | OPTION_USER | OPTION_PEER,
		.max = 1,
		.run = diagnose,
	},
	{ .name = NULL },
};
