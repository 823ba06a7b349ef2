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

static int print(const struct options *opt, const struct meant *meant, const json_t *histories)
{
	bool some = meant->allocation || meant->relay || meant->by_peer || opt->user;
	json_t *history;
	size_t i;

	if (opt->json) {
		json_dumpf(histories, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (!some) {
		return diagnose_print_list(histories);
	}
	if (!opt->json)
		json_array_foreach(histories, i, history)
			diagnose_print(history);
	return EXIT_SUCCESS;
}

static int judge(const struct options *opt, const struct meant *meant,
		 struct diagnosis *diagnosis)
{
	const struct diagnosis_which which = {
		.relay = meant->relay,
		.peer = meant->by_peer ? &meant->peer : NULL,
		.user = opt->user,
	};
	const json_t *histories = diagnosis_judge(diagnosis, &which);
	int status = print(opt, meant, histories);

	if (status)
		return status;
	if ((meant->allocation || meant->relay) && !json_array_size(histories)) {
		complain("nothing is known of it");
		return EXIT_FAILURE;
	}
	return diagnosis_causes(histories) ? EXIT_CAUSE : EXIT_SUCCESS;
}

/* --- the command line */

static bool read_which(const char *word, struct meant *meant)
{
	if (strlen(word) == ID_DIGITS && strspn(word, "0123456789abcdefABCDEF") == ID_DIGITS) {
		meant->allocation = word;
		return true;
	}
	if (parse_u64(word, &meant->relay) && meant->relay)
		return true;
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

static int diagnose(const struct options *opt, int count, char **args)
{
	struct meant meant = { .allocation = NULL };
	struct diagnosis *diagnosis;
	bool daemon, module;
	int status = EXIT_FAILURE;

	if ((count && !read_which(args[0], &meant)) || !read_peer(opt->peer, &meant))
		return EXIT_USAGE;
	diagnosis = diagnosis_new(now_us());
	if (!diagnosis)
		return EXIT_FAILURE;
	daemon = ask_daemon(opt, &meant, diagnosis);
	module = ask_module(&meant, diagnosis);
	if (!daemon && module)
		complain("only what the module knows follows");
	if (daemon || module)
		status = judge(opt, &meant, diagnosis);
	diagnosis_free(diagnosis);
	return status;
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
