/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A time in which nobody serves: the server is killed, and KTURN_KEEPER, the process that
 * starts it again, sleeps.
 */
#ifndef KTURN_GAP_H
#define KTURN_GAP_H

/**
 * gap_begin() - from here to gap_end() nobody serves; the test has its time anew
 *
 * Return: 0, or -1 after it has printed why.
 */
int gap_begin(void);

/**
 * gap_cpu_time() - what the server that there is now has taken of a CPU, in ms
 *
 * Return: -1 while there is none.
 */
long gap_cpu_time(void);

/**
 * gap_end() - the next server may start; until it serves, what comes has to wait
 *
 * Return: 0, or -1 after it has printed why.
 */
int gap_end(void);

#endif
