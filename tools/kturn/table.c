// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

static int grow(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 256;
	char (*cells)[TABLE_CELL_LEN];

	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	table->room = room;
	return 0;
}

int table_add(struct table *table, const char *text)
{
	if (table->used == table->room && grow(table))
		return -ENOMEM;
	snprintf(table->cells[table->used++], TABLE_CELL_LEN, "%s", text);
	return 0;
}

static int width(const struct table *table, size_t column)
{
	size_t widest = strlen(table->columns[column].title);

	for (size_t i = column; i < table->used; i += table->count) {
		size_t len = strlen(table->cells[i]);

		if (len > widest)
			widest = len;
	}
	return widest;
}

static void print_cell(const struct table *table, size_t column, int width,
		       const char *text)
{
	bool last = column + 1 == table->count;

	if (table->columns[column].right)
		printf("%*s", width, text);
	else
		printf("%-*s", last ? 0 : width, text);
	if (!last)
		printf("  ");
}

void table_print(const struct table *table)
{
	int widths[TABLE_COLUMNS];

	printf("%s", text_bold());
	for (size_t i = 0; i < table->count; i++) {
		widths[i] = width(table, i);
		print_cell(table, i, widths[i], table->columns[i].title);
	}
	printf("%s\n", text_plain());
	for (size_t i = 0; i < table->used - table->used % table->count; i++) {
		size_t column = i % table->count;

		print_cell(table, column, widths[column], table->cells[i]);
		if (column + 1 == table->count)
			putchar('\n');
	}
}

void table_free(struct table *table)
{
	free(table->cells);
	table->cells = NULL;
	table->used = table->room = 0;
}
