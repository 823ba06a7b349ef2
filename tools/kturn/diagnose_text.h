/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A diagnosis in words.
 */
#ifndef KTURN_DIAGNOSE_TEXT_H
#define KTURN_DIAGNOSE_TEXT_H

#include <jansson.h>

#include "table.h"

/**
 * diagnose_table() - a table for diagnose_add_rows()
 */
struct table diagnose_table(void);

/**
 * diagnose_add_rows() - a line for each connection of a client, or one if it has none
 *
 * Return: 0 or -ENOMEM.
 */
int diagnose_add_rows(struct table *table, const json_t *history);

/**
 * diagnose_print() - all about one client: the evidence, and what is likely wrong
 *
 * Return: 0 or -ENOMEM.
 */
int diagnose_print(const json_t *known);

#endif
