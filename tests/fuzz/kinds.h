/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTURN_FUZZ_KINDS_H
#define KTURN_FUZZ_KINDS_H

/*
 * Opens a descriptor of every kind there is. Returns how many, or -1 and "why";
 * they stay open with the process.
 */
int kinds_open(int *descriptor, int max);

#endif
