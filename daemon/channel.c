// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "channel.h"

/* A peer's address without the bytes of a sockaddr that say nothing here. */
struct key {
	uint8_t ip[16];
	uint16_t port, family;
};

struct channel {
	uint16_t number;
	struct key key;
	union addr peer;
	time_t expires;
	UT_hash_handle hh;		/* by number */
	UT_hash_handle by_peer;
};

static struct key key_of(const union addr *peer)
{
	struct key key = { .port = addr_port(peer), .family = peer->sa.sa_family };
	const uint8_t *ip;
	size_t len;

	ip = addr_ip(peer, &len);
	memcpy(key.ip, ip, len);
	return key;
}

static struct channel *find_number(const struct channels *channels, uint16_t number)
{
	struct channel *channel;

	HASH_FIND(hh, channels->by_number, &number, sizeof(number), channel);
	return channel;
}

static struct channel *find_peer(const struct channels *channels, const union addr *peer)
{
	struct key key = key_of(peer);
	struct channel *channel;

	HASH_FIND(by_peer, channels->by_peer, &key, sizeof(key), channel);
	return channel;
}

static void unbind(struct channels *channels, struct channel *channel)
{
	HASH_DEL(channels->by_number, channel);
	HASH_DELETE(by_peer, channels->by_peer, channel);
	channels->n--;
	free(channel);
}

static void unbind_expired(struct channels *channels, time_t now)
{
	struct channel *channel, *next;

	HASH_ITER(hh, channels->by_number, channel, next)
		if (channel->expires <= now)
			unbind(channels, channel);
}

/* Return: @channel, unless its time is over. */
static struct channel *unless_expired(struct channels *channels, struct channel *channel,
				      time_t now)
{
	if (!channel || channel->expires > now)
		return channel;
	unbind(channels, channel);
	return NULL;
}

unsigned int channels_check(struct channels *channels, uint16_t number,
			    const union addr *peer, time_t now)
{
	struct channel *channel, *peers;

	if (number < CHANNEL_FIRST || number > channels->last)
		return 400;
	channel = unless_expired(channels, find_number(channels, number), now);
	/* The one step may have unbound what the other would find. */
	peers = unless_expired(channels, find_peer(channels, peer), now);
	if (channel != peers)
		return 400;
	if (channel)
		return 0;
	if (channels->n >= channels->max)
		unbind_expired(channels, now);
	return channels->n < channels->max ? 0 : 508;
}

int channels_bind(struct channels *channels, uint16_t number, const union addr *peer,
		  time_t now)
{
	struct channel *channel = find_number(channels, number);

	if (!channel) {
		channel = calloc(1, sizeof(*channel));
		if (!channel)
			return -ENOMEM;
		channel->number = number;
		channel->key = key_of(peer);
		channel->peer = *peer;
		HASH_ADD(hh, channels->by_number, number, sizeof(channel->number), channel);
		HASH_ADD(by_peer, channels->by_peer, key, sizeof(channel->key), channel);
		channels->n++;
	}
	channel->expires = now + channels->lifetime;
	return 0;
}

const union addr *channels_peer(const struct channels *channels, uint16_t number, time_t now)
{
	const struct channel *channel = find_number(channels, number);

	return channel && channel->expires > now ? &channel->peer : NULL;
}

uint16_t channels_number(const struct channels *channels, const union addr *peer, time_t now)
{
	const struct channel *channel = find_peer(channels, peer);

	return channel && channel->expires > now ? channel->number : 0;
}

void channels_each(const struct channels *channels, channel_fn fn, void *arg)
{
	for (const struct channel *channel = channels->by_number; channel;
	     channel = channel->hh.next)
		fn(&channel->peer, channel->number, channel->expires, arg);
}

void channels_clear(struct channels *channels)
{
	struct channel *channel, *next;

	HASH_ITER(hh, channels->by_number, channel, next)
		unbind(channels, channel);
}
