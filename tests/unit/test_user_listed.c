// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn user list and secret list: all that stands in the database, whatever it is.
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
#include <jansson.h>

#include "command.h"
#include "user_file.h"

static char path[64];

static int fill(void **state)
{
	struct user_file *file;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_user_listed.%d", (int)getpid());
	unlink(path);
	file = user_file_open(path, true);
	/* Who else writes there may know no UTF-8. */
	return !file || !user_file_set(file, "r", "alice", "00") ||
	       !user_file_set(file, "r", "J\xfcrgen", "00") ||
	       !user_file_set_secret(file, "r", "s\xff") || (user_file_close(file), 0);
}

static int empty(void **state)
{
	(void)state;
	return unlink(path);
}

/* What a verb prints as JSON. */
static json_t *printed_by(const struct verb *verb)
{
	const struct options options = { .json = true, .db = path, .given = OPTION_DB };
	int before = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	json_t *printed;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	assert_int_equal(verb->run(&options, 0, NULL), EXIT_SUCCESS);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	rewind(file);
	printed = json_loadf(file, 0, NULL);
	fclose(file);
	return printed;
}

static const char *text(const json_t *array, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(array, i), key));
}

static void all_users(void **state)
{
	json_t *users = printed_by(&user_verbs[0]);

	(void)state;
	assert_int_equal(json_array_size(users), 2);
	assert_string_equal(text(users, 0, "name"), "J\u00fcrgen");
	assert_string_equal(text(users, 1, "name"), "alice");
	json_decref(users);
}

static void all_secrets(void **state)
{
	json_t *secrets = printed_by(&secret_verbs[0]);

	(void)state;
	assert_int_equal(json_array_size(secrets), 1);
	assert_string_equal(text(secrets, 0, "secret"), "s\u00ff");
	json_decref(secrets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_users), cmocka_unit_test(all_secrets),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
