// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

#include "permission.h"

struct permission {
	union addr peer;
	time_t expires;
	UT_hash_handle hh;
};

static struct permission *find(const struct permissions *permissions, const union addr *peer)
{
	struct permission *permission;
	const uint8_t *ip;
	size_t len;

	/* The length of the key tells the families apart. */
	ip = addr_ip(peer, &len);
	HASH_FIND(hh, permissions->table, ip, len, permission);
	return permission;
}

static void remove_permission(struct permissions *permissions, struct permission *permission)
{
	HASH_DEL(permissions->table, permission);
	permissions->n--;
	free(permission);
}

static void remove_expired(struct permissions *permissions, time_t now)
{
	struct permission *permission, *next;

	HASH_ITER(hh, permissions->table, permission, next)
		if (permission->expires <= now)
			remove_permission(permissions, permission);
}

bool permissions_have_room(struct permissions *permissions, unsigned int n, time_t now)
{
	if (permissions->n + n > permissions->max)
		remove_expired(permissions, now);
	return permissions->n + n <= permissions->max;
}

bool permissions_know(const struct permissions *permissions, const union addr *peer)
{
	return find(permissions, peer);
}

int permissions_install(struct permissions *permissions, const union addr *peer, time_t now)
{
	struct permission *permission = find(permissions, peer);
	const uint8_t *ip;
	size_t len;

	if (!permission) {
		if (!permissions_have_room(permissions, 1, now))
			return -ENOSPC;
		permission = calloc(1, sizeof(*permission));
		if (!permission)
			return -ENOMEM;
		permission->peer = *peer;
		ip = addr_ip(&permission->peer, &len);
		HASH_ADD_KEYPTR(hh, permissions->table, ip, len, permission);
		permissions->n++;
	}
	permission->expires = now + permissions->lifetime;
	return 0;
}

bool permissions_allow(const struct permissions *permissions, const union addr *peer,
		       time_t now)
{
	const struct permission *permission = find(permissions, peer);

	return permission && permission->expires > now;
}

void permissions_each(const struct permissions *permissions, permission_fn fn, void *arg)
{
	for (const struct permission *permission = permissions->table; permission;
	     permission = permission->hh.next)
		fn(&permission->peer, permission->expires, arg);
}

void permissions_clear(struct permissions *permissions)
{
	struct permission *permission, *next;

	HASH_ITER(hh, permissions->table, permission, next)
		remove_permission(permissions, permission);
}
