// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"
#include "log_limit.h"

static char path[] = "/tmp/test_log.XXXXXX", text[65536];

static int new_file(void **state)
{
	int fd;

	(void)state;
	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	log_close();
	log_in_json(false);
	return unlink(path);
}

/* Return: all that is in a file. */
static const char *read_all(const char *name)
{
	FILE *file = fopen(name, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return text;
}

static unsigned int lines_of(const char *all)
{
	unsigned int n = 0;

	while ((all = strchr(all, '\n'))) {
		all++;
		n++;
	}
	return n;
}

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
	char long_text[1000], buf[LOG_QUOTE_LEN], small[8];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	log_quote(buf, long_text, sizeof(long_text));
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 5, "x...\"");
	memset(long_text, '\n', sizeof(long_text));
	log_quote(buf, long_text, sizeof(long_text));
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(buf + strlen(buf) - 5, "a...\"");
	assert_string_equal(log_quote_n(small, sizeof(small), "abcdef", 6), "\"ab...\"");
}

static void verbose_lines_only_on_request(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, false), 0);
	log_info("one", "n=%d", 1);
	log_verbose("two", "n=%d", 2);
	log_close();
	assert_int_equal(log_open(path, true), 0);
	log_verbose("three", "n=%d", 3);
	log_close();
	read_all(path);
	assert_non_null(strstr(text, " info one: n=1\n"));
	assert_null(strstr(text, "two"));
	assert_non_null(strstr(text, " verbose three: n=3\n"));
}

/* What nobody thought of quoting makes no line of its own all the same. */
static void an_event_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, false), 0);
	log_info("one", "path=%s", "x\n2026-01-01T00:00:00.000Z info allocation created: \033[2J\x7f");
	log_close();
	assert_int_equal(lines_of(read_all(path)), 1);
	assert_null(strpbrk(text, "\033\x7f"));
	assert_non_null(strstr(text, "path=x?2026"));
}

static void moved_file_is_made_anew(void **state)
{
	char moved[sizeof(path) + 2];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(log_open(path, false), 0);
	log_info("before", "n=%d", 1);
	assert_int_equal(rename(path, moved), 0);
	log_info("between", "n=%d", 2);
	assert_int_equal(log_reopen(), 0);
	log_info("after", "n=%d", 3);
	log_close();
	read_all(moved);
	assert_non_null(strstr(text, "before"));
	assert_non_null(strstr(text, "between"));
	assert_int_equal(lines_of(text), 2);
	assert_non_null(strstr(read_all(path), "after"));
	assert_int_equal(lines_of(text), 1);
	unlink(moved);
}

/* Nobody reads: that is an error, and nothing to wait for. */
static void pipe_without_a_reader(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	assert_int_equal(log_open(path, false), -ENXIO);
	alarm(0);
}

/* He who reads stops, and comes back: what was too much is counted. */
static void full_pipe(void **state)
{
	static char drained[1 << 20];
	const unsigned long lost_before = log_lines_lost();
	const char *count;
	unsigned int whole;
	ssize_t len;
	int fd;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(log_open(path, false), 0);
	alarm(60);
	for (int i = 0; i < 5000; i++)
		log_info("many", "of=\"%s\" n=%d", "all of them the same", i);
	alarm(0);
	len = read(fd, drained, sizeof(drained) - 1);
	assert_true(len > 0);
	drained[len] = '\0';
	whole = lines_of(drained);
	assert_true(whole < 5000);
	log_info("last", "n=%d", 1);
	len = read(fd, drained, sizeof(drained) - 1);
	assert_true(len > 0);
	drained[len] = '\0';
	count = strstr(drained, "lines lost: lines=");
	assert_non_null(strstr(drained, "last: n=1"));
	assert_non_null(count);
	assert_int_equal(strtoul(count + strlen("lines lost: lines="), NULL, 10), 5000 - whole);
	assert_int_equal(log_lines_lost(), lost_before + 5000 - whole);
	close(fd);
}

/* Without a file of its own there is nothing to do, and nothing is closed. */
static void standard_error_stays(void **state)
{
	(void)state;
	assert_int_equal(log_open(NULL, false), 0);
	assert_int_equal(log_reopen(), 0);
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

/* The journal takes its priority from the line, if standard error is its socket. */
static void log_to_stderr(const char *journal)
{
	int saved = dup(STDERR_FILENO);

	assert_non_null(freopen(path, "a", stderr));
	setenv("JOURNAL_STREAM", journal, 1);
	assert_int_equal(log_open(NULL, true), 0);
	log_error("one", "n=%d", 1);
	log_warning("two", "n=%d", 2);
	log_info("three", "n=%d", 3);
	log_verbose("four", "n=%d", 4);
	log_close();
	unsetenv("JOURNAL_STREAM");
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
}

static void journal_is_told_the_priority(void **state)
{
	char journal[64];
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	snprintf(journal, sizeof(journal), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	log_to_stderr(journal);
	assert_int_equal(lines_of(read_all(path)), 4);
	assert_int_equal(strncmp(text, "<3>2", 4), 0);
	assert_non_null(strstr(text, "\n<4>2"));
	assert_non_null(strstr(text, "\n<6>2"));
	assert_non_null(strstr(text, "\n<7>2"));
}

static void nobody_else_is(void **state)
{
	(void)state;
	log_to_stderr("8:1");
	assert_int_equal(lines_of(read_all(path)), 4);
	assert_null(strchr(text, '<'));
}

/* A second of a kind has its lines; the next one begins with how many there were too many. */
static void strangers_fill_no_disk(void **state)
{
	struct log_limit limit = { 0 };
	unsigned int kept = 0;

	(void)state;
	assert_int_equal(log_open(path, false), 0);
	for (int i = 0; i < LOG_LIMIT_LINES + 20; i++)
		kept += log_limit_take(&limit, "noise", 7);
	assert_int_equal(kept, LOG_LIMIT_LINES);
	assert_int_equal(lines_of(read_all(path)), 0);
	assert_true(log_limit_take(&limit, "noise", 8));
	assert_true(log_limit_take(&limit, "noise", 9));
	log_close();
	assert_int_equal(lines_of(read_all(path)), 1);
	assert_non_null(strstr(text, " info lines left out: of=\"noise\" lines=20\n"));
}

static void each_kind_has_a_limit_of_its_own(void **state)
{
	struct log_limit noise = { 0 }, other = { 0 };
	unsigned long left_out;

	(void)state;
	for (int i = 0; i < LOG_LIMIT_LINES; i++)
		assert_true(log_limit_take(&noise, "noise", 7));
	left_out = log_lines_left_out();
	assert_false(log_limit_take(&noise, "noise", 7));
	assert_int_equal(log_lines_left_out(), left_out + 1);
	assert_true(log_limit_take(&other, "other", 7));
}

/* Whoever has an allocation is not a stranger. */
static void the_known_are_not_limited(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, true), 0);
	for (int i = 0; i < 10 * LOG_LIMIT_LINES; i++)
		log_about(true, "known", "n=%d", i);
	log_close();
	assert_int_equal(lines_of(read_all(path)), 10 * LOG_LIMIT_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_text_stays_on_its_line),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test_setup_teardown(verbose_lines_only_on_request, new_file, remove_file),
		cmocka_unit_test_setup_teardown(an_event_is_one_line, new_file, remove_file),
		cmocka_unit_test_setup_teardown(moved_file_is_made_anew, new_file, remove_file),
		cmocka_unit_test_setup_teardown(pipe_without_a_reader, new_file, remove_file),
		cmocka_unit_test_setup_teardown(full_pipe, new_file, remove_file),
		cmocka_unit_test(standard_error_stays),
		cmocka_unit_test_setup_teardown(journal_is_told_the_priority, new_file, remove_file),
		cmocka_unit_test_setup_teardown(nobody_else_is, new_file, remove_file),
		cmocka_unit_test_setup_teardown(strangers_fill_no_disk, new_file, remove_file),
		cmocka_unit_test(each_kind_has_a_limit_of_its_own),
		cmocka_unit_test_setup_teardown(the_known_are_not_limited, new_file, remove_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
