// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a stranger's text comes to a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "printable.h"
#include "table.h"

static void becomes(const char *text, size_t len, const char *printed)
{
	char *copy = malloc(len);	/* ASan sees what is read behind it */

	memcpy(copy, text, len);
	assert_int_equal(printable(copy, len), strlen(printed));
	assert_memory_equal(copy, printed, strlen(printed));
	free(copy);
}

#define BECOMES(text, printed) becomes(text, sizeof(text) - 1, printed)

static void signs_stay(void **state)
{
	(void)state;
	BECOMES("", "");
	BECOMES("alice@example.org", "alice@example.org");
	BECOMES("J\u00fcrgen \u00a0\u03b1\u4e2d\U0001f600", "J\u00fcrgen \u00a0\u03b1\u4e2d\U0001f600");
	BECOMES("\ufffd\U0010ffff", "\ufffd\U0010ffff");
}

static void controls_go(void **state)
{
	(void)state;
	BECOMES("\033]0;title\a", ".]0;title.");
	BECOMES("a\nb\rc\td\0e\177f", "a.b.c.d.e.f");
	BECOMES("\xc2\x80\xc2\x9b" "31m\xc2\x9f", "..31m.");
	BECOMES("a\u202eb\u2066c\u2069d\u200fe\u061cf\u2028g", "a.b.c.d.e.f.g");
}

static void no_utf8_goes(void **state)
{
	(void)state;
	BECOMES("\x9b" "31m", ".31m");
	BECOMES("\xc0\x9b", "..");		/* longer than need be: ESC in two */
	BECOMES("\xe0\x80\x9b", "...");
	BECOMES("\xed\xa0\x80", "...");		/* a surrogate */
	BECOMES("\xf4\x90\x80\x80", "....");	/* beyond U+10FFFF */
	BECOMES("\xf8\x88\x80\x80\x80", ".....");
	BECOMES("\xc3", ".");
	BECOMES("a\xe4\xb8", "a..");
	BECOMES("\xe4\xb8" "b", "..b");
	BECOMES("\xff\xfe", "..");
}

static void in_json(void **state)
{
	json_t *value = json_pack("{s:s, s:[s, i, b, n], s:{s:s}}", "user", "\033c", "list",
				  "\033[2J", 7, 1, "nested", "k\n", "v\xc2\x9b");
	json_t *shown = printable_json(value);
	char *text = json_dumps(shown, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"user\":\".c\",\"list\":[\".[2J\",7,true,null],"
			    "\"nested\":{\"k.\":\"v.\"}}");
	assert_string_equal(json_string_value(json_object_get(value, "user")), "\033c");
	free(text);
	json_decref(shown);
	json_decref(value);
}

/* Columns are of characters, and a cell that is cut off ends with a whole one or a dot. */
static void in_tables(void **state)
{
	static const struct column columns[] = { { "A", false }, { "B", true } };
	struct table table = { .columns = columns, .count = 2 };
	char longest[TABLE_CELL_LEN + 1], *text = NULL;
	size_t size;
	FILE *was = stdout;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	strcpy(longest + TABLE_CELL_LEN - 2, "\u00fc");
	assert_int_equal(table_add(&table, "\u00fc\033") || table_add(&table, "1"), 0);
	assert_int_equal(table_add(&table, "abc") || table_add(&table, longest), 0);
	stdout = open_memstream(&text, &size);
	table_print(&table);
	fclose(stdout);
	stdout = was;
	strcpy(longest + TABLE_CELL_LEN - 2, ".");
	assert_non_null(strstr(text, "\n\u00fc.   "));
	assert_non_null(strstr(text, longest));
	table_free(&table);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_stay), cmocka_unit_test(controls_go),
		cmocka_unit_test(no_utf8_goes), cmocka_unit_test(in_json),
		cmocka_unit_test(in_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
