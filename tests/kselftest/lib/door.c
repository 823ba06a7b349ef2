// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "kturn_test.h"

#ifndef NLMSGERR_ATTR_MISS_TYPE
#define NLMSGERR_ATTR_MISS_TYPE	5
#endif

/* For the answers about a thousand relays, which come all at once. */
#define RCVBUF	(8 * MiB)

static void wait_limit(struct door *door, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	setsockopt(nl_socket_get_fd(door->nl), SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

int door_open(struct door *door)
{
	const int on = 1, rcvbuf = RCVBUF;
	int ret;

	memset(door, 0, sizeof(*door));
	door->nl = nl_socket_alloc();
	if (!door->nl)
		return fail("no memory");
	ret = genl_connect(door->nl);
	if (ret)
		return fail("genl_connect: %s", nl_geterror(ret));
	setsockopt(nl_socket_get_fd(door->nl), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
		   sizeof(rcvbuf));
	setsockopt(nl_socket_get_fd(door->nl), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	wait_limit(door, PATIENCE_MS);
	door->port = nl_socket_get_local_port(door->nl);
	door->family = genl_ctrl_resolve(door->nl, KTURN_GENL_NAME);
	if (door->family < 0)
		return fail("family " KTURN_GENL_NAME ": %s", nl_geterror(door->family));
	return 0;
}

int door_watch(struct door *door)
{
	int group = genl_ctrl_resolve_grp(door->nl, KTURN_GENL_NAME, KTURN_MCGRP_RELAYS);

	return group < 0 ? group : nl_socket_add_membership(door->nl, group);
}

void door_close(struct door *door)
{
	if (door->nl)
		nl_socket_free(door->nl);
	door->nl = NULL;
}

struct nl_msg *door_message(const struct door *door, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, door->family, 0, flags,
				 cmd, KTURN_GENL_VERSION))
		abort();
	return msg;
}

/* One request and what came back for it so far. */
struct call {
	struct door *door;
	uint32_t seq;
	bool done;
	int result;
	void (*reply)(struct nlmsghdr *hdr, void *arg);
	void *arg;
};

static void note_interruption(const struct call *call, const struct nlmsghdr *hdr)
{
	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		call->door->interrupted = true;
}

static void read_extack(struct door *door, const struct nlmsghdr *hdr, size_t skip)
{
	struct nlattr *attr = (void *)((char *)nlmsg_data(hdr) + skip);
	int left = nlmsg_datalen(hdr) - skip;

	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		switch (nla_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			snprintf(door->text, sizeof(door->text), "%.*s", nla_len(attr),
				 (char *)nla_data(attr));
			break;
		case NLMSGERR_ATTR_OFFS:
			door->bad_attr = nla_get_u32(attr);
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			door->missing = nla_get_u32(attr);
			break;
		}
	}
}

static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *err, void *arg)
{
	const struct nlmsghdr *hdr = (void *)((char *)err - NLMSG_HDRLEN);
	size_t skip = sizeof(*err);
	struct call *call = arg;

	(void)addr;
	if (err->msg.nlmsg_seq != call->seq)
		return NL_SKIP;
	/* The request comes back behind the error, unless it was capped. */
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (hdr->nlmsg_flags & NLM_F_ACK_TLVS)
		read_extack(call->door, hdr, skip);
	call->result = err->error;
	call->done = true;
	return NL_STOP;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct call *call = arg;

	if (hdr->nlmsg_seq != call->seq)
		return NL_SKIP;
	note_interruption(call, hdr);
	/* A dump that fails says so in its last message. */
	if (hdr->nlmsg_type == NLMSG_DONE && nlmsg_datalen(hdr) >= (int)sizeof(int)) {
		memcpy(&call->result, nlmsg_data(hdr), sizeof(int));
		if (hdr->nlmsg_flags & NLM_F_ACK_TLVS)
			read_extack(call->door, hdr, sizeof(int));
	}
	call->done = true;
	return NL_STOP;
}

static int on_reply(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	if (nlmsg_hdr(msg)->nlmsg_seq != call->seq)
		return NL_OK;
	note_interruption(call, nlmsg_hdr(msg));
	if (call->reply)
		call->reply(nlmsg_hdr(msg), call->arg);
	return NL_OK;
}

/* Doors that watch as well see messages which are nobody's answer. */
static int any_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static struct nl_cb *call_callbacks(struct call *call)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		abort();
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, call);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_reply, call);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
	/* What changed during a dump is the caller's business. */
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, any_sequence, NULL);
	return cb;
}

int door_call(struct door *door, struct nl_msg *msg,
	      void (*reply)(struct nlmsghdr *, void *), void *arg)
{
	struct call call = { .door = door, .reply = reply, .arg = arg };
	struct nl_cb *cb = call_callbacks(&call);
	int ret;

	door->text[0] = '\0';
	door->missing = 0;
	door->bad_attr = 0;
	door->interrupted = false;
	ret = nl_send_auto(door->nl, msg);
	call.seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	while (ret >= 0 && !call.done) {
		ret = nl_recvmsgs(door->nl, cb);
		if (call.done)
			ret = 0;
	}
	nl_cb_put(cb);
	if (ret < 0) {
		fail("no answer: %s", nl_geterror(ret));
		return -EIO;
	}
	return call.result;
}

/*
 * Requests
 */

static void reply_id(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *id = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_RELAY_ID);
	int64_t *out = arg;

	*out = id && nla_len(id) == sizeof(uint64_t) ? (int64_t)nla_get_u64(id) : -EBADMSG;
}

static void put_limits(struct nl_msg *msg, const struct limit *limit)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | KTURN_A_RELAY_LIMITS);

	for (; limit->attr; limit++) {
		if (limit->attr == KTURN_A_LIMITS_BYTES || limit->attr == KTURN_A_LIMITS_RATE)
			nla_put_u64(msg, limit->attr, limit->value);
		else
			nla_put_u32(msg, limit->attr, limit->value);
	}
	nla_nest_end_keep_empty(msg, nest);
}

int64_t relay_add_with(struct door *door, const struct add *add)
{
	static const int fd_attr[] = { KTURN_A_RELAY_CLIENT_FD, KTURN_A_RELAY_PEER_FD };
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_ADD, 0);
	int64_t id = -ENOMSG;
	enum side side;
	int ret;

	for (side = CLIENT; side <= PEER; side++)
		if (add->fd[side])
			nla_put_s32(msg, fd_attr[side], *add->fd[side]);
	if (add->group)
		nla_put_u64(msg, KTURN_A_RELAY_GROUP, *add->group);
	if (add->cookie)
		nla_put(msg, KTURN_A_RELAY_COOKIE, add->cookie_len, add->cookie);
	if (add->engine)
		nla_put_u32(msg, KTURN_A_RELAY_ENGINE, *add->engine);
	if (add->outlive_ms)
		nla_put_u32(msg, KTURN_A_RELAY_OUTLIVE_MS, *add->outlive_ms);
	if (add->limits)
		put_limits(msg, add->limits);
	ret = door_call(door, msg, reply_id, &id);
	return ret ? ret : id;
}

int64_t relay_add(struct door *door, int client, int peer)
{
	const struct add add = { .fd = { &client, &peer } };

	return relay_add_with(door, &add);
}

/* Collects the relays of an answer. */
struct list {
	struct relay *relays;
	int max;
	int count;
	bool bad;
};

static void reply_relay(struct nlmsghdr *hdr, void *arg)
{
	struct list *list = arg;
	struct relay relay;

	if (decode_relay(hdr, &relay))
		list->bad = true;
	if (list->relays && list->count < list->max)
		list->relays[list->count] = relay;
	list->count++;
}

static int call_list(struct door *door, struct nl_msg *msg, struct relay *relays, int max)
{
	struct list list = { .relays = relays, .max = max };
	int ret = door_call(door, msg, reply_relay, &list);

	if (ret)
		return ret;
	return list.bad ? -EBADMSG : list.count;
}

static int call_one(struct door *door, int cmd, uint64_t id, struct relay *relay)
{
	struct nl_msg *msg = door_message(door, cmd, 0);
	int ret;

	nla_put_u64(msg, KTURN_A_RELAY_ID, id);
	ret = call_list(door, msg, relay, 1);
	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -ENOMSG;
}

int relay_get(struct door *door, uint64_t id, struct relay *relay)
{
	return call_one(door, KTURN_CMD_RELAY_GET, id, relay);
}

int relay_del(struct door *door, uint64_t id, struct relay *relay)
{
	return call_one(door, KTURN_CMD_RELAY_DEL, id, relay);
}

int relay_set(struct door *door, uint64_t id, const struct limit *limits)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_SET, 0);

	nla_put_u64(msg, KTURN_A_RELAY_ID, id);
	put_limits(msg, limits);
	return door_call(door, msg, NULL, NULL);
}

static void put_which(struct nl_msg *msg, const struct which *which)
{
	if (which->id)
		nla_put_u64(msg, KTURN_A_RELAY_ID, *which->id);
	if (which->group)
		nla_put_u64(msg, KTURN_A_RELAY_GROUP, *which->group);
	if (which->owner)
		nla_put_u32(msg, KTURN_A_RELAY_OWNER, *which->owner);
}

int relay_dump_of(struct door *door, const struct which *which, struct relay *relays, int max)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_GET, NLM_F_DUMP);

	put_which(msg, which);
	return call_list(door, msg, relays, max);
}

int relay_dump(struct door *door, const uint64_t *group, struct relay *relays, int max)
{
	return relay_dump_of(door, &(struct which) { .group = group }, relays, max);
}

int group_del(struct door *door, uint64_t group, struct relay *relays, int max)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_DEL, 0);

	nla_put_u64(msg, KTURN_A_RELAY_GROUP, group);
	return call_list(door, msg, relays, max);
}

static void reply_adopted(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *adopted = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_RELAY_ADOPTED);
	int *out = arg;

	*out = adopted && nla_len(adopted) == sizeof(uint32_t) ? (int)nla_get_u32(adopted) :
								 -EBADMSG;
}

int relay_adopt(struct door *door, const struct which *which, const uint32_t *outlive_ms)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_ADOPT, 0);
	int ret, adopted = -ENOMSG;

	put_which(msg, which);
	if (outlive_ms)
		nla_put_u32(msg, KTURN_A_RELAY_OUTLIVE_MS, *outlive_ms);
	ret = door_call(door, msg, reply_adopted, &adopted);
	return ret ? ret : adopted;
}

static void reply_caps(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *owner = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_CAPS_OWNER);
	struct nlattr *netns = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_CAPS_NETNS);
	struct nlattr *total = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_CAPS_TOTAL);
	struct caps *caps = arg;

	caps->owner = owner ? nla_get_u32(owner) : 0;
	caps->netns = netns ? nla_get_u32(netns) : 0;
	caps->total = total ? nla_get_u32(total) : 0;
}

int caps_get(struct door *door, struct caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	return door_call(door, door_message(door, KTURN_CMD_CAPS_GET, 0), reply_caps, caps);
}

int caps_set(struct door *door, const uint32_t *owner, const uint32_t *netns,
	     const uint32_t *total)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_CAPS_SET, 0);

	if (owner)
		nla_put_u32(msg, KTURN_A_CAPS_OWNER, *owner);
	if (netns)
		nla_put_u32(msg, KTURN_A_CAPS_NETNS, *netns);
	if (total)
		nla_put_u32(msg, KTURN_A_CAPS_TOTAL, *total);
	return door_call(door, msg, NULL, NULL);
}

static void reply_settings(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *nest = nlmsg_find_attr(hdr, GENL_HDRLEN, KTURN_A_SETTINGS_COALESCE);
	uint32_t *value[KTURN_A_COALESCE_MAX + 1] = { NULL };
	struct coalesce *coalesce = arg;
	struct nlattr *attr;
	int left;

	value[KTURN_A_COALESCE_DELAY_US] = &coalesce->delay_us;
	value[KTURN_A_COALESCE_LOOKS] = &coalesce->looks;
	value[KTURN_A_COALESCE_BYTES] = &coalesce->bytes;
	value[KTURN_A_COALESCE_MEAN] = &coalesce->mean;
	if (!nest)
		return;
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) <= KTURN_A_COALESCE_MAX && value[nla_type(attr)])
			*value[nla_type(attr)] = nla_get_u32(attr);
}

int coalesce_get(struct door *door, struct coalesce *coalesce)
{
	memset(coalesce, 0, sizeof(*coalesce));
	return door_call(door, door_message(door, KTURN_CMD_SETTINGS_GET, 0), reply_settings,
			 coalesce);
}

int coalesce_set(struct door *door, const struct limit *settings)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_SETTINGS_SET, 0);
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_SETTINGS_COALESCE | NLA_F_NESTED);

	for (; settings->attr; settings++)
		nla_put_u32(msg, settings->attr, settings->value);
	nla_nest_end_keep_empty(msg, nest);
	return door_call(door, msg, NULL, NULL);
}

struct stats_reply {
	struct stats *stats;
	int replies;
	bool bad;
};

static void reply_stats(struct nlmsghdr *hdr, void *arg)
{
	struct stats_reply *reply = arg;

	reply->bad |= !!decode_stats(hdr, reply->stats);
	reply->replies++;
}

int stats_get(struct door *door, struct stats *stats)
{
	struct stats_reply reply = { .stats = stats };
	int ret;

	memset(stats, 0, sizeof(*stats));
	ret = door_call(door, door_message(door, KTURN_CMD_STATS_GET, 0), reply_stats,
			&reply);
	if (ret)
		return ret;
	return reply.bad || reply.replies != 1 ? -EBADMSG : 0;
}

/*
 * Notifications
 */

/* The next message of the socket; the caller frees it. */
static struct nlmsghdr *receive(struct door *door)
{
	struct sockaddr_nl from;
	unsigned char *buf;
	int n = nl_recv(door->nl, &from, &buf, NULL);

	return n > 0 ? (struct nlmsghdr *)buf : NULL;
}

/* The command of the next notification that is there, with its relay; or 0. */
static int next_notification(struct door *watch, struct relay *relay)
{
	struct nlmsghdr *hdr = receive(watch);
	int cmd;

	if (!hdr)
		return 0;
	cmd = ((struct genlmsghdr *)nlmsg_data(hdr))->cmd;
	if (hdr->nlmsg_type != watch->family || decode_relay(hdr, relay))
		cmd = -1;
	free(hdr);
	return cmd;
}

int notification(struct door *watch, struct relay *relay)
{
	int cmd;

	nl_socket_set_nonblocking(watch->nl);
	cmd = next_notification(watch, relay);
	nl_socket_set_nonblocking(watch->nl);
	return cmd;
}

int notified(struct door *watch, int cmd, uint64_t id, struct relay *relay)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	int got;

	while (now_ms() < deadline) {
		got = notification(watch, relay);
		if (got < 0)
			return -1;
		if (got == cmd && relay->id == id)
			return 0;
		if (!got)
			nap();
	}
	return fail("no notification %d of relay %ju", cmd, (uintmax_t)id);
}
