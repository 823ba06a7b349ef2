/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_RECORD_H
#define _KTURN_RECORD_H

#include <linux/types.h>

struct kturn_leg;
struct msghdr;
struct page;

/* RFC 8446, sections 5.1 and 4 */
enum {
	KTURN_RECORD_ALERT	= 21,
	KTURN_RECORD_HANDSHAKE	= 22,
	KTURN_RECORD_DATA	= 23,
	KTURN_HANDSHAKE_KEY_UPDATE = 24,
};

/**
 * enum kturn_alert - what a record of alerts means
 * @KTURN_ALERT_HARMLESS: nothing
 * @KTURN_ALERT_CLOSE: close_notify, the stream's end
 * @KTURN_ALERT_FATAL: the connection's end, in the middle of things
 * @KTURN_ALERT_MALFORMED: there is no such record
 */
enum kturn_alert {
	KTURN_ALERT_HARMLESS,
	KTURN_ALERT_CLOSE,
	KTURN_ALERT_FATAL,
	KTURN_ALERT_MALFORMED,
};

int kturn_record_receive(const struct kturn_leg *leg, struct page *page, size_t size, u8 *type);
bool kturn_record_is_parsing(const struct kturn_leg *leg);
bool kturn_record_is_partial(const struct kturn_leg *leg);
enum kturn_alert kturn_record_alert(const struct kturn_leg *leg, const u8 *record, size_t len,
				    u8 *description);

int kturn_record_send(struct kturn_leg *leg, struct msghdr *msg);
int kturn_record_send_close_notify(struct kturn_leg *leg);
bool kturn_record_is_pending(const struct kturn_leg *leg);

#endif /* _KTURN_RECORD_H */
