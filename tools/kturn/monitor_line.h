/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a monitor says, a line each: for people, or as JSON.
 */
#ifndef KTURN_MONITOR_LINE_H
#define KTURN_MONITOR_LINE_H

#include "monitor_known.h"

/**
 * enum monitor_word - what has happened
 * @MONITOR_ADDED: a relay was made, says the module
 * @MONITOR_ENDED: a relay has ended, says the module
 * @MONITOR_APPEARED: a relay is there; that it was made was not heard
 * @MONITOR_LOST: the module has said things that were not heard
 * @MONITOR_GONE: a relay is not there any more; that it ended was not heard
 * @MONITOR_SYNCED: all relays are known again
 */
enum monitor_word {
	MONITOR_ADDED, MONITOR_ENDED, MONITOR_APPEARED, MONITOR_LOST, MONITOR_GONE,
	MONITOR_SYNCED,
};

/**
 * monitor_line_relay() - a line about a relay: ADDED, ENDED or APPEARED
 * @json: as JSON
 */
void monitor_line_relay(bool json, enum monitor_word word, const struct kturn_relay *relay);

/**
 * monitor_line_gone() - GONE, with what is known of that relay
 */
void monitor_line_gone(bool json, const struct known_relay *relay);

/**
 * monitor_line_lost() - LOST
 */
void monitor_line_lost(bool json);

/**
 * monitor_line_synced() - SYNCED
 * @relays: how many there are
 */
void monitor_line_synced(bool json, size_t relays);

#endif
