// SPDX-License-Identifier: GPL-2.0-only
/*
 * traffic: plays a client and a peer, and measures what carrying their bytes
 * costs. Prints one line of JSON.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net.h"
#include "pattern.h"
#include "sides.h"
#include "turn.h"
#include "work.h"

#define ANY_PORT 7000

static const char usage[] =
	"usage: traffic --work=bulk|both|rtt|screen|setup|voice|allocate|idle\n"
	"               --peer=ADDRESS:PORT\n"
	"               --to=ADDRESS:PORT | --via=ADDRESS[:PORT] --user=NAME:PASSWORD\n"
	"  --bytes=N           bulk, both: bytes each way, over all streams\n"
	"  --relays=N          streams; voice: clients; 1\n"
	"  --size=N            rtt: bytes in a message; voice: in a datagram; 64\n"
	"  --rounds=N          rtt, voice: round trips; screen: bursts; setup: calls;\n"
	"                      allocate: allocations; 300\n"
	"  --indications       voice: in Send and Data indications, not by a channel\n"
	"  --tls=1.2|1.3       --via: over TLS, which the client's kernel does\n"
	"  --per-allocation=N  --via: streams of an allocation, 1; the peer listens on\n"
	"                      as many ports\n"
	"  --auto-buffers      the kernel's own, instead of a fixed size: does not repeat\n"
	"  --client-ns=NAME    network namespace of the client, --peer-ns of the peer\n"
	"  --rival=NAME, --label=NAME   only printed; the latter instead of --work\n"
	"  --server=PID        setup, idle: look at this process\n"
	"  --count=PROGRAM     count its system calls as well, which costs instructions\n"
	"  --timeout=MS        a stall lasts longer, 20000\n";

enum { OPT_WORK = 256, OPT_PEER, OPT_TO, OPT_VIA, OPT_USER, OPT_TLS, OPT_BYTES, OPT_RELAYS, OPT_SIZE,
       OPT_ROUNDS, OPT_PER, OPT_INDICATIONS, OPT_AUTO, OPT_CLIENT_NS, OPT_PEER_NS, OPT_RIVAL, OPT_LABEL,
       OPT_SERVER, OPT_COUNT, OPT_TIMEOUT };

static const struct option options[] = {
	{ "work", required_argument, NULL, OPT_WORK },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "to", required_argument, NULL, OPT_TO },
	{ "via", required_argument, NULL, OPT_VIA },
	{ "user", required_argument, NULL, OPT_USER },
	{ "tls", required_argument, NULL, OPT_TLS },
	{ "bytes", required_argument, NULL, OPT_BYTES },
	{ "relays", required_argument, NULL, OPT_RELAYS },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "per-allocation", required_argument, NULL, OPT_PER },
	{ "indications", no_argument, NULL, OPT_INDICATIONS },
	{ "auto-buffers", no_argument, NULL, OPT_AUTO },
	{ "client-ns", required_argument, NULL, OPT_CLIENT_NS },
	{ "peer-ns", required_argument, NULL, OPT_PEER_NS },
	{ "rival", required_argument, NULL, OPT_RIVAL },
	{ "label", required_argument, NULL, OPT_LABEL },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ NULL, 0, NULL, 0 },
};

static void fail(void)
{
	fputs(usage, stderr);
	exit(2);
}

static void parse_addr(union addr *addr, const char *text, uint16_t port)
{
	if (net_endpoint(addr, text, port))
		fail();
}

static uint64_t parse_number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*end || !value)
		fail();
	return value;
}

static void parse_user(struct job *job, char *text)
{
	char *colon = strchr(text, ':');

	if (!colon)
		fail();
	*colon = '\0';
	job->user = text;
	job->password = colon + 1;
}

/* The same cipher with all servers, and one that the kernel knows. */
static void parse_tls(struct job *job, const char *version)
{
	static struct secure secure = { .kernel = true };

	if (!strcmp(version, "1.2"))
		secure.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM";
	else if (!strcmp(version, "1.3"))
		secure.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM";
	else
		fail();
	job->secure = &secure;
}

static void parse_one(struct job *job, int opt, char *arg)
{
	switch (opt) {
	case OPT_WORK: job->work = arg; break;
	case OPT_PEER: parse_addr(&job->peer, arg, ANY_PORT); break;
	case OPT_TO: parse_addr(&job->to, arg, ANY_PORT); break;
	case OPT_VIA:
		parse_addr(&job->via, arg, TURN_PORT);
		job->has_via = true;
		break;
	case OPT_USER: parse_user(job, arg); break;
	case OPT_TLS: parse_tls(job, arg); break;
	case OPT_BYTES: job->bytes = parse_number(arg); break;
	case OPT_RELAYS: job->relays = parse_number(arg); break;
	case OPT_SIZE: job->size = parse_number(arg); break;
	case OPT_ROUNDS: job->rounds = parse_number(arg); break;
	case OPT_PER: job->per_allocation = parse_number(arg); break;
	case OPT_INDICATIONS: job->indications = true; break;
	case OPT_AUTO: job->auto_buffers = true; break;
	case OPT_CLIENT_NS: job->client_ns = arg; break;
	case OPT_PEER_NS: job->peer_ns = arg; break;
	case OPT_RIVAL: job->rival = arg; break;
	case OPT_LABEL: job->label = arg; break;
	case OPT_SERVER: job->server = parse_number(arg); break;
	case OPT_COUNT: job->count = arg; break;
	case OPT_TIMEOUT: job->timeout_ms = parse_number(arg); break;
	default: fail();
	}
}

static void parse(struct job *job, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_one(job, opt, optarg);
	if (optind < argc || !job->work || !job->peer.sa.sa_family)
		fail();
	if (job->has_via ? !job->user : !job->to.sa.sa_family)
		fail();
	if (job->size > PATTERN_PIECE)
		fail();
	if (!job->label)
		job->label = job->work;
}

static void work(const struct job *job, struct result *result)
{
	if (!strcmp(job->work, "bulk"))
		work_bulk(job, result, false);
	else if (!strcmp(job->work, "both"))
		work_bulk(job, result, true);
	else if (!strcmp(job->work, "rtt"))
		work_roundtrip(job, result);
	else if (!strcmp(job->work, "screen"))
		work_screen(job, result);
	else if (!strcmp(job->work, "setup"))
		work_setup(job, result);
	else if (!strcmp(job->work, "voice"))
		work_voice(job, result);
	else if (!strcmp(job->work, "allocate"))
		work_allocate(job, result);
	else if (!strcmp(job->work, "idle"))
		work_idle(job, result);
	else
		fail();
}

int main(int argc, char **argv)
{
	struct rlimit files = { 100000, 100000 };
	struct result *result = sides_map(sizeof(*result));
	struct job job = {
		.rival = "", .relays = 1, .bytes = 32 << 20, .size = 64, .rounds = 300,
		.per_allocation = 1, .timeout_ms = 20000,
	};

	parse(&job, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	pattern_init();
	strcpy(result->outcome, "ok");
	work(&job, result);
	result_print(&job, result);
	return EXIT_SUCCESS;
}
