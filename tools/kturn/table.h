/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table whose columns are as wide as what stands in them.
 */
#ifndef KTURN_TABLE_H
#define KTURN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

#define TABLE_CELL_LEN ADDR_STR_LEN
#define TABLE_COLUMNS 16

/**
 * struct column - the head of a column
 * @title: stands in the first line
 * @right: align at the right, as numbers are
 */
struct column {
	const char *title;
	bool right;
};

/**
 * struct table - begins with @columns and @count; the rest is the table's own
 * @columns: at most TABLE_COLUMNS
 * @count: their number
 */
struct table {
	const struct column *columns;
	size_t count;
	char (*cells)[TABLE_CELL_LEN];
	size_t used, room;
};

/**
 * table_add() - fill the next cell, row by row; a longer text is cut off
 * @text: may be of a stranger, see printable()
 *
 * Return: 0 or -ENOMEM.
 */
int table_add(struct table *table, const char *text);

/**
 * table_print() - print the titles and all complete rows
 */
void table_print(const struct table *table);

/**
 * table_free() - free the cells
 */
void table_free(struct table *table);

#endif
