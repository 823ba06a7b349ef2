// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#define EVENT	"/sys/kernel/tracing/events/raw_syscalls/sys_exit/"
/*
 * Two histograms, by the number of the call: what has failed has not copied
 * anything, and its negative value would spoil the sum. A program's threads may
 * have names that begin with its own.
 */
static const char *const histograms[] = {
	"hist:keys=id:vals=ret:size=512 if comm ~ \"%s*\" && ret >= 0\n",
	"hist:keys=id:size=512 if comm ~ \"%s*\" && ret < 0\n",
};

static char counted[16];	/* the program's name */

static int write_trigger(const char *prefix, const char *histogram)
{
	char text[300];
	int len = snprintf(text, sizeof(text), "%s", prefix);
	int fd = open(EVENT "trigger", O_WRONLY | O_APPEND | O_CLOEXEC);
	bool written;

	len += snprintf(text + len, sizeof(text) - len, histogram, counted);
	written = fd >= 0 && write(fd, text, len) == len;
	close(fd);
	return written ? 0 : -1;
}

static int write_triggers(const char *prefix)
{
	return write_trigger(prefix, histograms[0]) || write_trigger(prefix, histograms[1]) ?
	       -1 : 0;
}

static bool copies(unsigned long id)
{
	static const unsigned int ids[] = {
		SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto,
		SYS_recvmsg, SYS_sendmsg,
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* "{ id: 0 } hitcount: 1234  ret: 123456", or without the last of it */
static void read_line(struct calls *calls, const char *line)
{
	unsigned long long id, hits, ret = 0;

	if (sscanf(line, "{ id: %llu } hitcount: %llu ret: %llu", &id, &hits, &ret) < 2)
		return;
	calls->count += hits;
	if (copies(id))
		calls->copied += ret;
}

int calls_start(const char *program)
{
	snprintf(counted, sizeof(counted), "%s", program);
	return write_triggers("");
}

void calls_stop(struct calls *calls)
{
	FILE *file = fopen(EVENT "hist", "re");
	char line[256];

	memset(calls, 0, sizeof(*calls));
	while (file && fgets(line, sizeof(line), file))
		read_line(calls, line);
	if (file)
		fclose(file);
	write_triggers("!");
}
