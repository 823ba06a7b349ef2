// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "keeper_store.h"
#include "log.h"
#include "upgrade.h"

#define NOTIFICATION_LEN	4096
#define FDS_MAX			8	/* of a notification; the kernel closes more */
#define NOT_PASSED_STATUS 76	/* of a child: it cannot take what is kept */
#define QUEUE_MAX 1024		/* notifications; the kernel lets 512 wait at most */
#define LIVELY			500	/* milliseconds; who dies sooner may do so again */
#define DELAY_FIRST		10	/* milliseconds */
#define DELAY_MAX		10000
#define DELAY_READY_MAX		1000	/* of one that has served, if only for a moment */

/*
 * @child: the server, or 0
 * @ready: when it was, in milliseconds; 0 if it has not been yet
 * @served: one of them was
 * @start: when the next one is to be started, without a child
 * @delay: of the last start
 * @ending: no other is to be started
 */
struct keeper {
	char *const *argv;
	char path[PATH_MAX];
	int notifications, signals;
	struct keeper_store store;
	pid_t child;
	uint64_t ready, start;
	unsigned int delay;
	bool served, ending;
	int status;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * UINT64_C(1000) + time.tv_nsec / 1000000;
}

/* --- the server */

static void log_not_started(const struct keeper *keeper, int error)
{
	log_error("server not started", "path=\"%s\" error=\"%s\"", keeper->path,
		  strerror(error));
}

/*
 * In a process group of its own, so that a terminal's Ctrl-C comes to it once. Without us
 * it would be alone the next time it dies.
 */
static void become_server(struct keeper *keeper, pid_t parent)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	/* While there still is a log to say so: what is passed on takes its place. */
	if (access(keeper->path, X_OK)) {
		log_not_started(keeper, errno);
		_exit(1);
	}
	err = keeper_store_pass(&keeper->store);
	if (!err)
		execv(keeper->path, keeper->argv);
	log_not_started(keeper, err ? -err : errno);
	_exit(err ? NOT_PASSED_STATUS : 1);
}

static void start(struct keeper *keeper)
{
	pid_t parent = getpid(), child = fork();

	if (!child)
		become_server(keeper, parent);
	keeper->ready = 0;
	keeper->child = child > 0 ? child : 0;
	if (child > 0)
		return;
	log_not_started(keeper, errno);
	keeper->start = now() + DELAY_MAX;
}

/* At once if it has lived; else later each time. */
static void plan_next(struct keeper *keeper)
{
	const unsigned int max = keeper->ready ? DELAY_READY_MAX : DELAY_MAX;

	if (keeper->ready && now() - keeper->ready >= LIVELY)
		keeper->delay = 0;
	else
		keeper->delay = keeper->delay ? 2 * keeper->delay : DELAY_FIRST;
	if (keeper->delay > max)
		keeper->delay = max;
	keeper->start = now() + keeper->delay;
}

/* What ends the first one by itself, before it serves, is for its administrator to see. */
static bool is_over(const struct keeper *keeper, int status)
{
	return keeper->ending ||
	       (WIFEXITED(status) && (!WEXITSTATUS(status) || !keeper->served));
}

static void bury(struct keeper *keeper, int status)
{
	pid_t pid = keeper->child;

	keeper->child = 0;
	if (is_over(keeper, status)) {
		keeper->ending = true;
		keeper->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		return;
	}
	plan_next(keeper);
	/* Better without what is kept than not at all. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_PASSED_STATUS)
		keeper_store_clear(&keeper->store);
	if (WIFEXITED(status) && WEXITSTATUS(status) == UPGRADE_STATUS)
		return;
	log_warning("server died", "pid=%d signal=%d status=%d restart_ms=%u", (int)pid,
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		    WIFEXITED(status) ? WEXITSTATUS(status) : 0, keeper->delay);
}

/* --- what it says */

/* An address that the kernel finds: others may send to it, but are not heard. */
static int open_notifications(struct keeper *keeper)
{
	const int on = 1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr.sun_family);
	char path[sizeof(addr.sun_path) + 1];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	keeper->notifications = fd;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&addr, len))
		return -errno;
	len = sizeof(addr);
	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return -errno;
	snprintf(path, sizeof(path), "@%.*s",
		 (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), addr.sun_path + 1);
	return setenv("NOTIFY_SOCKET", path, 1) ? -errno : 0;
}

/* Return: how many descriptors have come; who has sent them is in @pid. */
static size_t read_control(struct msghdr *msg, int *fds, pid_t *pid)
{
	size_t n = 0;

	*pid = 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t len = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS) {
			n = len / sizeof(int);
			memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
		} else if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			struct ucred sender;

			memcpy(&sender, CMSG_DATA(cmsg), sizeof(sender));
			*pid = sender.pid;
		}
	}
	return n;
}

static void hear(struct keeper *keeper, const char *text, const int *fds, size_t n)
{
	if (keeper_store_says(text, "READY=1")) {
		keeper->ready = now();
		keeper->served = true;
	}
	keeper_store_notify(&keeper->store, text, fds, n);
}

/* Return: there may be more. */
static bool receive(struct keeper *keeper)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char text[NOTIFICATION_LEN];
	struct iovec to = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &to, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(keeper->notifications, &msg, MSG_CMSG_CLOEXEC);
	int fds[sizeof(control) / sizeof(int)];
	pid_t sender;
	size_t n;

	if (len < 0)
		return errno == EINTR;
	n = read_control(&msg, fds, &sender);
	text[len] = '\0';
	if (keeper->child && sender == keeper->child && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		hear(keeper, text, fds, n);
	else
		while (n)
			close(fds[--n]);
	return true;
}

/* --- signals */

/* What the dead one has said counts, and is only known to be its own until then. */
static void reap(struct keeper *keeper)
{
	int status;

	/* Others may send to it, and without end. */
	for (int n = 0; n < QUEUE_MAX && receive(keeper); n++)
		;
	if (keeper->child && waitpid(keeper->child, &status, WNOHANG) == keeper->child)
		bury(keeper, status);
}

static void on_signal(struct keeper *keeper)
{
	struct signalfd_siginfo info;

	if (read(keeper->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		reap(keeper);
		return;
	}
	if (info.ssi_signo == SIGHUP)
		log_reopen();
	else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
		keeper->ending = true;
	if (keeper->child)
		kill(keeper->child, info.ssi_signo);
}

static int open_signals(struct keeper *keeper)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	keeper->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return keeper->signals < 0 ? -errno : 0;
}

/* --- */

/* Until something happens, or the next server is to be started. */
static void wait_for_news(struct keeper *keeper)
{
	struct pollfd fds[] = { { .fd = keeper->signals, .events = POLLIN },
				{ .fd = keeper->notifications, .events = POLLIN } };
	uint64_t time = now();
	int timeout = -1;

	if (!keeper->child)
		timeout = keeper->start > time ? keeper->start - time : 0;
	if (poll(fds, 2, timeout) <= 0)
		return;
	if (fds[1].revents)
		receive(keeper);
	if (fds[0].revents)
		on_signal(keeper);
}

static int open_keeper(struct keeper *keeper)
{
	ssize_t len = readlink("/proc/self/exe", keeper->path, sizeof(keeper->path) - 1);
	int err = len < 0 ? -errno : 0;

	if (!err)
		err = open_signals(keeper);
	return err ? err : open_notifications(keeper);
}

int keeper_run(char *const argv[])
{
	static struct keeper keeper;
	int err;

	keeper.argv = argv;
	err = open_keeper(&keeper);
	if (err) {
		log_error("server not kept", "error=\"%s\"", strerror(-err));
		return 1;
	}
	while (keeper.child || !keeper.ending) {
		if (!keeper.child && now() >= keeper.start)
			start(&keeper);
		wait_for_news(&keeper);
	}
	return keeper.status;
}
