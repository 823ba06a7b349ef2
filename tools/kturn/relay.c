// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "command.h"
#include "json.h"
#include "limit.h"
#include "relay_filter.h"
#include "relay_text.h"

static int print_list(const struct options *opt, const struct kturn_relays *relays)
{
	return opt->json ? json_print_relays(relays) : relay_print_list(relays);
}

/* What the kernel has not left out, the filter does. */
static void keep_fitting(struct kturn_relays *relays, const struct relay_filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < relays->count; i++)
		if (relay_filter_fits(filter, &relays->relay[i]))
			relays->relay[kept++] = relays->relay[i];
	relays->count = kept;
}

static int list(const struct options *opt, int count, char **args)
{
	struct kturn_relays relays = { .count = 0 };
	struct relay_filter filter;
	struct kturn_genl *genl;
	int status;

	(void)count, (void)args;
	if (!relay_filter_read(&filter, opt))
		return EXIT_USAGE;
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_relay_dump(genl, &filter.which, &relays)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	} else {
		keep_fitting(&relays, &filter);
		status = print_list(opt, &relays);
	}
	kturn_relays_free(&relays);
	kturn_genl_close(genl);
	return status;
}

static bool parse_id(const char *text, uint64_t *id)
{
	if (parse_u64(text, id) && *id)
		return true;
	complain("\"%s\" is not the id of a relay", text);
	return false;
}

static int print_one(const struct options *opt, const struct kturn_relay *relay)
{
	if (opt->json)
		return json_print_relay(relay);
	relay_print(relay);
	return EXIT_SUCCESS;
}

static int show(const struct options *opt, int count, char **args)
{
	struct kturn_relay relay;
	struct kturn_genl *genl;
	uint64_t id;
	int status;

	(void)count;
	if (!parse_id(args[0], &id))
		return EXIT_USAGE;
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_relay_get(genl, id, &relay)) {
		complain("relay %" PRIu64 ": %s", id, kturn_genl_why(genl));
		status = EXIT_FAILURE;
	} else {
		status = print_one(opt, &relay);
	}
	kturn_genl_close(genl);
	return status;
}

/* Pairs of a name and a value. */
static bool parse_limits(int count, char **args, struct kturn_limit *limits)
{
	if (count % 2) {
		complain("there is no value for %s", args[count - 1]);
		return false;
	}
	for (int i = 0; i < count; i += 2)
		if (!limit_parse(args[i], args[i + 1], &limits[i / 2]))
			return false;
	return true;
}

static int set(const struct options *opt, int count, char **args)
{
	struct kturn_limit limits[LIMIT_KINDS];
	struct kturn_relay relay;
	struct kturn_genl *genl;
	int status = EXIT_FAILURE;
	uint64_t id;

	if (!parse_id(args[0], &id) || !parse_limits(count - 1, args + 1, limits))
		return EXIT_USAGE;
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_relay_set(genl, id, limits, (count - 1) / 2) ||
	    kturn_relay_get(genl, id, &relay))
		complain("relay %" PRIu64 ": %s", id, kturn_genl_why(genl));
	else
		status = print_one(opt, &relay);
	kturn_genl_close(genl);
	return status;
}

/* One that fails does not keep the others from being ended. */
static int end_each(struct kturn_genl *genl, int count, char **args,
		    struct kturn_relays *ended)
{
	int status = EXIT_SUCCESS;
	uint64_t id;

	for (int i = 0; i < count; i++) {
		if (!parse_u64(args[i], &id) || !kturn_relay_del(genl, id, ended))
			continue;
		complain("relay %" PRIu64 ": %s", id, kturn_genl_why(genl));
		status = EXIT_FAILURE;
	}
	return status;
}

static int end_group(struct kturn_genl *genl, uint64_t group,
		     struct kturn_relays *ended)
{
	if (!kturn_relay_del_group(genl, group, ended))
		return EXIT_SUCCESS;
	complain("group 0x%" PRIx64 ": %s", group, kturn_genl_why(genl));
	return EXIT_FAILURE;
}

static int print_ended(const struct options *opt, const struct kturn_relays *ended)
{
	if (opt->json)
		return json_print_relays(ended);
	for (size_t i = 0; i < ended->count; i++)
		relay_print_end(&ended->relay[i]);
	return EXIT_SUCCESS;
}

static int del(const struct options *opt, int count, char **args)
{
	struct kturn_relays ended = { .count = 0 };
	struct kturn_genl *genl;
	int status, printed;
	uint64_t id;

	/* A command line that makes no sense must not do half of it. */
	for (int i = 0; i < count; i++)
		if (!parse_id(args[i], &id))
			return EXIT_USAGE;
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (opt->by_group)
		status = end_group(genl, opt->group, &ended);
	else
		status = end_each(genl, count, args, &ended);
	printed = print_ended(opt, &ended);
	kturn_relays_free(&ended);
	kturn_genl_close(genl);
	return status ? status : printed;
}

const struct verb relay_verbs[] = {
	{
		.name = "list",
		.takes = "[FILTER...]",
		.does = "the relays there are",
		.takes_group = true,
		.options = OPTION_PEER | OPTION_IDLE | OPTION_ENGINE,
		.run = list,
	},
	{
		.name = "show",
		.takes = "ID",
		.does = "all about one of them",
		.min = 1,
		.max = 1,
		.run = show,
	},
	{
		.name = "set",
		.takes = "ID LIMIT VALUE...",
		.does = "change limits of one of them, and show it",
		.min = 3,
		.max = 1 + 2 * LIMIT_KINDS,
		.run = set,
	},
	{
		.name = "del",
		.takes = "ID... | --group G",
		.does = "end them, and show what they carried",
		.takes_group = true,
		.min = 1,
		.max = INT_MAX,
		.run = del,
	},
	{
		.name = "monitor",
		.takes = "[FILTER...]",
		.does = "the same as kturn monitor",
		.takes_group = true,
		.options = MONITOR_OPTIONS,
		.run = monitor_run,
	},
	{
		.name = "top",
		.takes = "[FILTER...]",
		.does = "the same as kturn top",
		.takes_group = true,
		.options = TOP_OPTIONS,
		.run = top_run,
	},
	{ .name = NULL },
};
