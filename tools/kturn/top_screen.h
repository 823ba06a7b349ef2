/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal of kturn top: what it looks like, and which keys are pressed.
 */
#ifndef KTURN_TOP_SCREEN_H
#define KTURN_TOP_SCREEN_H

#include "top_order.h"

/**
 * struct top_view - what is shown
 * @rows: all that there are, in their order
 * @total: of all of them
 * @all: how many relays there are, also those that no filter lets through
 * @order: which it is
 * @reverse: the other way round
 * @paused: these are not new
 * @chosen: the number of the relay that is told more of; 0: the first
 * @first: the row that is on top of the screen; screen_show() moves it to where @chosen is
 */
struct top_view {
	const struct top_rates *rates;
	const struct top_relay **rows;
	struct top_total total;
	uint64_t all;
	enum top_order order;
	bool reverse, paused;
	uint64_t chosen;
	size_t first;
};

/**
 * screen_open() - take the terminal over
 *
 * Return: false if it is none that this can be done with.
 */
bool screen_open(void);

/**
 * screen_close() - leave it as it was
 */
void screen_close(void);

/**
 * screen_resize() - the terminal may have another size
 */
void screen_resize(void);

/**
 * screen_show() - draw; only rows that fit are looked at
 */
void screen_show(struct top_view *view);

/**
 * screen_page() - how many rows fit
 */
size_t screen_page(void);

/**
 * enum top_key - what a key means
 */
enum top_key {
	TOP_KEY_NONE, TOP_KEY_RATE, TOP_KEY_AGE, TOP_KEY_WAITING, TOP_KEY_ID, TOP_KEY_UP,
	TOP_KEY_DOWN, TOP_KEY_PAGE_UP, TOP_KEY_PAGE_DOWN, TOP_KEY_HOME, TOP_KEY_PAUSE,
	TOP_KEY_OTHER, TOP_KEY_QUIT,
};

/**
 * screen_key() - the next key that was pressed; TOP_KEY_NONE if there is none
 */
enum top_key screen_key(void);

#endif
