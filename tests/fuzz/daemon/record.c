// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: records of allocations. As they come, and again with a seal that is right; in
 * memory that ends where the record does. All that a view of one shows is read.
 */
#include <stdlib.h>
#include <string.h>

#include "hold.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_ip(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6;
}

static void read_peers(const struct record_view *view)
{
	const struct record *record = view->record;

	for (unsigned int i = 0; i < record->n_peers; i++)
		hold(is_ip(&view->peers[i].addr));
	for (unsigned int i = 0; i < record->n_connections; i++)
		hold(is_ip(&view->connections[i].addr));
}

static void read_sockets(const struct record *record)
{
	hold(record->n_sessions && record->n_sessions <= RECORD_SESSIONS_MAX);
	hold(record->n_relayed && record->n_relayed <= ALLOCATION_RELAYED_MAX);
	for (unsigned int i = 0; i < record->n_sessions; i++)
		hold(is_ip(&record->sessions[i].client) && is_ip(&record->sessions[i].server));
	for (unsigned int i = 0; i < record->n_relayed; i++)
		hold(is_ip(&record->relayed[i].addr));
	hold(record->token.key.len <= CREDENTIAL_KEY_MAX);
}

static void read_names(const struct record_view *view)
{
	size_t len = view->record->names_len;

	hold(!!view->record->has_user == !!view->realm);
	if (!view->realm) {
		hold(!len);
		return;
	}
	hold(strlen(view->realm) + 1 + strlen(view->name) + 1 + view->account_len == len);
	hold(view->account + view->account_len == view->realm + len);
}

/* Return: whether it is one. */
static bool read_one(const void *data, size_t len)
{
	struct record_view view;

	if (!record_read(&view, data, len))
		return false;
	hold(record_size(view.record) == len);
	read_sockets(view.record);
	read_peers(&view);
	read_names(&view);
	return true;
}

/* If it is as long as it says: else the seal would lie elsewhere. */
static void seal(struct record *record, size_t len)
{
	if (len >= sizeof(*record) && record_size(record) == len)
		record_seal(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *record = malloc(len ? len : 1);
	bool right;

	memcpy(record, data, len);
	right = read_one(record, len);
	seal(record, len);
	hold(!right || read_one(record, len));
	if (!right)
		read_one(record, len);
	free(record);
	return 0;
}
