// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relays on a screen that lives: one dump an interval, straight from the module.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "limit.h"
#include "relay_filter.h"
#include "top_screen.h"

#define INTERVAL_MS	1000
#define INTERVAL_MIN_MS	100
#define INTERVAL_MAX_MS	3600000

/**
 * struct top - all of a run
 * @next_ms: when the next dump is due, by the clock of now_ms()
 * @rows: room for @room
 * @why: what has ended it, or NULL; said when the terminal is as it was
 */
struct top {
	struct kturn_genl *genl;
	struct relay_filter filter;
	uint64_t interval_ms, next_ms;
	struct top_rates rates;
	struct top_view view;
	const struct top_relay **rows;
	size_t room;
	int signals;
	bool over;
	const char *why;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(struct top *top, const char *why)
{
	top->over = true;
	top->why = why;
}

/* --- what there is */

static void take(const struct kturn_relay *relay, void *arg)
{
	struct top *top = arg;

	top->view.all++;
	if (relay_filter_fits(&top->filter, relay) && top_rates_add(&top->rates, relay))
		fail(top, "out of memory");
}

static bool make_room(struct top *top)
{
	const struct top_relay **rows;

	if (top->rates.count <= top->room)
		return true;
	rows = reallocarray(top->rows, top->rates.room, sizeof(*rows));
	if (!rows)
		return false;
	top->rows = rows;
	top->room = top->rates.room;
	return true;
}

static void sort(struct top *top)
{
	top_sort(&top->rates, top->view.order, top->view.reverse, top->rows);
	top->view.rows = top->rows;
}

static void look(struct top *top)
{
	top->next_ms = now_ms() + top->interval_ms;
	top->view.all = 0;
	top_rates_begin(&top->rates);
	if (kturn_relay_each(top->genl, &top->filter.which, take, top))
		fail(top, kturn_genl_why(top->genl));
	else if (!make_room(top))
		fail(top, "out of memory");
	if (top->over)
		return;
	top->view.total = top_total(&top->rates);
	sort(top);
}

/* --- keys */

/* The same key again turns the order round. */
static void set_order(struct top *top, enum top_order order)
{
	top->view.reverse = order == top->view.order && !top->view.reverse;
	top->view.order = order;
	top->view.first = 0;
	sort(top);
}

/* As many rows down, or up. From then on that relay stays chosen, wherever it moves. */
static void choose(struct top *top, long rows)
{
	long at = 0, last = (long)top->rates.count - 1;

	if (last < 0)
		return;
	for (long i = 0; i <= last; i++)
		if (top->rows[i]->id == top->view.chosen)
			at = i;
	at += rows;
	at = at < 0 ? 0 : at > last ? last : at;
	top->view.chosen = top->rows[at]->id;
}

static void press(struct top *top, enum top_key key)
{
	long page = screen_page();

	switch (key) {
	case TOP_KEY_RATE:	set_order(top, TOP_BY_RATE); break;
	case TOP_KEY_AGE:	set_order(top, TOP_BY_AGE); break;
	case TOP_KEY_WAITING:	set_order(top, TOP_BY_WAITING); break;
	case TOP_KEY_ID:	set_order(top, TOP_BY_ID); break;
	case TOP_KEY_UP:	choose(top, -1); break;
	case TOP_KEY_DOWN:	choose(top, 1); break;
	case TOP_KEY_PAGE_UP:	choose(top, -page); break;
	case TOP_KEY_PAGE_DOWN:	choose(top, page); break;
	case TOP_KEY_HOME:	top->view.chosen = 0; break;
	case TOP_KEY_PAUSE:	top->view.paused = !top->view.paused; break;
	case TOP_KEY_QUIT:	top->over = true; break;
	case TOP_KEY_OTHER:
	case TOP_KEY_NONE:	break;
	}
}

static void take_keys(struct top *top)
{
	enum top_key key;

	while (!top->over && (key = screen_key()) != TOP_KEY_NONE)
		press(top, key);
}

/* --- the whole */

static void take_signal(struct top *top)
{
	struct signalfd_siginfo info;

	if (read(top->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		screen_resize();
	else
		top->over = true;
}

/* Until a key, a signal, or the next look is due. */
static void await(struct top *top)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = top->signals, .events = POLLIN },
	};
	uint64_t now = now_ms();
	int ready = poll(fds, 2, top->next_ms > now ? (int)(top->next_ms - now) : 0);

	if (ready <= 0)
		return;
	if (fds[1].revents)
		take_signal(top);
	else if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		top->over = true;	/* the terminal is no more */
	else
		take_keys(top);
}

static void run(struct top *top)
{
	while (!top->over) {
		if (!top->view.paused && now_ms() >= top->next_ms)
			look(top);
		else if (now_ms() >= top->next_ms)
			top->next_ms = now_ms() + top->interval_ms;
		if (top->over)
			return;
		screen_show(&top->view);
		await(top);
	}
}

/* All that would end it otherwise, with the terminal left as it is. */
static bool catch_signals(struct top *top)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	top->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return top->signals >= 0;
}

static int run_on_terminal(struct top *top)
{
	if (!catch_signals(top) || !screen_open()) {
		complain("this terminal cannot be used");
		return EXIT_FAILURE;
	}
	run(top);
	screen_close();
	if (!top->why)
		return EXIT_SUCCESS;
	complain("%s", top->why);
	return EXIT_FAILURE;
}

static bool set_interval(struct top *top, const char *text)
{
	top->interval_ms = INTERVAL_MS;
	if (!text || (limit_parse_time(text, &top->interval_ms) &&
		      top->interval_ms >= INTERVAL_MIN_MS && top->interval_ms <= INTERVAL_MAX_MS))
		return true;
	complain("\"%s\" is not a time between 100ms and 1h", text);
	return false;
}

int top_run(const struct options *opt, int count, char **args)
{
	struct top top = { .signals = -1, .view.order = TOP_BY_RATE };
	int status;

	(void)count, (void)args;
	if (!relay_filter_read(&top.filter, opt) || !set_interval(&top, opt->interval))
		return EXIT_USAGE;
	if (opt->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		complain("top is for a terminal; for programs there is relay list -j");
		return EXIT_USAGE;
	}
	top.view.rates = &top.rates;
	top.genl = connect_module();
	if (!top.genl)
		return EXIT_FAILURE;
	status = run_on_terminal(&top);
	kturn_genl_close(top.genl);
	top_rates_free(&top.rates);
	free(top.rows);
	if (top.signals >= 0)
		close(top.signals);
	return status;
}

const struct verb top_verbs[] = {
	{
		.name = "",
		.takes = "[FILTER...]",
		.does = "relays on a screen: rates, and who waits for whom",
		.takes_group = true,
		.options = TOP_OPTIONS,
		.run = top_run,
	},
	{ .name = NULL },
};
