/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions over DTLS (RFC 7350). Nothing is kept of a client before he has shown by
 * a cookie that he is where he says; from then on there is a session of the 5-tuple,
 * and as long as it has no allocation it is a stranger like one over TLS.
 */
#ifndef KTURN_SESSION_DTLS_H
#define KTURN_SESSION_DTLS_H

#include "dtls_cookie.h"
#include "session.h"
#include "udp.h"

struct session_dtls;

/**
 * struct sessions_dtls - those of one worker; all zero is a valid start
 * @table: by 5-tuple
 */
struct sessions_dtls {
	struct session_dtls *table;
	struct dtls_cookies cookies;
};

/**
 * session_dtls_receive() - take a datagram from a client; its memory gets plaintext
 * @socket: that it came by, and that answers go by
 */
void session_dtls_receive(struct worker *worker, struct udp_socket *socket,
			  const struct datagram *datagram);

#endif
