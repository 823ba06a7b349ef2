// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

#define PAGE 4096

/* Reads "NAME: N kB" from a file, as bytes. */
static int64_t kib_of(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);
	char line[256];
	long long value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':' &&
		    sscanf(line + len + 1, "%lld", &value) == 1)
			break;
	if (file)
		fclose(file);
	return value * 1024;
}

/* What slabs have room for and nobody uses: given back late or never. */
static int64_t slab_slack(void)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	long long active, size, pages, slabs;
	int64_t sum = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %lld %*d %lld %*d %lld : tunables %*d %*d %*d : slabdata %*d %lld",
			   &active, &size, &pages, &slabs) == 4)
			sum += slabs * pages * PAGE - active * size;
	if (file)
		fclose(file);
	return sum;
}

/* Free pages that each CPU keeps, which do not count as free. */
static int64_t kept_by_cpus(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	int64_t sum = 0;
	char line[256];
	long long count;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lld", &count) == 1)
			sum += count * PAGE;
	if (file)
		fclose(file);
	return sum;
}

int64_t memory_kernel(void)
{
	static const char *const others[] = { "MemFree", "Buffers", "Cached", "AnonPages" };
	int64_t left;

	left = kib_of("/proc/meminfo", "MemTotal");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		left -= kib_of("/proc/meminfo", others[i]);
	return left - slab_slack() - kept_by_cpus();
}

int64_t memory_process(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return pid ? kib_of(path, "RssAnon") : 0;
}

static uint64_t thread_time(pid_t pid, const char *tid)
{
	unsigned long long ns = 0;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

uint64_t cpu_time(pid_t pid)
{
	struct dirent *entry;
	uint64_t sum = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = pid ? opendir(path) : NULL;
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			sum += thread_time(pid, entry->d_name);
	closedir(dir);
	return sum;
}
