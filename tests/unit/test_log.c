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

static void quoted_text_stays_on_its_line(void **state)
{
	char buf[LOG_QUOTE_LEN];

	(void)state;
	assert_string_equal(log_quote(buf, "alice", 5), "\"alice\"");
	assert_string_equal(log_quote(buf, "", 0), "\"\"");
	assert_string_equal(log_quote(buf, "a\"b\\c", 5), "\"a\\\"b\\\\c\"");
	assert_string_equal(log_quote(buf, "x\nuser=\0y", 9), "\"x\\x0auser=\\x00y\"");
	assert_string_equal(log_quote(buf, "\xc3\xa9%s", 4), "\"\\xc3\\xa9%s\"");
}

static void long_text_is_cut(void **state)
{
	char text[1000], buf[LOG_QUOTE_LEN];

	(void)state;
	memset(text, 'x', sizeof(text));
	log_quote(buf, text, sizeof(text));
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 5, "x...\"");
	memset(text, '\n', sizeof(text));
	log_quote(buf, text, sizeof(text));
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 5, "a...\"");
}

static void verbose_lines_only_on_request(void **state)
{
	char path[] = "/tmp/test_log.XXXXXX", text[512];
	int fd = mkstemp(path);
	ssize_t n;

	(void)state;
	assert_int_equal(log_open(path, false), 0);
	log_info("one", "n=%d", 1);
	log_verbose("two", "n=%d", 2);
	log_close();
	assert_int_equal(log_open(path, true), 0);
	log_verbose("three", "n=%d", 3);
	log_close();
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, " info one: n=1\n"));
	assert_null(strstr(text, "two"));
	assert_non_null(strstr(text, " verbose three: n=3\n"));
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_text_stays_on_its_line),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(verbose_lines_only_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
