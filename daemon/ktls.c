// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <gnutls/crypto.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ktls.h"
#include "tls.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define RECORD_ALERT		21
#define RECORD_HANDSHAKE	22
#define RECORD_DATA		23

#define ALERT_WARNING		1
#define ALERT_CLOSE_NOTIFY	0

/* What the kernel wants to know of one direction. */
union crypto {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

/* One direction as GnuTLS leaves it. */
struct state {
	gnutls_datum_t iv, key;
	unsigned char seq[8];
};

static int version(const struct tls *tls)
{
	switch (gnutls_protocol_get_version(tls->session)) {
	case GNUTLS_TLS1_2:
		return TLS_1_2_VERSION;
	case GNUTLS_TLS1_3:
		return TLS_1_3_VERSION;
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * A nonce of GCM has a salt of four bytes and eight more. TLS 1.3 computes both
 * once and adds the record's number; TLS 1.2 sends the eight with every record,
 * and GnuTLS takes the number for them, so that the kernel's never repeat one.
 */
static int fill_gcm(const struct state *state, bool tls1_3, unsigned char *salt,
		    unsigned char *iv)
{
	if (state->iv.size < (tls1_3 ? 12 : 4))
		return -EOPNOTSUPP;
	memcpy(salt, state->iv.data, 4);
	memcpy(iv, tls1_3 ? state->iv.data + 4 : state->seq, 8);
	return 0;
}

static int fill_gcm128(union crypto *crypto, const struct state *state, bool tls1_3)
{
	if (state->key.size != sizeof(crypto->gcm128.key))
		return -EOPNOTSUPP;
	crypto->info.cipher_type = TLS_CIPHER_AES_GCM_128;
	memcpy(crypto->gcm128.key, state->key.data, state->key.size);
	memcpy(crypto->gcm128.rec_seq, state->seq, sizeof(state->seq));
	return fill_gcm(state, tls1_3, crypto->gcm128.salt, crypto->gcm128.iv) ?:
	       (int)sizeof(crypto->gcm128);
}

static int fill_gcm256(union crypto *crypto, const struct state *state, bool tls1_3)
{
	if (state->key.size != sizeof(crypto->gcm256.key))
		return -EOPNOTSUPP;
	crypto->info.cipher_type = TLS_CIPHER_AES_GCM_256;
	memcpy(crypto->gcm256.key, state->key.data, state->key.size);
	memcpy(crypto->gcm256.rec_seq, state->seq, sizeof(state->seq));
	return fill_gcm(state, tls1_3, crypto->gcm256.salt, crypto->gcm256.iv) ?:
	       (int)sizeof(crypto->gcm256);
}

static int fill_chacha(union crypto *crypto, const struct state *state)
{
	if (state->key.size != sizeof(crypto->chacha.key) ||
	    state->iv.size != sizeof(crypto->chacha.iv))
		return -EOPNOTSUPP;
	crypto->info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
	memcpy(crypto->chacha.key, state->key.data, state->key.size);
	memcpy(crypto->chacha.iv, state->iv.data, state->iv.size);
	memcpy(crypto->chacha.rec_seq, state->seq, sizeof(state->seq));
	return sizeof(crypto->chacha);
}

/* Return: the length of what setsockopt() wants, or a negative errno. */
static int fill(const struct tls *tls, union crypto *crypto, const struct state *state)
{
	bool tls1_3 = crypto->info.version == TLS_1_3_VERSION;

	switch (gnutls_cipher_get(tls->session)) {
	case GNUTLS_CIPHER_AES_128_GCM:
		return fill_gcm128(crypto, state, tls1_3);
	case GNUTLS_CIPHER_AES_256_GCM:
		return fill_gcm256(crypto, state, tls1_3);
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
		return fill_chacha(crypto, state);
	default:
		return -EOPNOTSUPP;
	}
}

static int set_direction(const struct tls *tls, int direction)
{
	union crypto crypto = { .info.version = 0 };
	struct state state;
	int len = version(tls);

	if (len < 0)
		return len;
	crypto.info.version = len;
	if (gnutls_record_get_state(tls->session, direction == TLS_RX, NULL, &state.iv,
				    &state.key, state.seq))
		return -EOPNOTSUPP;
	len = fill(tls, &crypto, &state);
	if (len > 0 && setsockopt(tls->fd, SOL_TLS, direction, &crypto, len))
		len = -errno;
	gnutls_memset(&crypto, 0, sizeof(crypto));
	return len < 0 ? len : 0;
}

/* Of a record that has been read in part, the kernel would not see the rest. */
static bool is_between_records(const struct tls *tls)
{
	return !tls->head_have && !tls->body_left &&
	       !gnutls_record_check_pending(tls->session) &&
	       (!tls->output || !evbuffer_get_length(tls->output));
}

int ktls_switch(struct tls *tls)
{
	int err;

	if (!is_between_records(tls))
		return -EBUSY;
	if (setsockopt(tls->fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return -errno;
	err = set_direction(tls, TLS_TX);
	if (err)
		return err;
	tls->kernel_tx = true;
	err = set_direction(tls, TLS_RX);
	if (err)
		return err;
	tls->kernel_rx = true;
	return 0;
}

static int fail(struct tls *tls, const char *why)
{
	snprintf(tls->why, sizeof(tls->why), "TLS: %s", why);
	return -EPROTO;
}

static unsigned char record_type(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (!cmsg || cmsg->cmsg_level != SOL_TLS || cmsg->cmsg_type != TLS_GET_RECORD_TYPE)
		return RECORD_DATA;
	return *CMSG_DATA(cmsg);
}

static int take_alert(struct tls *tls, const unsigned char *alert, size_t len)
{
	if (len == 2 && alert[1] == ALERT_CLOSE_NOTIFY)
		return 0;
	snprintf(tls->why, sizeof(tls->why), "TLS: alert received: %s",
		 len == 2 ? gnutls_alert_get_name(alert[1]) : "malformed");
	return -EPROTO;
}

ssize_t ktls_recv(struct tls *tls, void *buf, size_t len)
{
	char control[CMSG_SPACE(sizeof(unsigned char))];
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(tls->fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return errno == EBADMSG ? fail(tls, "a record that was tampered with") : -errno;
	switch (record_type(&msg)) {
	case RECORD_DATA:
		return n;
	case RECORD_ALERT:
		return take_alert(tls, buf, n);
	case RECORD_HANDSHAKE:
		return fail(tls, "new keys, which this kernel cannot follow");
	default:
		return fail(tls, "a record of an unknown type");
	}
}

int ktls_bye(struct tls *tls)
{
	static const unsigned char alert[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(unsigned char))];
	} control = { .head = {
		.cmsg_level = SOL_TLS,
		.cmsg_type = TLS_SET_RECORD_TYPE,
		.cmsg_len = CMSG_LEN(sizeof(unsigned char)),
	} };
	struct iovec iov = { (void *)alert, sizeof(alert) };
	const struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	*CMSG_DATA(&control.head) = RECORD_ALERT;
	return sendmsg(tls->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
