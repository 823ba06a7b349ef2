/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is likely wrong, from what the daemon and the module know. It is judged by the
 * evidence alone, so the same evidence has the same verdict everywhere.
 */
#ifndef KTURN_VERDICT_H
#define KTURN_VERDICT_H

#include <jansson.h>
#include <stdint.h>

/**
 * struct cause - why it does not work
 * @code: does not change any more
 * @what: a sentence
 * @advice: what to try
 */
struct cause {
	const char *code, *what, *advice;
};

/**
 * verdict_history() - of a client's requests
 * @history: as the daemon tells of it
 * @now_us: microseconds since 1970
 *
 * Return: NULL if nothing looks wrong.
 */
const struct cause *verdict_history(const json_t *history, uint64_t now_us);

/**
 * verdict_connection() - of a connection with a peer
 * @connection: one of a history's
 *
 * Return: NULL if nothing looks wrong.
 */
const struct cause *verdict_connection(const json_t *connection, uint64_t now_us);

#endif
