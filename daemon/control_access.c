// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_access.h"

int control_group_id(const char *name, gid_t *gid)
{
	struct group *group;

	*gid = CONTROL_NO_GROUP;
	if (!name)
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno ? -errno : -ENOENT;
	*gid = group->gr_gid;
	return 0;
}

/* The group first: until it is the right one, only its owner may. */
int control_open_to(const char *path, gid_t gid)
{
	if (gid == CONTROL_NO_GROUP)
		return 0;
	return lchown(path, -1, gid) || chmod(path, 0660) ? -errno : 0;
}

/* Supplementary groups come apart from the one in struct ucred. */
static bool is_member(int fd, gid_t gid)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) || errno != ERANGE)
		return false;
	groups = malloc(len);
	if (groups && !getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == gid;
	free(groups);
	return found;
}

bool control_may_command(int fd, gid_t gid, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len))
		return false;
	return !peer->uid || peer->uid == geteuid() ||
	       (gid != CONTROL_NO_GROUP && (peer->gid == gid || is_member(fd, gid)));
}
