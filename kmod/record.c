// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records on one socket that has TLS (kTLS).
 *
 * Everything here goes through TLS, which takes the socket's lock by itself.
 */
#include <linux/bvec.h>
#include <linux/mutex.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tls.h>

#include "record.h"
#include "sock.h"

/* RFC 8446, section 6 */
enum {
	ALERT_WARNING		= 1,
	ALERT_CLOSE_NOTIFY	= 0,
	ALERT_USER_CANCELED	= 90,
};

/* Room for a record's type beside a message */
union record_control {
	struct cmsghdr hdr;
	u8 room[CMSG_SPACE(sizeof(u8))];
};

/**
 * kturn_record_receive() - take what has come, as far as it is of one type
 * @leg: a leg with TLS
 * @page: where it goes
 * @size: room there, in bytes
 * @type: the records' type; 0 if there was none
 *
 * Context: process context, may sleep, but not for records.
 * Return: how many bytes; 0 also for an empty record, or without a type at the
 * end of TCP's stream; -EAGAIN if nothing is there, or what TLS reports.
 */
int kturn_record_receive(const struct kturn_leg *leg, struct page *page, size_t size, u8 *type)
{
	union record_control control = {};
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };
	struct bio_vec bvec;
	int ret;

	bvec_set_page(&bvec, page, size, 0);
	iov_iter_bvec(&msg.msg_iter, ITER_DEST, &bvec, 1, size);
	ret = sock_recvmsg(leg->sock, &msg, MSG_DONTWAIT);

	*type = 0;
	if (control.hdr.cmsg_level == SOL_TLS && control.hdr.cmsg_type == TLS_GET_RECORD_TYPE)
		*type = *(u8 *)CMSG_DATA(&control.hdr);
	return ret;
}

/**
 * kturn_record_is_parsing() - whether TLS is still about to put a record together
 * @leg: a leg with TLS
 *
 * So it is when it had no memory for it before. It tries again by itself, and
 * then tells the reader that it knows, which is not us.
 */
bool kturn_record_is_parsing(const struct kturn_leg *leg)
{
	return work_busy(&tls_sw_ctx_rx(tls_get_ctx(leg->sk))->strp.work);
}

/**
 * kturn_record_is_partial() - whether TLS has taken a part of a record from TCP
 * @leg: any leg, with or without TLS
 *
 * Otherwise it looks at a record where it lies, in TCP's queue. It copies when
 * there is too little room there for a whole one.
 */
bool kturn_record_is_partial(const struct kturn_leg *leg)
{
	return leg->tls && tls_sw_ctx_rx(tls_get_ctx(leg->sk))->strp.copy_mode;
}

/**
 * kturn_record_alert() - what a record of alerts means
 * @leg: the leg that it has come from
 * @record: its bytes
 * @len: how many
 * @description: with KTURN_ALERT_FATAL, the alert
 *
 * Of alerts, only two do not end the connection in the middle of things: the
 * one that says that it is over, and in TLS 1.3 the one that announces that. In
 * TLS 1.2 there are warnings.
 */
enum kturn_alert kturn_record_alert(const struct kturn_leg *leg, const u8 *record, size_t len,
				    u8 *description)
{
	const bool tls13 = tls_get_ctx(leg->sk)->prot_info.version == TLS_1_3_VERSION;

	if (!len || len % 2)
		return KTURN_ALERT_MALFORMED;
	for (; len; len -= 2, record += 2) {
		*description = record[1];
		if (*description == ALERT_CLOSE_NOTIFY)
			return KTURN_ALERT_CLOSE;
		if (tls13 ? *description != ALERT_USER_CANCELED : record[0] != ALERT_WARNING)
			return KTURN_ALERT_FATAL;
	}
	return KTURN_ALERT_HARMLESS;
}

/**
 * kturn_record_send() - send, without waiting for room
 * @leg: a leg with TLS
 * @msg: what, data or with a record's type beside it
 *
 * Context: process context, may sleep.
 * Return: how many bytes were accepted; -EAGAIN, or what TLS reports.
 */
int kturn_record_send(struct kturn_leg *leg, struct msghdr *msg)
{
	int ret;

	/* Somebody with another descriptor may be in a send that waits for ever. */
	if (mutex_is_locked(&tls_get_ctx(leg->sk)->tx_lock))
		return -EAGAIN;
	WRITE_ONCE(leg->sending, true);
	ret = sock_sendmsg(leg->sock, msg);
	WRITE_ONCE(leg->sending, false);
	return ret;
}

/**
 * kturn_record_send_close_notify() - send the alert that a stream ends with
 * @leg: a leg with TLS
 *
 * Context: process context, may sleep.
 * Return: as kturn_record_send().
 */
int kturn_record_send_close_notify(struct kturn_leg *leg)
{
	union record_control control = {
		.hdr = {
			.cmsg_len = CMSG_LEN(sizeof(u8)),
			.cmsg_level = SOL_TLS,
			.cmsg_type = TLS_SET_RECORD_TYPE,
		},
	};
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	u8 alert[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };
	struct kvec kvec = { alert, sizeof(alert) };

	*(u8 *)CMSG_DATA(&control.hdr) = KTURN_RECORD_ALERT;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &kvec, 1, sizeof(alert));
	return kturn_record_send(leg, &msg);
}

/**
 * kturn_record_is_pending() - whether TLS has accepted what TCP has not
 * @leg: any leg, with or without TLS
 *
 * Those records go out by themselves, unless the socket is closed before.
 */
bool kturn_record_is_pending(const struct kturn_leg *leg)
{
	return leg->tls && !list_empty(&tls_sw_ctx_tx(tls_get_ctx(leg->sk))->tx_list);
}
