// SPDX-License-Identifier: GPL-2.0-only
/*
 * How scripts change. libFuzzer's own mutator sees bytes; this one sees steps, and
 * requests made of attributes. It writes requests that make sense, often, and spoils
 * them, sometimes; they are signed when they are sent.
 */
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "client.h"
#include "macros.h"
#include "script.h"

#define STEPS_MAX	48
#define PAYLOAD_MAX	256

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned int seed);

struct value {
	uint8_t len;
	uint8_t bytes[20];
};

/* Addresses have been masked with the magic cookie: 192.0.2.3, 127.0.0.1 and so on. */
#define V4(port, a, b, c, d) { 8, { 0, 1, 0x21, 0x12 ^ (port), (a) ^ 0x21, (b) ^ 0x12, \
				    (c) ^ 0xa4, (d) ^ 0x42 } }
/* 2001:db8::x, of which what the transaction ID masks is as it comes. */
#define V6(port, x) { 20, { 0, 2, 0x21, 0x12 ^ (port), 0x01, 0x13, 0xa9, 0xfa, 'f', 'u', \
			    'z', 'z', '-', 'd', 'a', 'e', 'm', 'o', 'n', (x) } }

static const struct choice {
	uint16_t type;
	uint8_t n;
	struct value values[5];
} choices[] = {
	{ STUN_ATTR_REQUESTED_TRANSPORT, 3, { { 4, { 6 } }, { 4, { 17 } }, { 4, { 99 } } } },
	{ STUN_ATTR_LIFETIME, 5, { { 4, { 0 } }, { 4, { 0, 0, 0, 1 } }, { 4, { 0, 0, 3, 0 } },
				   { 4, { 0xff, 0xff, 0xff, 0xff } }, { 3, { 0 } } } },
	{ STUN_ATTR_XOR_PEER_ADDRESS, 5, { V4(1, 192, 0, 2, 3), V4(2, 192, 0, 2, 4),
					   V4(3, 192, 0, 2, 5), V4(1, 127, 0, 0, 1),
					   V4(5, 192, 0, 2, 3) } },
	{ STUN_ATTR_XOR_PEER_ADDRESS, 4, { V6(1, 0), V6(2, 1), V6(3, 2), V6(5, 0) } },
	{ STUN_ATTR_CONNECTION_ID, 4, { { 4, { 0 } }, { 4, { 0, 0, 0, 1 } },
					{ 4, { 0, 0, 0, 2 } }, { 4, { 0xff } } } },
	{ STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 3, { { 4, { 1 } }, { 4, { 2 } }, { 4, { 3 } } } },
	{ STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2, { { 4, { 2 } }, { 4, { 1 } } } },
	{ STUN_ATTR_EVEN_PORT, 2, { { 1, { 0 } }, { 1, { 0x80 } } } },
	{ STUN_ATTR_DONT_FRAGMENT, 1, { { 0, { 0 } } } },
	{ STUN_ATTR_RESERVATION_TOKEN, 1, { { 8, { 0 } } } },
	{ STUN_ATTR_CHANNEL_NUMBER, 3, { { 4, { 0x40 } }, { 4, { 0x4f, 0xff } },
					 { 4, { 0x50 } } } },
	{ STUN_ATTR_DATA, 2, { { 0, { 0 } }, { 5, { 'h', 'e', 'l', 'l', 'o' } } } },
	{ STUN_ATTR_SOFTWARE, 1, { { 4, { '%', 's', '%', 'n' } } } },
	{ STUN_ATTR_MESSAGE_INTEGRITY, 2, { { 20, { 0 } }, { 4, { 0 } } } },
	{ STUN_ATTR_FINGERPRINT, 1, { { 4, { 0 } } } },
	{ 0x7ffe, 1, { { 4, { 0 } } } },
	{ STUN_ATTR_CHANGE_REQUEST, 5, { { 4, { 0, 0, 0, 6 } }, { 4, { 0, 0, 0, 2 } },
					 { 4, { 0, 0, 0, 4 } }, { 4, { 0xff, 0, 0, 0xff } },
					 { 3, { 0 } } } },
	{ STUN_ATTR_RESPONSE_PORT, 3, { { 4, { 1, 1 } }, { 2, { 4, 0 } }, { 1, { 0 } } } },
	{ STUN_ATTR_PADDING, 2, { { 20, { 1 } }, { 0, { 0 } } } },
	/* The latest ticket, and none. */
	{ STUN_ATTR_MOBILITY_TICKET, 3, { { 1, { 0 } }, { 0, { 0 } }, { 20, { 1 } } } },
	{ STUN_ATTR_USERHASH, 1, { { 20, { 0 } } } },
	/* See client.h; a plaintext, which lacks its times; and no token. */
	{ STUN_ATTR_ACCESS_TOKEN, 5, { { 1, { 0 } }, { 1, { 1 } }, { 1, { 2 } },
				       { 20, { 3, 0, 16 } }, { 20, { 0, 12 } } } },
	{ STUN_ATTR_PASSWORD_ALGORITHM, 2, { { 4, { 0, 1 } }, { 4, { 0, 2 } } } },
};

/* What makes each method succeed comes first. */
static const struct recipe {
	uint16_t method;
	uint16_t needs;
} recipes[] = {
	{ STUN_ALLOCATE, STUN_ATTR_REQUESTED_TRANSPORT },
	{ STUN_ALLOCATE, STUN_ATTR_REQUESTED_TRANSPORT },
	{ STUN_CONNECT, STUN_ATTR_XOR_PEER_ADDRESS },
	{ STUN_CONNECT, STUN_ATTR_XOR_PEER_ADDRESS },
	{ STUN_CONNECTION_BIND, STUN_ATTR_CONNECTION_ID },
	{ STUN_CREATE_PERMISSION, STUN_ATTR_XOR_PEER_ADDRESS },
	{ STUN_REFRESH, STUN_ATTR_LIFETIME },
	{ STUN_REFRESH, STUN_ATTR_MOBILITY_TICKET },
	{ STUN_CHANNEL_BIND, STUN_ATTR_CHANNEL_NUMBER },
	{ STUN_SEND, STUN_ATTR_XOR_PEER_ADDRESS },
	{ STUN_BINDING, STUN_ATTR_CHANGE_REQUEST },
};

static size_t put_attr(uint8_t *p, uint16_t type, const struct value *value)
{
	p[0] = type >> 8;
	p[1] = type;
	p[2] = 0;
	p[3] = value->len;
	memcpy(p + 4, value->bytes, value->len);
	return 4 + value->len;
}

static size_t put_choice(uint8_t *p, const struct choice *choice)
{
	return put_attr(p, choice->type, &choice->values[chance_below(choice->n)]);
}

/* The first value is the good one, and comes every other time. */
static size_t put_needed(uint8_t *p, uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (choices[i].type != type)
			continue;
		/* IPv6 is the second choice of addresses. */
		if (type == STUN_ATTR_XOR_PEER_ADDRESS && !chance_below(3))
			i++;
		return chance_below(2) ? put_attr(p, type, &choices[i].values[0])
				       : put_choice(p, &choices[i]);
	}
	return 0;
}

static size_t make_request(uint8_t *p)
{
	const struct recipe *recipe = &recipes[chance_below(ARRAY_SIZE(recipes))];
	size_t len = 2;

	p[0] = recipe->method >> 8;
	p[1] = recipe->method;
	if (!chance_below(16))
		p[0] |= chance_below(4) << 6;
	if (recipe->needs)
		len += put_needed(p + len, recipe->needs);
	for (unsigned int more = chance_below(3); more; more--)
		len += put_choice(p + len, &choices[chance_below(ARRAY_SIZE(choices))]);
	return len;
}

/* With the key of a session, which is known from the token on. */
static void use_token(struct script_step *step, uint8_t *payload)
{
	bool first = payload[1] == STUN_ALLOCATE || payload[1] == STUN_REFRESH;

	step->who |= SCRIPT_TOKEN;
	if (first || !chance_below(4))
		step->len += put_needed(payload + step->len, STUN_ATTR_ACCESS_TOKEN);
}

/* An unsigned message, well formed. */
static size_t make_message(uint8_t *p)
{
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = "fuzz-daemon";
	uint8_t value[64] = { 0 };
	struct stun_builder b;

	stun_begin(&b, p, PAYLOAD_MAX, chance_below(4), chance_below(16), transaction);
	for (unsigned int more = chance_below(3); more; more--) {
		size_t len = put_choice(value, &choices[chance_below(ARRAY_SIZE(choices))]);

		stun_add(&b, value[0] << 8 | value[1], value + 4, len - 4);
	}
	if (chance_below(2))
		stun_add_fingerprint(&b);
	return stun_end(&b);
}

/* A record of DTLS 1.2: of a handshake, an alert or data. */
static size_t make_record(uint8_t *p)
{
	static const uint8_t types[] = { 20, 21, 22, 23 };
	size_t len = chance_below(64);

	memset(p, 0, 13);
	p[0] = types[chance_below(ARRAY_SIZE(types))];
	p[1] = 0xfe;
	p[2] = 0xfd;
	p[4] = chance_below(2);
	p[10] = chance_below(4);
	p[12] = len;
	for (size_t i = 0; i < len; i++)
		p[13 + i] = chance_below(17);
	return 13 + len;
}

/* As often as there is room for it, behind the length of one. */
static size_t join(uint8_t *p, size_t len)
{
	size_t all = 1;

	memmove(p + 1, p, len);
	p[0] = len / 4;
	for (all += len; all + len <= PAYLOAD_MAX && chance_below(4); all += len)
		memcpy(p + all, p + 1, len);
	return all;
}

static void make_raw(struct script_step *step, uint8_t *payload)
{
	step->len = chance_below(4) ? make_message(payload) : make_record(payload);
	if (chance_below(4) || step->len >= PAYLOAD_MAX)
		return;
	step->who |= SCRIPT_JOINED;
	step->len = join(payload, step->len);
}

static void make_step(struct script_step *step, uint8_t payload[PAYLOAD_MAX])
{
	memset(payload, 1, PAYLOAD_MAX);
	*step = (struct script_step){
		.what = chance_below(2) ? SCRIPT_SIGNED : chance_below(SCRIPT_WHATS),
		.who = chance_below(6),
		.len = chance_below(3),
		.payload = payload,
	};
	switch (step->what) {
	case SCRIPT_SIGNED:
		step->len = make_request(payload);
		if (!chance_below(6))
			use_token(step, payload);
		if (!chance_below(8))
			step->who |= chance_below(8) * SCRIPT_RFC5389;
		break;
	case SCRIPT_RAW:
		make_raw(step, payload);
		break;
	case SCRIPT_HELLO:
		step->who = 4 + chance_below(2);
		break;
	case SCRIPT_WAIT:
		step->who = chance_below(16);
		break;
	case SCRIPT_PEER_SENDS:
		step->len = chance_below(PAYLOAD_MAX);
		break;
	}
}

/* --- a script as a list of steps */

struct list {
	struct script_step steps[STEPS_MAX];
	unsigned int n;
};

static void read_list(struct list *list, const uint8_t *data, size_t len)
{
	list->n = 0;
	while (list->n < STEPS_MAX && script_next(&data, &len, &list->steps[list->n]))
		list->n++;
}

static size_t write_list(const struct list *list, uint8_t *buf, size_t size)
{
	size_t len = 0;

	for (unsigned int i = 0; i < list->n; i++) {
		size_t n = script_put(buf + len, size - len, &list->steps[i]);

		if (!n)
			break;
		len += n;
	}
	return len;
}

static void insert(struct list *list, unsigned int at, const struct script_step *step)
{
	if (list->n == STEPS_MAX)
		return;
	memmove(&list->steps[at + 1], &list->steps[at], (list->n - at) * sizeof(*step));
	list->steps[at] = *step;
	list->n++;
}

static void leave_out(struct list *list, unsigned int at)
{
	list->n--;
	memmove(&list->steps[at], &list->steps[at + 1],
		(list->n - at) * sizeof(list->steps[0]));
}

/* Its bytes change, its place and length stay right. */
static void spoil(struct script_step *step, uint8_t payload[PAYLOAD_MAX])
{
	size_t len = step->len < PAYLOAD_MAX ? step->len : PAYLOAD_MAX;

	memcpy(payload, step->payload, len);
	step->len = LLVMFuzzerMutate(payload, len, PAYLOAD_MAX);
	step->payload = payload;
}

static void change(struct list *list, uint8_t payload[PAYLOAD_MAX])
{
	unsigned int at = chance_below(list->n + 1), what = chance_below(8);
	struct script_step step;

	if (what < 4 || at == list->n) {
		make_step(&step, payload);
		insert(list, at, &step);
	} else if (what < 5) {
		leave_out(list, at);
	} else if (what < 6) {
		step = list->steps[at];
		insert(list, chance_below(list->n), &step);
	} else if (what < 7) {
		list->steps[at].who ^= 1 << chance_below(3);
	} else {
		spoil(&list->steps[at], payload);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned int seed)
{
	static uint8_t payloads[3][PAYLOAD_MAX];
	static struct list list;
	uint8_t *buf;

	chance_begin(seed);
	if (!chance_below(8))
		return LLVMFuzzerMutate(data, len, max);
	read_list(&list, data, len);
	for (unsigned int i = 0; i <= chance_below(3); i++)
		change(&list, payloads[i]);
	/* The steps still point into what is to be overwritten. */
	buf = malloc(max);
	len = write_list(&list, buf, max);
	memcpy(data, buf, len);
	free(buf);
	return len;
}
