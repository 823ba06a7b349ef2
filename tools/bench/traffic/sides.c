// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sides.h"

void *sides_map(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	return map;
}

/* What is not in memory yet must not be fetched while the clock runs. */
static void stay_in_memory(void)
{
	mlockall(MCL_CURRENT | MCL_FUTURE);
}

/*
 * At least a second, for what the kernel still does for those who were there
 * before us. And always begin between the same two timer interrupts, far from
 * whole seconds, where the kernel puts work that is in no hurry.
 */
static void settle(void)
{
	struct timespec at = { meter_now() / 1000000000 + 2, 501000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* Both ends of a pipe to tell the other process of something, once. */
struct bell {
	int fd[2];
};

static void bell_make(struct bell *bell)
{
	if (pipe2(bell->fd, O_CLOEXEC)) {
		perror("pipe");
		exit(EXIT_FAILURE);
	}
}

static void bell_ring(const struct bell *bell)
{
	close(bell->fd[1]);
}

static void bell_await(const struct bell *bell)
{
	char byte;

	close(bell->fd[1]);
	if (read(bell->fd[0], &byte, 1))
		perror("bell");
}

/* Taking a process down costs much: not before the client has read its clock. */
static void be_peer(struct sides *sides, const struct bell *ready, const struct bell *over,
		    int (*peer)(struct sides *sides))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_in_memory();
	bell_ring(ready);
	peer(sides);
	bell_await(over);
	_exit(EXIT_SUCCESS);
}

void sides_run(struct sides *sides, int (*client)(struct sides *sides),
	       int (*peer)(struct sides *sides))
{
	struct bell ready, over;
	pid_t pid;

	bell_make(&ready);
	bell_make(&over);
	pid = fork();
	if (!pid)
		be_peer(sides, &ready, &over, peer);
	if (pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	stay_in_memory();
	bell_await(&ready);
	settle();
	/* A client that has given up leaves a peer that would wait for it. */
	if (client(sides))
		kill(pid, SIGKILL);
	bell_ring(&over);
	waitpid(pid, NULL, 0);
}
