/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections with the kernel's TLS: no handshake, both sides are simply given
 * the same keys.
 */
#ifndef KTURN_TEST_TLS_H
#define KTURN_TEST_TLS_H

#include <stdint.h>
#include <sys/types.h>
#include <linux/tls.h>

#include "kturn_test.h"

/* RFC 8446, sections 5.1, 6 and 4 */
enum {
	RECORD_ALERT		= 21,
	RECORD_HANDSHAKE	= 22,
	RECORD_DATA		= 23,
};

enum {
	ALERT_WARNING		= 1,
	ALERT_FATAL		= 2,
};

enum {
	ALERT_CLOSE_NOTIFY	= 0,
	ALERT_BAD_RECORD_MAC	= 20,
	ALERT_USER_CANCELED	= 90,
};

struct tls_kind {
	uint16_t version;
	uint16_t cipher;
};

extern const struct tls_kind tls12, tls13, tls12_256, tls13_256;

/*
 * Give a socket its keys, for TLS_TX, TLS_RX, or both: 0, 1 if this kernel has
 * no such TLS, or -1. One end of a connection is the first.
 */
int tls_set(int fd, const struct tls_kind *kind, bool first, bool tx, bool rx);

/* The same for the connection between an end and its leg, both ways. */
int tls_path(struct path *path, enum side side, const struct tls_kind *kind);

/* As setup_path(), with TLS where there is a kind for it; 1 if the kernel has none. */
int setup_tls(struct setup *setup, enum family family, const struct tls_kind *const kind[2],
	      const struct path_options *options);

/* In a test whose fixture has "setup" and "last", and whose variant says what TLS. */
#define OPEN(options) do {							\
	int ret_ = setup_tls(&self->setup, variant->family, variant->kind, options);	\
										\
	ASSERT_NE(-1, ret_) TH_LOG("%s", why);					\
	if (ret_)								\
		SKIP(return, "this kernel has no such TLS");			\
} while (0)

#define START()	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why)
#define RUN(stream)	ASSERT_EQ(0, streams_run(stream, 1)) TH_LOG("%s", why)
#define EXPECT_ENDED(reason)							\
	EXPECT_EQ(0, setup_ended(&self->setup, reason, &self->last)) TH_LOG("%s", why)

/* As send() and recv(), with the record's type. */
ssize_t tls_send(int fd, uint8_t type, const void *buf, size_t len);
ssize_t tls_recv(int fd, uint8_t *type, void *buf, size_t len);

int tls_send_alert(int fd, uint8_t level, uint8_t description);

/* As ending(): a FIN without close_notify before it is EPROTO. */
int tls_ending(int fd);

/* How the bytes end that come to a side, in whatever way it speaks. */
int ending_at(const struct path *path, enum side side);

#endif
