// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "genl.h"
#include "genl_filter.h"

#define WHY_LEN 128

/* Room for the closing counters of some thousand relays that end at once. */
#define RCVBUF (8 << 20)

/* What to do with a message; 0 or a negative errno. */
typedef int (*message_fn)(const struct nlmsghdr *nlh, void *arg);

struct kturn_genl {
	struct nl_sock *sock;
	struct nl_cb *cb;
	int family;
	bool events;		/* has joined the multicast group */
	char why[WHY_LEN];

	/* The request under way. */
	uint32_t seq;
	bool done;		/* its last message has come */
	int error;
	message_fn take;
	void *arg;
};

/* The few of libnl's errors that say more than "it failed". */
static int errno_of(int nle)
{
	switch (-nle) {
	case NLE_SUCCESS:	return 0;
	case NLE_AGAIN:		return -EAGAIN;
	case NLE_NOMEM:		return -ENOBUFS;
	case NLE_PERM:		return -EPERM;
	case NLE_NOACCESS:	return -EACCES;
	case NLE_OBJ_NOTFOUND:	return -ENOENT;
	case NLE_AF_NOSUPPORT:	return -EAFNOSUPPORT;
	default:		return -EIO;
	}
}

static const char *sentence(int error)
{
	switch (-error) {
	case EPERM:		return "not permitted: CAP_NET_ADMIN is needed";
	case ENOBUFS:		return "the receive buffer was too small for all answers";
	case EBADMSG:		return "the kernel's answer makes no sense";
	default:		return strerror(-error);
	}
}

/* Keep the kernel's own words if it sent some. */
static void set_why(struct kturn_genl *genl, int error, const struct nlattr *text)
{
	if (text)
		nla_strlcpy(genl->why, text, sizeof(genl->why));
	else
		snprintf(genl->why, sizeof(genl->why), "%s", sentence(error));
}

static int fail(struct kturn_genl *genl, int error)
{
	set_why(genl, error, NULL);
	return error;
}

/*
 * The attributes of an extended acknowledgment stand behind a fixed part of
 * @fixed bytes; for an error that is so because of NETLINK_CAP_ACK.
 */
static const struct nlattr *extack_text(struct nlmsghdr *nlh, size_t fixed)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (nlmsg_parse(nlh, fixed, tb, NLMSGERR_ATTR_MAX, policy))
		return NULL;
	return tb[NLMSGERR_ATTR_MSG];
}

static void set_result(struct kturn_genl *genl, int error, const struct nlattr *text)
{
	genl->done = true;
	if (!error || genl->error)
		return;
	genl->error = error;
	set_why(genl, error, text);
}

/* Only the kernel is believed, and only about the request under way. */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	const struct kturn_genl *genl = arg;

	if (nlmsg_get_src(msg)->nl_pid)
		return NL_SKIP;
	if (!genl->events && nlmsg_hdr(msg)->nlmsg_seq != genl->seq)
		return NL_SKIP;
	return NL_OK;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct kturn_genl *genl = arg;
	int err;

	if (nlh->nlmsg_type != genl->family || !genl->take)
		return NL_SKIP;
	err = genl->take(nlh, genl->arg);
	if (err && !genl->error)
		genl->error = fail(genl, err);
	return NL_OK;
}

/*
 * A dump that was interrupted (NLM_F_DUMP_INTR) is as good as any other: it
 * walks along ids that never come back, so it shows nothing twice and misses
 * only what came or went meanwhile.
 */
static int on_interrupted(struct nl_msg *msg, void *arg)
{
	(void)msg, (void)arg;
	return NL_OK;
}

/* The end of a dump carries its result. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	int error = 0;

	if (nlmsg_datalen(nlh) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(nlh), sizeof(error));
	if (error > 0)
		error = 0;
	set_result(arg, error, error ? extack_text(nlh, sizeof(error)) : NULL);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	set_result(arg, 0, NULL);
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)((char *)err - NLMSG_HDRLEN);

	(void)from;
	set_result(arg, err->error, extack_text(nlh, sizeof(*err)));
	return NL_SKIP;
}

static int set_callbacks(struct kturn_genl *genl)
{
	genl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!genl->cb)
		return -ENOMEM;
	nl_cb_set(genl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, genl);
	nl_cb_set(genl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, genl);
	nl_cb_set(genl->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, genl);
	nl_cb_set(genl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, genl);
	nl_cb_set(genl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, genl);
	nl_cb_err(genl->cb, NL_CB_CUSTOM, on_error, genl);
	return 0;
}

static void set_options(struct kturn_genl *genl)
{
	int fd = nl_socket_get_fd(genl->sock), on = 1, size = RCVBUF;

	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	/* Without the privilege the requests will fail anyway. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	nl_socket_set_nonblocking(genl->sock);
}

static int connect_family(struct kturn_genl *genl)
{
	int err;

	genl->sock = nl_socket_alloc();
	if (!genl->sock)
		return fail(genl, -ENOMEM);
	err = genl_connect(genl->sock);
	if (err)
		return fail(genl, errno_of(err));
	/* The kernel loads the module by its alias if it is installed. */
	genl->family = genl_ctrl_resolve(genl->sock, KTURN_GENL_NAME);
	if (genl->family == -NLE_OBJ_NOTFOUND) {
		snprintf(genl->why, sizeof(genl->why),
			 "the kturn module is not loaded: modprobe kturn");
		return -ENOENT;
	}
	if (genl->family < 0)
		return fail(genl, errno_of(genl->family));
	if (set_callbacks(genl))
		return fail(genl, -ENOMEM);
	set_options(genl);
	return 0;
}

int kturn_genl_open(struct kturn_genl **out, char *why, size_t why_len)
{
	struct kturn_genl *genl = calloc(1, sizeof(*genl));
	int err;

	if (!genl) {
		snprintf(why, why_len, "%s", sentence(-ENOMEM));
		return -ENOMEM;
	}
	err = connect_family(genl);
	if (err) {
		snprintf(why, why_len, "%s", genl->why);
		kturn_genl_close(genl);
		return err;
	}
	*out = genl;
	return 0;
}

void kturn_genl_close(struct kturn_genl *genl)
{
	nl_socket_free(genl->sock);
	nl_cb_put(genl->cb);
	free(genl);
}

uint32_t kturn_genl_port(const struct kturn_genl *genl)
{
	return nl_socket_get_local_port(genl->sock);
}

int kturn_genl_fd(const struct kturn_genl *genl)
{
	return nl_socket_get_fd(genl->sock);
}

const char *kturn_genl_why(const struct kturn_genl *genl)
{
	return genl->why;
}

static struct nl_msg *new_request(struct kturn_genl *genl, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, genl->family, 0,
				flags, cmd, KTURN_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/*
 * All that the kernel answers is in the receive queue when the request is
 * sent, and reading one part of a dump puts the next one there. So an empty
 * queue before the last message means that the rest was lost: once an answer
 * finds no room, the kernel drops the others too, the acknowledgment among
 * them, and reports that before what it has kept.
 */
static int receive_answer(struct kturn_genl *genl)
{
	bool lost = false;
	int err;

	while (!genl->done) {
		err = nl_recvmsgs(genl->sock, genl->cb);
		if (err >= 0 || genl->done)
			continue;
		if (err == -NLE_AGAIN)
			return fail(genl, -ENOBUFS);
		if (err != -NLE_NOMEM || lost)
			return fail(genl, errno_of(err));
		lost = true;
	}
	if (lost && !genl->error)
		return fail(genl, -ENOBUFS);
	return genl->error;
}

/* Send the request, free it, and hand each message of the answer to @take. */
static int request(struct kturn_genl *genl, struct nl_msg *msg,
		   message_fn take, void *arg)
{
	int err;

	genl->done = false;
	genl->error = 0;
	genl->take = take;
	genl->arg = arg;
	err = nl_send_auto(genl->sock, msg);
	genl->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	if (err < 0)
		return fail(genl, errno_of(err));
	return receive_answer(genl);
}

/* A request whose only attribute, if any, is a number. */
static int request_u64(struct kturn_genl *genl, uint8_t cmd, int flags,
		       int type, const uint64_t *value,
		       message_fn take, void *arg)
{
	struct nl_msg *msg = new_request(genl, cmd, flags);

	if (!msg)
		return fail(genl, -ENOMEM);
	if (value && nla_put_u64(msg, type, *value)) {
		nlmsg_free(msg);
		return fail(genl, -EMSGSIZE);
	}
	return request(genl, msg, take, arg);
}

static int take_relay(const struct nlmsghdr *nlh, void *arg)
{
	return kturn_relay_decode(arg, nlh);
}

static int take_stats(const struct nlmsghdr *nlh, void *arg)
{
	return kturn_stats_decode(arg, nlh);
}

static int append_relay(const struct nlmsghdr *nlh, void *arg)
{
	return kturn_relays_append(arg, nlh);
}

/* Who wants to see each relay. */
struct relay_taker {
	void (*fn)(const struct kturn_relay *relay, void *arg);
	void *arg;
};

static int show_relay(const struct nlmsghdr *nlh, void *arg)
{
	const struct relay_taker *taker = arg;
	struct kturn_relay relay;
	int err = kturn_relay_decode(&relay, nlh);

	if (!err)
		taker->fn(&relay, taker->arg);
	return err;
}

static int put_limits(struct nl_msg *msg, const struct kturn_limit *limits, size_t count)
{
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_RELAY_LIMITS | NLA_F_NESTED);
	int err = !nest;

	for (size_t i = 0; !err && i < count; i++) {
		int attr = limits[i].attr;

		if (attr == KTURN_A_LIMITS_BYTES || attr == KTURN_A_LIMITS_RATE)
			err = nla_put_u64(msg, attr, limits[i].value);
		else
			err = nla_put_u32(msg, attr, limits[i].value);
	}
	return err || nla_nest_end(msg, nest);
}

static int put_add(struct nl_msg *msg, const struct kturn_add *add)
{
	return nla_put_s32(msg, KTURN_A_RELAY_CLIENT_FD, add->client_fd) ||
	       nla_put_s32(msg, KTURN_A_RELAY_PEER_FD, add->peer_fd) ||
	       nla_put_u64(msg, KTURN_A_RELAY_GROUP, add->group) ||
	       (add->cookie_len &&
		nla_put(msg, KTURN_A_RELAY_COOKIE, add->cookie_len, add->cookie)) ||
	       (add->outlive_ms &&
		nla_put_u32(msg, KTURN_A_RELAY_OUTLIVE_MS, add->outlive_ms)) ||
	       (add->n_limits && put_limits(msg, add->limits, add->n_limits));
}

int kturn_relay_add(struct kturn_genl *genl, const struct kturn_add *add, uint64_t *id)
{
	struct kturn_relay relay = { .id = 0 };
	struct nl_msg *msg;
	int err;

	if (add->cookie_len > KTURN_COOKIE_MAX)
		return fail(genl, -EMSGSIZE);
	msg = new_request(genl, KTURN_CMD_RELAY_ADD, 0);
	if (!msg)
		return fail(genl, -ENOMEM);
	if (put_add(msg, add)) {
		nlmsg_free(msg);
		return fail(genl, -EMSGSIZE);
	}
	err = request(genl, msg, take_relay, &relay);
	if (err)
		return err;
	if (!relay.id)
		return fail(genl, -EBADMSG);
	*id = relay.id;
	return 0;
}

int kturn_relay_get(struct kturn_genl *genl, uint64_t id, struct kturn_relay *relay)
{
	memset(relay, 0, sizeof(*relay));
	return request_u64(genl, KTURN_CMD_RELAY_GET, 0, KTURN_A_RELAY_ID, &id,
			   take_relay, relay);
}

/* A dump's request; NULL if it has no room. */
static struct nl_msg *new_dump(struct kturn_genl *genl, const struct kturn_which *which)
{
	struct nl_msg *msg = new_request(genl, KTURN_CMD_RELAY_GET, NLM_F_DUMP);

	if (msg && ((which->group && nla_put_u64(msg, KTURN_A_RELAY_GROUP, *which->group)) ||
		    (which->owner && nla_put_u32(msg, KTURN_A_RELAY_OWNER, *which->owner)))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int kturn_relay_each(struct kturn_genl *genl, const struct kturn_which *which,
		     void (*fn)(const struct kturn_relay *relay, void *arg), void *arg)
{
	struct relay_taker taker = { fn, arg };
	struct nl_msg *msg = new_dump(genl, which);

	return msg ? request(genl, msg, show_relay, &taker) : fail(genl, -ENOMEM);
}

int kturn_relay_dump(struct kturn_genl *genl, const struct kturn_which *which,
		     struct kturn_relays *relays)
{
	struct nl_msg *msg = new_dump(genl, which);

	return msg ? request(genl, msg, append_relay, relays) : fail(genl, -ENOMEM);
}

int kturn_relay_set(struct kturn_genl *genl, uint64_t id,
		    const struct kturn_limit *limits, size_t count)
{
	struct nl_msg *msg = new_request(genl, KTURN_CMD_RELAY_SET, 0);

	if (!msg)
		return fail(genl, -ENOMEM);
	if (nla_put_u64(msg, KTURN_A_RELAY_ID, id) || put_limits(msg, limits, count)) {
		nlmsg_free(msg);
		return fail(genl, -EMSGSIZE);
	}
	return request(genl, msg, NULL, NULL);
}

int kturn_relay_adopt(struct kturn_genl *genl, uint64_t id)
{
	return request_u64(genl, KTURN_CMD_RELAY_ADOPT, 0, KTURN_A_RELAY_ID, &id, NULL, NULL);
}

int kturn_relay_del(struct kturn_genl *genl, uint64_t id, struct kturn_relays *relays)
{
	return request_u64(genl, KTURN_CMD_RELAY_DEL, 0, KTURN_A_RELAY_ID, &id,
			   append_relay, relays);
}

int kturn_relay_del_group(struct kturn_genl *genl, uint64_t group,
			  struct kturn_relays *relays)
{
	return request_u64(genl, KTURN_CMD_RELAY_DEL, 0, KTURN_A_RELAY_GROUP, &group,
			   append_relay, relays);
}

int kturn_stats_get(struct kturn_genl *genl, struct kturn_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return request_u64(genl, KTURN_CMD_STATS_GET, 0, 0, NULL, take_stats, stats);
}

static int take_caps(const struct nlmsghdr *nlh, void *arg)
{
	return kturn_caps_decode(arg, nlh);
}

int kturn_caps_get(struct kturn_genl *genl, struct kturn_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	return request_u64(genl, KTURN_CMD_CAPS_GET, 0, 0, NULL, take_caps, caps);
}

/* One attribute, by itself or in a nest (0: none). */
static int put_u32(struct nl_msg *msg, int nest, int attr, uint32_t value)
{
	struct nlattr *start = nest ? nla_nest_start(msg, nest | NLA_F_NESTED) : NULL;

	if ((nest && !start) || nla_put_u32(msg, attr, value))
		return -EMSGSIZE;
	if (start)
		nla_nest_end(msg, start);
	return 0;
}

/* Ask for @cmd with one number; nothing but success or failure is the answer. */
static int request_u32(struct kturn_genl *genl, uint8_t cmd, int nest, int attr,
		       uint32_t value)
{
	struct nl_msg *msg = new_request(genl, cmd, 0);

	if (!msg)
		return fail(genl, -ENOMEM);
	if (put_u32(msg, nest, attr, value)) {
		nlmsg_free(msg);
		return fail(genl, -EMSGSIZE);
	}
	return request(genl, msg, NULL, NULL);
}

int kturn_caps_set(struct kturn_genl *genl, int attr, uint32_t relays)
{
	return request_u32(genl, KTURN_CMD_CAPS_SET, 0, attr, relays);
}

static int take_coalesce(const struct nlmsghdr *nlh, void *arg)
{
	return kturn_coalesce_decode(arg, nlh);
}

int kturn_coalesce_get(struct kturn_genl *genl, struct kturn_coalesce *coalesce)
{
	memset(coalesce, 0, sizeof(*coalesce));
	return request_u64(genl, KTURN_CMD_SETTINGS_GET, 0, 0, NULL, take_coalesce, coalesce);
}

int kturn_coalesce_set(struct kturn_genl *genl, int attr, uint32_t value)
{
	return request_u32(genl, KTURN_CMD_SETTINGS_SET, KTURN_A_SETTINGS_COALESCE, attr, value);
}

int kturn_events_join(struct kturn_genl *genl, uint32_t owner)
{
	int group, err;

	group = genl_ctrl_resolve_grp(genl->sock, KTURN_GENL_NAME, KTURN_MCGRP_RELAYS);
	if (group < 0)
		return fail(genl, errno_of(group));
	/* The kernel's answers have come: nothing that is no event is kept back. */
	err = owner ? genl_filter_ends(kturn_genl_fd(genl), owner) : 0;
	if (err)
		return fail(genl, err);
	err = nl_socket_add_membership(genl->sock, group);
	if (err)
		return fail(genl, errno_of(err));
	genl->events = true;
	return 0;
}

static int take_event(const struct nlmsghdr *nlh, void *arg)
{
	struct kturn_event *event = arg;

	event->cmd = ((const struct genlmsghdr *)nlmsg_data(nlh))->cmd;
	return kturn_relay_decode(&event->relay, nlh);
}

/* The kernel sends each event as a datagram of its own. */
int kturn_events_next(struct kturn_genl *genl, struct kturn_event *event)
{
	int err;

	memset(event, 0, sizeof(*event));
	genl->error = 0;
	genl->take = take_event;
	genl->arg = event;
	err = nl_recvmsgs(genl->sock, genl->cb);
	if (err == -NLE_AGAIN)
		return -EAGAIN;
	if (err < 0)
		return fail(genl, errno_of(err));
	return genl->error;
}
