// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "datapath.h"
#include "log.h"
#include "macros.h"

static const char *const reasons[] = {
	[RELAY_REASON_NONE]		= "none",
	[RELAY_REASON_EOF]		= "eof",
	[RELAY_REASON_CLIENT_RESET]	= "client-reset",
	[RELAY_REASON_PEER_RESET]	= "peer-reset",
	[RELAY_REASON_DELETED]		= "deleted",
	[RELAY_REASON_OWNER_GONE]	= "owner-gone",
	[RELAY_REASON_URGENT]		= "urgent",
	[RELAY_REASON_TLS_ALERT]	= "tls-alert",
	[RELAY_REASON_TLS_TRUNCATED]	= "tls-truncated",
	[RELAY_REASON_TLS_KEY_UPDATE]	= "tls-key-update",
	[RELAY_REASON_IDLE]		= "idle",
	[RELAY_REASON_LIMIT]		= "limit",
	[RELAY_REASON_ERROR]		= "error",
};

const char *relay_reason_str(enum relay_reason reason)
{
	if ((unsigned int)reason >= ARRAY_SIZE(reasons))
		return "unknown";
	return reasons[reason];
}

static const struct datapath_ops *first_choice(enum datapath_choice choice, bool tls)
{
	if (choice == DATAPATH_SPLICE)
		return &datapath_splice;
	return tls ? &datapath_tls : &datapath_kernel;
}

static void log_engine(enum datapath_choice choice, const struct datapath_ops *ops,
		       const char *note)
{
	log_info("datapath", "engine=%s reason=\"%s\"%s%s", ops->name,
		 choice == DATAPATH_AUTO ? "auto: the module is there" : "configured",
		 *note ? " " : "", note);
}

int datapath_open(enum datapath_choice choice, bool tls, struct event_base *base,
		  bool announce, struct datapath **dp)
{
	const struct datapath_ops *ops = first_choice(choice, tls);
	char why[256] = "";
	int err = ops->open(dp, base, why, sizeof(why));

	if (!err) {
		if (announce)
			log_engine(choice, ops, why);
		return 0;
	}
	if (choice != DATAPATH_AUTO) {
		log_error("datapath failed", "engine=%s error=\"%s\" why=\"%s\"", ops->name,
			  strerror(-err), why);
		return err;
	}
	if (announce)
		log_info("datapath", "engine=splice reason=\"auto: no kernel engine: %s\"", why);
	return datapath_splice.open(dp, base, why, sizeof(why));
}
