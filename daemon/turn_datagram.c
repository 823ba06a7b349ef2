// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the clients of UDP allocations send: Send indications, ChannelData, and
 * ChannelBind requests (RFC 8656, sections 11 and 12).
 */
#include "acl.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "config.h"
#include "mobility.h"
#include "relay_udp.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

/*
 * A permission is for an IP address that may be reached; what is left are the
 * ports of it that nobody may. Few are, so few datagrams need a closer look.
 */
static bool may_send(const struct allocation *allocation, const union addr *peer)
{
	const struct acl *acl = &allocation->session->worker->config->acl;

	if (!permissions_allow(&allocation->permissions, peer, worker_now()))
		return false;
	return !acl_knows_port(acl, addr_port(peer)) || !acl_refusal(acl, peer);
}

/*
 * Between two versions of IP, and between two hosts of IPv6, DONT-FRAGMENT is to be
 * ignored, unless the client is behind a stream (RFC 8656, 13 to 15).
 */
static bool dont_fragment(const struct session *session, const struct stun_message *msg,
			  const union addr *peer)
{
	return stun_find(msg, STUN_ATTR_DONT_FRAGMENT, NULL) &&
	       (session_is_stream(session) || (session->client.sa.sa_family == AF_INET &&
					       peer->sa.sa_family == AF_INET));
}

/* RFC 8656, 11.2 */
void turn_send(struct session *session, const struct stun_message *msg)
{
	const struct allocation *allocation = session->allocation;
	struct stun_attr attr, data;
	struct relay_udp *relay;
	union addr peer;

	mobility_heard(session);
	if (!allocation || !stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &peer) || !addr_port(&peer) ||
	    !stun_find(msg, STUN_ATTR_DATA, &data))
		return;
	relay = allocation_udp(allocation, peer.sa.sa_family);
	if (relay && may_send(allocation, &peer))
		relay_udp_send(relay, &peer, data.value, data.len,
			       dont_fragment(session, msg, &peer));
}

/* RFC 8656, 12.6 */
void turn_channel_data(struct session *session, const uint8_t *data, size_t len)
{
	const struct allocation *allocation = session->allocation;
	struct relay_udp *relay;
	const union addr *peer;
	size_t payload;

	mobility_heard(session);
	if (!allocation || len < CHANNEL_HEADER_LEN)
		return;
	payload = data[2] << 8 | data[3];
	peer = channels_peer(&allocation->channels, data[0] << 8 | data[1], worker_now());
	if (!peer || payload > len - CHANNEL_HEADER_LEN)
		return;
	relay = allocation_udp(allocation, peer->sa.sa_family);
	if (relay)
		relay_udp_send(relay, peer, data + CHANNEL_HEADER_LEN, payload, false);
}

static unsigned int get_channel(const struct stun_message *msg, uint16_t *number,
				union addr *peer)
{
	struct stun_attr attr;
	uint32_t word;

	if (!stun_find(msg, STUN_ATTR_CHANNEL_NUMBER, &attr) || stun_attr_u32(&attr, &word))
		return 400;
	if (!stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, peer) || !addr_port(peer))
		return 400;
	*number = word >> 16;
	return 0;
}

/* All or nothing: first there has to be room for the permission, too. */
static unsigned int bind_channel(struct allocation *allocation, uint16_t number,
				 const union addr *peer)
{
	struct permissions *permissions = &allocation->permissions;
	time_t now = worker_now();
	unsigned int code = channels_check(&allocation->channels, number, peer, now);

	if (code)
		return code;
	if (!permissions_know(permissions, peer) && !permissions_have_room(permissions, 1, now))
		return 508;
	if (channels_bind(&allocation->channels, number, peer, now) ||
	    permissions_install(permissions, peer, now))
		return 508;
	return 0;
}

/* RFC 8656, 12.2 */
unsigned int turn_channel_bind(const struct transaction *transaction,
			       const struct stun_message *msg)
{
	struct allocation *allocation = transaction->session->allocation;
	union addr peer;
	uint16_t number;
	unsigned int code;

	/* There is nothing to bind a channel to on a TCP allocation. */
	if (allocation->transport != IPPROTO_UDP)
		return 403;
	code = get_channel(msg, &number, &peer);
	if (!code)
		code = turn_check_peer(transaction, &peer);
	if (!code)
		code = bind_channel(allocation, number, &peer);
	if (code)
		return code;
	allocation_keep(allocation);
	transaction_succeed(transaction);
	return 0;
}
