/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages from one worker to another: pointers through a pipe. The kernel keeps
 * each write whole, the order, and the bound on how many may wait; we need no lock.
 */
#ifndef KTURN_MAILBOX_H
#define KTURN_MAILBOX_H

struct event;
struct event_base;

/**
 * typedef mailbox_fn - take a message; it belongs to the callee now
 */
typedef void (*mailbox_fn)(void *message, void *arg);

/**
 * struct mailbox - of one worker; its members are mailbox.c's own
 */
struct mailbox {
	int out, in;
	struct event *readable;
	mailbox_fn fn;
	void *arg;
};

/**
 * mailbox_open() - begin to take messages on a loop
 *
 * Return: 0 or a negative errno.
 */
int mailbox_open(struct mailbox *mailbox, struct event_base *base, mailbox_fn fn, void *arg);

/**
 * mailbox_post() - send a message, from any thread; never waits
 *
 * Return: 0; -EAGAIN if thousands are waiting, then it is still the caller's.
 */
int mailbox_post(const struct mailbox *mailbox, void *message);

/**
 * mailbox_empty() - take what has come, once nobody posts any more
 */
void mailbox_empty(struct mailbox *mailbox);

/**
 * mailbox_close() - end it
 */
void mailbox_close(struct mailbox *mailbox);

#endif
