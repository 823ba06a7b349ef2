// SPDX-License-Identifier: GPL-2.0-only
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "control_client.h"
#include "log.h"
#include "question.h"
#include "server.h"
#include "worker.h"

struct question *question_new(const struct question_ops *ops, struct control_client *client,
			      const char *user)
{
	struct server *server = control_server(client);
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		return NULL;
	question->ops = ops;
	question->server = server;
	question->client = client;
	question->last = server->n_workers;
	question->user = user ? strdup(user) : NULL;
	if (!user || question->user)
		return question;
	free(question);
	return NULL;
}

void question_free(struct question *question)
{
	json_decref(question->result);
	json_decref(question->sum);
	free(question->user);
	free(question->numbers);
	free(question);
}

static void come_back(struct mail *mail, void *server);

/* Each client has one question, so there is always room in the main thread's mailbox. */
static void arrive(struct mail *mail, void *worker)
{
	struct question *question = (struct question *)mail;
	const struct server *server = question->server;

	question->more = false;
	question->ops->answer(question, worker);
	question->mail.deliver = come_back;
	if (mailbox_post(&server->mailbox, mail))
		log_error("control", "error=\"%s\"", "an answer is lost");
}

static void end(struct question *question)
{
	question->client->question = NULL;
	question->ops->end(question);
	question_free(question);
}

static void send_on(struct question *question)
{
	struct worker *worker = &question->server->workers[question->worker];
	struct control_client *client = question->client;

	question->mail.deliver = arrive;
	if (!mailbox_post(&worker->mailbox, &question->mail))
		return;
	client->question = NULL;
	control_fail(client, "worker %u is too busy to answer", worker->index);
	question_free(question);
}

/* The next page waits until this one is read. */
static void come_back(struct mail *mail, void *server)
{
	struct question *question = (struct question *)mail;
	struct control_client *client = question->client;

	(void)server;
	if (!client) {
		question_free(question);
		return;
	}
	question->ops->take(question);
	json_decref(question->result);
	question->result = NULL;
	if (!question->more) {
		question->worker++;
		question->after = 0;
	}
	if (question->worker >= question->last)
		end(question);
	else if (evbuffer_get_length(bufferevent_get_output(client->stream)))
		client->reading = true;
	else
		send_on(question);
}

void question_ask(struct question *question)
{
	question->client->question = question;
	send_on(question);
}

void question_go_on(struct question *question)
{
	send_on(question);
}

void question_forget(struct question *question)
{
	if (question->client->reading)
		question_free(question);
	else
		question->client = NULL;
}
