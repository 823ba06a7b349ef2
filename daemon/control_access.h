/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may use the control socket: root, who runs the server, and the members of
 * control-group if there is one.
 */
#ifndef KTURN_CONTROL_ACCESS_H
#define KTURN_CONTROL_ACCESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/** Of no group at all. */
#define CONTROL_NO_GROUP ((gid_t)-1)

/**
 * control_group_id() - the number of a group
 * @name: its name, or NULL
 * @gid: out; CONTROL_NO_GROUP without a name
 *
 * Return: 0, -ENOENT if there is no such group, or another negative errno.
 */
int control_group_id(const char *name, gid_t *gid);

/**
 * control_open_to() - let the members of a group connect
 * @path: a socket of mode 0600
 * @gid: this process must be root, or a member too; CONTROL_NO_GROUP lets nobody in
 *
 * Return: 0 or a negative errno.
 */
int control_open_to(const char *path, gid_t gid);

/**
 * control_may_command() - is he one of them?
 * @fd: a connection that was accepted
 * @gid: as for control_open_to()
 * @peer: out: who it is, as far as that is known
 *
 * The mode of the socket says the same; it may have been changed.
 */
bool control_may_command(int fd, gid_t gid, struct ucred *peer);

#endif
