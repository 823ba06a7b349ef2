/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the main thread asks workers for a client of the control socket: one worker
 * after the other, and each as often as it has more to say.
 */
#ifndef KTURN_QUESTION_H
#define KTURN_QUESTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "mailbox.h"

struct control_client;
struct question;
struct server;
struct worker;

/**
 * struct question_ops - one kind of question
 * @answer: in the thread of a worker: sets @result and @more; must be brief
 * @take: in the main thread: uses @result, for @client
 * @end: in the main thread: finishes the answer
 */
struct question_ops {
	void (*answer)(struct question *question, struct worker *worker);
	void (*take)(struct question *question);
	void (*end)(struct question *question);
};

/**
 * struct question - belongs to the thread that has it
 * @client: who wants to know; the main thread's to look at. NULL: he has gone
 * @worker: whom it goes to next
 * @last: the first that is not asked
 * @id: of the allocation that is meant, or 0
 * @after: the answer begins behind the allocation of this id
 * @user: only what is this user's, or NULL
 * @result: a worker's answer; NULL for want of memory
 * @more: it has more to say
 * @sum: of all answers so far, @ops' own
 * @count: the same, as a number
 * @numbers: one for each worker, or NULL; the ops' own, to be freed with it
 * @lost: what could not be told any more
 * @unfinished: there was more to tell than one answer is to have
 */
struct question {
	struct mail mail;
	const struct question_ops *ops;
	struct server *server;
	struct control_client *client;
	unsigned int worker, last;
	uint64_t id, after;
	char *user;
	json_t *result;
	bool more;
	json_t *sum;
	unsigned int count;
	uint64_t *numbers;
	uint64_t lost;
	bool unfinished;
};

/**
 * question_new() - a question to all workers
 * @user: is copied; may be NULL
 *
 * Return: NULL without memory.
 */
struct question *question_new(const struct question_ops *ops, struct control_client *client,
			      const char *user);

/**
 * question_free() - of one that is not asked after all
 */
void question_free(struct question *question);

/**
 * question_ask() - begin; it is not the caller's any more
 */
void question_ask(struct question *question);

/**
 * question_go_on() - ask for more, now that the client has read what there was
 */
void question_go_on(struct question *question);

/**
 * question_forget() - its client goes
 */
void question_forget(struct question *question);

#endif
