// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "metrics_process.h"

static void put(struct evbuffer *out, const char *name, const char *type, const char *help,
		double value)
{
	evbuffer_add_printf(out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.17g\n",
			    name, help, name, type, name, value);
}

static void put_memory(struct evbuffer *out)
{
	unsigned long size, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return;
	if (fscanf(file, "%lu %lu", &size, &resident) == 2) {
		double page = sysconf(_SC_PAGESIZE);

		put(out, "virtual_memory_bytes", "gauge", "Virtual memory size.", size * page);
		put(out, "resident_memory_bytes", "gauge", "Resident memory size.",
		    resident * page);
	}
	fclose(file);
}

/* But for "." and "..", and the one that reads. */
static void put_descriptors(struct evbuffer *out)
{
	struct rlimit limit;
	DIR *dir = opendir("/proc/self/fd");
	int n = -3;

	if (!dir)
		return;
	while (readdir(dir))
		n++;
	closedir(dir);
	put(out, "open_fds", "gauge", "Open file descriptors.", n);
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		put(out, "max_fds", "gauge", "Most file descriptors that may be open.",
		    limit.rlim_cur);
}

/* The 22nd field, counted from behind the name, which may hold anything. */
static void put_start(struct evbuffer *out)
{
	unsigned long long ticks;
	struct timespec now, up;
	char line[1024], *at;
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file)
		return;
	at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!at || sscanf(at, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			  "%*s %*s %*s %llu", &ticks) != 1)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	put(out, "start_time_seconds", "gauge", "When the process was started, since 1970.",
	    now.tv_sec - up.tv_sec + (double)ticks / sysconf(_SC_CLK_TCK));
}

void metrics_write_process(struct evbuffer *out)
{
	struct rusage used;

	if (!getrusage(RUSAGE_SELF, &used))
		put(out, "cpu_seconds_total", "counter", "Processor time, user and system.",
		    used.ru_utime.tv_sec + used.ru_stime.tv_sec +
		    (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	put_memory(out);
	put_descriptors(out);
	put_start(out);
}
