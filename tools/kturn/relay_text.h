/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relays for people to read.
 */
#ifndef KTURN_RELAY_TEXT_H
#define KTURN_RELAY_TEXT_H

#include "genl.h"

/**
 * relay_print_list() - a table, one relay a line
 *
 * Return: the exit status.
 */
int relay_print_list(const struct kturn_relays *relays);

/**
 * relay_print() - all that is known about one relay
 */
void relay_print(const struct kturn_relay *relay);

/**
 * relay_print_end() - one line about a relay that was just ended
 */
void relay_print_end(const struct kturn_relay *relay);

#define RELAY_REASON_LEN 96

/**
 * relay_reason() - why a relay has ended, with the error or the alert that it was
 *
 * Return: @buf.
 */
const char *relay_reason(const struct kturn_relay *relay, char buf[RELAY_REASON_LEN]);

#endif
