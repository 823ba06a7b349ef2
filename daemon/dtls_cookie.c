// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <string.h>

#include "dtls_cookie.h"

/* Where things are in the record of a ClientHello (RFC 6347, 4.1 and 4.2.2). */
#define AT_TYPE		0
#define AT_MAJOR	1
#define AT_EPOCH	3
#define AT_SEQUENCE	5	/* six bytes */
#define AT_MESSAGE	13
#define AT_FRAGMENT	19	/* offset of it, three bytes */
#define AT_RANDOM	27
#define RANDOM_LEN	32
#define HELLO_MIN	(AT_RANDOM + RANDOM_LEN + 2)	/* with lengths of session id and cookie */

#define TYPE_HANDSHAKE		22
#define MAJOR_DTLS		254
#define MESSAGE_CLIENT_HELLO	1

/* What is in several datagrams could only be put together by keeping some. */
bool dtls_is_client_hello(const uint8_t *data, size_t len)
{
	static const uint8_t zero[3];

	return len >= HELLO_MIN && data[AT_TYPE] == TYPE_HANDSHAKE &&
	       data[AT_MAJOR] == MAJOR_DTLS && !memcmp(data + AT_EPOCH, zero, 2) &&
	       data[AT_MESSAGE] == MESSAGE_CLIENT_HELLO &&
	       !memcmp(data + AT_FRAGMENT, zero, sizeof(zero));
}

const uint8_t *dtls_random(const uint8_t *hello)
{
	return hello + AT_RANDOM;
}

/* Whoever has seen a cookie cannot use it for long. */
static bool renew_key(struct dtls_cookies *cookies, time_t now)
{
	bool first = !cookies->made;

	if (!first && now - cookies->made < DTLS_COOKIE_LIFETIME)
		return true;
	memcpy(cookies->key[1], cookies->key[0], sizeof(cookies->key[0]));
	if (gnutls_rnd(GNUTLS_RND_RANDOM, cookies->key[0], sizeof(cookies->key[0])))
		return false;
	if (first || now - cookies->made >= 2 * DTLS_COOKIE_LIFETIME)
		memcpy(cookies->key[1], cookies->key[0], sizeof(cookies->key[0]));
	cookies->made = now;
	return true;
}

bool dtls_cookie_check(struct dtls_cookies *cookies, time_t now, const void *who,
		       size_t who_len, const uint8_t *hello, size_t len,
		       gnutls_dtls_prestate_st *prestate)
{
	if (!renew_key(cookies, now))
		return false;
	for (int i = 0; i < 2; i++) {
		gnutls_datum_t key = { cookies->key[i], sizeof(cookies->key[i]) };

		memset(prestate, 0, sizeof(*prestate));
		if (!gnutls_dtls_cookie_verify(&key, (void *)who, who_len, (void *)hello, len,
					       prestate))
			return true;
	}
	return false;
}

/* What GnuTLS wants to send is copied. */
struct answer {
	uint8_t *data;
	size_t len;
};

static ssize_t take_answer(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct answer *answer = ptr;

	if (len > DTLS_HELLO_VERIFY_MAX)
		return -1;
	memcpy(answer->data, data, len);
	answer->len = len;
	return len;
}

size_t dtls_cookie_make(struct dtls_cookies *cookies, time_t now, const void *who,
			size_t who_len, const uint8_t *hello,
			uint8_t data[DTLS_HELLO_VERIFY_MAX])
{
	gnutls_datum_t key = { cookies->key[0], sizeof(cookies->key[0]) };
	gnutls_dtls_prestate_st prestate = { 0 };
	struct answer answer = { data, 0 };

	if (!renew_key(cookies, now) ||
	    gnutls_dtls_cookie_send(&key, (void *)who, who_len, &prestate, &answer,
				    take_answer) < 0 ||
	    answer.len < AT_MESSAGE)
		return 0;
	/* The record's number is the ClientHello's (RFC 6347, 4.2.1). */
	memcpy(data + AT_SEQUENCE, hello + AT_SEQUENCE, AT_MESSAGE - 2 - AT_SEQUENCE);
	return answer.len;
}
