/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share. A relay under test looks like this, all of it in one
 * network namespace that only this test has:
 *
 *   end[CLIENT] ==TCP== leg[CLIENT] --kturn-- leg[PEER] ==TCP== end[PEER]
 *
 * The test plays both ends; the legs are what relay-add takes over. Nothing
 * here waits for a time to pass: a wait ends when what it waits for has come
 * true, or fails when PATIENCE_MS are over.
 */
#ifndef KTURN_TEST_H
#define KTURN_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/types.h>

#include <netlink/netlink.h>
#include <linux/kturn.h>

#ifndef PATIENCE_MS
#define PATIENCE_MS	120000
#endif
/* For TEST_F_TIMEOUT; an emulated machine with a debug kernel is slow. */
#define TIMEOUT_S	300

#define KiB		1024ull
#define MiB		(1024 * KiB)

/* Why the last helper failed. */
extern char why[512];

/* These return -1 and say why. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int fail_errno(const char *what);

uint64_t now_ms(void);

/*
 * Whether the machine's clock counts its instructions, and jumps ahead when it
 * has nothing to do: then an hour passes in no time, and what is measured comes
 * out the same every time.
 */
bool clock_counts(void);

void nap(void);

/* Polls until the condition holds; its value tells whether it ever did. */
#define await(cond) ({						\
	uint64_t deadline_ = now_ms() + PATIENCE_MS;		\
	bool met_;						\
								\
	while (!(met_ = (cond)) && now_ms() < deadline_)	\
		nap();						\
	met_;							\
})

/*
 * Sockets
 */

enum side { CLIENT, PEER };

static inline enum side other(enum side side)
{
	return side == CLIENT ? PEER : CLIENT;
}

static inline uint32_t side_of(enum side side)
{
	return side == CLIENT ? KTURN_SIDE_CLIENT : KTURN_SIDE_PEER;
}

static inline uint32_t reset_by(enum side side)
{
	return side == CLIENT ? KTURN_END_REASON_CLIENT_RESET :
				KTURN_END_REASON_PEER_RESET;
}

/* MAPPED: the legs are IPv6 sockets with v4-mapped addresses. */
enum family { V4, V6, MAPPED };

/* Sizes for SO_SNDBUF and SO_RCVBUF; 0 is the kernel's own choice. */
struct buffers {
	int snd;
	int rcv;
};

struct path_options {
	struct buffers end[2];
	struct buffers leg[2];
};

struct path {
	int end[2];
	int leg[2];
	bool tls[2];		/* between this end and its leg, see tls.h */
};

int fresh_netns(void);
int tcp_pair(enum family family, const struct buffers *far_size,
	     const struct buffers *near_size, bool far_connects, int *far, int *near);
/* That many IPv4 connections, with buffers of the kernel's choice. */
int tcp_pairs(int count, int *far, int *near);
int path_open(struct path *path, enum family family, const struct path_options *options);
void path_close_legs(struct path *path);
void close_fd(int *fd);

/* Ends a connection as a crashed or rude program would: RST. */
void reset_fd(int *fd);

/* True once all that was written to the socket was acknowledged. */
bool all_acked(int fd);

/*
 * How the bytes end that come from a socket: 0 is a FIN, otherwise an errno;
 * ETIMEDOUT if they do not end. Throws bytes away.
 */
int ending(int fd);

/* Waits for an error on a socket that reading does not tell any more. */
int socket_error(int fd);

/* A connection's two ends are plain sockets: bytes go both ways. */
int usable(int a, int b);

/* True if neither bytes nor an end are there to read. */
bool silent(int fd);

/*
 * Streams: bytes whose value depends on their place, so that a byte that is
 * lost, doubled or moved shows.
 */

struct stream {
	int from;
	int to;
	uint64_t size;
	uint64_t seed;
	bool from_tls;
	bool to_tls;
	bool fin;		/* a FIN follows the last byte; with TLS, close_notify */
	bool fin_sent;
	bool closed;		/* TLS said that the end comes */
	bool eof;
	bool corrupt;		/* bytes came that were not sent like that */
	size_t write_size;	/* of one send(); 0: large */
	size_t read_size;
	uint64_t sent;
	uint64_t got;
};

static inline struct stream stream_from(const struct path *path, enum side side,
					uint64_t size)
{
	return (struct stream) {
		.from = path->end[side],
		.to = path->end[other(side)],
		.from_tls = path->tls[side],
		.to_tls = path->tls[other(side)],
		.size = size,
		.seed = 7 + side,
	};
}

void pattern_fill(uint8_t *buf, size_t len, uint64_t seed, uint64_t at);
/* The index of the first wrong byte, or len. */
size_t pattern_check(const uint8_t *buf, size_t len, uint64_t seed, uint64_t at);

/* One try each: 1 if something moved, 0 if nothing could, -1 on failure. */
int stream_push(struct stream *stream);
int stream_pull(struct stream *stream);
/* Sends what the socket takes at once. */
int stream_push_all(struct stream *stream);
/* Runs the streams to their ends at the same time. */
int streams_run(struct stream *streams, int count);

/*
 * The door
 */

struct door {
	struct nl_sock *nl;
	int family;
	uint32_t port;		/* this owner's port id */
	char text[256];		/* extack of the last refusal, or "" */
	int missing;		/* attribute that it said was missing, or 0 */
	int bad_attr;		/* offset of the attribute it complained of, or 0 */
	bool interrupted;	/* the last dump was, by changes */
};

struct leg {
	uint8_t local[16];
	uint8_t remote[16];
	int len;
	uint16_t local_port;
	uint16_t remote_port;
};

struct stun {
	uint32_t framing;
	uint32_t followed;
	uint32_t messages;
	uint32_t requests;
	uint32_t successes;
	uint32_t errors;
	uint32_t others;
};

struct flow {
	uint64_t bytes;
	uint64_t moves;
	uint64_t waits;
	uint64_t copied;
	uint64_t coalesced;
	uint64_t idle_ms;
	uint32_t queued;
	uint32_t unacked;
	bool eof;
	int head_len;
	uint8_t head[KTURN_HEAD_MAX];
	struct stun stun;
};

struct runs {
	uint64_t direct;
	uint64_t softirq;
	uint64_t process;
	uint64_t defers;
};

/* As a relay shows them: 0 is none. */
struct limits {
	uint64_t bytes;
	uint64_t rate;
	uint32_t idle_ms;
	uint32_t life_ms;
	uint32_t keepalive_idle;
	uint32_t keepalive_interval;
	uint32_t keepalive_count;
	uint32_t user_timeout_ms;
};

/* One of them in a request. */
struct limit {
	int attr;		/* KTURN_A_LIMITS_*; 0 ends a list */
	uint64_t value;
};

/* LIMITS({ IDLE_MS, 500 }, { RATE, 1000 }), with the attributes in full */
#define LIMITS(...)	((const struct limit[]) { __VA_ARGS__, { 0 } })

struct relay {
	uint64_t id;
	bool has_group;
	uint64_t group;
	int cookie_len;
	uint8_t cookie[KTURN_COOKIE_MAX];
	struct leg leg[2];
	uint32_t state;
	uint32_t engine;
	uint64_t age_ms;
	uint32_t owner;		/* 0: it waits for one */
	uint32_t outlive_ms;
	bool waits_for_owner;
	uint32_t adopt_within_ms;
	struct runs runs;
	struct flow from[2];	/* from[CLIENT] is the flow to the peer */
	uint32_t reason;
	uint32_t error;
	uint32_t alert;
	uint32_t closed_first;
	struct limits limits;
};

struct stats {
	uint64_t relays;
	uint64_t created;
	uint64_t refused;
	uint64_t bytes_from[2];
	uint64_t copied;
	uint64_t moves;
	uint64_t waits;
	uint64_t coalesced;
	uint64_t generation;
	struct runs runs;
	uint64_t ended[KTURN_END_REASON_ERROR + 1];
};

struct add {
	const int *fd[2];	/* NULL: attribute left out */
	const uint64_t *group;
	const void *cookie;
	int cookie_len;
	const uint32_t *engine;
	const uint32_t *outlive_ms;
	const struct limit *limits;
};

/* Which relays: NULL leaves an attribute out. */
struct which {
	const uint64_t *id;
	const uint64_t *group;
	const uint32_t *owner;
};

struct caps {
	uint32_t owner;
	uint32_t netns;
	uint32_t total;
};

/* When bytes in bulk wait for more. */
struct coalesce {
	uint32_t delay_us;
	uint32_t looks;
	uint32_t bytes;
	uint32_t mean;
};

/* As LIMITS(), of KTURN_A_COALESCE_* */
#define COALESCE(...)	LIMITS(__VA_ARGS__)

int door_open(struct door *door);
/* Joins the multicast group: 0 or a negative libnl error. */
int door_watch(struct door *door);
void door_close(struct door *door);

int decode_relay(struct nlmsghdr *hdr, struct relay *relay);
int decode_stats(struct nlmsghdr *hdr, struct stats *stats);

struct nl_msg *door_message(const struct door *door, int cmd, int flags);
/* Sends, frees the message, calls back for each reply; 0 or -errno. */
int door_call(struct door *door, struct nl_msg *msg,
	      void (*reply)(struct nlmsghdr *, void *), void *arg);

/* The id, or -errno. */
int64_t relay_add_with(struct door *door, const struct add *add);
int64_t relay_add(struct door *door, int client, int peer);
int relay_get(struct door *door, uint64_t id, struct relay *relay);
int relay_del(struct door *door, uint64_t id, struct relay *relay);
int relay_set(struct door *door, uint64_t id, const struct limit *limits);

/* These return how many relays answered, or -errno. */
int relay_dump(struct door *door, const uint64_t *group, struct relay *relays, int max);
int relay_dump_of(struct door *door, const struct which *which, struct relay *relays, int max);
int group_del(struct door *door, uint64_t group, struct relay *relays, int max);

/* Which relays, with what to outlive (or NULL): how many were adopted, or -errno. */
int relay_adopt(struct door *door, const struct which *which, const uint32_t *outlive_ms);

int stats_get(struct door *door, struct stats *stats);

int caps_get(struct door *door, struct caps *caps);
/* NULL leaves a value as it is. */
int caps_set(struct door *door, const uint32_t *owner, const uint32_t *netns,
	     const uint32_t *total);

int coalesce_get(struct door *door, struct coalesce *coalesce);
int coalesce_set(struct door *door, const struct limit *settings);

/* Waits for a notification of this relay and fills in what it said. */
int notified(struct door *watch, int cmd, uint64_t id, struct relay *relay);
/* A notification that has arrived already: its command, or 0. */
int notification(struct door *watch, struct relay *relay);

static inline bool relay_gone(struct door *door, uint64_t id)
{
	struct relay relay;

	return relay_get(door, id, &relay) == -ENOENT;
}

/*
 * A relay with everything around it, in a fresh namespace.
 */

struct setup {
	struct door door;
	struct door watch;
	struct path path;
	const uint32_t *engine;	/* NULL: the module's choice */
	const struct limit *limits;
	int64_t id;
};

/* The older engine; not what a relay gets unasked. */
static const uint32_t by_process = KTURN_ENGINE_PROCESS;

/* Every test of a fixture runs with both of them; its setup takes variant->engine. */
#define FIXTURE_VARIANT_ENGINES(fixture)				\
	FIXTURE_VARIANT(fixture) {					\
		const uint32_t *engine;					\
	};								\
	FIXTURE_VARIANT_ADD(fixture, softirq) { .engine = NULL };	\
	FIXTURE_VARIANT_ADD(fixture, by_process) { .engine = &by_process }

/* Namespace, doors and path; the relay is not made yet. */
int setup_path(struct setup *setup, enum family family, const struct path_options *options);
/* Makes the relay, and closes the legs' descriptors here. */
int setup_relay(struct setup *setup);
void setup_close(struct setup *setup);

/*
 * Waits until the flow has counted so many bytes: a receiver may have them
 * before that is done.
 */
int setup_carried(struct setup *setup, enum side from, uint64_t bytes, struct relay *relay);

/*
 * Sends until the sender is stopped, and the relay has had to wait; the stream's
 * size becomes what went in. That is less than FILL_MAX with buffers of up to a
 * quarter of it, unless somebody takes bytes without end.
 */
#define FILL_MAX	(4 * MiB)
int setup_fill(struct setup *setup, struct stream *stream, enum side side);

/* The closing report: an error unless it names this reason. */
int setup_ended(struct setup *setup, uint32_t reason, struct relay *last);

#endif
