// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers and their names. No label has a value that a client could choose, so
 * there are never more of them than stand here, but for one each worker.
 */
#include <event2/buffer.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "config.h"
#include "counters.h"
#include "genl.h"
#include "log.h"
#include "log_limit.h"
#include "macros.h"
#include "metrics.h"
#include "metrics_process.h"
#include "server.h"
#include "version.h"
#include "worker.h"

#define SAMPLES_MAX 12

struct family {
	const char *name, *type, *help;
	struct {
		const char *labels;	/* NULL behind the last one */
		enum counter counter;
	} samples[SAMPLES_MAX];
};

#define ENDED(reason) COUNT_RELAY_ENDED + RELAY_REASON_##reason

static const struct family families[] = {
	{ "kturn_sessions", "gauge", "Clients on a 5-tuple, by the transport they come over.",
	  { { "{transport=\"udp\"}", COUNT_SESSIONS_UDP },
	    { "{transport=\"tcp\"}", COUNT_SESSIONS_TCP },
	    { "{transport=\"tls\"}", COUNT_SESSIONS_TLS },
	    { "{transport=\"dtls\"}", COUNT_SESSIONS_DTLS } } },
	{ "kturn_strangers", "gauge", "Connections from which nobody has an allocation yet.",
	  { { "", COUNT_STRANGERS } } },
	{ "kturn_allocations", "gauge", "Allocations, by the transport they relay.",
	  { { "{transport=\"udp\"}", COUNT_ALLOCATIONS_UDP },
	    { "{transport=\"tcp\"}", COUNT_ALLOCATIONS_TCP } } },
	{ "kturn_allocations_created_total", "counter", "Allocations that have been made.",
	  { { "{transport=\"udp\"}", COUNT_ALLOCATED_UDP },
	    { "{transport=\"tcp\"}", COUNT_ALLOCATED_TCP } } },
	{ "kturn_allocations_ended_total", "counter",
	  "Allocations that have ended: in time, by their client, with his connection, or by "
	  "an administrator.",
	  { { "{reason=\"expired\"}", COUNT_ALLOCATION_EXPIRED },
	    { "{reason=\"released\"}", COUNT_ALLOCATION_RELEASED },
	    { "{reason=\"abandoned\"}", COUNT_ALLOCATION_ABANDONED },
	    { "{reason=\"deleted\"}", COUNT_ALLOCATION_DELETED } } },
	{ "kturn_connections_pending", "gauge",
	  "Connections with peers that wait to be established or bound (RFC 6062).",
	  { { "", COUNT_CONNECTIONS_PENDING } } },
	{ "kturn_relays", "gauge", "Data connections that are relayed, by engine.",
	  { { "{engine=\"kernel\"}", COUNT_RELAYS_KERNEL },
	    { "{engine=\"splice\"}", COUNT_RELAYS_SPLICE } } },
	{ "kturn_relays_created_total", "counter", "Data connections that have been bound.",
	  { { "{engine=\"kernel\"}", COUNT_RELAYED_KERNEL },
	    { "{engine=\"splice\"}", COUNT_RELAYED_SPLICE } } },
	{ "kturn_relays_ended_total", "counter", "Data connections that have ended, by reason.",
	  { { "{reason=\"eof\"}", ENDED(EOF) },
	    { "{reason=\"client-reset\"}", ENDED(CLIENT_RESET) },
	    { "{reason=\"peer-reset\"}", ENDED(PEER_RESET) },
	    { "{reason=\"deleted\"}", ENDED(DELETED) },
	    { "{reason=\"owner-gone\"}", ENDED(OWNER_GONE) },
	    { "{reason=\"urgent\"}", ENDED(URGENT) },
	    { "{reason=\"tls-alert\"}", ENDED(TLS_ALERT) },
	    { "{reason=\"tls-truncated\"}", ENDED(TLS_TRUNCATED) },
	    { "{reason=\"tls-key-update\"}", ENDED(TLS_KEY_UPDATE) },
	    { "{reason=\"idle\"}", ENDED(IDLE) },
	    { "{reason=\"limit\"}", ENDED(LIMIT) },
	    { "{reason=\"error\"}", ENDED(ERROR) } } },
	{ "kturn_relay_events_lost_total", "counter",
	  "Times the module's news of relays did not fit in the netlink socket.",
	  { { "", COUNT_EVENTS_LOST } } },
	{ "kturn_relay_ends_unseen_total", "counter",
	  "Relays whose ends were lost so, and found out from a list.",
	  { { "", COUNT_RELAY_ENDS_UNSEEN } } },
	{ "kturn_relayed_bytes_total", "counter",
	  "Payload that this process has moved; what the module moves is with the module.",
	  { { "{engine=\"splice\",leg=\"peer\"}", COUNT_SPLICE_BYTES_TO_PEER },
	    { "{engine=\"splice\",leg=\"client\"}", COUNT_SPLICE_BYTES_TO_CLIENT },
	    { "{engine=\"udp\",leg=\"peer\"}", COUNT_UDP_BYTES_TO_PEER },
	    { "{engine=\"udp\",leg=\"client\"}", COUNT_UDP_BYTES_TO_CLIENT } } },
	{ "kturn_relayed_packets_total", "counter", "Datagrams that have been relayed.",
	  { { "{leg=\"peer\"}", COUNT_UDP_PACKETS_TO_PEER },
	    { "{leg=\"client\"}", COUNT_UDP_PACKETS_TO_CLIENT } } },
	{ "kturn_dropped_packets_total", "counter", "Datagrams that have not, by reason.",
	  { { "{reason=\"max-bps\"}", COUNT_DROPPED_RATE },
	    { "{reason=\"no-permission\"}", COUNT_DROPPED_PERMISSION },
	    { "{reason=\"slow-client\"}", COUNT_DROPPED_SLOW_CLIENT } } },
	{ "kturn_responses_total", "counter", "Responses to requests, by class of their code.",
	  { { "{code=\"success\"}", COUNT_RESPONSES_SUCCESS },
	    { "{code=\"4xx\"}", COUNT_RESPONSES_CLIENT_ERROR },
	    { "{code=\"5xx\"}", COUNT_RESPONSES_SERVER_ERROR } } },
	{ "kturn_auth_challenges_total", "counter",
	  "Requests without a signature: every client begins with one.",
	  { { "", COUNT_CHALLENGES } } },
	{ "kturn_auth_failures_total", "counter", "Signed requests that were refused, by kind.",
	  { { "{kind=\"malformed\"}", COUNT_AUTH_MALFORMED },
	    { "{kind=\"credentials\"}", COUNT_AUTH_CREDENTIALS },
	    { "{kind=\"stale-nonce\"}", COUNT_AUTH_STALE_NONCE },
	    { "{kind=\"expired\"}", COUNT_AUTH_EXPIRED } } },
	{ "kturn_refusals_limited_total", "counter",
	  "Error responses that unauthorized-ratelimit has held back.",
	  { { "", COUNT_REFUSALS_LIMITED } } },
	{ "kturn_tls_handshakes_total", "counter", "TLS handshakes, by result.",
	  { { "{result=\"ok\"}", COUNT_TLS_ESTABLISHED },
	    { "{result=\"failed\"}", COUNT_TLS_FAILED } } },
	{ "kturn_handovers_total", "counter",
	  "Sessions that have gone from one worker to another, with a ConnectionBind.",
	  { { "", COUNT_HANDOVERS } } },
};

static void begin(struct evbuffer *out, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put(struct evbuffer *out, const char *name, const char *type, const char *help,
		uint64_t value)
{
	begin(out, name, type, help);
	evbuffer_add_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void put_families(struct evbuffer *out, const uint64_t sum[COUNTERS])
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *family = &families[i];

		begin(out, family->name, family->type, family->help);
		for (size_t j = 0; j < SAMPLES_MAX && family->samples[j].labels; j++)
			evbuffer_add_printf(out, "%s%s %" PRId64 "\n", family->name,
					    family->samples[j].labels,
					    (int64_t)sum[family->samples[j].counter]);
	}
}

/* How many messages wait to be taken; the pipe knows. */
static unsigned int waiting(const struct worker *worker)
{
	int bytes = 0;

	if (ioctl(worker->mailbox.out, FIONREAD, &bytes))
		return 0;
	return bytes / sizeof(void *);
}

static void put_workers(struct evbuffer *out, const struct server *server)
{
	begin(out, "kturn_worker_silence_seconds", "gauge",
	      "Since a worker's loop has turned last; more than some seconds is a hang.");
	for (unsigned int i = 0; i < server->n_workers; i++)
		evbuffer_add_printf(out, "kturn_worker_silence_seconds{worker=\"%u\"} %lld\n", i,
				    (long long)worker_silence(&server->workers[i]));
	begin(out, "kturn_worker_mailbox_messages", "gauge",
	      "Messages from other threads that wait for a worker.");
	for (unsigned int i = 0; i < server->n_workers; i++)
		evbuffer_add_printf(out, "kturn_worker_mailbox_messages{worker=\"%u\"} %u\n", i,
				    waiting(&server->workers[i]));
}

static void put_log(struct evbuffer *out)
{
	begin(out, "kturn_log_lines_dropped_total", "counter",
	      "Lines that are not in the log: its reader was too slow, or strangers caused too "
	      "many of a kind.");
	evbuffer_add_printf(out, "kturn_log_lines_dropped_total{reason=\"slow-reader\"} %lu\n"
			    "kturn_log_lines_dropped_total{reason=\"too-many\"} %lu\n",
			    log_lines_lost(), log_lines_left_out());
}

static void put_ended(struct evbuffer *out, const struct kturn_stats *stats)
{
	char name[KTURN_NAME_LEN];

	begin(out, "kturn_module_relays_ended_total", "counter",
	      "Relays that have ended in the module, by reason.");
	for (size_t i = 0; i < stats->reasons; i++)
		evbuffer_add_printf(out, "kturn_module_relays_ended_total{reason=\"%s\"} %" PRIu64
				    "\n", kturn_reason_name(stats->ended[i].reason, name),
				    stats->ended[i].count);
}

static void put_runs(struct evbuffer *out, const struct kturn_runs *runs)
{
	begin(out, "kturn_module_runs_total", "counter",
	      "Looks at the sockets of a relay, by who took them; deferred: softirq had to "
	      "leave it to a work item.");
	evbuffer_add_printf(out, "kturn_module_runs_total{by=\"direct\"} %" PRIu64 "\n"
			    "kturn_module_runs_total{by=\"softirq\"} %" PRIu64 "\n"
			    "kturn_module_runs_total{by=\"process\"} %" PRIu64 "\n"
			    "kturn_module_runs_total{by=\"deferred\"} %" PRIu64 "\n",
			    runs->direct, runs->softirq, runs->process, runs->defers);
}

static void put_stats(struct evbuffer *out, const struct kturn_stats *stats)
{
	put(out, "kturn_module_relays", "gauge", "Relays in the module.", stats->relays);
	put(out, "kturn_module_relays_created_total", "counter",
	    "Relays that the module has made.", stats->created);
	put(out, "kturn_module_relays_refused_total", "counter",
	    "Requests for a relay that the module has refused.", stats->refused);
	put_ended(out, stats);
	begin(out, "kturn_module_relayed_bytes_total", "counter",
	      "Payload that the module has moved, by the leg it went to.");
	evbuffer_add_printf(out, "kturn_module_relayed_bytes_total{leg=\"peer\"} %" PRIu64 "\n"
			    "kturn_module_relayed_bytes_total{leg=\"client\"} %" PRIu64 "\n",
			    stats->bytes_to_peer, stats->bytes_to_client);
	put(out, "kturn_module_copied_bytes_total", "counter",
	    "Of this payload, what had to be copied.", stats->copied);
	put(out, "kturn_module_moves_total", "counter", "Moves from one socket to the other.",
	    stats->moves);
	put(out, "kturn_module_waits_total", "counter",
	    "Times the receiver had no room.", stats->waits);
	put(out, "kturn_module_coalesced_total", "counter",
	    "Times bulk was gathered to be moved together.", stats->coalesced);
	put_runs(out, &stats->runs);
}

/* Without the module nothing has happened there, which is easier to add up than a gap. */
static void forget_stats(struct kturn_stats *stats)
{
	*stats = (struct kturn_stats){ .reasons = RELAY_REASON_ERROR };
	for (unsigned int i = 0; i < stats->reasons; i++)
		stats->ended[i].reason = i + 1;
}

static bool ask_module(struct kturn_stats *stats)
{
	struct kturn_genl *genl;
	char why[128];
	int err;

	if (kturn_genl_open(&genl, why, sizeof(why)))
		return false;
	err = kturn_stats_get(genl, stats);
	kturn_genl_close(genl);
	return !err;
}

/*
 * Its counters are those of the network namespace, whoever has made the relays. Who does
 * not want it is not to load it either, and to ask for it would.
 */
static void put_module(struct evbuffer *out, const struct config *config)
{
	struct kturn_stats stats;
	bool wanted = config->datapath != DATAPATH_SPLICE;
	bool there = wanted && ask_module(&stats);

	if (!there)
		forget_stats(&stats);
	put(out, "kturn_module_wanted", "gauge",
	    "Whether TCP is to be relayed by the module, if that can be had.", wanted);
	put(out, "kturn_module_up", "gauge", "Whether the module is loaded and answers.", there);
	put_stats(out, &stats);
}

void metrics_write(struct evbuffer *out, const struct server *server)
{
	uint64_t sum[COUNTERS] = { 0 };

	counters_add(sum, NULL);
	for (unsigned int i = 0; i < server->n_workers; i++)
		counters_add(sum, &server->workers[i].counters);
	begin(out, "kturn_build_info", "gauge", "The version, as a label.");
	evbuffer_add_printf(out, "kturn_build_info{version=\"%s\"} 1\n", KTURN_VERSION);
	put_families(out, sum);
	put_workers(out, server);
	put_log(out);
	put_module(out, server->config);
	metrics_write_process(out);
}
