// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "crowd.h"

#define SWEEP_MS	1000	/* those who are closed come back, the slow ones say a byte */
#define EVENTS		256
#define SAYS_MAX	1024
#define BURST		64	/* datagrams in one go */
#define DATAGRAM_MAX	256

/* One connection. */
struct member {
	int fd;			/* -1: closed */
	bool been;
	size_t said;
};

/* What a process of them has. */
struct band {
	const struct wire *wire;
	enum crowd_kind kind;
	struct crowd_tally *tally;
	struct member *member;
	unsigned int size;
	int epoll;
};

/* --- what they say */

static uint8_t hello[SAYS_MAX];
static size_t hello_len;

static ssize_t keep_hello(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	(void)ptr;
	if (len > sizeof(hello) - hello_len)
		return -1;
	memcpy(hello + hello_len, data, len);
	hello_len += len;
	return len;
}

static ssize_t never(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	(void)data, (void)len;
	gnutls_transport_set_errno(ptr, EAGAIN);
	return -1;
}

/* A ClientHello as a client says it. One is enough: to the server they are strangers. */
static int write_hello(void)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;

	if (gnutls_certificate_allocate_credentials(&credentials) ||
	    gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK))
		return -1;
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_ptr(session, session);
	gnutls_transport_set_push_function(session, keep_hello);
	gnutls_transport_set_pull_function(session, never);
	gnutls_handshake(session);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	return hello_len ? 0 : -1;
}

static void put_header(uint8_t *p, uint16_t type, uint16_t len)
{
	static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 };

	memset(p, 0, STUN_HEADER_LEN);
	p[0] = type >> 8;
	p[1] = type;
	p[2] = len >> 8;
	p[3] = len;
	memcpy(p + 4, cookie, sizeof(cookie));
	for (size_t i = 8; i < STUN_HEADER_LEN; i++)
		p[i] = random();
}

/*
 * Something that wants to be read, and then to be refused: unsigned, signed by nobody,
 * with attributes that lie about their length, of no method at all, or no STUN. Returns
 * its length; over TCP each of them leaves the next one where it can be found.
 */
static size_t write_bad_request(uint8_t *p, bool datagram)
{
	static const uint16_t types[] = { 0x0003, 0x0004, 0x0008, 0x000a, 0x000b, 0x0abc };
	size_t len = random() % 32 * 4;

	put_header(p, types[random() % (sizeof(types) / sizeof(types[0]))], len);
	for (size_t i = 0; i < len; i++)
		p[STUN_HEADER_LEN + i] = random();
	/* The first attribute is USERNAME, REQUESTED-TRANSPORT or MESSAGE-INTEGRITY. */
	if (len >= 4) {
		p[STUN_HEADER_LEN] = 0;
		p[STUN_HEADER_LEN + 1] = (const uint8_t[]){ 0x06, 0x19, 0x08 }[random() % 3];
		p[STUN_HEADER_LEN + 2] = 0;
	}
	if (datagram && !(random() % 4))
		p[random() % STUN_HEADER_LEN] = random();
	return STUN_HEADER_LEN + len;
}

/* --- connections */

static void leave(struct band *band, struct member *member)
{
	close(member->fd);
	member->fd = -1;
	if (member->been)
		band->tally->back++;
}

static void come(struct band *band, struct member *member)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = member };
	const union addr *server = &band->wire->server;

	member->said = 0;
	member->fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (member->fd < 0)
		return;
	if ((connect(member->fd, &server->sa, addr_len(server)) && errno != EINPROGRESS) ||
	    epoll_ctl(band->epoll, EPOLL_CTL_ADD, member->fd, &event)) {
		close(member->fd);
		member->fd = -1;
	}
}

static void say(struct band *band, struct member *member, const uint8_t *words, size_t len)
{
	ssize_t n = send(member->fd, words, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		member->said += n;
	else if (n < 0 && errno != EAGAIN)
		leave(band, member);
}

/* One of eight has the server do its half of the handshake, and forgets about it. */
static void begin_handshake(struct band *band, struct member *member)
{
	bool all = (member - band->member) % 8 == 0;

	if (!member->said)
		say(band, member, hello, all ? hello_len : hello_len / 2);
}

/* Every other one has begun a handshake, the others an Allocate request. */
static void say_a_byte(struct band *band, struct member *member)
{
	static const uint8_t request[STUN_HEADER_LEN + 4] = {
		0, 3, 1, 0, 0x21, 0x12, 0xa4, 0x42, [STUN_HEADER_LEN] = 0, 0x06, 0, 200,
	};
	static const uint8_t filler[1];
	const uint8_t *words = request;
	size_t len = sizeof(request);

	if ((member - band->member) % 2) {
		words = hello;
		len = hello_len;
	}
	say(band, member, member->said < len ? words + member->said : filler, 1);
}

/* Of its answers only every other one takes notice. */
static void blast(struct band *band, struct member *member)
{
	uint8_t words[16 * DATAGRAM_MAX];
	size_t len = 0;

	while (len + DATAGRAM_MAX <= sizeof(words))
		len += write_bad_request(words + len, false);
	say(band, member, words, len);
}

static void arrive(struct band *band, struct member *member)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = member };

	if (!member->been)
		band->tally->came++;
	member->been = true;
	if (band->kind == CROWD_HALF_OPEN)
		begin_handshake(band, member);
	else if (band->kind == CROWD_SLOW && !member->said)
		say_a_byte(band, member);
	/* A flood goes on as long as there is room. */
	if (band->kind != CROWD_TCP && member->fd >= 0)
		epoll_ctl(band->epoll, EPOLL_CTL_MOD, member->fd, &event);
}

/* Return: whether the connection is over. */
static bool take_answers(struct band *band, struct member *member)
{
	uint8_t buf[4096];
	ssize_t n;

	if (band->kind == CROWD_TCP && (member - band->member) % 2)
		return false;
	n = recv(member->fd, buf, sizeof(buf), MSG_DONTWAIT);
	return !n || (n < 0 && errno != EAGAIN);
}

static void on_event(struct band *band, const struct epoll_event *event)
{
	struct member *member = event->data.ptr;

	if (member->fd < 0)
		return;
	if (event->events & (EPOLLERR | EPOLLHUP) ||
	    (event->events & EPOLLIN && take_answers(band, member))) {
		leave(band, member);
		return;
	}
	if (!(event->events & EPOLLOUT))
		return;
	arrive(band, member);
	if (band->kind == CROWD_TCP && member->fd >= 0)
		blast(band, member);
}

static void sweep(struct band *band)
{
	for (unsigned int i = 0; i < band->size; i++) {
		struct member *member = &band->member[i];

		if (member->fd < 0)
			come(band, member);
		else if (band->kind == CROWD_SLOW && member->said)
			say_a_byte(band, member);
	}
}

static void connections(struct band *band)
{
	struct epoll_event events[EVENTS];
	int64_t last = 0;

	band->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (;;) {
		int n;

		if (net_now() - last >= SWEEP_MS) {
			last = net_now();
			sweep(band);
		}
		n = epoll_wait(band->epoll, events, EVENTS, SWEEP_MS / 10);
		for (int i = 0; i < n; i++)
			on_event(band, &events[i]);
	}
}

/* --- datagrams */

static void datagrams(struct band *band)
{
	static uint8_t words[BURST][DATAGRAM_MAX];
	struct mmsghdr msg[BURST] = { 0 };
	struct iovec iov[BURST];
	const union addr *server = &band->wire->server;

	for (unsigned int i = 0; i < band->size; i++) {
		band->member[i].fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		connect(band->member[i].fd, &server->sa, addr_len(server));
	}
	for (unsigned int turn = 0;; turn++) {
		int fd = band->member[turn % band->size].fd, n;

		for (unsigned int i = 0; i < BURST; i++) {
			iov[i] = (struct iovec){ words[i], write_bad_request(words[i], true) };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = sendmmsg(fd, msg, BURST, 0);
		if (n > 0)
			band->tally->came += n;
		/* What came back stays in the sockets' buffers, and then gets lost. */
		else if (errno == EAGAIN)
			poll(&(struct pollfd){ fd, POLLOUT, 0 }, 1, SWEEP_MS);
	}
}

/* --- their process */

static bool need_descriptors(unsigned int n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > n + 64;
}

static void go_on(struct crowd *crowd, const struct wire *wire)
{
	struct band band = {
		.wire = wire,
		.kind = crowd->kind,
		.tally = crowd->tally,
		.member = calloc(crowd->size, sizeof(*band.member)),
		.size = crowd->size,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0; i < band.size; i++)
		band.member[i].fd = -1;
	if (crowd->kind == CROWD_UDP)
		datagrams(&band);
	else
		connections(&band);
}

int crowd_start(struct crowd *crowd, const struct wire *wire, enum crowd_kind kind,
		unsigned int size)
{
	crowd->kind = kind;
	crowd->size = size;
	expect(need_descriptors(size), "too few descriptors for %u: ulimit -n", size);
	expect(hello_len || !write_hello(), "no ClientHello");
	crowd->tally = mmap(NULL, sizeof(*crowd->tally), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect(crowd->tally != MAP_FAILED, "no memory");
	crowd->pid = fork();
	if (!crowd->pid)
		go_on(crowd, wire);
	expect(crowd->pid > 0, "no process");
	return 0;
}

int crowd_gather(const struct crowd *crowd, int timeout_ms)
{
	int64_t until = net_now() + timeout_ms;

	while (crowd->tally->came < crowd->size && net_now() < until)
		usleep(50 * 1000);
	expect(crowd->tally->came >= crowd->size, "only %lu of %u came",
	       (unsigned long)crowd->tally->came, crowd->size);
	return 0;
}

int crowd_stop(struct crowd *crowd)
{
	int status, err = kill(crowd->pid, SIGKILL);

	waitpid(crowd->pid, &status, 0);
	expect(!err && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "the crowd has ended by itself");
	return 0;
}
