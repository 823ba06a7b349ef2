/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of a fuzzed daemon: monotonic time stands still until it is told to
 * go on. Wall-clock time, by which libFuzzer measures itself, goes as always.
 */
#ifndef KTURN_FUZZ_CLOCK_H
#define KTURN_FUZZ_CLOCK_H

/**
 * clock_advance() - let some seconds pass for the daemon and its event loop
 */
void clock_advance(unsigned int seconds);

#endif
