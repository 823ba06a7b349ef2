// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "opening.h"

size_t opening_wants(const struct opening *opening)
{
	return kturn_stun_wants(&opening->stun);
}

void opening_lose(struct opening *opening)
{
	opening->stun.followed = KTURN_STUN_BYTES;
}

static void keep(struct opening *opening, const uint8_t *data, size_t len)
{
	size_t room = OPENING_HEAD - opening->head_len;
	size_t n = len < room ? len : room;

	memcpy(opening->head + opening->head_len, data, n);
	opening->head_len += n;
}

void opening_add(struct opening *opening, const uint8_t *data, size_t len)
{
	size_t wanted = opening_wants(opening);

	if (len > wanted)
		len = wanted;
	if (opening->stun.followed < OPENING_HEAD)
		keep(opening, data, len);
	kturn_stun_add(&opening->stun, data, len);
	opening->stun.followed += len;
}

bool opening_is_whole(const struct opening *opening, uint64_t bytes)
{
	return bytes <= opening->stun.followed && opening->stun.followed < KTURN_STUN_BYTES &&
	       opening->stun.messages < KTURN_STUN_MESSAGES;
}
