/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coturn's keys that are not ours: some change nothing here, and are accepted; others
 * ask for what kturnd does not do, and are refused. Always with the reason.
 */
#ifndef KTURN_CONFIG_FOREIGN_H
#define KTURN_CONFIG_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * enum config_fate - what becomes of a key
 * @CONFIG_NO_EFFECT: accepted, with a warning
 * @CONFIG_REFUSED: an error
 * @CONFIG_REFUSED_ON: an error if the switch is on, else it has no effect
 * @CONFIG_REFUSED_OFF: the other way round
 */
enum config_fate {
	CONFIG_NO_EFFECT,
	CONFIG_REFUSED,
	CONFIG_REFUSED_ON,
	CONFIG_REFUSED_OFF,
};

/**
 * struct config_foreign - a key of coturn's
 * @name: as coturn spells it
 * @letter: coturn's short option, or 0
 * @fate: what becomes of it
 * @arg: what stands for the value; NULL for a switch
 * @why: goes behind "has no effect:" and "is refused:"; with what to do instead
 * @secret: its value does not belong into a message
 */
struct config_foreign {
	const char *name;
	char letter;
	enum config_fate fate;
	const char *arg;
	const char *why;
	bool secret;
};

/**
 * config_foreign_next() - step through the table; NULL begins and ends it
 */
const struct config_foreign *config_foreign_next(const struct config_foreign *key);

/**
 * config_foreign_find() - find a key by its name
 */
const struct config_foreign *config_foreign_find(const char *name, size_t len);

/**
 * config_foreign_find_letter() - find a key by its short option
 */
const struct config_foreign *config_foreign_find_letter(char letter);

/**
 * config_foreign_refuses() - tell whether to refuse a key
 * @on: the value of a switch; true for what is none
 */
bool config_foreign_refuses(const struct config_foreign *key, bool on);

#endif
