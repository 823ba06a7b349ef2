// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's engine, with a kernel made up here: what genl.h promises, and events
 * that get lost.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "counters.h"
#include "datapath.h"
#include "genl.h"
#include "macros.h"

#define OURS	100	/* the port of the socket for requests, the first one */
#define THEIRS	7	/* another worker's */
#define MAX	16

/* --- the kernel */

struct kturn_genl {
	uint32_t port;
	int fd;
};

/* What there is to read: an event, or an error. */
struct arrival {
	int err;
	struct kturn_event event;
};

static struct {
	uint32_t next_port, joined_for;
	uint64_t next_id;
	struct kturn_relay alive[MAX];
	unsigned int n_alive;
	struct arrival queue[MAX];
	unsigned int first, last;
	unsigned int dumps, dumps_to_fail;
	uint64_t tell_late;	/* ends when the dump is over, and tells */
	uint64_t gone;		/* has ended since it was listed */
	int events_fd;
} kernel;

int kturn_genl_open(struct kturn_genl **genl, char *why, size_t why_len)
{
	(void)why, (void)why_len;
	*genl = calloc(1, sizeof(**genl));
	(*genl)->port = kernel.next_port++;
	(*genl)->fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	return 0;
}

void kturn_genl_close(struct kturn_genl *genl)
{
	close(genl->fd);
	free(genl);
}

uint32_t kturn_genl_port(const struct kturn_genl *genl)
{
	return genl->port;
}

int kturn_genl_fd(const struct kturn_genl *genl)
{
	return genl->fd;
}

const char *kturn_genl_why(const struct kturn_genl *genl)
{
	(void)genl;
	return "so it was to be";
}

int kturn_stats_get(struct kturn_genl *genl, struct kturn_stats *stats)
{
	(void)genl;
	*stats = (struct kturn_stats){ 0 };
	return 0;
}

int kturn_events_join(struct kturn_genl *genl, uint32_t owner)
{
	kernel.joined_for = owner;
	kernel.events_fd = genl->fd;
	return 0;
}

static void arrive(const struct arrival *arrival)
{
	assert_true(kernel.last < MAX);
	kernel.queue[kernel.last++] = *arrival;
	assert_int_equal(eventfd_write(kernel.events_fd, 1), 0);
}

int kturn_events_next(struct kturn_genl *genl, struct kturn_event *event)
{
	const struct arrival *arrival;
	eventfd_t one;

	if (kernel.first == kernel.last)
		return -EAGAIN;
	eventfd_read(genl->fd, &one);
	arrival = &kernel.queue[kernel.first++];
	*event = arrival->event;
	return arrival->err;
}

static struct kturn_relay *find(uint64_t id)
{
	for (unsigned int i = 0; i < kernel.n_alive; i++)
		if (kernel.alive[i].id == id)
			return &kernel.alive[i];
	return NULL;
}

static uint64_t make(uint32_t owner, uint64_t group)
{
	struct kturn_relay *relay = &kernel.alive[kernel.n_alive++];

	*relay = (struct kturn_relay){ .id = ++kernel.next_id, .owner = owner, .group = group };
	return relay->id;
}

/* It leaves the list; returns what an event would tell. */
static struct kturn_relay end(uint64_t id, uint32_t reason)
{
	struct kturn_relay *relay = find(id), ended;

	assert_non_null(relay);
	ended = *relay;
	*relay = kernel.alive[--kernel.n_alive];
	ended.reason = reason;
	ended.to_peer.bytes = 1000 + id;
	return ended;
}

static void end_and_tell(uint64_t id)
{
	arrive(&(struct arrival){ .event = { .cmd = KTURN_CMD_RELAY_DEL_NTF,
					     .relay = end(id, KTURN_END_REASON_EOF) } });
}

static void lose_events(void)
{
	arrive(&(struct arrival){ .err = -ENOBUFS });
}

int kturn_relay_add(struct kturn_genl *genl, const struct kturn_add *add, uint64_t *id)
{
	*id = make(genl->port, add->group);
	return 0;
}

int kturn_relay_set(struct kturn_genl *genl, uint64_t id, const struct kturn_limit *limits,
		    size_t count)
{
	(void)genl, (void)limits, (void)count;
	return find(id) ? 0 : -ENOENT;
}

int kturn_relay_adopt(struct kturn_genl *genl, uint64_t id)
{
	struct kturn_relay *relay = id == kernel.gone ? NULL : find(id);

	if (!relay)
		return -ENOENT;
	assert_int_equal(relay->owner, 0);
	relay->owner = genl->port;
	return 0;
}

static void keep(struct kturn_relays *relays, const struct kturn_relay *relay)
{
	relays->relay = realloc(relays->relay, (relays->count + 1) * sizeof(*relay));
	relays->relay[relays->count++] = *relay;
}

int kturn_relay_del(struct kturn_genl *genl, uint64_t id, struct kturn_relays *relays)
{
	struct kturn_relay ended;

	(void)genl;
	if (!find(id))
		return -ENOENT;
	ended = end(id, KTURN_END_REASON_DELETED);
	keep(relays, &ended);
	return 0;
}

int kturn_relay_del_group(struct kturn_genl *genl, uint64_t group, struct kturn_relays *relays)
{
	for (unsigned int i = 0; i < kernel.n_alive; )
		if (kernel.alive[i].group == group)
			kturn_relay_del(genl, kernel.alive[i].id, relays);
		else
			i++;
	return 0;
}

int kturn_relay_each(struct kturn_genl *genl, const struct kturn_which *which,
		     void (*fn)(const struct kturn_relay *relay, void *arg), void *arg)
{
	kernel.dumps++;
	if (kernel.dumps_to_fail) {
		kernel.dumps_to_fail--;
		return -ENOBUFS;
	}
	/* To list all relays of all workers for each of them is what must not be. */
	assert_non_null(which->owner);
	assert_true(*which->owner == genl->port || !*which->owner);
	for (unsigned int i = 0; i < kernel.n_alive; i++)
		if (kernel.alive[i].owner == *which->owner &&
		    kernel.alive[i].id != kernel.tell_late)
			fn(&kernel.alive[i], arg);
	if (kernel.tell_late)
		end_and_tell(kernel.tell_late);
	kernel.tell_late = 0;
	return 0;
}

static void keep_each(const struct kturn_relay *relay, void *relays)
{
	keep(relays, relay);
}

int kturn_relay_dump(struct kturn_genl *genl, const struct kturn_which *which,
		     struct kturn_relays *relays)
{
	return kturn_relay_each(genl, which, keep_each, relays);
}

/* --- the engine */

static struct event_base *base;
static struct datapath *dp;

/* What it has reported. */
static struct relay_info reported[MAX];
static unsigned int n_reported;

static void on_ended(const struct relay_info *info, void *arg)
{
	(void)arg;
	assert_true(n_reported < MAX);
	reported[n_reported++] = *info;
}

static int set_up(void **state)
{
	char why[128];

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.next_port = OURS;
	n_reported = 0;
	base = event_base_new();
	assert_int_equal(datapath_kernel.open(&dp, base, why, sizeof(why)), 0);
	dp->ended = on_ended;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dp->ops->close(dp);
	event_base_free(base);
	return 0;
}

static int any_fd(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static uint64_t add(uint64_t group)
{
	const struct relay_request request = {
		.client_fd = any_fd(), .peer_fd = any_fd(), .group = group,
	};
	char why[128];
	uint64_t id;

	assert_int_equal(dp->ops->add(dp, &request, &id, why, sizeof(why)), 0);
	return id;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	*(bool *)arg = true;
}

/* Run the loop until so many ends are reported; the timer is for what never comes. */
static void await(unsigned int n)
{
	static const struct timeval patience = { 20, 0 };
	bool late = false;
	struct event *timer = evtimer_new(base, on_late, &late);

	evtimer_add(timer, &patience);
	while (n_reported < n && !late)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
	assert_int_equal(n_reported, n);
}

/* Run it for as long as another look at the list would take to come. */
static void rest(void)
{
	static const struct timeval long_enough = { 0, 300 * 1000 };

	event_base_loopexit(base, &long_enough);
	event_base_dispatch(base);
}

static void test_hears_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(kernel.joined_for, OURS);
}

/* Even numbers. */
static bool is_wanted(const struct relay_info *info, void *arg)
{
	(void)arg;
	return info->group % 2 == 0;
}

static void count_relay(const struct relay_info *info, void *n)
{
	assert_int_equal(info->group, 2);
	++*(unsigned int *)n;
}

/* Those that nobody has, of which we want some; of the others their owners hear. */
static void test_adopts(void **state)
{
	uint64_t ours = make(0, 2), other = make(0, 3), theirs = make(THEIRS, 2);
	unsigned int n = 0;

	(void)state;
	kernel.gone = make(0, 4);
	assert_int_equal(dp->ops->adopt(dp, is_wanted, NULL), 0);
	assert_int_equal(find(ours)->owner, OURS);
	assert_int_equal(find(other)->owner, 0);
	assert_int_equal(find(theirs)->owner, THEIRS);
	assert_int_equal(dp->ops->dump(dp, count_relay, &n), 0);
	assert_int_equal(n, 1);
	end_and_tell(ours);
	await(1);
	assert_int_equal(reported[0].id, ours);
	assert_int_equal(dp->ops->del(dp, kernel.gone, NULL, NULL), -ENOENT);
}

static void test_ends(void **state)
{
	uint64_t id = add(1);

	(void)state;
	end_and_tell(id);
	await(1);
	assert_int_equal(reported[0].id, id);
	assert_int_equal(reported[0].reason, RELAY_REASON_EOF);
	assert_int_equal(reported[0].to_peer.bytes, 1000 + id);
	assert_int_equal(kernel.dumps, 0);
}

static void test_ends_of_others(void **state)
{
	uint64_t id = add(1);

	(void)state;
	end_and_tell(make(THEIRS, 1));
	end_and_tell(id);
	await(1);
	assert_int_equal(reported[0].id, id);
}

static uint64_t counted(enum counter what)
{
	uint64_t sum[COUNTERS] = { 0 };

	counters_add(sum, NULL);
	return sum[what];
}

/* Three relays, of which one has ended, and another one has told it. */
static void test_lost(void **state)
{
	uint64_t lost = add(1), told = add(1), alive = add(1);
	uint64_t losses = counted(COUNT_EVENTS_LOST), unseen = counted(COUNT_RELAY_ENDS_UNSEEN);

	(void)state;
	make(THEIRS, 1);
	end(lost, KTURN_END_REASON_EOF);
	lose_events();
	end_and_tell(told);
	await(2);
	rest();
	assert_int_equal(counted(COUNT_EVENTS_LOST), losses + 1);
	assert_int_equal(counted(COUNT_RELAY_ENDS_UNSEEN), unseen + 1);
	assert_int_equal(n_reported, 2);
	assert_int_equal(reported[0].id, told);
	assert_int_equal(reported[0].reason, RELAY_REASON_EOF);
	assert_int_equal(reported[1].id, lost);
	assert_int_equal(reported[1].reason, RELAY_REASON_ERROR);
	assert_int_equal(reported[1].error, ENOBUFS);
	end_and_tell(alive);
	await(3);
	assert_int_equal(reported[2].reason, RELAY_REASON_EOF);
}

/* However often some get lost, the list is asked for once. */
static void test_lost_again_and_again(void **state)
{
	uint64_t lost = add(1);

	(void)state;
	end(lost, KTURN_END_REASON_EOF);
	for (int i = 0; i < 10; i++)
		lose_events();
	await(1);
	rest();
	assert_int_equal(reported[0].id, lost);
	assert_int_equal(kernel.dumps, 1);
	assert_int_equal(n_reported, 1);
}

/* Without a list nothing is known, and nothing is said to have ended. */
static void test_list_fails(void **state)
{
	uint64_t lost = add(1);

	(void)state;
	add(1);
	kernel.dumps_to_fail = 2;
	end(lost, KTURN_END_REASON_EOF);
	lose_events();
	await(1);
	assert_int_equal(reported[0].id, lost);
	assert_int_equal(kernel.dumps, 3);
}

/* One that ends just then is not in the list, but it tells. */
static void test_ends_meanwhile(void **state)
{
	uint64_t id = add(1);

	(void)state;
	kernel.tell_late = id;
	lose_events();
	await(1);
	rest();
	assert_int_equal(n_reported, 1);
	assert_int_equal(reported[0].reason, RELAY_REASON_EOF);
	assert_int_equal(reported[0].to_peer.bytes, 1000 + id);
}

static void count_final(const struct relay_info *info, void *arg)
{
	(void)info;
	++*(unsigned int *)arg;
}

/* An end that has been told by the time the group goes is told before it goes. */
static void test_group(void **state)
{
	uint64_t over = add(5);
	unsigned int final = 0;

	(void)state;
	add(5);
	add(6);
	end_and_tell(over);
	lose_events();
	assert_int_equal(dp->ops->del_group(dp, 5, count_final, &final), 0);
	assert_int_equal(final, 1);
	assert_int_equal(n_reported, 1);
	assert_int_equal(reported[0].id, over);
	rest();
	assert_int_equal(kernel.dumps, 1);
	assert_int_equal(n_reported, 1);
}

static void count_info(const struct relay_info *info, void *arg)
{
	assert_int_equal(info->group, 9);
	++*(unsigned int *)arg;
}

static void test_dump(void **state)
{
	unsigned int n = 0;

	(void)state;
	add(9);
	make(THEIRS, 8);
	add(9);
	assert_int_equal(dp->ops->dump(dp, count_info, &n), 0);
	assert_int_equal(n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hears_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_adopts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ends_of_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_again_and_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ends_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dump, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
