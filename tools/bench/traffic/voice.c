// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams as voice has them: each client sends one, the peer returns it, and when all
 * have their answers it goes on. None may be lost, changed, or another one's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "leg.h"
#include "netns.h"
#include "pattern.h"
#include "sides.h"
#include "work.h"

#define WARM	20		/* rounds before the clock runs */
#define BUFFER	(4 << 20)	/* bytes, for all that may arrive at the peer at once */

/**
 * struct voice - both ends
 * @leg: the clients
 * @n: how many there are by now
 * @peer: the peer's socket
 */
struct voice {
	struct leg *leg;
	unsigned int n;
	int peer;
};

static uint64_t rounds(const struct job *job)
{
	return WARM + (uint64_t)job->rounds;
}

static int listen_as_peer(const struct job *job)
{
	int fd = socket(job->peer.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	if (fd < 0 || bind(fd, &job->peer.sa, addr_len(&job->peer)))
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static int open_ends(struct voice *voice, const struct job *job)
{
	int err = netns_enter(job->peer_ns);

	if (err)
		return err;
	voice->peer = listen_as_peer(job);
	if (voice->peer < 0)
		return voice->peer;
	err = netns_enter(job->client_ns);
	while (!err && voice->n < job->relays) {
		err = leg_open(&voice->leg[voice->n], job);
		if (!err)
			voice->n++;
	}
	return err;
}

/* Each datagram starts one byte later in the pattern than the one before. */
static int send_all(struct sides *sides, const struct voice *voice, uint64_t first)
{
	for (unsigned int i = 0; i < voice->n; i++)
		if (leg_send(&voice->leg[i], pattern_at(first + i), sides->job->size))
			return result_fail(sides->result, "round %llu: not sent",
					   (unsigned long long)(first / voice->n));
	return 0;
}

static int receive_all(struct sides *sides, const struct voice *voice, uint64_t first)
{
	for (unsigned int i = 0; i < voice->n; i++) {
		unsigned long long round = first / voice->n;
		size_t len;
		const uint8_t *data = leg_receive(&voice->leg[i], &len);

		if (!data)
			return result_fail(sides->result, "round %llu: lost", round);
		if (len != sides->job->size || !pattern_check(first + i, data, len))
			return result_fail(sides->result, "round %llu: wrong bytes", round);
	}
	return 0;
}

/* Those from @from on, but not @to. */
static int go_rounds(struct sides *sides, uint64_t from, uint64_t to)
{
	const struct voice *voice = sides->shared;

	for (uint64_t i = from; i < to; i++)
		if (send_all(sides, voice, i * voice->n) || receive_all(sides, voice, i * voice->n))
			return -1;
	return 0;
}

static int clients(struct sides *sides)
{
	int err = go_rounds(sides, 0, WARM);

	if (err)
		return err;
	span_start(sides->job, sides->result);
	err = go_rounds(sides, WARM, rounds(sides->job));
	span_stop(sides->job, sides->result);
	return err;
}

/* The clients see whether it is what they have sent. */
static int peer(struct sides *sides)
{
	const struct voice *voice = sides->shared;
	static uint8_t datagram[PATTERN_PIECE];

	for (uint64_t i = rounds(sides->job) * voice->n; i; i--) {
		union addr from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(voice->peer, datagram, sizeof(datagram), 0, &from.sa,
				     &from_len);

		if (n < 0 || sendto(voice->peer, datagram, n, 0, &from.sa, from_len) != n)
			return result_fail(sides->result, "peer: %s", strerror(errno));
	}
	return 0;
}

void work_voice(const struct job *job, struct result *result)
{
	struct voice voice = { .leg = calloc(job->relays, sizeof(struct leg)), .peer = -1 };
	struct sides sides = { .job = job, .result = result, .shared = &voice };
	int err = voice.leg ? open_ends(&voice, job) : -ENOMEM;

	if (err) {
		result_fail(result, "opening: %s",
			    err > 0 ? stun_error_str(err) : strerror(-err));
	} else {
		sides_run(&sides, clients, peer);
		result->rounds = (uint64_t)job->rounds * job->relays * 2;
		result->bytes = result->rounds * job->size;
	}
	while (voice.n)
		leg_release(&voice.leg[--voice.n]);
	close(voice.peer);
	free(voice.leg);
}
