// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records in a memory file: what is written is there, for whoever opens it next, also if
 * the process that wrote dies in the midst of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "crc32.h"
#include "macros.h"
#include "records.h"

#define LARGE	(200 * 1024)
#define MANY	10000
#define DEATHS	200

static struct records *records;
static int file;

static int set_up(void **state)
{
	(void)state;
	file = records_file();
	assert_true(file >= 0);
	assert_int_equal(records_open(&records, file), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	records_close(records);
	records = NULL;
	return close(file);
}

static void open_again(void)
{
	records_close(records);
	records = NULL;
	assert_int_equal(records_open(&records, file), 0);
}

/* --- what is in there */

static struct {
	unsigned int n;
	uint64_t last;
	size_t len;
	uint8_t first;
} seen;

static int see(uint64_t id, const void *data, size_t len, void *wanted)
{
	assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
	assert_true(!seen.n++ || id > seen.last);
	seen.last = id;
	if (wanted && id == *(uint64_t *)wanted) {
		seen.len = len;
		seen.first = *(const uint8_t *)data;
	}
	return 0;
}

static unsigned int count(void)
{
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(records_each(records, see, NULL), 0);
	return seen.n;
}

/* Return: how long one is, 0 if it is not there. */
static size_t length_of(uint64_t id)
{
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(records_each(records, see, &id), 0);
	return seen.len;
}

static void put(uint64_t id, uint8_t byte, size_t len)
{
	uint8_t *data = malloc(len);

	memset(data, byte, len);
	assert_int_equal(records_put(records, id, data, len), 0);
	free(data);
}

static void comes_and_goes(void **state)
{
	(void)state;
	assert_int_equal(count(), 0);
	put(7, 'a', 10);
	put(8, 'b', 20);
	assert_int_equal(length_of(7), 10);
	assert_int_equal(seen.first, 'a');
	put(7, 'c', 30);
	assert_int_equal(count(), 2);
	assert_int_equal(length_of(7), 30);
	assert_int_equal(seen.first, 'c');
	assert_int_equal(records_delete(records, 7), 0);
	assert_int_equal(records_delete(records, 7), 0);
	assert_int_equal(count(), 1);
	assert_int_equal(length_of(8), 20);
}

static void is_there_for_the_next(void **state)
{
	(void)state;
	put(1, 'a', 100);
	put(UINT64_MAX, 'z', 200);
	open_again();
	assert_int_equal(count(), 2);
	assert_int_equal(length_of(1), 100);
	assert_int_equal(length_of(UINT64_MAX), 200);
	assert_int_equal(seen.first, 'z');
	assert_int_equal(records_delete(records, 1), 0);
	open_again();
	assert_int_equal(count(), 1);
}

static void large_ones(void **state)
{
	(void)state;
	for (uint64_t id = 0; id < 8; id++)
		put(id, id, LARGE + id);
	open_again();
	for (uint64_t id = 0; id < 8; id++) {
		assert_int_equal(length_of(id), LARGE + id);
		assert_int_equal(seen.first, id);
	}
	put(3, 'x', 1);
	assert_int_equal(length_of(3), 1);
}

static void many_small_ones(void **state)
{
	struct stat before, after;

	(void)state;
	/* Neither in their order, nor in that of their bytes in memory. */
	for (uint64_t i = 0; i < MANY; i++)
		put(i * 7919 % MANY << 4, i, 1 + i % 50);
	open_again();
	assert_int_equal(count(), MANY);
	assert_int_equal(seen.last, (uint64_t)(MANY - 1) << 4);
	assert_int_equal(fstat(file, &before), 0);
	for (uint64_t i = 0; i < MANY; i++)
		assert_int_equal(records_delete(records, i << 4), 0);
	assert_int_equal(count(), 0);
	/* What has gone leaves its room to what comes. */
	for (uint64_t i = 0; i < MANY; i++)
		put(i, i, 1 + i % 50);
	assert_int_equal(fstat(file, &after), 0);
	assert_in_range(after.st_size, 0, before.st_size + before.st_size / 4);
}

static int leave_odd(uint64_t id, const void *data, size_t len, void *calls)
{
	(void)data, (void)len;
	++*(unsigned int *)calls;
	return id % 2 ? 0 : -1;
}

static void deletes_while_it_looks(void **state)
{
	unsigned int calls = 0;

	(void)state;
	for (uint64_t id = 0; id < 1000; id++)
		put(id, id, 1 + id * 37 % 5000);
	assert_int_equal(records_each(records, leave_odd, &calls), 0);
	assert_int_equal(calls, 1000);
	open_again();
	assert_int_equal(count(), 500);
	for (uint64_t id = 1; id < 1000; id += 111)
		assert_int_equal(length_of(id), id % 2 ? 1 + id * 37 % 5000 : 0);
}

static void room_is_clean(void **state)
{
	uint8_t *room = records_room(records, 4000);

	(void)state;
	assert_non_null(room);
	memset(room, 0xff, 4000);
	assert_int_equal(records_put(records, 1, room, 4000), 0);
	assert_int_equal(length_of(1), 4000);
	room = records_room(records, 8000);
	assert_non_null(room);
	for (size_t i = 0; i < 8000; i++)
		assert_int_equal(room[i], 0);
}

/* The system gives no more memory: what was there stays, and there is more later. */
static void no_room_any_more(void **state)
{
	struct rlimit limit, none;
	struct stat stat;
	int err = 0;

	(void)state;
	put(1, 'a', 5000);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(fstat(file, &stat), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = (struct rlimit){ stat.st_size, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	err = records_put(records, 1, memset(records_room(records, LARGE), 'b', LARGE), LARGE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(err < 0);
	assert_int_equal(length_of(1), 5000);
	assert_int_equal(seen.first, 'a');
	put(1, 'c', LARGE);
	open_again();
	assert_int_equal(length_of(1), LARGE);
}

/* --- another file */

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	return fd;
}

static void check_refused(const void *data, size_t len)
{
	struct records *other = NULL;
	int fd = file_of(data, len);

	assert_int_equal(records_open(&other, fd), -EINVAL);
	assert_null(other);
	close(fd);
}

static void something_else(void **state)
{
	static uint8_t data[64 * 1024];

	(void)state;
	check_refused(data, sizeof(data));
	check_refused(data, 1);
	memset(data, 0xff, sizeof(data));
	check_refused(data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 2654435761u >> 24;
	check_refused(data, sizeof(data));
	check_refused(data, 4096);
	check_refused(data, 100);
}

static void cut_short(void **state)
{
	struct stat stat;
	uint8_t *data;

	(void)state;
	for (uint64_t id = 0; id < 100; id++)
		put(id, id, 3000);
	assert_int_equal(fstat(file, &stat), 0);
	data = malloc(stat.st_size);
	assert_int_equal(pread(file, data, stat.st_size, 0), stat.st_size);
	for (off_t len = 1; len < stat.st_size; len += 1021)
		check_refused(data, len);
	check_refused(data, stat.st_size - 1);
	free(data);
}

/* --- sudden deaths */

#define IDS 16

/*
 * What the writer tells, in memory that outlives it: of each record the change that it has
 * begun, and the last one that was acknowledged. A change is its number, and a record
 * carries it; every third deletes.
 */
static struct told {
	volatile bool writing;
	volatile uint32_t begun[IDS], done[IDS];
} *told;

struct content {
	uint32_t change, sum;
	uint8_t bytes[];
};

static bool deletes(uint32_t change)
{
	return change % 3 == 0;
}

/* Mostly small, sometimes many pages. */
static size_t length_for(uint32_t change)
{
	return sizeof(struct content) + (change % 7 ? change * 31 % 600 : change * 7919 % LARGE);
}

static int change_one(uint64_t id, uint32_t change)
{
	size_t len = length_for(change);
	struct content *content;

	if (deletes(change))
		return records_delete(records, id);
	content = records_room(records, len);
	if (!content)
		return -ENOMEM;
	content->change = change;
	memset(content->bytes, change * 37 + id, len - sizeof(*content));
	content->sum = crc32_of(content->bytes, len - sizeof(*content)) ^ change;
	return records_put(records, id, content, len);
}

/* Goes on where the one before it has died. */
static void write_for_ever(unsigned int seed)
{
	if (records_open(&records, file))
		_exit(1);
	told->writing = true;
	for (;;) {
		unsigned int id = rand_r(&seed) % IDS;

		told->begun[id]++;
		if (change_one(id, told->begun[id]))
			_exit(2);
		told->done[id] = told->begun[id];
	}
}

static int check_whole(uint64_t id, const void *data, size_t len, void *found)
{
	const struct content *content = data;

	assert_in_range(id, 0, IDS - 1);
	assert_true(len >= sizeof(*content));
	assert_int_equal(len, length_for(content->change));
	assert_int_equal(crc32_of(content->bytes, len - sizeof(*content)) ^ content->change,
			 content->sum);
	((uint32_t *)found)[id] = content->change;
	return 0;
}

/* Return: whether a record is as it was after a change. */
static bool is_after(uint32_t found, uint32_t change)
{
	return found == (deletes(change) ? 0 : change);
}

static void check_all(void)
{
	uint32_t found[IDS] = { 0 };

	assert_int_equal(records_open(&records, file), 0);
	assert_int_equal(records_each(records, check_whole, found), 0);
	records_close(records);
	records = NULL;
	for (unsigned int id = 0; id < IDS; id++) {
		assert_true(is_after(found[id], told->done[id]) ||
			    is_after(found[id], told->begun[id]));
		/* The next one goes on from what is there, and that is what counts. */
		if (!is_after(found[id], told->done[id]))
			told->done[id] = told->begun[id];
		else if (!is_after(found[id], told->begun[id]))
			told->begun[id] = told->done[id];
	}
}

static void kill_writer(unsigned int seed)
{
	pid_t child;
	int status;

	told->writing = false;
	child = fork();
	if (!child)
		write_for_ever(seed);
	while (!told->writing && !waitpid(child, &status, WNOHANG))
		usleep(100);
	usleep(rand_r(&seed) % 10000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void every_change_is_whole_or_has_not_been(void **state)
{
	unsigned int changes = 0;

	(void)state;
	records_close(records);
	records = NULL;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	assert_true(told != MAP_FAILED);
	for (unsigned int i = 0; i < DEATHS; i++) {
		kill_writer(i);
		check_all();
	}
	for (unsigned int id = 0; id < IDS; id++)
		changes += told->done[id];
	assert_true(changes > DEATHS);
	munmap(told, sizeof(*told));
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(comes_and_goes),
		test(is_there_for_the_next),
		test(large_ones),
		test(many_small_ones),
		test(deletes_while_it_looks),
		test(room_is_clean),
		test(no_room_any_more),
		test(something_else),
		test(cut_short),
		test(every_change_is_whole_or_has_not_been),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
