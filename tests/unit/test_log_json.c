// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"
#include "log_json.h"

/* The line that is written for these fields, read again. */
__attribute__((format(printf, 1, 2)))
static json_t *object_of(const char *fmt, ...)
{
	char fields[LOG_FIELDS_LEN];
	json_t *object;
	va_list args;

	va_start(args, fmt);
	vsnprintf(fields, sizeof(fields), fmt, args);
	va_end(args);
	object = log_json("2026-11-23T05:00:00.000Z", "info", "something", fmt, fields);
	assert_non_null(object);
	return object;
}

static void assert_text(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	assert_string_equal(text, value);
}

static void assert_number(const json_t *object, const char *key, json_int_t value)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	assert_int_equal(json_integer_value(json_object_get(object, key)), value);
}

static void a_line_is_an_object(void **state)
{
	json_t *object = object_of("client=%s code=%u reason=\"%s\"", "[2001:db8::1]:3478", 401u,
				   "no more than this");

	(void)state;
	assert_int_equal(json_object_size(object), 6);
	assert_text(object, "time", "2026-11-23T05:00:00.000Z");
	assert_text(object, "level", "info");
	assert_text(object, "event", "something");
	assert_text(object, "client", "[2001:db8::1]:3478");
	assert_text(object, "reason", "no more than this");
	assert_number(object, "code", 401);
	json_decref(object);
}

/* Its type is the key's and does not change with the value. */
static void the_format_decides_what_is_a_number(void **state)
{
	json_t *object = object_of("allocation=%016llx user=%s bytes=%llu age_s=%lld ports=%u-%u "
				   "method=0x%03x n=%d", 0x1234567890123456ull, "1234",
				   9007199254740993ull, -1ll, 1u, 2u, 3u, 4);

	(void)state;
	assert_text(object, "allocation", "1234567890123456");
	assert_text(object, "user", "1234");
	assert_number(object, "bytes", 9007199254740993);
	assert_number(object, "age_s", -1);
	assert_text(object, "ports", "1-2");
	assert_text(object, "method", "0x003");
	assert_number(object, "n", 4);
	json_decref(object);
}

/* A key that ends as another one does is not that one. */
static void keys_are_whole(void **state)
{
	json_t *object = object_of("n=%s in=%d", "1", 2);

	(void)state;
	assert_text(object, "n", "1");
	assert_number(object, "in", 2);
	json_decref(object);
}

static void nobody_is_null(void **state)
{
	char quoted[LOG_QUOTE_LEN];
	json_t *object = object_of("user=%s name=%s", "-", log_quote(quoted, "-", 1));

	(void)state;
	assert_true(json_is_null(json_object_get(object, "user")));
	assert_text(object, "name", "-");
	json_decref(object);
}

/* Names as clients may have them: none makes a field of its own, or is lost. */
static void hostile_names_stay_values(void **state)
{
	static const char *const names[] = {
		"alice", "", "\"", "\\", "\\\"", "a b=c", "\" code=200 x=\"", "\\x41", "\\",
		"a\nb", "{\"event\":\"allocation created\"}", "\xc3\xa9", "\xe2\x80\xae", "%n%s",
		"\x1b[2J", "\x7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char quoted[LOG_QUOTE_LEN];
		json_t *object = object_of("user=%s code=%u",
					   log_quote(quoted, names[i], strlen(names[i])), 7u);

		assert_int_equal(json_object_size(object), 5);
		assert_text(object, "user", names[i]);
		assert_number(object, "code", 7);
		json_decref(object);
	}
}

/* JSON has no bytes: such are told as ISO 8859-1. */
static void no_utf8_is_told_all_the_same(void **state)
{
	static const char bytes[] = { 'a', '\xff', '\xc0', '\x80', 0, 'b' };
	static const char told[] = "a\xc3\xbf\xc3\x80\xc2\x80\0b";
	char quoted[LOG_QUOTE_LEN];
	json_t *object = object_of("user=%s", log_quote(quoted, bytes, sizeof(bytes)));
	const json_t *user = json_object_get(object, "user");

	(void)state;
	assert_int_equal(json_string_length(user), sizeof(told) - 1);
	assert_memory_equal(json_string_value(user), told, sizeof(told) - 1);
	json_decref(object);
}

/* Wherever a line had to be cut it is an object. */
static void what_is_cut_short_is_an_object(void **state)
{
	static const char whole[] = "user=\"a\\x0a\\\"b\" code=12 why=\"x y\" client=[::1]:5";
	char fields[sizeof(whole)];

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		json_t *object, *again;
		char *line;

		memcpy(fields, whole, len);
		fields[len] = '\0';
		object = log_json("t", "info", "e", "user=%s code=%u why=%s client=%s", fields);
		assert_non_null(object);
		line = json_dumps(object, JSON_COMPACT);
		assert_non_null(line);
		again = json_loads(line, 0, NULL);
		assert_true(json_equal(object, again));
		json_decref(object);
		json_decref(again);
		free(line);
	}
}

/* All the way: any bytes in a name, and the file has a line of ASCII for each. */
static void file_has_an_object_a_line(void **state)
{
	char path[] = "/tmp/test_log.XXXXXX", line[8192], quoted[LOG_QUOTE_LEN];
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "r");

	(void)state;
	log_in_json(true);
	assert_int_equal(log_open(path, true), 0);
	for (int c = 0; c < 256; c++) {
		const char name[] = { 'a', c, 'b' };

		log_info("allocation created", "user=%s raw=%s n=%d",
			 log_quote(quoted, name, sizeof(name)), c ? "a\nb" : "-", c);
	}
	log_close();
	log_in_json(false);
	for (int c = 0; c < 256; c++) {
		json_t *object;

		assert_non_null(fgets(line, sizeof(line), file));
		for (const char *at = line; *at != '\n'; at++)
			assert_true(*at >= ' ' && *at <= '~');
		object = json_loads(line, JSON_ALLOW_NUL, NULL);
		assert_non_null(object);
		assert_number(object, "n", c);
		assert_text(object, "event", "allocation created");
		assert_int_equal(json_object_size(object), 6);
		json_decref(object);
	}
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_object),
		cmocka_unit_test(the_format_decides_what_is_a_number),
		cmocka_unit_test(keys_are_whole),
		cmocka_unit_test(nobody_is_null),
		cmocka_unit_test(hostile_names_stay_values),
		cmocka_unit_test(no_utf8_is_told_all_the_same),
		cmocka_unit_test(what_is_cut_short_is_an_object),
		cmocka_unit_test(file_has_an_object_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
