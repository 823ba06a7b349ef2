// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <string.h>

#include "client.h"
#include "ticket.h"
#include "token.h"

const char *const client_users[2] = { "alice", "%s%n" };
const char *const client_passwords[2] = { "wonder", "builder" };

/* Those of all clients: one may try another's. */
static uint32_t ids[CLIENT_IDS];
static unsigned int n_ids;
static uint8_t token[8];
static uint8_t ticket[TICKET_LEN];

void client_forget(void)
{
	memset(ids, 0, sizeof(ids));
	n_ids = 0;
	memset(token, 0, sizeof(token));
	memset(ticket, 0, sizeof(ticket));
}

void client_send(struct client *client, const void *data, size_t len)
{
	if (client->datagrams)
		net_send_from(&client->end, &client->from, data, len);
	else
		net_send(&client->end, data, len);
}

static void learn_from(struct client *client, const struct stun_message *msg)
{
	struct stun_attr attr;

	if (stun_find(msg, STUN_ATTR_NONCE, &attr)) {
		client->old.rfc5389 = true;
		challenge_take(&client->challenge, msg, client_users[0], client_passwords[0]);
		challenge_take(&client->old, msg, client_users[0], client_passwords[0]);
	}
	if (stun_find(msg, STUN_ATTR_RESERVATION_TOKEN, &attr) && attr.len == sizeof(token))
		memcpy(token, attr.value, sizeof(token));
	if (stun_find(msg, STUN_ATTR_MOBILITY_TICKET, &attr) && attr.len == sizeof(ticket))
		memcpy(ticket, attr.value, sizeof(ticket));
	if (stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) &&
	    !stun_attr_u32(&attr, &ids[n_ids % CLIENT_IDS]))
		n_ids++;
}

static void learn_cookie(struct client *client)
{
	size_t len;
	const uint8_t *cookie = hello_cookie(client->reply, client->have, &len);

	if (!cookie)
		return;
	memcpy(client->cookie, cookie, len);
	client->cookie_len = len;
}

/* Return: how much of it could be read; all, if it is payload and no message. */
static size_t read_messages(struct client *client)
{
	struct stun_message msg;
	size_t at = 0;

	while (client->have - at >= STUN_HEADER_LEN) {
		size_t len = stun_length(client->reply + at);

		if (!len)
			return client->have;
		if (len > client->have - at)
			break;
		if (!stun_parse(&msg, client->reply + at, len))
			learn_from(client, &msg);
		at += len;
	}
	return at;
}

void client_learn(struct client *client)
{
	ssize_t n;

	if (client->deaf)
		return;
	while ((n = net_recv(&client->end, client->reply + client->have,
			     sizeof(client->reply) - client->have)) > 0) {
		size_t done;

		client->have += n;
		learn_cookie(client);
		done = read_messages(client);
		client->have -= done;
		memmove(client->reply, client->reply + done, client->have);
		if (client->have == sizeof(client->reply))
			client->have = 0;
	}
}

static void begin(struct client *client, struct stun_builder *b, void *buf, size_t size,
		  enum stun_class class, uint16_t method)
{
	uint8_t transaction[STUN_TRANSACTION_LEN] = "fuzz-daemon";

	transaction[STUN_TRANSACTION_LEN - 1] = client->n_sent++;
	stun_begin(b, buf, size, class, method, transaction);
}

void client_ask(struct client *client)
{
	struct stun_builder b;
	uint8_t buf[64];

	begin(client, &b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE);
	client_send(client, buf, stun_end(&b));
}

void client_hello(struct client *client, const uint8_t *payload, size_t len)
{
	uint8_t hello[HELLO_MAX];
	size_t n = hello_write(hello, client->cookie, len ? client->cookie_len : 0,
			       len ? payload[0] : 1);

	client_send(client, hello, n);
}

static void add_token(struct stun_builder *b, const uint8_t *value, size_t len)
{
	uint8_t sealed[TOKEN_MAX];

	switch (len ? value[0] : 0xff) {
	case 0:
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, sealed, token_issue(sealed, 0, 1000000));
		break;
	case 1:
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, sealed, token_issue(sealed, 0, 60));
		break;
	case 2:
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, sealed, token_issue(sealed, 1000, 60));
		break;
	case 3:
		len = len - 1 < TOKEN_PLAIN_MAX ? len - 1 : TOKEN_PLAIN_MAX;
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, sealed, token_seal(sealed, value + 1, len));
		break;
	default:
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, value, len);
	}
}

static void add(struct stun_builder *b, uint16_t type, const uint8_t *value, size_t len)
{
	static const uint8_t zeros[sizeof(token)];
	uint32_t id;

	if (type == STUN_ATTR_RESERVATION_TOKEN && len == sizeof(token) &&
	    !memcmp(value, zeros, len))
		value = token;
	if (type == STUN_ATTR_ACCESS_TOKEN) {
		add_token(b, value, len);
		return;
	}
	if (type == STUN_ATTR_MOBILITY_TICKET && len == 1) {
		stun_add(b, type, ticket, sizeof(ticket));
		return;
	}
	if (type != STUN_ATTR_CONNECTION_ID || len != 4 || value[0] || value[1] || value[2] ||
	    value[3] >= CLIENT_IDS) {
		stun_add(b, type, value, len);
		return;
	}
	id = ids[(n_ids - 1 - value[3]) % CLIENT_IDS];
	stun_add_u32(b, type, id);
}

static void add_all(struct stun_builder *b, const uint8_t *p, size_t len)
{
	while (len >= STUN_ATTR_HEADER_LEN) {
		uint16_t type = p[0] << 8 | p[1];
		size_t value = p[2] << 8 | p[3];

		p += STUN_ATTR_HEADER_LEN;
		len -= STUN_ATTR_HEADER_LEN;
		if (value > len)
			value = len;
		add(b, type, p, value);
		p += value;
		len -= value;
	}
}

/* The session's key signs, and the name is that of the key that has sealed the token. */
static void sign_with_token(const struct challenge *challenge, struct stun_builder *b)
{
	stun_add_string(b, STUN_ATTR_USERNAME, TOKEN_KID);
	stun_add_string(b, STUN_ATTR_REALM, challenge->realm);
	stun_add_string(b, STUN_ATTR_NONCE, challenge->nonce);
	stun_add_integrity(b, TOKEN_KEY, TOKEN_KEY_LEN);
}

void client_sign(struct client *client, const uint8_t *payload, size_t len,
		 const struct client_way *way)
{
	struct challenge *challenge = way->old ? &client->old : &client->challenge;
	const char *user = client_users[way->user], *password = client_passwords[way->user];
	static uint8_t buf[STUN_MESSAGE_MAX];
	struct stun_builder b;

	if (len < 2 || challenge_set_user(challenge, user, password))
		return;
	/* The class is in the upper bits, where a fuzzer seldom changes it. */
	begin(client, &b, buf, sizeof(buf), payload[0] >> 6, (payload[0] & 0xf) << 8 | payload[1]);
	add_all(&b, payload + 2, len - 2);
	if (way->token)
		sign_with_token(challenge, &b);
	else
		challenge_answer(challenge, user, &b);
	if (way->fingerprint)
		stun_add_fingerprint(&b);
	client_send(client, buf, stun_end(&b));
}
