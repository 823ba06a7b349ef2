// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net.h"

#define FD_MAX		4096
#define PENDING_MAX	8
#define TLS_PORT	5349

/* One of the daemon's sockets, found by its descriptor. */
struct fake {
	bool used, datagrams, listening, reuse_port;
	uint32_t serial;
	union addr local, remote;
	int far;		/* the fuzzer's end, -1 once that is closed */
	int error;		/* for SO_ERROR */
	int pending[PENDING_MAX];
	unsigned int n_pending;
};

static struct fake fakes[FD_MAX];
static uint32_t last_serial;
static unsigned int n_fakes;
static int fd_end;		/* behind the highest descriptor ever used */

static struct fake *fake_of(int fd)
{
	return fd >= 0 && fd < FD_MAX && fakes[fd].used ? &fakes[fd] : NULL;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int make_fake(int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair))
		return -1;
	if (pair[0] >= FD_MAX) {
		syscall(SYS_close, pair[0]);
		syscall(SYS_close, pair[1]);
		return fail(EMFILE);
	}
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	fakes[pair[0]] = (struct fake){
		.used = true, .datagrams = (type & 0xf) == SOCK_DGRAM,
		.serial = ++last_serial, .far = pair[1],
	};
	n_fakes++;
	if (fd_end <= pair[0])
		fd_end = pair[0] + 1;
	return pair[0];
}

static bool is_local(const union addr *addr)
{
	static const char *const ours[] = { NET_HOST, NET_HOST6, NET_SECOND };
	union addr own;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!addr_parse(&own, ours[i]) && addr_same_ip(&own, addr))
			return true;
	return addr_is_any(addr) || addr_is_loopback(addr);
}

/* UDP sockets listen as soon as they are bound. */
static bool listens_at(const struct fake *fake, const union addr *addr, bool datagrams)
{
	return fake->used && fake->listening && fake->datagrams == datagrams &&
	       addr_equal(&fake->local, addr);
}

static unsigned int count_listeners(const union addr *addr, bool datagrams)
{
	unsigned int n = 0;

	for (int fd = 0; fd < fd_end; fd++)
		n += listens_at(&fakes[fd], addr, datagrams);
	return n;
}

/* Of those that share an address the client's port chooses one, as the kernel's hash. */
static struct fake *listener_for(const union addr *addr, bool datagrams, const union addr *from)
{
	unsigned int n = count_listeners(addr, datagrams), nth = n ? addr_port(from) % n : 0;

	for (int fd = 0; fd < fd_end; fd++)
		if (listens_at(&fakes[fd], addr, datagrams) && !nth--)
			return &fakes[fd];
	return NULL;
}

static void copy_addr(const union addr *from, struct sockaddr *to, socklen_t *len)
{
	if (!to || !len)
		return;
	memcpy(to, from, *len < addr_len(from) ? *len : addr_len(from));
	*len = addr_len(from);
}

/* --- what the daemon calls */

int socket(int domain, int type, int protocol)
{
	if (domain != AF_INET && domain != AF_INET6)
		return syscall(SYS_socket, domain, type, protocol);
	return make_fake(type);
}

int bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct fake *fake = fake_of(fd);
	union addr addr;

	if (!fake)
		return syscall(SYS_bind, fd, sa, len);
	if (addr_from_sockaddr(&addr, sa) || !is_local(&addr))
		return fail(EADDRNOTAVAIL);
	if (addr_port(&addr) && !fake->reuse_port &&
	    count_listeners(&addr, fake->datagrams))
		return fail(EADDRINUSE);
	fake->local = addr;
	fake->listening = fake->datagrams;
	return 0;
}

int listen(int fd, int backlog)
{
	struct fake *fake = fake_of(fd);

	if (!fake)
		return syscall(SYS_listen, fd, backlog);
	fake->listening = true;
	return 0;
}

/* An unwritable socket is one that is not connected yet. */
static void stuff(int fd)
{
	static const char junk[4096];
	const int least = 1;

	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	while (send(fd, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct fake *fake = fake_of(fd);

	if (!fake)
		return syscall(SYS_connect, fd, sa, len);
	if (addr_from_sockaddr(&fake->remote, sa))
		return fail(EAFNOSUPPORT);
	switch (addr_port(&fake->remote) % NET_FATES) {
	case NET_REFUSES:
		return fail(ECONNREFUSED);
	case NET_REFUSES_LATER:
		fake->error = ECONNREFUSED;
		break;
	case NET_NEVER_ANSWERS:
		stuff(fd);
		break;
	}
	return fail(EINPROGRESS);
}

int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	struct fake *fake = fake_of(fd);
	int accepted;
	char byte;

	if (!fake)
		return syscall(SYS_accept4, fd, sa, len, flags);
	if (!fake->n_pending)
		return fail(EAGAIN);
	accepted = fake->pending[0];
	memmove(fake->pending, fake->pending + 1, --fake->n_pending * sizeof(int));
	if (read(fd, &byte, 1) != 1)
		return fail(EAGAIN);
	copy_addr(&fakes[accepted].remote, sa, len);
	return accepted;
}

int accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return accept4(fd, sa, len, 0);
}

/* On the way a datagram has the other side's address before it. */
struct parcel {
	union addr addr;
	uint32_t segment;	/* of several; 0 */
	uint8_t payload[65536];
};

#define PARCEL_HEAD offsetof(struct parcel, payload)

static struct parcel parcel;

static void tell_segment(struct msghdr *msg)
{
	const int segment = parcel.segment;
	struct cmsghdr *cmsg;

	if (!segment || msg->msg_controllen < CMSG_SPACE(sizeof(segment))) {
		msg->msg_controllen = 0;
		return;
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_UDP;
	cmsg->cmsg_type = UDP_GRO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(cmsg), &segment, sizeof(segment));
	msg->msg_controllen = CMSG_SPACE(sizeof(segment));
}

static bool receive_parcel(int fd, struct msghdr *msg, unsigned int *len)
{
	ssize_t n = recv(fd, &parcel, sizeof(parcel), MSG_DONTWAIT);

	if (n < (ssize_t)PARCEL_HEAD)
		return false;
	n -= PARCEL_HEAD;
	if ((size_t)n > msg->msg_iov[0].iov_len)
		n = msg->msg_iov[0].iov_len;
	memcpy(msg->msg_iov[0].iov_base, parcel.payload, n);
	copy_addr(&parcel.addr, msg->msg_name, &msg->msg_namelen);
	tell_segment(msg);
	*len = n;
	return true;
}

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout)
{
	unsigned int got = 0;

	if (!fake_of(fd))
		return syscall(SYS_recvmmsg, fd, msgs, n, flags, timeout);
	while (got < n && !(flags & MSG_ERRQUEUE) && receive_parcel(fd, &msgs[got].msg_hdr, &msgs[got].msg_len))
		got++;
	return got ? (int)got : fail(EAGAIN);
}

static void send_parcel(int fd, const union addr *addr, const struct iovec *iov, size_t n,
			uint16_t segment)
{
	size_t len = 0;

	parcel.addr = *addr;
	parcel.segment = segment;
	for (size_t i = 0; i < n && len + iov[i].iov_len <= sizeof(parcel.payload); i++) {
		memcpy(parcel.payload + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	send(fd, &parcel, PARCEL_HEAD + len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	if (!fake_of(fd))
		return syscall(SYS_sendmmsg, fd, msgs, n, flags);
	for (unsigned int i = 0; i < n; i++) {
		const struct msghdr *msg = &msgs[i].msg_hdr;

		send_parcel(fd, msg->msg_name, msg->msg_iov, msg->msg_iovlen, 0);
	}
	return n;
}

int getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct fake *fake = fake_of(fd);

	if (!fake)
		return syscall(SYS_getsockname, fd, sa, len);
	copy_addr(&fake->local, sa, len);
	return 0;
}

int getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct fake *fake = fake_of(fd);

	if (!fake)
		return syscall(SYS_getpeername, fd, sa, len);
	copy_addr(&fake->remote, sa, len);
	return 0;
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	struct fake *fake = fake_of(fd);

	if (!fake || level != SOL_SOCKET || option != SO_ERROR)
		return syscall(SYS_getsockopt, fd, level, option, value, len);
	memcpy(value, &fake->error, sizeof(fake->error));
	*len = sizeof(fake->error);
	return 0;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	struct fake *fake = fake_of(fd);

	if (!fake)
		return syscall(SYS_setsockopt, fd, level, option, value, len);
	if (level == SOL_SOCKET && option == SO_REUSEPORT)
		fake->reuse_port = true;
	return 0;
}

int close(int fd)
{
	struct fake *fake = fake_of(fd);

	if (fake) {
		while (fake->n_pending)
			close(fake->pending[--fake->n_pending]);
		if (fake->far >= 0)
			syscall(SYS_close, fake->far);
		fake->used = false;
		n_fakes--;
	}
	return syscall(SYS_close, fd);
}

/* --- what the fuzzer calls */

bool net_arrive(const union addr *to, const union addr *from, struct net_end *end)
{
	struct fake *listener = listener_for(to, false, from);
	int fd;

	if (!listener || listener->n_pending == PENDING_MAX || listener->far < 0)
		return false;
	fd = make_fake(SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0)
		return false;
	fakes[fd].local = *to;
	fakes[fd].remote = *from;
	listener->pending[listener->n_pending++] = fd;
	*end = (struct net_end){ fd, fakes[fd].serial };
	/* One byte for each that waits makes the listener readable. */
	return write(listener->far, "", 1) == 1;
}

bool net_listener(unsigned int nth, bool *datagrams, union addr *addr)
{
	for (int fd = 0; fd < fd_end; fd++) {
		if (!fakes[fd].used || !fakes[fd].listening || nth--)
			continue;
		*addr = fakes[fd].local;
		*datagrams = fakes[fd].datagrams;
		return true;
	}
	return false;
}

bool net_datagrams(const union addr *to, const union addr *from, struct net_end *end)
{
	const struct fake *fake = listener_for(to, true, from);

	if (!fake)
		return false;
	*end = (struct net_end){ fake - fakes, fake->serial };
	return true;
}

void net_send_joined(const struct net_end *end, const union addr *from, const void *data,
		     size_t len, uint16_t segment)
{
	const struct iovec iov = { (void *)data, len };

	if (net_is_open(end))
		send_parcel(fakes[end->fd].far, from, &iov, 1, segment);
}

void net_send_from(const struct net_end *end, const union addr *from, const void *data,
		   size_t len)
{
	net_send_joined(end, from, data, len, 0);
}

bool net_is_door(uint16_t port, uint16_t server_port)
{
	return port == server_port || port == server_port + 1 || port == TLS_PORT ||
	       port == TLS_PORT + 1;
}

static bool is_peer(const struct fake *fake, uint16_t server_port)
{
	return fake->used && !fake->listening && !fake->datagrams && fake->remote.sa.sa_family &&
	       !net_is_door(addr_port(&fake->local), server_port);
}

bool net_peer(unsigned int nth, uint16_t server_port, struct net_end *end)
{
	for (int fd = 0; fd < fd_end; fd++) {
		if (!is_peer(&fakes[fd], server_port) || nth--)
			continue;
		*end = (struct net_end){ fd, fakes[fd].serial };
		return true;
	}
	return false;
}

bool net_is_open(const struct net_end *end)
{
	const struct fake *fake = fake_of(end->fd);

	return fake && fake->serial == end->serial && fake->far >= 0;
}

void net_send(const struct net_end *end, const void *data, size_t len)
{
	if (net_is_open(end))
		send(fakes[end->fd].far, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t net_recv(const struct net_end *end, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov };
	unsigned int n;

	if (!net_is_open(end))
		return -1;
	if (!fakes[end->fd].datagrams)
		return recv(fakes[end->fd].far, buf, len, MSG_DONTWAIT);
	return receive_parcel(fakes[end->fd].far, &msg, &n) ? (ssize_t)n : -1;
}

void net_shut(const struct net_end *end)
{
	if (net_is_open(end))
		shutdown(fakes[end->fd].far, SHUT_WR);
}

void net_hang_up(const struct net_end *end)
{
	if (!net_is_open(end))
		return;
	syscall(SYS_close, fakes[end->fd].far);
	fakes[end->fd].far = -1;
}

unsigned int net_count(void)
{
	return n_fakes;
}
