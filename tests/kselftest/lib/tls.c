// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "tls.h"

#ifndef SOL_TLS
#define SOL_TLS	282
#endif

const struct tls_kind tls12 = { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128 };
const struct tls_kind tls13 = { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128 };
const struct tls_kind tls12_256 = { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256 };
const struct tls_kind tls13_256 = { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256 };

union keys {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 aes_gcm_128;
	struct tls12_crypto_info_aes_gcm_256 aes_gcm_256;
};

/* Keys for the bytes of one of the two ends; any will do. */
static socklen_t make_keys(union keys *keys, const struct tls_kind *kind, bool from_first)
{
	const bool is_256 = kind->cipher == TLS_CIPHER_AES_GCM_256;

	memset(keys, from_first ? 0x5a : 0xc3, sizeof(*keys));
	keys->info.version = kind->version;
	keys->info.cipher_type = kind->cipher;
	if (is_256)
		memset(keys->aes_gcm_256.rec_seq, 0, sizeof(keys->aes_gcm_256.rec_seq));
	else
		memset(keys->aes_gcm_128.rec_seq, 0, sizeof(keys->aes_gcm_128.rec_seq));
	return is_256 ? sizeof(keys->aes_gcm_256) : sizeof(keys->aes_gcm_128);
}

static int set_keys(int fd, int option, const struct tls_kind *kind, bool from_first)
{
	union keys keys;
	socklen_t len = make_keys(&keys, kind, from_first);

	/*
	 * The kernel waits a minute for a cipher's module, which is over at once where the
	 * clock jumps ahead while the host reads it.
	 */
	for (int tries = clock_counts() ? 100 : 1; tries; tries--) {
		if (!setsockopt(fd, SOL_TLS, option, &keys, len))
			return 0;
		if (errno != ETIMEDOUT)
			break;
	}
	/* It may be without the cipher. */
	return errno == ENOENT ? 1 : fail_errno(option == TLS_TX ? "TLS_TX" : "TLS_RX");
}

int tls_set(int fd, const struct tls_kind *kind, bool first, bool tx, bool rx)
{
	int ret = 0;

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return errno == ENOENT ? 1 : fail_errno("TCP_ULP");
	if (tx)
		ret = set_keys(fd, TLS_TX, kind, first);
	if (!ret && rx)
		ret = set_keys(fd, TLS_RX, kind, !first);
	return ret;
}

int tls_path(struct path *path, enum side side, const struct tls_kind *kind)
{
	int ret = tls_set(path->end[side], kind, true, true, true);

	if (!ret)
		ret = tls_set(path->leg[side], kind, false, true, true);
	path->tls[side] = !ret;
	return ret;
}

int setup_tls(struct setup *s, enum family family, const struct tls_kind *const kind[2],
	      const struct path_options *options)
{
	enum side side;
	int ret = setup_path(s, family, options);

	for (side = CLIENT; side <= PEER; side++)
		if (!ret && kind[side])
			ret = tls_path(&s->path, side, kind[side]);
	return ret;
}

/* Room for a record's type beside a message */
union control {
	struct cmsghdr hdr;
	char room[CMSG_SPACE(1)];
};

static ssize_t transmit(int fd, uint8_t type, const void *buf, size_t len)
{
	struct iovec iov = { (void *)buf, len };
	union control control = { .hdr = {
		.cmsg_len = CMSG_LEN(1),
		.cmsg_level = SOL_TLS,
		.cmsg_type = TLS_SET_RECORD_TYPE,
	} };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	*CMSG_DATA(&control.hdr) = type;
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t tls_send(int fd, uint8_t type, const void *buf, size_t len)
{
	if (type == RECORD_DATA)
		return send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return transmit(fd, type, buf, len);
}

ssize_t tls_recv(int fd, uint8_t *type, void *buf, size_t len)
{
	union control control = { .room = "" };
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	*type = RECORD_DATA;
	if (n >= 0 && control.hdr.cmsg_level == SOL_TLS &&
	    control.hdr.cmsg_type == TLS_GET_RECORD_TYPE)
		*type = *CMSG_DATA(&control.hdr);
	return n;
}

int tls_send_alert(int fd, uint8_t level, uint8_t description)
{
	const uint8_t alert[] = { level, description };

	return tls_send(fd, RECORD_ALERT, alert, sizeof(alert)) == sizeof(alert) ?
		       0 : fail_errno("alert");
}

int tls_ending(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	bool closed = false;
	uint8_t buf[4096], type;
	ssize_t n;

	while (poll(&pfd, 1, PATIENCE_MS) == 1) {
		n = tls_recv(fd, &type, buf, sizeof(buf));
		if (!n)
			return closed ? 0 : EPROTO;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno;
		if (n > 0 && type != RECORD_DATA)
			closed = type == RECORD_ALERT && n == 2 &&
				 buf[1] == ALERT_CLOSE_NOTIFY;
	}
	return ETIMEDOUT;
}

int ending_at(const struct path *path, enum side side)
{
	return path->tls[side] ? tls_ending(path->end[side]) : ending(path->end[side]);
}
