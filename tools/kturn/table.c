// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"
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
	char *cell;

	if (table->used == table->room && grow(table))
		return -ENOMEM;
	cell = table->cells[table->used++];
	snprintf(cell, TABLE_CELL_LEN, "%s", text);
	cell[printable(cell, strlen(cell))] = '\0';
	return 0;
}

/* One for each character of UTF-8. */
static int columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int width(const struct table *table, size_t column)
{
	int widest = columns(table->columns[column].title);

	for (size_t i = column; i < table->used; i += table->count) {
		int cell = columns(table->cells[i]);

		if (cell > widest)
			widest = cell;
	}
	return widest;
}

static void print_cell(const struct table *table, size_t column, int width,
		       const char *text)
{
	bool last = column + 1 == table->count, right = table->columns[column].right;
	int blanks = width - columns(text);

	printf("%*s%s", right ? blanks : 0, "", text);
	if (!last)
		printf("%*s", (right ? 0 : blanks) + 2, "");
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
