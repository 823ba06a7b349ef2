// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "ktls.h"
#include "ktls_crypto.h"

#define ALERT_WARNING		1
#define ALERT_CLOSE_NOTIFY	0

/* One direction as GnuTLS leaves it. */
struct state {
	gnutls_datum_t iv, key;
	unsigned char seq[8];
};

static int version(gnutls_session_t session)
{
	switch (gnutls_protocol_get_version(session)) {
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

static int fill_gcm128(union ktls_crypto *crypto, const struct state *state, bool tls1_3)
{
	if (state->key.size != sizeof(crypto->gcm128.key))
		return -EOPNOTSUPP;
	crypto->info.cipher_type = TLS_CIPHER_AES_GCM_128;
	memcpy(crypto->gcm128.key, state->key.data, state->key.size);
	memcpy(crypto->gcm128.rec_seq, state->seq, sizeof(state->seq));
	return fill_gcm(state, tls1_3, crypto->gcm128.salt, crypto->gcm128.iv) ?:
	       (int)sizeof(crypto->gcm128);
}

static int fill_gcm256(union ktls_crypto *crypto, const struct state *state, bool tls1_3)
{
	if (state->key.size != sizeof(crypto->gcm256.key))
		return -EOPNOTSUPP;
	crypto->info.cipher_type = TLS_CIPHER_AES_GCM_256;
	memcpy(crypto->gcm256.key, state->key.data, state->key.size);
	memcpy(crypto->gcm256.rec_seq, state->seq, sizeof(state->seq));
	return fill_gcm(state, tls1_3, crypto->gcm256.salt, crypto->gcm256.iv) ?:
	       (int)sizeof(crypto->gcm256);
}

static int fill_chacha(union ktls_crypto *crypto, const struct state *state)
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
static int fill(gnutls_session_t session, union ktls_crypto *crypto, const struct state *state)
{
	bool tls1_3 = crypto->info.version == TLS_1_3_VERSION;

	switch (gnutls_cipher_get(session)) {
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

int ktls_set_keys(int fd, gnutls_session_t session, enum ktls_direction direction)
{
	union ktls_crypto crypto = { .info.version = 0 };
	bool rx = direction == KTLS_RECEIVING;
	int len = version(session);
	struct state state;

	if (len < 0)
		return len;
	crypto.info.version = len;
	if (gnutls_record_get_state(session, rx, NULL, &state.iv, &state.key, state.seq))
		return -EOPNOTSUPP;
	len = fill(session, &crypto, &state);
	if (len > 0 && setsockopt(fd, SOL_TLS, rx ? TLS_RX : TLS_TX, &crypto, len))
		len = -errno;
	gnutls_memset(&crypto, 0, sizeof(crypto));
	return len < 0 ? len : 0;
}

int ktls_attach(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) ? -errno : 0;
}

static bool has_keys(int fd, int direction)
{
	struct tls_crypto_info info;
	socklen_t len = sizeof(info);

	return !getsockopt(fd, SOL_TLS, direction, &info, &len);
}

bool ktls_is_on(int fd)
{
	return has_keys(fd, TLS_TX) && has_keys(fd, TLS_RX);
}

static unsigned char record_type(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (!cmsg || cmsg->cmsg_level != SOL_TLS || cmsg->cmsg_type != TLS_GET_RECORD_TYPE)
		return KTLS_DATA;
	return *CMSG_DATA(cmsg);
}

ssize_t ktls_recv(int fd, void *buf, size_t len, int flags, unsigned char *type)
{
	char control[CMSG_SPACE(sizeof(unsigned char))];
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | flags);

	if (n < 0)
		return -errno;
	*type = record_type(&msg);
	return n;
}

int ktls_close_notify(int fd)
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

	*CMSG_DATA(&control.head) = KTLS_ALERT;
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int ktls_is_close_notify(const void *alert, size_t len)
{
	return len == 2 && ((const unsigned char *)alert)[1] == ALERT_CLOSE_NOTIFY;
}
