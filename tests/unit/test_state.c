// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "state.h"

static const char boot[STATE_BOOT_LEN] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
static const char before[STATE_BOOT_LEN] = "6ba7b810-9dad-11d1-80b4-00c04fd430c9";

static struct state written;
static int written_fd;
static uint8_t bytes[512];
static size_t len;

static int set_up(void **context)
{
	(void)context;
	memset(&written, 0x5a, sizeof(written));
	written_fd = state_write(&written, boot);
	assert_true(written_fd >= 0);
	len = pread(written_fd, bytes, sizeof(bytes), 0);
	assert_in_range(len, sizeof(struct nonce_key), sizeof(bytes) - 1);
	return 0;
}

static int tear_down(void **context)
{
	(void)context;
	return close(written_fd);
}

/* A file of the first @n of @bytes. What is refused has changed nothing. */
static const char *read_bytes(size_t n, const char *of)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct state state = { 0 }, none = { 0 };
	const char *refused;

	assert_int_equal(write(fd, bytes, n), n);
	refused = state_read(fd, of, &state);
	assert_memory_equal(&state, refused ? &none : &written, sizeof(state));
	close(fd);
	return refused;
}

static void comes_back(void **context)
{
	struct state state = { 0 };

	(void)context;
	assert_null(state_read(written_fd, boot, &state));
	assert_memory_equal(&state, &written, sizeof(state));
	assert_null(read_bytes(len, boot));
}

static void of_another_boot(void **context)
{
	(void)context;
	assert_string_equal(read_bytes(len, before), "another boot");
}

/* Whatever else is in there, which this version cannot know. */
static void of_another_version(void **context)
{
	(void)context;
	bytes[8]++;
	assert_string_equal(read_bytes(len, boot), "another version");
	assert_string_equal(read_bytes(len + 100, boot), "another version");
}

/* What it had is there, and the rest is zero. */
static void of_the_version_before(void **context)
{
	const size_t state_at = 56, state_len = offsetof(struct state, since);
	const uint32_t version = 1, size = state_at + state_len + 32;
	struct state wanted = written, state;
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)context;
	memcpy(bytes + 8, &version, sizeof(version));
	memcpy(bytes + 12, &size, sizeof(size));
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size - 32,
					  bytes + size - 32), 0);
	assert_int_equal(write(fd, bytes, size), size);
	memset(&state, 0xff, sizeof(state));
	assert_null(state_read(fd, boot, &state));
	wanted.since = 0;
	assert_memory_equal(&state, &wanted, sizeof(state));
	assert_string_equal(state_read(fd, before, &state), "another boot");
	close(fd);
	/* No version is as long as another one. */
	assert_non_null(read_bytes(size - 1, boot));
	assert_non_null(read_bytes(len, boot));
}

static void every_bit_counts(void **context)
{
	(void)context;
	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= 1 << i % 8;
		assert_non_null(read_bytes(len, boot));
		bytes[i / 8] ^= 1 << i % 8;
	}
}

static void every_length_but_its_own(void **context)
{
	(void)context;
	for (size_t n = 0; n < sizeof(bytes); n++)
		if (n != len)
			assert_non_null(read_bytes(n, boot));
}

static void nobody_can_change_it(void **context)
{
	(void)context;
	assert_int_equal(pwrite(written_fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(written_fd, 0), -1);
}

static void something_else(void **context)
{
	struct state state = { 0 };
	int ends[2];

	(void)context;
	assert_int_equal(pipe(ends), 0);
	assert_string_equal(state_read(ends[0], boot, &state), "not a state");
	close(ends[0]);
	close(ends[1]);
}

static void a_boot_stays_itself(void **context)
{
	char one[STATE_BOOT_LEN], two[STATE_BOOT_LEN];

	(void)context;
	assert_int_equal(state_boot(one), 0);
	assert_int_equal(state_boot(two), 0);
	assert_int_equal(strlen(one), STATE_BOOT_LEN - 1);
	assert_string_equal(one, two);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(comes_back),
		test(of_another_boot),
		test(of_another_version),
		test(of_the_version_before),
		test(every_bit_counts),
		test(every_length_but_its_own),
		test(nobody_can_change_it),
		test(something_else),
		test(a_boot_stays_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
