// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "text.h"

#define SETTING(name, ATTR, member) \
	{ name, KTURN_A_COALESCE_##ATTR, offsetof(struct kturn_coalesce, member) }

static const struct setting {
	const char *name;
	int attr;
	size_t offset;
} settings[] = {
	SETTING("coalesce-delay-us", DELAY_US, delay_us),
	SETTING("coalesce-looks", LOOKS, looks),
	SETTING("coalesce-bytes", BYTES, bytes),
	SETTING("coalesce-mean", MEAN, mean),
	{ NULL, 0, 0 },
};

static uint32_t value_of(const struct kturn_coalesce *values, const struct setting *setting)
{
	return *(const uint32_t *)((const char *)values + setting->offset);
}

static int print_settings(const struct options *opt, const struct kturn_coalesce *values)
{
	if (opt->json)
		return json_print_settings(values);
	for (const struct setting *setting = settings; setting->name; setting++)
		text_field_count("", setting->name, value_of(values, setting));
	return EXIT_SUCCESS;
}

static int show(const struct options *opt, int count, char **args)
{
	struct kturn_genl *genl = connect_module();
	struct kturn_coalesce values;
	int status;

	(void)count, (void)args;
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_coalesce_get(genl, &values)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	} else {
		status = print_settings(opt, &values);
	}
	kturn_genl_close(genl);
	return status;
}

static const struct setting *find_setting(const char *name)
{
	for (const struct setting *setting = settings; setting->name; setting++)
		if (!strcmp(setting->name, name))
			return setting;
	complain("there is no setting \"%s\", but %s, %s, %s and %s", name, settings[0].name,
		 settings[1].name, settings[2].name, settings[3].name);
	return NULL;
}

static int set(const struct options *opt, int count, char **args)
{
	const struct setting *setting = find_setting(args[0]);
	struct kturn_genl *genl;
	int status = EXIT_SUCCESS;
	uint64_t value;

	(void)opt, (void)count;
	if (!setting)
		return EXIT_USAGE;
	if (!parse_u64(args[1], &value) || value > UINT32_MAX) {
		complain("\"%s\" makes no sense for %s", args[1], setting->name);
		return EXIT_USAGE;
	}
	genl = connect_module();
	if (!genl)
		return EXIT_FAILURE;
	if (kturn_coalesce_set(genl, setting->attr, value)) {
		complain("%s", kturn_genl_why(genl));
		status = EXIT_FAILURE;
	}
	kturn_genl_close(genl);
	return status;
}

const struct verb settings_verbs[] = {
	{
		.name = "show",
		.takes = "",
		.does = "what holds for all relays of this namespace",
		.run = show,
	},
	{
		.name = "set",
		.takes = "NAME VALUE",
		.does = "change one of these; coalesce-delay-us 0: bulk is not gathered",
		.min = 2,
		.max = 2,
		.run = set,
	},
	{ .name = NULL },
};
