/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many processes in a row have died before they served. Should they die of what they
 * take over, then one of them has to do without.
 */
#ifndef KTURN_ATTEMPTS_H
#define KTURN_ATTEMPTS_H

#define ATTEMPTS_MAX 3

/**
 * attempts_begin() - count this one
 *
 * Between kept_open() and kept_close(), once.
 *
 * Return: how many there were before it.
 */
unsigned int attempts_begin(void);

/**
 * attempts_end() - this one serves, or ends by itself
 */
void attempts_end(void);

#endif
