// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "stun.h"

static bool parse(struct stun_message *msg, const uint8_t *data, size_t len)
{
	return len >= STUN_HEADER_LEN && !stun_parse(msg, data, len) &&
	       (msg->method == STUN_ALLOCATE || msg->method == STUN_REFRESH);
}

void answers_note(struct answers *answers, const uint8_t *response, size_t len)
{
	struct answer *answer = &answers->answer[answers->next];
	struct stun_message msg;
	uint8_t *copy;

	if (!parse(&msg, response, len) || msg.class == STUN_INDICATION)
		return;
	copy = malloc(len);
	if (!copy)
		return;
	memcpy(copy, response, len);
	free(answer->data);
	*answer = (struct answer){ copy, len };
	answers->next = (answers->next + 1) % ANSWERS_MAX;
}

const struct answer *answers_find(const struct answers *answers, const uint8_t *request,
				  size_t len)
{
	struct stun_message msg, then;

	/* Data goes by here, too: that nothing is looked up for. */
	if (request[0] & 0xc0 || !parse(&msg, request, len) || msg.class != STUN_REQUEST)
		return NULL;
	for (unsigned int i = 0; i < ANSWERS_MAX; i++) {
		const struct answer *answer = &answers->answer[i];

		if (answer->data && !stun_parse(&then, answer->data, answer->len) &&
		    then.method == msg.method &&
		    !memcmp(then.transaction, msg.transaction, STUN_TRANSACTION_LEN))
			return answer;
	}
	return NULL;
}

void answers_clear(struct answers *answers)
{
	for (unsigned int i = 0; i < ANSWERS_MAX; i++)
		free(answers->answer[i].data);
	*answers = (struct answers){ 0 };
}
