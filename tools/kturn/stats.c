// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "command.h"
#include "json.h"
#include "text.h"

/* A reason for which no relay ever ended is not worth a line. */
static void print_ended(const struct kturn_stats *stats)
{
	char name[KTURN_NAME_LEN];
	uint64_t sum = 0;

	for (size_t i = 0; i < stats->reasons; i++)
		sum += stats->ended[i].count;
	text_field_count("", "ended", sum);
	for (size_t i = 0; i < stats->reasons; i++)
		if (stats->ended[i].count)
			text_field_count("  ", kturn_reason_name(stats->ended[i].reason, name),
					 stats->ended[i].count);
}

static int print_stats(const struct options *opt, const struct kturn_stats *stats)
{
	if (opt->json)
		return json_print_stats(stats);
	text_field_count("", "relays", stats->relays);
	text_field_count("", "created", stats->created);
	text_field_count("", "refused", stats->refused);
	text_field_bytes("", "to peer", stats->bytes_to_peer);
	text_field_bytes("", "to client", stats->bytes_to_client);
	text_field_bytes("", "copied", stats->copied);
	text_field_count("", "moves", stats->moves);
	text_field_count("", "waits", stats->waits);
	text_field_count("", "coalesced", stats->coalesced);
	text_runs("", &stats->runs);
	print_ended(stats);
	return EXIT_SUCCESS;
}

static int show(const struct options *opt, int count, char **args)
{
	struct kturn_genl *genl = connect_module();
	struct kturn_stats stats;
	int status;

	(void)count, (void)args;
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_stats_get(genl, &stats)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	} else {
		status = print_stats(opt, &stats);
	}
	kturn_genl_close(genl);
	return status;
}

const struct verb stats_verbs[] = {
	{
		.name = "show",
		.takes = "",
		.does = "the module's counters in this network namespace",
		.run = show,
	},
	{ .name = NULL },
};
