// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "talk.h"

/* A datagram and everything that it can bring about have room. */
#define SNDBUF	MiB
#define RCVBUF	(16 * MiB)

int talk_open(struct talk *talk)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const int on = 1, sndbuf = SNDBUF, rcvbuf = RCVBUF;

	talk->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (talk->fd < 0 || connect(talk->fd, (struct sockaddr *)&kernel, sizeof(kernel)) ||
	    setsockopt(talk->fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) ||
	    setsockopt(talk->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) ||
	    setsockopt(talk->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(talk->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)))
		return fail_errno("netlink socket");
	return 0;
}

void talk_close(struct talk *talk)
{
	close_fd(&talk->fd);
}

void talk_begin(struct talk *talk)
{
	talk->len = 0;
	talk->count = 0;
	talk->mades = 0;
}

void talk_add(struct talk *talk, const struct request *rq, struct rng *rng)
{
	talk->len += request_write(rq, rng, talk->bytes + talk->len);
}

/* Walks the datagram as the kernel does, lengths that lie and all. */
static void note_asked(struct talk *talk)
{
	const uint8_t *at = talk->bytes;
	size_t left = talk->len;
	struct nlmsghdr hdr;
	struct asked *asked;

	while (left >= NLMSG_HDRLEN && talk->count < ASKED) {
		memcpy(&hdr, at, sizeof(hdr));
		if (hdr.nlmsg_len < NLMSG_HDRLEN || hdr.nlmsg_len > left)
			break;
		asked = &talk->asked[talk->count++];
		*asked = (struct asked) {
			.seq = hdr.nlmsg_seq, .type = hdr.nlmsg_type,
			.flags = hdr.nlmsg_flags, .len = hdr.nlmsg_len,
			.cmd = hdr.nlmsg_len > NLMSG_HDRLEN ? at[NLMSG_HDRLEN] : 0,
		};
		if (NLMSG_ALIGN(hdr.nlmsg_len) >= left)
			break;
		left -= NLMSG_ALIGN(hdr.nlmsg_len);
		at += NLMSG_ALIGN(hdr.nlmsg_len);
	}
}

/* Requests that a lie has uncovered may have any number: the first unanswered. */
static struct asked *asked_with(struct talk *talk, uint32_t seq)
{
	struct asked *found = NULL;
	int i;

	for (i = 0; i < talk->count; i++) {
		if (talk->asked[i].seq != seq)
			continue;
		if (!talk->asked[i].answers)
			return &talk->asked[i];
		found = &talk->asked[i];
	}
	return found;
}

static bool wants_dump(const struct asked *asked)
{
	return (asked->flags & NLM_F_DUMP) == NLM_F_DUMP;
}

/* What generic netlink turns down itself, without a word. */
static bool may_be_wordless(const struct talk *talk, const struct asked *asked)
{
	if (asked->type != world_family(talk->world))
		return true;
	switch (asked->error) {
	case -EINVAL:
		return asked->len < NLMSG_HDRLEN + GENL_HDRLEN;
	case -EOPNOTSUPP:
		return !grammar_knows(talk->grammar, asked->cmd, wants_dump(asked));
	case -EBUSY:
		/* A dump is under way. */
		return wants_dump(asked);
	default:
		return false;
	}
}

/* Which attributes the extended acknowledgment has, a bit each. */
static uint32_t extack_attrs(const struct nlmsghdr *hdr, size_t skip)
{
	const uint8_t *at = (const uint8_t *)hdr + NLMSG_HDRLEN + skip;
	size_t left = hdr->nlmsg_len - NLMSG_HDRLEN - skip, step;
	struct nlattr attr;
	uint32_t seen = 0;

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	while (left >= NLA_HDRLEN) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || attr.nla_len > left)
			break;
		seen |= 1u << (attr.nla_type & 31);
		step = NLA_ALIGN(attr.nla_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return seen;
}

static int take_result(struct talk *talk, struct asked *asked, const struct nlmsghdr *hdr,
		       size_t skip, int error)
{
	const uint32_t said = extack_attrs(hdr, skip);

	asked->answers++;
	asked->error = error;
	asked->points = said & 1u << NLMSGERR_ATTR_OFFS;
	if (error >= 0)
		return 0;
	tally_add(&talk->tally->refused, 1);
	if (said & 1u << NLMSGERR_ATTR_MSG || may_be_wordless(talk, asked))
		return 0;
	return broken(talk->tally, REASONED, "command %u, flags %#x: %s, and no word why",
		      asked->cmd, asked->flags, strerror(-error));
}

static int take_error(struct talk *talk, const struct nlmsghdr *hdr)
{
	const struct nlmsgerr *err = (const void *)((const uint8_t *)hdr + NLMSG_HDRLEN);
	struct asked *asked = asked_with(talk, err->msg.nlmsg_seq);

	if (!asked)
		return broken(talk->tally, ANSWERED, "an answer that nobody has asked for");
	return take_result(talk, asked, hdr, sizeof(*err), err->error);
}

static int take_done(struct talk *talk, const struct nlmsghdr *hdr)
{
	struct asked *asked = asked_with(talk, hdr->nlmsg_seq);
	int error = 0;

	if (!asked || !wants_dump(asked))
		return broken(talk->tally, ANSWERED, "the end of a dump that nobody wanted");
	if (hdr->nlmsg_len >= NLMSG_HDRLEN + sizeof(error))
		memcpy(&error, (const uint8_t *)hdr + NLMSG_HDRLEN, sizeof(error));
	tally_add(&talk->tally->dumps, 1);
	return take_result(talk, asked, hdr, sizeof(error), error);
}

static int take_id(struct talk *talk, const struct nlmsghdr *hdr)
{
	const struct nlattr *attr = (const void *)((const uint8_t *)hdr + NLMSG_HDRLEN +
						   GENL_HDRLEN);

	if (hdr->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + sizeof(uint64_t) ||
	    talk->mades == ASKED)
		return broken(talk->tally, UNDERSTOOD, "relay-add's answer is too short");
	/* The padding that an old architecture needs may come first. */
	if (attr->nla_type == KTURN_A_RELAY_PAD)
		attr = (const void *)((const uint8_t *)attr + NLA_ALIGN(attr->nla_len));
	if (attr->nla_type != KTURN_A_RELAY_ID)
		return broken(talk->tally, UNDERSTOOD, "relay-add's answer has no id");
	memcpy(&talk->made[talk->mades++], attr + 1, sizeof(uint64_t));
	tally_add(&talk->tally->made, 1);
	return 0;
}

static int take_reply(struct talk *talk, struct nlmsghdr *hdr)
{
	const uint8_t cmd = *((const uint8_t *)hdr + NLMSG_HDRLEN);
	struct relay relay;
	struct stats stats;
	int ret = 0;

	switch (cmd) {
	case KTURN_CMD_RELAY_ADD:
		return take_id(talk, hdr);
	case KTURN_CMD_STATS_GET:
		ret = decode_stats(hdr, &stats);
		break;
	case KTURN_CMD_RELAY_GET:
	case KTURN_CMD_RELAY_DEL:
		ret = decode_relay(hdr, &relay);
		if (!ret)
			world_heard_of(talk->world, relay.id);
	}
	return ret ? broken(talk->tally, UNDERSTOOD, "command %u: %s", cmd, why) : 0;
}

static int take_message(struct talk *talk, struct nlmsghdr *hdr)
{
	switch (hdr->nlmsg_type) {
	case NLMSG_ERROR:
		return take_error(talk, hdr);
	case NLMSG_DONE:
		return take_done(talk, hdr);
	default:
		/* Another family, whose number a lie has uncovered */
		if (hdr->nlmsg_type != world_family(talk->world))
			return 0;
		return take_reply(talk, hdr);
	}
}

/**
 * talk_read_one() - take the next datagram, if there is one
 * @talk: the socket
 *
 * Return: how many messages there were, or -1 with the tally or "why" set.
 */
int talk_read_one(struct talk *talk)
{
	static uint8_t buf[64 * KiB];
	ssize_t n = recv(talk->fd, buf, sizeof(buf), MSG_DONTWAIT);
	struct nlmsghdr *hdr = (void *)buf;
	int left = n, count = 0;

	if (n < 0)
		return errno == EAGAIN ? 0 : fail_errno("receiving from the kernel");
	for (; NLMSG_OK(hdr, (unsigned int)left); hdr = NLMSG_NEXT(hdr, left)) {
		if (take_message(talk, hdr))
			return -1;
		count++;
	}
	return count;
}

/* The kernel has answered when the send returns; a dump goes on with reading. */
static int read_answers(struct talk *talk)
{
	int n;

	do {
		n = talk_read_one(talk);
	} while (n > 0);
	return n;
}

static int check_answers(struct talk *talk)
{
	const struct asked *asked;
	bool wanted;
	int i;

	for (i = 0; i < talk->count; i++) {
		asked = &talk->asked[i];
		wanted = (asked->flags & NLM_F_ACK) ||
			 (wants_dump(asked) && (asked->flags & NLM_F_REQUEST) &&
			  asked->type >= NLMSG_MIN_TYPE);
		if (asked->answers > 1 || asked->answers < wanted)
			return broken(talk->tally, ANSWERED,
				      "type %u, command %u, flags %#x: %d answers",
				      asked->type, asked->cmd, asked->flags, asked->answers);
	}
	return 0;
}

/**
 * talk_start() - send the datagram
 * @talk: the socket
 *
 * Return: 0, or -1 and "why".
 */
int talk_start(struct talk *talk)
{
	note_asked(talk);
	tally_add(&talk->tally->sent, talk->count);
	if (send(talk->fd, talk->bytes, talk->len, 0) != (ssize_t)talk->len)
		return fail_errno("sending to the kernel");
	return 0;
}

/**
 * talk_do() - send the datagram and judge all answers to it
 * @talk: the socket
 *
 * Return: 0, or -1 with the tally or "why" set.
 */
int talk_do(struct talk *talk)
{
	return talk_start(talk) || read_answers(talk) || check_answers(talk) ? -1 : 0;
}
