// SPDX-License-Identifier: GPL-2.0-only
#define _XOPEN_SOURCE_EXTENDED 1	/* ncurses with more than ASCII */
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "sparkline.h"
#include "text.h"
#include "top_row.h"
#include "top_screen.h"

#define HEAD_LINES	2	/* totals, titles */
#define KEYS_LINES	1
#define MORE_LINES	4	/* about one relay, and a blank one */
#define ENOUGH_LINES	12	/* below that there is no room to tell more */
#define ROWS_MAX	512	/* of the tallest screen */
#define CURVE_MIN	6	/* columns; a shorter curve says nothing */

enum { RED = 1 };

static const struct {
	const char *title;
	bool right;
	int least;	/* so that the next column does not jump about */
} columns[TOP_COLUMNS] = {
	[TOP_ID]		= { "ID", true, 0 },
	[TOP_CLIENT]		= { "CLIENT", false, 0 },
	[TOP_PEER]		= { "PEER", false, 0 },
	[TOP_RATE_TO_PEER]	= { "TO PEER", true, 11 },
	[TOP_RATE_TO_CLIENT]	= { "TO CLIENT", true, 11 },
	[TOP_WAITS_FOR]		= { "WAITS FOR", false, 11 },
	[TOP_AGE]		= { "AGE", true, 6 },
};

static SCREEN *screen;
static bool utf8, colour;

bool screen_open(void)
{
	const char *no_color = getenv("NO_COLOR");

	setlocale(LC_CTYPE, "");
	utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	colour = has_colors() && !(no_color && *no_color);
	if (colour) {
		start_color();
		use_default_colors();
		init_pair(RED, COLOR_RED, -1);
	}
	return true;
}

void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void screen_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return;
	resizeterm(size.ws_row, size.ws_col);
	clear();
}

/* --- where what stands */

static int more_lines(void)
{
	return LINES >= ENOUGH_LINES ? MORE_LINES : 0;
}

static size_t rows_that_fit(void)
{
	int lines = LINES - HEAD_LINES - KEYS_LINES - more_lines();

	return lines < 0 ? 0 : lines > ROWS_MAX ? ROWS_MAX : lines;
}

size_t screen_page(void)
{
	size_t rows = rows_that_fit();

	return rows ? rows : 1;
}

/* Behind the last column curses would go on in the next line. */
static void put(int line, int column, const char *text)
{
	if (line >= 0 && line < LINES && column < COLS)
		mvaddnstr(line, column, text, COLS - column);
}

/* What has more bytes than columns, and is known to fit. */
static void put_curve(int line, int column, const char *curve)
{
	mvaddstr(line, column, curve);
}

/* --- the head */

static void show_totals(const struct top_view *view)
{
	char peer[TOP_CELL_LEN], client[TOP_CELL_LEN], text[256], clock[16];
	time_t now = time(NULL);
	struct tm local;

	strftime(clock, sizeof(clock), "%T", localtime_r(&now, &local));
	snprintf(text, sizeof(text),
		 "kturn top  %s  %zu of %llu relays, %zu waiting  to peer %s  to client %s%s",
		 clock, view->rates->count, (unsigned long long)view->all, view->total.waiting,
		 top_rate_text(view->total.rate[TOP_TO_PEER], peer),
		 top_rate_text(view->total.rate[TOP_TO_CLIENT], client),
		 view->paused ? "  PAUSED" : "");
	attron(A_BOLD);
	put(0, 0, text);
	attroff(A_BOLD);
}

static void show_keys(const struct top_view *view)
{
	static const struct {
		const char *text;
		int order;
	} keys[] = {
		{ "r rate", TOP_BY_RATE }, { "a age", TOP_BY_AGE }, { "w waiting", TOP_BY_WAITING },
		{ "i id", TOP_BY_ID }, { "Up/Down choose", -1 }, { "p pause", -1 },
		{ "q quit", -1 },
	};
	int column = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool on = keys[i].order == (int)view->order;
		char text[32];

		snprintf(text, sizeof(text), "%s%s", keys[i].text,
			 !on ? "" : view->reverse ? " <" : " >");
		attrset(on ? A_BOLD | A_UNDERLINE : A_NORMAL);
		put(LINES - 1, column, text);
		column += strlen(text) + 2;
	}
	attrset(A_NORMAL);
}

/* --- the list */

/* The cells of the rows that are on the screen, and how wide their columns are. */
struct list {
	size_t rows;
	int width[TOP_COLUMNS];
	char cell[ROWS_MAX][TOP_COLUMNS][TOP_CELL_LEN];
};

static void fill_list(struct list *list, const struct top_view *view)
{
	size_t left = view->rates->count - view->first, page = rows_that_fit();

	list->rows = left < page ? left : page;
	for (int c = 0; c < TOP_COLUMNS; c++) {
		list->width[c] = strlen(columns[c].title);
		if (list->width[c] < columns[c].least)
			list->width[c] = columns[c].least;
		for (size_t i = 0; i < list->rows; i++) {
			char buf[TOP_CELL_LEN];
			const char *text = top_cell(view->rows[view->first + i], c, buf);

			snprintf(list->cell[i][c], TOP_CELL_LEN, "%s", text);
			if ((int)strlen(text) > list->width[c])
				list->width[c] = strlen(text);
		}
	}
}

static void show_cells(int line, const struct list *list, const char *(*text)(size_t row, int c),
		       size_t row)
{
	int at = 0;

	for (int c = 0; c < TOP_COLUMNS; c++) {
		char padded[TOP_CELL_LEN + 16];

		snprintf(padded, sizeof(padded), columns[c].right ? "%*s" : "%-*s",
			 list->width[c], text(row, c));
		put(line, at, padded);
		at += list->width[c] + 1;
	}
}

static struct list list;

static const char *title_text(size_t row, int c)
{
	(void)row;
	return columns[c].title;
}

static const char *cell_text(size_t row, int c)
{
	return list.cell[row][c];
}

/* What both directions moved together, in what room there is at the right. */
static void show_curve(int line, const struct top_view *view, const struct top_relay *relay)
{
	float sum[TOP_HISTORY], other[TOP_HISTORY];
	char curve[SPARKLINE_LEN(TOP_HISTORY)];
	int at = 0, room;

	for (int c = 0; c < TOP_COLUMNS; c++)
		at += list.width[c] + 1;
	room = COLS - at;
	if (room < CURVE_MIN)
		return;
	if (room > TOP_HISTORY)
		room = TOP_HISTORY;
	top_history(view->rates, &relay->flow[TOP_TO_PEER], sum);
	top_history(view->rates, &relay->flow[TOP_TO_CLIENT], other);
	for (size_t i = 0; i < TOP_HISTORY; i++)
		sum[i] = sum[i] < 0 ? sum[i] : sum[i] + other[i];
	put_curve(line, at, sparkline(sum + TOP_HISTORY - room, room, utf8, curve));
}

static void show_list(const struct top_view *view, size_t chosen)
{
	fill_list(&list, view);
	attrset(A_BOLD | A_UNDERLINE);
	show_cells(1, &list, title_text, 0);
	for (size_t i = 0; i < list.rows; i++) {
		const struct top_relay *relay = view->rows[view->first + i];
		int look = view->first + i == chosen ? A_REVERSE : A_NORMAL;

		if (colour && top_waited_ms(relay))
			look |= COLOR_PAIR(RED);
		attrset(look);
		show_cells(HEAD_LINES + i, &list, cell_text, i);
		show_curve(HEAD_LINES + i, view, relay);
	}
	attrset(A_NORMAL);
	if (!view->rates->count && rows_that_fit())
		put(HEAD_LINES, 0, view->all ? "no such relays" : "no relays");
}

/* --- more about one */

static void show_flow(int line, const struct top_view *view, const struct top_relay *relay,
		      enum top_direction direction)
{
	const struct top_flow *flow = &relay->flow[direction];
	char rate[TOP_CELL_LEN], bytes[TEXT_LEN], text[TOP_TEXT_LEN];
	char curve[SPARKLINE_LEN(TOP_HISTORY)], head[128];
	float history[TOP_HISTORY];
	int at;

	snprintf(head, sizeof(head), "%-9s %11s %9s ",
		 direction == TOP_TO_PEER ? "to peer" : "to client",
		 top_rate_text(flow->rate, rate), text_bytes(flow->bytes, bytes));
	put(line, 0, head);
	at = strlen(head);
	if (COLS >= 100) {
		top_history(view->rates, flow, history);
		put_curve(line, at, sparkline(history, TOP_HISTORY, utf8, curve));
		at += TOP_HISTORY + 1;
	}
	attrset(colour && flow->wait != TOP_NO_WAIT ? COLOR_PAIR(RED) : A_NORMAL);
	put(line, at, top_flow_text(relay, direction, text));
	attrset(A_NORMAL);
}

static void show_more(const struct top_view *view, const struct top_relay *relay)
{
	int line = LINES - KEYS_LINES - MORE_LINES + 1;
	char text[TOP_TEXT_LEN];

	attrset(A_BOLD);
	put(line, 0, top_relay_text(relay, text));
	attrset(A_NORMAL);
	show_flow(line + 1, view, relay, TOP_TO_PEER);
	show_flow(line + 2, view, relay, TOP_TO_CLIENT);
}

/* --- the whole */

static size_t find_chosen(const struct top_view *view)
{
	for (size_t i = 0; view->chosen && i < view->rates->count; i++)
		if (view->rows[i]->id == view->chosen)
			return i;
	return 0;
}

static void scroll_to(struct top_view *view, size_t row)
{
	size_t page = screen_page();

	if (view->first > row)
		view->first = row;
	else if (view->first + page <= row)
		view->first = row - page + 1;
}

void screen_show(struct top_view *view)
{
	size_t chosen = find_chosen(view);

	scroll_to(view, chosen);
	erase();
	show_totals(view);
	show_list(view, chosen);
	if (more_lines() && view->rates->count)
		show_more(view, view->rows[chosen]);
	show_keys(view);
	refresh();
}

enum top_key screen_key(void)
{
	switch (getch()) {
	case ERR:		return TOP_KEY_NONE;
	case 'r':		return TOP_KEY_RATE;
	case 'a':		return TOP_KEY_AGE;
	case 'w':		return TOP_KEY_WAITING;
	case 'i':		return TOP_KEY_ID;
	case 'k': case KEY_UP:	return TOP_KEY_UP;
	case 'j': case KEY_DOWN: return TOP_KEY_DOWN;
	case KEY_PPAGE:		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:		return TOP_KEY_HOME;
	case 'p': case ' ':	return TOP_KEY_PAUSE;
	case 'q':		return TOP_KEY_QUIT;
	default:		return TOP_KEY_OTHER;
	}
}
