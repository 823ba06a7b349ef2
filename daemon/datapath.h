/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door through which payload leaves the daemon's hands.
 *
 * A relay joins two established TCP sockets, the client's data connection and
 * the connection to the peer (RFC 6062, section 4.3-4.5). An engine moves the
 * bytes between them, passes each FIN and RST on, and reports the end. The
 * rest of the daemon does not know which engine that is.
 */
#ifndef KTURN_DATAPATH_H
#define KTURN_DATAPATH_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <linux/kturn.h>

struct event_base;
struct datapath;
struct opening;
struct tls;

/* Why a relay ended: the module's reasons, used by every engine. */
enum relay_reason {
	RELAY_REASON_NONE,
	RELAY_REASON_EOF,
	RELAY_REASON_CLIENT_RESET,
	RELAY_REASON_PEER_RESET,
	RELAY_REASON_DELETED,
	RELAY_REASON_OWNER_GONE,
	RELAY_REASON_URGENT,
	RELAY_REASON_TLS_ALERT,
	RELAY_REASON_TLS_TRUNCATED,
	RELAY_REASON_TLS_KEY_UPDATE,
	RELAY_REASON_IDLE,
	RELAY_REASON_LIMIT,
	RELAY_REASON_ERROR,
};

struct relay_counters {
	uint64_t bytes;			/* payload accepted by the receiver's socket */
	uint64_t moves;			/* times something was moved */
	uint64_t waits;			/* times the receiver had no room */
};

/* One relay as an engine sees it; pointers live until the callback returns. */
struct relay_info {
	uint64_t id;			/* the engine's; never used twice */
	uint64_t group;			/* the allocation */
	const void *cookie;		/* the daemon's own, untouched */
	size_t cookie_len;
	enum relay_reason reason;	/* NONE while it lives */
	int error;			/* errno with RELAY_REASON_ERROR */
	enum kturn_side closed_first;	/* whose FIN was passed on first */
	struct relay_counters to_peer, to_client;
	/* What each begins with, or NULL if the engine did not look. */
	const struct opening *opening_to_peer, *opening_to_client;
};

struct relay_request {
	int client_fd, peer_fd;
	struct tls *client_tls;		/* the TLS on client_fd, or NULL */
	uint64_t early;			/* payload bytes that the peer has got already */
	uint64_t group;
	const void *cookie;
	size_t cookie_len;		/* at most RELAY_COOKIE_MAX */
	uint64_t rate;			/* bytes per second, each way; 0: no limit */
	uint32_t idle_ms;		/* ends when nothing moves for so long; 0: never */
	uint32_t outlive_ms;		/* may outlive the process, if the engine's do */
};

#define RELAY_COOKIE_MAX 256

typedef void (*relay_ended_fn)(const struct relay_info *info, void *arg);
typedef void (*relay_dump_fn)(const struct relay_info *info, void *arg);
typedef bool (*relay_wanted_fn)(const struct relay_info *info, void *arg);

/* An engine. Every call returns 0 or a negative errno. */
struct datapath_ops {
	const char *name;		/* "kernel", "splice" */

	/* Make one engine for one worker's loop; @why gets a sentence on failure,
	 * and on success what else there is to know. */
	int (*open)(struct datapath **dp, struct event_base *base,
		    char *why, size_t why_len);
	void (*close)(struct datapath *dp);

	/* On success fds and TLS belong to the engine; on failure to the caller. */
	int (*add)(struct datapath *dp, const struct relay_request *req,
		   uint64_t *id, char *why, size_t why_len);

	/* Change the rate of a relay; -ENOENT if it is over. */
	int (*set_rate)(struct datapath *dp, uint64_t id, uint64_t rate);

	/* End one relay, or all of a group. No ended call follows for them;
	 * @final, if given, is called with the closing counters of each.
	 * del_group may call ended for relays that were over already. */
	int (*del)(struct datapath *dp, uint64_t id,
		   relay_ended_fn final, void *arg);
	int (*del_group)(struct datapath *dp, uint64_t group,
			 relay_ended_fn final, void *arg);

	int (*dump)(struct datapath *dp, relay_dump_fn fn, void *arg);

	/* Take over those relays of a process before this one that @wanted says;
	 * from then on they are as if they had been added. NULL if none outlives it. */
	int (*adopt)(struct datapath *dp, relay_wanted_fn wanted, void *arg);

	/* One relay, for the daemon to tell of; NULL or -ENOENT where others can
	 * ask the engine themselves. Pointers are good until the loop turns. */
	int (*look)(struct datapath *dp, uint64_t id, struct relay_info *info);
};

/* What every engine's object begins with. */
struct datapath {
	const struct datapath_ops *ops;
	relay_ended_fn ended;		/* a relay ended by itself */
	void *ended_arg;
};

extern const struct datapath_ops datapath_kernel;
extern const struct datapath_ops datapath_splice;
extern const struct datapath_ops datapath_tls;	/* kernel, and splice for TLS it cannot do */

#define DATAPATH_SPLICE_ID (UINT64_C(1) << 63)	/* in the ids of the splice engine */

enum datapath_choice { DATAPATH_AUTO, DATAPATH_KERNEL, DATAPATH_SPLICE };

/**
 * datapath_open() - open the engine that the configuration asks for
 * @choice: auto tries the kernel first and falls back to splice
 * @tls: clients may speak TLS
 * @base: the worker's loop; the engine's events arrive there
 * @announce: log one line that says which engine runs and why
 * @dp: the engine on success
 *
 * Return: 0 or a negative errno.
 */
int datapath_open(enum datapath_choice choice, bool tls, struct event_base *base,
		  bool announce, struct datapath **dp);

/**
 * relay_reason_str() - the reason's name as it stands in logs and JSON
 */
const char *relay_reason_str(enum relay_reason reason);

#endif
