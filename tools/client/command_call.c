// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "command.h"
#include "frame.h"
#include "ice.h"
#include "net.h"

/* Closing the control connection as well would not leave time for the FIN. */
static int hang_up(struct endpoint *end, const struct options *opt)
{
	int err = net_finish(end->fd, opt->timeout * 1000);

	if (err)
		return endpoint_failed("hanging up", err);
	net_recv(end->fd, &(char){ 0 }, 1, opt->timeout * 1000);
	return 0;
}

static int send_media(struct endpoint *end, const struct options *opt)
{
	static const uint8_t packet[160] = { 0x80 };	/* RTP's version */
	int err = 0;

	for (uint64_t n = 0; n < opt->media && !err; n++)
		err = frame_send_data(end->fd, packet, sizeof(packet), opt->timeout * 1000);
	return err ? endpoint_failed("media", err) : 0;
}

/* The side that is the TURN client: a while later a keepalive, then the end. */
static int keep_alive(struct endpoint *end, const struct options *opt)
{
	int err = send_media(end, opt);

	if (err)
		return err;
	err = net_recv(end->fd, &(char){ 0 }, 1, opt->linger * 1000);

	if (err != -ETIMEDOUT)
		return endpoint_failed("the call ended early", err < 0 ? err : -EPIPE);
	err = turn_keepalive(&end->turn);
	return err ? endpoint_failed("Binding indication", err) : hang_up(end, opt);
}

static int await_end(struct endpoint *end, const struct options *opt)
{
	int64_t deadline = net_now() + (opt->linger + opt->timeout) * 1000;
	uint8_t media[4096];
	int len;

	do {
		len = net_recv(end->fd, media, sizeof(media), deadline - net_now());
	} while (len > 0);
	return len ? endpoint_failed("waiting for the end", len) : 0;
}

int command_call(struct endpoint *end, const struct options *opt)
{
	struct ice_tally tally;
	int err;

	err = ice_check(end->fd, opt->has_via ? ICE_CONTROLLED : ICE_CONTROLLING,
			opt->ice_password, &tally, opt->timeout * 1000);
	printf("stun-sent requests %u successes %u\n", tally.requests_sent,
	       tally.successes_sent);
	printf("stun-received requests %u successes %u\n", tally.requests_received,
	       tally.successes_received);
	if (err)
		return endpoint_failed("STUN through the relay", err);
	return opt->has_via ? keep_alive(end, opt) : await_end(end, opt);
}
