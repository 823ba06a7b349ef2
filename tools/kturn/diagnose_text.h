/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A diagnosis in words.
 */
#ifndef KTURN_DIAGNOSE_TEXT_H
#define KTURN_DIAGNOSE_TEXT_H

#include <jansson.h>

/**
 * diagnose_print_list() - a table, a connection a line, or a client that has none
 *
 * Return: the exit status.
 */
int diagnose_print_list(const json_t *histories);

/**
 * diagnose_print() - all about one client: the evidence, and what is likely wrong
 */
void diagnose_print(const json_t *history);

#endif
