/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latest answers over UDP that would be others a second time: to Allocate,
 * which is then 437, and to Refresh, which may have ended the allocation. A
 * request that is retransmitted gets the answer that was lost (RFC 8489, 6.3.1).
 * All other requests are the same if they are carried out again.
 */
#ifndef KTURN_ANSWERS_H
#define KTURN_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

#define ANSWERS_MAX 4

/**
 * struct answer - a message as it was sent
 */
struct answer {
	uint8_t *data;
	size_t len;
};

/**
 * struct answers - of one 5-tuple; all zero is a valid start
 * @next: the one to be displaced next
 */
struct answers {
	struct answer answer[ANSWERS_MAX];
	unsigned int next;
};

/**
 * answers_note() - keep a response, if it is one of those
 *
 * Without memory it is not kept, and a retransmission is a new request.
 */
void answers_note(struct answers *answers, const uint8_t *response, size_t len);

/**
 * answers_find() - find the answer to a request that came before
 * @request: any datagram
 *
 * Return: NULL if there is none.
 */
const struct answer *answers_find(const struct answers *answers, const uint8_t *request,
				  size_t len);

/**
 * answers_clear() - forget all of them
 */
void answers_clear(struct answers *answers);

#endif
