// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends the kernel requests that are valid, nearly valid or noise, from several
 * processes at once, while their relays carry bytes and die; and checks what has
 * to hold all the same. Says so in TAP.
 *
 *   fuzz [--messages=N] [--seconds=N] [--seed=N] [--processes=N]
 *
 * The same seed makes the same requests, as far as the scheduler has no part in
 * it: for a close look take one process.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "worker.h"

#define PROCESSES_MAX	16

static const char *const names[INVARIANTS] = {
	[ANSWERED] = "every request that asks for an answer gets one",
	[REASONED] = "every refusal says why",
	[UNDERSTOOD] = "every reply can be understood",
	[ACCEPTED] = "two good sockets are always taken",
	[UNTOUCHED] = "sockets that were refused work as before",
	[IN_ORDER] = "what comes out of a relay is what went in",
	[BALANCED] = "as many relays were made as have ended and live",
	[FINISHED] = "every process came to its end",
};

struct options {
	uint64_t messages;
	uint64_t seconds;	/* not longer than that, though there be more messages */
	uint64_t seed;
	int processes;
};

static int usage(void)
{
	fputs("usage: fuzz [--messages=N] [--seconds=N] [--seed=N] [--processes=N]\n", stderr);
	return -1;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "messages", required_argument, NULL, 'm' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "processes", required_argument, NULL, 'p' },
		{ 0 },
	};
	uint32_t seed;
	char *rest;
	int c;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return fail_errno("getrandom");
	*options = (struct options) {
		.messages = 50000, .seconds = UINT32_MAX, .seed = seed, .processes = 2,
	};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t value = c == '?' ? 0 : strtoull(optarg, &rest, 0);

		if (c == '?' || !*optarg || *rest)
			return usage();
		if (c == 'm')
			options->messages = value;
		else if (c == 't')
			options->seconds = value;
		else if (c == 's')
			options->seed = value;
		else
			options->processes = value < PROCESSES_MAX ? value : PROCESSES_MAX;
	}
	return optind < argc || options->processes < 1 ? usage() : 0;
}

/* Every process opens some hundred descriptors. */
static void raise_limits(void)
{
	const struct rlimit many = { .rlim_cur = 8192, .rlim_max = 8192 };

	setrlimit(RLIMIT_NOFILE, &many);
}

/* Connections that were closed keep their ports for a minute. */
static int spread_ports(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
	int ret;

	if (!file)
		return fail_errno("port range");
	ret = fputs("1024 65000\n", file);
	return fclose(file) || ret < 0 ? fail_errno("port range") : 0;
}

static void start(const struct options *options, const struct grammar *grammar,
		  struct tally *tally, pid_t *pid)
{
	int i;

	for (i = 0; i < options->processes; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		work(options->seed + i, options->messages / options->processes, grammar, tally);
		_exit(0);
	}
}

/* Returns false as long as it runs. One that has died has left no word. */
static bool over(const struct options *options, struct tally *tally, pid_t pid)
{
	int status = 0;
	pid_t ended = waitpid(pid, &status, WNOHANG);

	if (ended && (ended != pid || status))
		broken(tally, FINISHED, "a process of seed %ju died: %#x",
		       (uintmax_t)options->seed, status);
	return ended;
}

/* A word now and then, for whoever waits. */
static void wait_for_all(const struct options *options, struct tally *tally, const pid_t *pid)
{
	const uint64_t start = now_ms();
	uint64_t said = start;
	int i = 0;

	while (i < options->processes) {
		if (over(options, tally, pid[i])) {
			i++;
			continue;
		}
		usleep(200000);
		if (now_ms() - start > options->seconds * 1000)
			tally->stop = true;
		if (now_ms() - said < 60000)
			continue;
		said = now_ms();
		printf("# %ju messages in %ju s\n", (uintmax_t)tally->sent,
		       (uintmax_t)(said - start) / 1000);
		fflush(stdout);
	}
}

static void check_end(struct door *door, struct tally *tally)
{
	/* Some may outlive their owner. */
	if (!await(!delete_some(door)))
		broken(tally, BALANCED, "relays that do not end");
	else if (check_balance(door, tally) && !tally->broken)
		broken(tally, BALANCED, "%s", why);
}

static int report(const struct tally *tally)
{
	int i;

	for (i = 0; i < INVARIANTS; i++) {
		if (tally->broken & 1u << i)
			printf("not ok %d %s\n# %s\n", i + 1, names[i], tally->what[i]);
		else
			printf("ok %d %s\n", i + 1, names[i]);
	}
	printf("# %ju messages, %ju refused; %ju dumps, %ju relays, %ju bytes\n",
	       (uintmax_t)tally->sent, (uintmax_t)tally->refused, (uintmax_t)tally->dumps,
	       (uintmax_t)tally->made, (uintmax_t)tally->bytes);
	return tally->broken ? 1 : 0;
}

static int fuzz(const struct options *options, struct tally *tally)
{
	static struct grammar grammar;
	pid_t pid[PROCESSES_MAX];
	struct door door;

	raise_limits();
	if (fresh_netns() || spread_ports() || door_open(&door) || grammar_read(&door, &grammar))
		return -1;
	printf("TAP version 13\n1..%d\n", INVARIANTS);
	printf("# --seed=%ju --messages=%ju --processes=%d, %d commands\n",
	       (uintmax_t)options->seed, (uintmax_t)options->messages, options->processes,
	       grammar.commands);
	fflush(stdout);
	start(options, &grammar, tally, pid);
	wait_for_all(options, tally, pid);
	check_end(&door, tally);
	door_close(&door);
	return report(tally);
}

int main(int argc, char **argv)
{
	struct options options;
	struct tally *tally;
	int ret;

	if (parse(argc, argv, &options))
		return 2;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ret = tally == MAP_FAILED ? fail_errno("mmap") : fuzz(&options, tally);
	if (ret < 0)
		fprintf(stderr, "fuzz: %s\n", why);
	return ret < 0 ? 2 : ret;
}
