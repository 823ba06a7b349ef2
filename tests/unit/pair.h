/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two ends of a connection; after cmocka.h.
 */
#ifndef KTURN_PAIR_H
#define KTURN_PAIR_H

#include <event2/util.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void connect_pair(int *ours, int *theirs)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	*ours = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ours, (struct sockaddr *)&sin, len), 0);
	*theirs = accept(listener, NULL, NULL);
	assert_true(*theirs >= 0);
	close(listener);
	evutil_make_socket_nonblocking(*ours);
	evutil_make_socket_nonblocking(*theirs);
}

#endif
