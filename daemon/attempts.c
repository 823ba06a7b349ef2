// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attempts.h"
#include "kept.h"

#define NAME "attempts"

/* A process has one start. */
static int attempts_file = -1;

/* Without it nothing is counted. */
static int open_file(void)
{
	int fd = kept_take(NAME);

	if (fd >= 0)
		return fd;
	fd = memfd_create("kturnd-attempts", MFD_CLOEXEC);
	if (fd >= 0)
		kept_give(NAME, fd);
	return fd;
}

static void set(uint32_t attempts)
{
	/* Best effort: what is not counted is tried once more. */
	if (pwrite(attempts_file, &attempts, sizeof(attempts), 0) < 0)
		return;
}

unsigned int attempts_begin(void)
{
	uint32_t before = 0;

	attempts_file = open_file();
	if (attempts_file < 0)
		return 0;
	if (pread(attempts_file, &before, sizeof(before), 0) != sizeof(before))
		before = 0;
	set(before < ATTEMPTS_MAX ? before + 1 : 1);
	return before;
}

void attempts_end(void)
{
	if (attempts_file < 0)
		return;
	set(0);
	close(attempts_file);
	attempts_file = -1;
}
