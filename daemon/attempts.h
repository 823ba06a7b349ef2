/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many processes in a row have died before they served, or as soon as they did: a message
 * that one dies of is still there for the next one. Should they die of what they take over,
 * then one of them has to do without.
 */
#ifndef KTURN_ATTEMPTS_H
#define KTURN_ATTEMPTS_H

#define ATTEMPTS_MAX 16
#define ATTEMPTS_LIVELY_US (50 * 1000)	/* who has served for so long does not die of that */

/**
 * attempts_begin() - count this one
 *
 * Between kept_open() and kept_close(), once.
 *
 * Return: how many there were before it.
 */
unsigned int attempts_begin(void);

/**
 * attempts_end() - this one has lived, or ends by itself; whoever has said so may again
 */
void attempts_end(void);

#endif
