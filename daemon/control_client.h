/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the control socket know of a client.
 */
#ifndef KTURN_CONTROL_CLIENT_H
#define KTURN_CONTROL_CLIENT_H

#include <stdbool.h>
#include <sys/queue.h>

struct bufferevent;
struct control;
struct question;

/**
 * struct control_client - somebody on the control socket
 * @busy: an answer is under way
 * @ended: he says no more; he goes when he has read the answer
 * @question: what a worker is being asked for him, or what he has to read before
 *	the next one is; NULL if nothing
 * @reading: the question waits for him to read
 * @watches: he is counted among those who want to see control messages
 */
struct control_client {
	LIST_ENTRY(control_client) entry;
	struct control *control;
	struct bufferevent *stream;
	bool busy, ended;
	struct question *question;
	bool reading;
	bool watches;
};

#endif
