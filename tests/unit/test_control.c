// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket: a server of two workers in one thread, and those who ask it.
 */
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <jansson.h>

#include "allocation.h"
#include "control.h"
#include "server_stage.h"

#define LINE_MAX_LEN 4096

static char directory[] = "/tmp/test_control.XXXXXX";
static char path[64], option[96];

static void turn_all(void)
{
	turn();
	event_base_loop(server.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory + sizeof(directory) - 7, "XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/control", directory);
	snprintf(option, sizeof(option), "--control-socket=%s", path);
	find_port(&server_addr);
	START_SERVER("--no-auth", "-L127.0.0.1", "--relay-threads=2", option);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	assert_int_equal(rmdir(directory), 0);	/* so the socket is gone */
	return 0;
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Return: the next line as JSON; NULL at the end. */
static json_t *hear(int fd)
{
	char line[LINE_MAX_LEN];
	time_t start = time(NULL);
	size_t len = 0;
	json_t *object;

	while (!len || line[len - 1] != '\n') {
		ssize_t n = recv(fd, line + len, 1, MSG_DONTWAIT);

		if (!n || (n < 0 && errno == ECONNRESET))
			return NULL;
		if (n < 0)
			turn_all();
		else
			len++;
		assert_true(len < sizeof(line));
		assert_true(time(NULL) - start < PATIENCE);
	}
	object = json_loadb(line, len, 0, NULL);
	assert_non_null(object);
	return object;
}

/* Return: what the last line of an answer has for @key, if it is @ok. */
static json_int_t number(int fd, const char *key)
{
	json_t *line = hear(fd);
	json_int_t value;

	assert_non_null(line);
	assert_true(json_is_true(json_object_get(line, "ok")));
	value = json_integer_value(json_object_get(line, key));
	json_decref(line);
	return value;
}

static void hear_error(int fd, const char *words)
{
	json_t *line = hear(fd);

	assert_non_null(line);
	assert_true(json_is_false(json_object_get(line, "ok")));
	assert_non_null(strstr(json_string_value(json_object_get(line, "error")), words));
	json_decref(line);
}

/* @n clients, who each have an allocation. */
static void allocate_many(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		fds[i] = connect_to(&server_addr);
		allocate_tcp(fds[i]);
	}
}

static void close_many(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

/* --- requests, and what is none */

static void nonsense_costs_one_answer(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "nonsense\n[1]\n{\"command\":7}\n{\"command\":\"no such\"}\n"
	    "{\"command\":\"drain\",\"deadline\":-1}\n{\"command\":\"allocation-show\"}\n"
	    "{\"command\":\"allocation-show\",\"id\":\"ff00000000000001\"}\n"
	    "{\"command\":\"status\"}\n");
	hear_error(fd, "not a JSON object");
	hear_error(fd, "not a JSON object");
	hear_error(fd, "no such command");
	hear_error(fd, "no such command");
	hear_error(fd, "deadline: should be");
	hear_error(fd, "id: should be");
	hear_error(fd, "no such allocation");
	assert_int_equal(number(fd, "workers"), 2);
	assert_false(server.drain.draining);
	close(fd);
}

/* The name of a file may be any bytes. */
static void database_of_another_alphabet(void **state)
{
	char database[64], userdb[96];
	json_t *line;
	sqlite3 *db;
	int fd;

	(void)state;
	stop_server();
	snprintf(database, sizeof(database), "%s/caf\xe9", directory);
	snprintf(userdb, sizeof(userdb), "--userdb=%s", database);
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "create table turnusers_lt (realm, name, hmackey);"
				      "create table turn_origin_to_realm (origin, realm)",
				      NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	START_SERVER("--realm=north", "-L127.0.0.1", userdb, option);
	fd = dial();
	say(fd, "{\"command\":\"status\"}\n");
	line = hear(fd);
	assert_non_null(line);
	assert_non_null(strstr(json_string_value(json_object_get(line, "userdb")),
			       "/caf\xc3\xa9"));
	json_decref(line);
	close(fd);
	unlink(database);
}

static void endless_line(void **state)
{
	char junk[1024];
	int fd = dial();

	(void)state;
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 9; i++) {
		if (send(fd, junk, sizeof(junk), MSG_NOSIGNAL) < 0)
			break;
		turn_all();
	}
	hear_error(fd, "too long");
	assert_null(hear(fd));
	close(fd);
}

/* Who half-closes after his request wants the answer all the same. */
static void answer_after_the_end(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "{\"command\":\"status\"}\n");
	shutdown(fd, SHUT_WR);
	assert_int_equal(number(fd, "allocations"), 0);
	assert_null(hear(fd));
	close(fd);
}

static void too_many_clients(void **state)
{
	int fds[33];

	(void)state;
	for (int i = 0; i < 33; i++) {
		fds[i] = dial();
		for (int n = 0; n < 4; n++)
			turn_all();
	}
	hear_error(fds[32], "too many");
	assert_null(hear(fds[32]));
	say(fds[31], "{\"command\":\"status\"}\n");
	assert_int_equal(number(fds[31], "workers"), 2);
	close_many(fds, 33);
}

/* --- allocations */

static void list_has_each_of_them_once(void **state)
{
	int fds[150], fd = dial();
	unsigned int n = 0;
	json_t *line, *ids = json_object(), *id;

	(void)state;
	allocate_many(fds, 150);
	say(fd, "{\"command\":\"allocation-list\"}\n");
	while ((line = hear(fd)) && !json_object_get(line, "ok")) {
		id = json_object_get(json_object_get(line, "allocation"), "id");
		json_object_set_new(ids, json_string_value(id), json_true());
		json_decref(line);
		n++;
	}
	assert_int_equal(json_integer_value(json_object_get(line, "count")), 150);
	json_decref(line);
	assert_int_equal(n, 150);
	assert_int_equal(json_object_size(ids), 150);
	json_decref(ids);
	close(fd);
	close_many(fds, 150);
}

/* Who reads nothing holds up nobody; he may go, while a worker is being asked for him. */
static void slow_readers(void **state)
{
	int fds[150], slow[20], fd;

	(void)state;
	allocate_many(fds, 150);
	for (int i = 0; i < 20; i++) {
		int size = 1;

		slow[i] = dial();
		setsockopt(slow[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say(slow[i], "{\"command\":\"allocation-list\"}\n"
		    "{\"command\":\"allocation-list\"}\n{\"command\":\"allocation-list\"}\n");
		turn_all();
	}
	for (int i = 0; i < 1000; i++)
		turn_all();
	fd = dial();
	say(fd, "{\"command\":\"status\"}\n");
	assert_int_equal(number(fd, "allocations"), 150);
	for (int i = 0; i < 20; i += 2)
		close(slow[i]);
	say(fd, "{\"command\":\"status\"}\n");
	assert_int_equal(number(fd, "allocations"), 150);
	close(fd);
	close_many(fds, 150);
	for (int i = 1; i < 20; i += 2)
		close(slow[i]);
}

/* Turns until a worker has answered; the main thread has not read it yet. */
static void wait_for_page(void)
{
	struct pollfd answer = { .fd = server.mailbox.out, .events = POLLIN };

	for (time_t start = time(NULL); poll(&answer, 1, 0) < 1; turn()) {
		assert_true(time(NULL) - start < PATIENCE);
		event_base_loop(server.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

/* Ends those of a worker from the one on which its first page has ended with; but the last. */
static void end_from_there_on(struct worker *worker)
{
	struct allocation *allocation = worker->allocations, *next;

	for (unsigned int i = 0; i < 63; i++)
		allocation = allocation->hh.next;
	for (; (next = allocation->hh.next); allocation = next)
		allocation_delete(allocation, "test");
}

/*
 * Where a list has stopped all may have ended before it goes on, and very many others
 * have come and gone: what is left is found, and others have their turns meanwhile.
 */
static void list_goes_on_behind_those_who_have_gone(void **state)
{
	unsigned int turns = 0, n = 0, left;
	int fds[240], fd = dial();
	json_t *line;
	char c;

	(void)state;
	allocate_many(fds, 220);
	server.workers[0].next_allocation += 50 * 1024;
	allocate_many(fds + 220, 20);
	left = 64 + 1 + HASH_COUNT(server.workers[1].allocations);
	say(fd, "{\"command\":\"allocation-list\"}\n");
	wait_for_page();
	end_from_there_on(&server.workers[0]);
	while (recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		turn_all();
	while (n < left)
		if (recv(fd, &c, 1, MSG_DONTWAIT) == 1)
			n += c == '\n';
		else
			turn_all(), turns++;
	assert_true(turns > 50);
	line = hear(fd);
	assert_int_equal(json_integer_value(json_object_get(line, "count")), left);
	json_decref(line);
	close(fd);
	close_many(fds, 240);
}

static uint64_t count_deleted(void)
{
	uint64_t sum[COUNTERS] = { 0 };

	counters_add(sum, NULL);
	return sum[COUNT_ALLOCATION_DELETED];
}

static void one_is_ended(void **state)
{
	uint64_t deleted = count_deleted();
	struct worker *worker = &server.workers[0];
	char request[128];
	int fds[4], fd = dial();
	uint64_t id;

	(void)state;
	allocate_many(fds, 4);
	if (!worker->allocations)
		worker = &server.workers[1];
	id = worker->allocations->id;
	snprintf(request, sizeof(request), "{\"command\":\"allocation-del\",\"id\":\"%016llx\"}\n",
		 (unsigned long long)id);
	say(fd, request);
	json_decref(hear(fd));
	assert_int_equal(number(fd, "count"), 1);
	assert_int_equal(server.quota.total, 3);
	assert_int_equal(count_deleted(), deleted + 1);
	say(fd, request);
	hear_error(fd, "no such allocation");
	close(fd);
	close_many(fds, 4);
}

/* --- control messages */

/* Return: the last line of an answer, behind @records of the message that allocates. */
static json_t *hear_records(int fd, unsigned int *records)
{
	json_t *line;

	for (*records = 0; (line = hear(fd)) && !json_object_get(line, "ok"); ++*records) {
		const json_t *record = json_object_get(line, "record");

		assert_string_equal(json_string_value(json_object_get(record, "transport")), "tcp");
		assert_memory_equal(json_string_value(json_object_get(record, "data")),
				    *records % 2 ? "0103" : "0003", 4);
		json_decref(line);
	}
	assert_non_null(line);
	assert_true(json_is_true(json_object_get(line, "ok")));
	return line;
}

/* From the first request on, each once; those of who has gone need no memory any more. */
static void messages_are_watched(void **state)
{
	int fds[2], other, fd = dial();
	unsigned int records;
	json_t *answer, *after;
	char *text;

	(void)state;
	allocate_many(fds, 1);
	say(fd, "{\"command\":\"trace\"}\n");
	answer = hear_records(fd, &records);
	assert_int_equal(records, 0);
	allocate_many(fds + 1, 1);
	after = json_pack("{s:s, s:O}", "command", "trace", "after",
			  json_object_get(answer, "after"));
	json_decref(answer);
	text = json_dumps(after, 0);
	say(fd, text);
	say(fd, "\n");
	answer = hear_records(fd, &records);
	assert_int_equal(records, 2);
	assert_int_equal(json_integer_value(json_object_get(answer, "lost")), 0);
	assert_false(json_is_true(json_object_get(answer, "more")));
	json_decref(answer);
	json_decref(after);
	free(text);
	other = dial();
	say(other, "{\"command\":\"trace\"}\n");
	json_decref(hear_records(other, &records));
	assert_int_equal(records, 0);
	assert_int_equal(server.watchers, 2);
	close(other);
	close(fd);
	for (time_t start = time(NULL); server.watchers; turn_all())
		assert_true(time(NULL) - start < PATIENCE);
	close_many(fds, 2);
}

static void numbers_of_other_workers(void **state)
{
	static const char *const afters[] = { "7", "[1]", "[1,2,3]", "[-1,0]", "[\"1\",2]" };
	char request[64];
	int fd = dial();

	(void)state;
	for (size_t i = 0; i < sizeof(afters) / sizeof(afters[0]); i++) {
		snprintf(request, sizeof(request), "{\"command\":\"trace\",\"after\":%s}\n",
			 afters[i]);
		say(fd, request);
		hear_error(fd, "one for each worker");
	}
	assert_int_equal(server.watchers, 0);
	close(fd);
}

/* --- the end */

static unsigned int ask(int fd, uint16_t method)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	if (method == STUN_ALLOCATE)
		stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	put(fd, &b);
	msg = get_message(fd, buf, sizeof(buf));
	return code_of(&msg);
}

static void drained_servers_end(void **state)
{
	int old, new, fd = dial();

	(void)state;
	old = connect_to(&server_addr);
	allocate_tcp(old);
	say(fd, "{\"command\":\"drain\"}\n");
	assert_int_equal(number(fd, "allocations"), 1);
	new = connect_to(&server_addr);
	assert_int_equal(ask(new, STUN_ALLOCATE), 508);
	assert_int_equal(ask(old, STUN_REFRESH), 0);
	for (int i = 0; i < 3; i++) {
		usleep(200 * 1000);
		turn_all();
		assert_false(event_base_got_break(server.base));
	}
	close(old);
	for (time_t start = time(NULL); !event_base_got_break(server.base); turn_all())
		assert_true(time(NULL) - start < PATIENCE);
	close(new);
	close(fd);
}

static void drain_has_a_deadline(void **state)
{
	int old, fd = dial();

	(void)state;
	old = connect_to(&server_addr);
	allocate_tcp(old);
	say(fd, "{\"command\":\"drain\",\"deadline\":1}\n");
	assert_int_equal(number(fd, "allocations"), 1);
	for (time_t start = time(NULL); !event_base_got_break(server.base); turn_all())
		assert_true(time(NULL) - start < PATIENCE);
	assert_int_equal(server.quota.total, 1);
	close(old);
	close(fd);
}

/* --- the socket */

static void socket_is_the_owners(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Who asks: besides his group he may have another. */
struct asker {
	uid_t uid;
	gid_t gid;
	gid_t also;
	bool may;
};

/* Return: 0 if he was answered as he should be. */
static int ask_as(const struct asker *asker)
{
	const char *wanted = asker->may ? "\"ok\":true" : "\"ok\":false,\"error\":\"only root";
	char line[LINE_MAX_LEN] = "";
	int fd;

	if (setgroups(1, &asker->also) || setgid(asker->gid) || setuid(asker->uid))
		return 2;
	fd = dial();
	if (asker->may)
		say(fd, "{\"command\":\"status\"}\n");
	if (recv(fd, line, sizeof(line) - 1, 0) <= 0)
		return 3;
	return strstr(line, wanted) ? 0 : 1;
}

static void check_asker(const struct asker *asker)
{
	time_t start = time(NULL);
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(ask_as(asker));
	while (!waitpid(pid, &status, WNOHANG)) {
		turn_all();
		assert_true(time(NULL) - start < PATIENCE);
	}
	assert_int_equal(status, 0);
}

/* Whatever becomes of the mode of the socket. */
static void others_are_turned_away(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	chmod(directory, 0755);
	chmod(path, 0666);
	check_asker(&(struct asker){ 65534, 65534, 65534, false });
}

/* By their own group or by another one that they have; the owner's rights are no less. */
static void members_may(void **state)
{
	static const struct asker askers[] = {
		{ 65534, 1, 65534, true },
		{ 65534, 65534, 1, true },
		{ 0, 0, 0, true },
		{ 65534, 65534, 2, false },
	};
	struct stat st;

	(void)state;
	if (geteuid() || !getgrnam("daemon") || getgrnam("daemon")->gr_gid != 1)
		skip();
	stop_server();
	START_SERVER("--no-auth", "-L127.0.0.1", option, "--control-group=daemon");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_gid, 1);
	chmod(directory, 0755);
	chmod(path, 0666);
	for (size_t i = 0; i < sizeof(askers) / sizeof(*askers); i++)
		check_asker(&askers[i]);
}

/* Nobody is let in by mistake, and the mistake is not overlooked. */
static void no_such_group(void **state)
{
	struct control *other;

	(void)state;
	control_close(server.control);
	server.control = NULL;
	config.control_group = "no-such-group";
	assert_int_equal(control_open(&other, &server), -ENOENT);
	assert_null(other);
	assert_int_equal(access(path, F_OK), -1);
	config.control_group = NULL;
}

/* A living server keeps its own; what a dead one has left, and no file, is replaced. */
static void whose_path_it_is(void **state)
{
	struct control *other;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int dead;

	(void)state;
	assert_int_equal(control_open(&other, &server), -EADDRINUSE);
	control_close(server.control);
	server.control = NULL;
	dead = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(dead, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(dead);
	assert_int_equal(control_open(&server.control, &server), 0);
	control_close(server.control);
	server.control = NULL;
	fclose(fopen(path, "w"));
	assert_int_equal(control_open(&server.control, &server), -EEXIST);
	unlink(path);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(nonsense_costs_one_answer),
		test(database_of_another_alphabet),
		test(endless_line),
		test(answer_after_the_end),
		test(too_many_clients),
		test(list_has_each_of_them_once),
		test(slow_readers),
		test(list_goes_on_behind_those_who_have_gone),
		test(one_is_ended),
		test(messages_are_watched),
		test(numbers_of_other_workers),
		test(drained_servers_end),
		test(drain_has_a_deadline),
		test(socket_is_the_owners),
		test(others_are_turned_away),
		test(members_may),
		test(no_such_group),
		test(whose_path_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
