/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages from one thread to another: pointers through a pipe. The kernel keeps
 * each write whole, the order, and the bound on how many may wait; we need no lock.
 */
#ifndef KTURN_MAILBOX_H
#define KTURN_MAILBOX_H

struct event;
struct event_base;

/**
 * struct mail - a message; to be embedded, as the first member
 * @deliver: take it, in the thread of the mailbox: it is the callee's now.
 *	@owner is whose mailbox it was sent to
 */
struct mail {
	void (*deliver)(struct mail *mail, void *owner);
};

/**
 * struct mailbox - of one loop; its members are mailbox.c's own
 */
struct mailbox {
	int out, in;
	struct event *readable;
	void *owner;
};

/**
 * mailbox_open() - begin to take messages on a loop
 *
 * Return: 0 or a negative errno.
 */
int mailbox_open(struct mailbox *mailbox, struct event_base *base, void *owner);

/**
 * mailbox_post() - send a message, from any thread; never waits
 *
 * Return: 0; -EAGAIN if thousands are waiting, then it is still the caller's.
 */
int mailbox_post(const struct mailbox *mailbox, struct mail *mail);

/**
 * mailbox_empty() - take all that has come, in the thread of the mailbox
 */
void mailbox_empty(struct mailbox *mailbox);

/**
 * mailbox_close() - end it
 */
void mailbox_close(struct mailbox *mailbox);

#endif
