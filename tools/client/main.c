// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn-client: a TURN client with TCP allocations (RFC 6062), and its peer,
 * for demonstrations and tests.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const struct command {
	const char *name;
	int (*run)(struct endpoint *end, const struct options *opt);
} commands[] = {
	{ "call", command_call },
	{ "transfer", command_transfer },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run(const struct command *command, const struct options *opt)
{
	static struct endpoint end;
	int err = endpoint_open(&end, opt);

	if (!err)
		err = command->run(&end, opt);
	endpoint_close(&end);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	struct options opt;

	/* Scripts wait for our lines. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!command || options_parse(&opt, argc - 1, argv + 1)) {
		options_usage();
		return 2;
	}
	return run(command, &opt);
}
