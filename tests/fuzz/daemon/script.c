// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "script.h"

bool script_next(const uint8_t **data, size_t *len, struct script_step *step)
{
	const uint8_t *p = *data;

	if (*len < SCRIPT_HEADER_LEN)
		return false;
	step->what = p[0] % SCRIPT_WHATS;
	step->who = p[1];
	step->len = p[2] << 8 | p[3];
	step->payload = p + SCRIPT_HEADER_LEN;
	*len -= SCRIPT_HEADER_LEN;
	if (step->len > *len)
		step->len = *len;
	*data = step->payload + step->len;
	*len -= step->len;
	return true;
}

size_t script_put(uint8_t *buf, size_t size, const struct script_step *step)
{
	if (size < SCRIPT_HEADER_LEN + (size_t)step->len)
		return 0;
	buf[0] = step->what;
	buf[1] = step->who;
	buf[2] = step->len >> 8;
	buf[3] = step->len;
	memmove(buf + SCRIPT_HEADER_LEN, step->payload, step->len);
	return SCRIPT_HEADER_LEN + step->len;
}
