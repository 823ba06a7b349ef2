// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gap.h"
#include "wire.h"

#define PATIENCE 300	/* seconds */

/* Return: the server, or 0 while there is none. */
static pid_t server_of(pid_t keeper)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)keeper, (int)keeper);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtol(text, NULL, 10);
}

static pid_t keeper(void)
{
	const char *text = getenv("KTURN_KEEPER");

	return text ? strtol(text, NULL, 10) : 0;
}

int gap_begin(void)
{
	pid_t pid = server_of(keeper());

	alarm(PATIENCE);
	expect(pid > 0, "no server");
	expect(!kill(keeper(), SIGSTOP) && !kill(pid, SIGKILL), "%s", strerror(errno));
	return 0;
}

int gap_end(void)
{
	expect(!kill(keeper(), SIGCONT), "%s", strerror(errno));
	return 0;
}
