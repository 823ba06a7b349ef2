// SPDX-License-Identifier: GPL-2.0-only
/*
 * wire [--tls=PRIORITY|--udp|--dtls|--crowd=N] SERVER:PORT GROUP…: runs the tests of the
 * groups, over TLS with versions and ciphers in the words of GnuTLS, or those of UDP
 * allocations over UDP or DTLS, or beside so many strangers of each kind, and speaks TAP.
 * The users are alice:wonder and bob:builder; the peers'
 * addresses are those that tests/interop/run sets up.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "wire.h"

#define TIME_LIMIT 60	/* s; KTURN_TIME_LIMIT says another */

#define PEER	"10.77.0.3"
#define PEER6	"2001:db8:77::3"
#define NOWHERE	"10.77.8.9"
#define FAR	"10.77.10.3"
#define FAR6	"2001:db8:77:10::3"

static const struct wire_test *const tables[] = {
	credential_tests, stream_tests, refusal_tests, asleep_tests, life_tests, limit_tests, tls_tests,
	stranger_tests, datagram_tests, redirect_tests,
	icmp_tests, fragment_tests, proxy_tests, burst_tests, reload_tests, hostile_tests,
	keep_tests, keep_allocations_tests, keep_site_tests,
};

static bool wanted(const struct wire_test *test, char **groups)
{
	for (; *groups; groups++)
		if (!strcmp(test->group, *groups))
			return true;
	return false;
}

/* A kernel that looks for mistakes needs longer. */
static unsigned int time_limit(void)
{
	const char *seconds = getenv("KTURN_TIME_LIMIT");

	return seconds ? strtoul(seconds, NULL, 10) : TIME_LIMIT;
}

/* Whatever a test leaves open or waits for ends with its process. */
static bool passes(const struct wire_test *test, const struct wire *wire)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(time_limit());
		status = test->run(wire) ? 1 : 0;
		fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		printf("# %s\n", WTERMSIG(status) == SIGALRM ? "it took too long"
							     : strsignal(WTERMSIG(status)));
	return !status;
}

/* Calls @each for every wanted test; returns how often that was true. */
static unsigned int for_each(char **groups, bool (*each)(const struct wire_test *test,
							  const struct wire *wire),
			     const struct wire *wire)
{
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct wire_test *test = tables[i]; test->name; test++)
			if (wanted(test, groups) && each(test, wire))
				n++;
	return n;
}

static bool count(const struct wire_test *test, const struct wire *wire)
{
	(void)test;
	(void)wire;
	return true;
}

static bool report(const struct wire_test *test, const struct wire *wire)
{
	static unsigned int number;
	bool ok = passes(test, wire);

	printf("%s %u - %s\n", ok ? "ok" : "not ok", ++number, test->name);
	return !ok;
}

int main(int argc, char **argv)
{
	struct wire wire = {
		.users = { { "alice", "wonder" }, { "bob", "builder" } },
	};
	static struct secure secure;

	if (argc > 1 && !strncmp(argv[1], "--tls=", 6)) {
		secure.priority = argv[1] + 6;
		wire.secure = &secure;
		argc--;
		argv++;
	}
	if (argc > 1 && (!strcmp(argv[1], "--udp") || !strcmp(argv[1], "--dtls"))) {
		wire.datagrams = true;
		wire.dtls = argv[1][2] == 'd';
		argc--;
		argv++;
	}
	if (argc > 1 && !strncmp(argv[1], "--crowd=", 8)) {
		wire.crowd = atoi(argv[1] + 8);
		argc--;
		argv++;
	}
	if (argc < 3 || net_endpoint(&wire.server, argv[1], TURN_PORT)) {
		fprintf(stderr, "usage: wire [--tls=PRIORITY|--udp|--dtls|--crowd=N] "
			"SERVER:PORT GROUP…\n");
		return 2;
	}
	addr_parse(&wire.peer, PEER);
	addr_parse(&wire.peer6, PEER6);
	addr_parse(&wire.nowhere, NOWHERE);
	addr_parse(&wire.far, FAR);
	addr_parse(&wire.far6, FAR6);
	printf("1..%u\n", for_each(argv + 2, count, &wire));
	return for_each(argv + 2, report, &wire) ? 1 : 0;
}
