// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "mailbox.h"

/* Messages taken at a time, before the loop's other work gets its turn. */
#define TAKEN_AT_ONCE 32

static bool take_one(struct mailbox *mailbox)
{
	struct mail *mail;

	if (read(mailbox->out, &mail, sizeof(mail)) != sizeof(mail))
		return false;
	mail->deliver(mail, mailbox->owner);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	for (int n = 0; n < TAKEN_AT_ONCE && take_one(arg); n++)
		;
}

int mailbox_open(struct mailbox *mailbox, struct event_base *base, void *owner)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	*mailbox = (struct mailbox){
		.out = ends[0],
		.in = ends[1],
		.readable = event_new(base, ends[0], EV_READ | EV_PERSIST, on_readable, mailbox),
		.owner = owner,
	};
	if (mailbox->readable && !event_add(mailbox->readable, NULL))
		return 0;
	mailbox_close(mailbox);
	return -ENOMEM;
}

int mailbox_post(const struct mailbox *mailbox, struct mail *mail)
{
	ssize_t n;

	do {
		n = write(mailbox->in, &mail, sizeof(mail));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void mailbox_empty(struct mailbox *mailbox)
{
	while (mailbox->out >= 0 && take_one(mailbox))
		;
}

void mailbox_close(struct mailbox *mailbox)
{
	if (mailbox->readable)
		event_free(mailbox->readable);
	if (mailbox->in >= 0) {
		close(mailbox->out);
		close(mailbox->in);
	}
	*mailbox = (struct mailbox){ .out = -1, .in = -1 };
}
