/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of kturn top: a relay's cells, and its flows in whole sentences. No screen
 * in here.
 */
#ifndef KTURN_TOP_ROW_H
#define KTURN_TOP_ROW_H

#include "top_rates.h"

#define TOP_CELL_LEN 64
#define TOP_TEXT_LEN 192

/* The columns, as they stand from left to right; then comes a curve. */
enum top_column {
	TOP_ID, TOP_CLIENT, TOP_PEER, TOP_RATE_TO_PEER, TOP_RATE_TO_CLIENT, TOP_WAITS_FOR,
	TOP_AGE, TOP_COLUMNS,
};

/**
 * top_cell() - what stands in a column
 *
 * Return: a constant, or @buf.
 */
const char *top_cell(const struct top_relay *relay, enum top_column column,
		     char buf[TOP_CELL_LEN]);

/**
 * top_rate_text() - "1.5MiB/s", or "-" where it is not known
 *
 * Return: @buf.
 */
const char *top_rate_text(float rate, char buf[TOP_CELL_LEN]);

/**
 * top_flow_text() - what a flow does, and who waits for whom: "client waits for peer
 * since 3.2s: 64.0KiB queued, 128.0KiB unacknowledged"
 *
 * Return: @buf.
 */
const char *top_flow_text(const struct top_relay *relay, enum top_direction direction,
			  char buf[TOP_TEXT_LEN]);

/**
 * top_relay_text() - number, engine, state, group and age
 *
 * Return: @buf.
 */
const char *top_relay_text(const struct top_relay *relay, char buf[TOP_TEXT_LEN]);

#endif
