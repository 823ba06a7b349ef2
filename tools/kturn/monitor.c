// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module tells of relays, as it comes.
 *
 * Two sockets: one hears, the other asks. When the first has lost something, the
 * second looks at all relays, and what came or went unheard is said.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "monitor_known.h"
#include "monitor_line.h"
#include "relay_filter.h"

#define CHECK_MS	2000	/* how long nothing may be heard until it is asked why */
#define AT_ONCE		256	/* notifications, before signals are looked at again */

/**
 * struct monitor - all of a run
 * @lost: something was not heard, and is to be made up for
 * @status: the exit status, once it is @over
 */
struct monitor {
	bool json;
	struct relay_filter filter;
	struct kturn_genl *hears, *asks;
	struct known known;
	int signals;
	bool lost, over;
	int status;
};

static void end(struct monitor *m, int status)
{
	m->over = true;
	m->status = status;
}

static void fail(struct monitor *m, const char *why)
{
	complain("%s", why);
	end(m, EXIT_FAILURE);
}

/* Nobody reads any more, as behind "| head -1": that is no failure. */
static void end_unread(struct monitor *m)
{
	if (!freopen("/dev/null", "w", stdout))
		clearerr(stdout);
	end(m, EXIT_SUCCESS);
}

static void write_out(struct monitor *m)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	if (errno == EPIPE)
		end_unread(m);
	else
		end(m, EXIT_FAILURE);	/* main() says why */
}

/* --- looking at all relays */

/* At the start: what is there is not news. */
static void see(const struct kturn_relay *relay, void *arg)
{
	struct monitor *m = arg;

	if (relay_filter_fits(&m->filter, relay) && known_found(&m->known, relay, false) < 0)
		fail(m, "out of memory");
}

static void see_again(const struct kturn_relay *relay, void *arg)
{
	struct monitor *m = arg;
	int is_new = relay_filter_fits(&m->filter, relay) ?
		     known_found(&m->known, relay, true) : 0;

	if (is_new > 0)
		monitor_line_relay(m->json, MONITOR_APPEARED, relay);
	else if (is_new < 0)
		fail(m, "out of memory");
}

static void say_gone(const struct known_relay *relay, void *arg)
{
	const struct monitor *m = arg;

	monitor_line_gone(m->json, relay);
}

static void look(struct monitor *m, void (*fn)(const struct kturn_relay *relay, void *arg))
{
	known_look(&m->known);
	if (kturn_relay_each(m->asks, &m->filter.which, fn, m))
		fail(m, kturn_genl_why(m->asks));
}

static void look_again(struct monitor *m)
{
	look(m, see_again);
	if (m->over)
		return;
	known_missing(&m->known, say_gone, m);
	monitor_line_synced(m->json, known_count(&m->known));
}

/* --- hearing */

static void take_added(struct monitor *m, const struct kturn_relay *relay)
{
	int news = relay_filter_fits(&m->filter, relay) ? known_added(&m->known, relay) : 0;

	if (news > 0)
		monitor_line_relay(m->json, MONITOR_ADDED, relay);
	else if (news < 0)
		fail(m, "out of memory");
}

/* What moves its bytes may have changed: who was meant is meant still. */
static void take_ended(struct monitor *m, const struct kturn_relay *relay)
{
	if (known_ended(&m->known, relay->id) || relay_filter_fits(&m->filter, relay))
		monitor_line_relay(m->json, MONITOR_ENDED, relay);
}

static void take(struct monitor *m, const struct kturn_event *event)
{
	if (event->cmd == KTURN_CMD_RELAY_ADD_NTF)
		take_added(m, &event->relay);
	else if (event->cmd == KTURN_CMD_RELAY_DEL_NTF)
		take_ended(m, &event->relay);
}

/* Return: whether there may be more. */
static bool hear_one(struct monitor *m)
{
	struct kturn_event event;
	int err = kturn_events_next(m->hears, &event);

	if (!err)
		take(m, &event);
	else if (err == -ENOBUFS)
		m->lost = true;
	else if (err != -EAGAIN)
		fail(m, kturn_genl_why(m->hears));
	return !m->over && err != -EAGAIN;
}

/*
 * What was kept comes before what was lost, so all relays are looked at when there is
 * no more; what is told from then on is kept again.
 */
static void hear(struct monitor *m)
{
	size_t heard = 0;

	while (heard < AT_ONCE && hear_one(m))
		heard++;
	if (heard == AT_ONCE || !m->lost || m->over)
		return;
	m->lost = false;
	monitor_line_lost(m->json);
	look_again(m);
}

/* A module that is gone tells nothing, that it goes neither. */
static void check(struct monitor *m)
{
	struct kturn_stats stats;

	if (!kturn_stats_get(m->asks, &stats))
		return;
	complain("the kturn module has gone: %s", kturn_genl_why(m->asks));
	end(m, EXIT_FAILURE);
}

/* --- the whole */

static void follow(struct monitor *m)
{
	struct pollfd fds[] = {
		{ .fd = kturn_genl_fd(m->hears), .events = POLLIN },
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO },	/* an error is: nobody reads */
	};

	while (!m->over) {
		int ready = poll(fds, sizeof(fds) / sizeof(fds[0]), CHECK_MS);

		if (ready < 0 && errno != EINTR)
			fail(m, strerror(errno));
		else if (!ready)
			check(m);
		else if (ready > 0 && fds[1].revents)
			end(m, EXIT_SUCCESS);
		else if (ready > 0 && fds[2].revents)
			end_unread(m);
		else if (ready > 0)
			hear(m);
		if (m->status == EXIT_SUCCESS)
			write_out(m);
	}
}

/* A signal that ends it is waited for with all the rest; a lost reader is an error. */
static bool catch_signals(struct monitor *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return m->signals >= 0;
}

/* As the module's requests need the privilege, so does this. */
static bool set_rcvbuf(struct monitor *m, uint64_t bytes)
{
	int size = bytes;

	return !bytes || !setsockopt(kturn_genl_fd(m->hears), SOL_SOCKET, SO_RCVBUFFORCE,
				     &size, sizeof(size));
}

/* Hearing comes first, so that nothing happens between it and the look. */
static void start(struct monitor *m, const struct options *opt)
{
	if (!set_rcvbuf(m, opt->rcvbuf) || !catch_signals(m)) {
		fail(m, strerror(errno));
		return;
	}
	if (kturn_events_join(m->hears, 0)) {
		fail(m, kturn_genl_why(m->hears));
		return;
	}
	look(m, see);
}

int monitor_run(const struct options *opt, int count, char **args)
{
	struct monitor m = { .json = opt->json, .signals = -1 };

	(void)count, (void)args;
	if (!relay_filter_read(&m.filter, opt))
		return EXIT_USAGE;
	m.hears = connect_module();
	m.asks = m.hears ? connect_module() : NULL;
	if (m.asks) {
		start(&m, opt);
		follow(&m);
		kturn_genl_close(m.asks);
	} else {
		m.status = EXIT_FAILURE;
	}
	if (m.hears)
		kturn_genl_close(m.hears);
	known_free(&m.known);
	if (m.signals >= 0)
		close(m.signals);
	return m.status;
}

const struct verb monitor_verbs[] = {
	{
		.name = "",
		.takes = "[FILTER...]",
		.does = "relays that come and go, as they do",
		.takes_group = true,
		.options = MONITOR_OPTIONS,
		.run = monitor_run,
	},
	{ .name = NULL },
};
