// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>

#include "counters.h"
#include "strangers.h"

void strangers_init(struct strangers *strangers, unsigned int max)
{
	TAILQ_INIT(&strangers->queue);
	strangers->n = 0;
	strangers->max = max;
}

void stranger_enter(struct strangers *strangers, struct stranger *stranger)
{
	struct stranger *oldest = TAILQ_FIRST(&strangers->queue);

	if (stranger->queue)
		return;
	if (oldest && strangers->n >= strangers->max)
		oldest->evict(oldest);
	stranger->queue = strangers;
	TAILQ_INSERT_TAIL(&strangers->queue, stranger, entry);
	strangers->n++;
	count(COUNT_STRANGERS);
}

void stranger_leave(struct stranger *stranger)
{
	struct strangers *strangers = stranger->queue;

	if (!strangers)
		return;
	TAILQ_REMOVE(&strangers->queue, stranger, entry);
	strangers->n--;
	count_down(COUNT_STRANGERS);
	stranger->queue = NULL;
}

void strangers_clear(struct strangers *strangers)
{
	struct stranger *oldest;

	while ((oldest = TAILQ_FIRST(&strangers->queue)))
		oldest->evict(oldest);
}
