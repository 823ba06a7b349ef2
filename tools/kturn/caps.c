// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "text.h"

static const struct cap {
	const char *name;
	int attr;
} caps[] = {
	{ "owner", KTURN_A_CAPS_OWNER },
	{ "netns", KTURN_A_CAPS_NETNS },
	{ "total", KTURN_A_CAPS_TOTAL },
	{ NULL, 0 },
};

static int print_caps(const struct options *opt, const struct kturn_caps *values)
{
	if (opt->json)
		return json_print_caps(values);
	text_field_count("", "owner", values->owner);
	text_field_count("", "netns", values->netns);
	text_field_count("", "total", values->total);
	return EXIT_SUCCESS;
}

static int show(const struct options *opt, int count, char **args)
{
	struct kturn_genl *genl = connect_module();
	struct kturn_caps values;
	int status;

	(void)count, (void)args;
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_caps_get(genl, &values)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	} else {
		status = print_caps(opt, &values);
	}
	kturn_genl_close(genl);
	return status;
}

static int set(const struct options *opt, int count, char **args)
{
	const struct cap *cap = caps;
	struct kturn_genl *genl;
	int status = EXIT_SUCCESS;
	uint64_t relays;

	(void)opt, (void)count;
	while (cap->name && strcmp(cap->name, args[0]))
		cap++;
	if (!cap->name) {
		complain("there is no cap \"%s\", but owner, netns and total", args[0]);
		return EXIT_USAGE;
	}
	if (!parse_u64(args[1], &relays) || relays > UINT32_MAX) {
		complain("\"%s\" is not a number of relays", args[1]);
		return EXIT_USAGE;
	}
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_caps_set(genl, cap->attr, relays)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	}
	kturn_genl_close(genl);
	return status;
}

const struct verb caps_verbs[] = {
	{
		.name = "show",
		.takes = "",
		.does = "how many relays there may be",
		.run = show,
	},
	{
		.name = "set",
		.takes = "owner|netns|total N",
		.does = "change that, of one owner, in this namespace, in all",
		.min = 2,
		.max = 2,
		.run = set,
	},
	{ .name = NULL },
};
