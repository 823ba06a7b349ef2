// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <string.h>

#include "crc32.h"
#include "record.h"

/* As this is the format: a new STATE_VERSION if one of them changes. */
_Static_assert(sizeof(struct record_session) == 88, "no padding");
_Static_assert(sizeof(struct record_relayed) == 40, "no padding");
_Static_assert(sizeof(struct record_peer) == 40, "no padding");
_Static_assert(sizeof(struct record) == 392, "no padding");

static size_t names_offset(const struct record *record)
{
	return sizeof(*record) +
	       (record->n_peers + record->n_connections) * sizeof(struct record_peer);
}

static size_t checksum_offset(const struct record *record)
{
	return names_offset(record) + record->names_len;
}

size_t record_size(const struct record *record)
{
	return checksum_offset(record) + sizeof(uint32_t);
}

struct record_peer *record_peers(struct record *record)
{
	return (struct record_peer *)(record + 1);
}

char *record_names(struct record *record)
{
	return (char *)record + names_offset(record);
}

void record_seal(struct record *record)
{
	size_t len = checksum_offset(record);
	uint32_t sum = crc32_of((const uint8_t *)record, len);

	memcpy((char *)record + len, &sum, sizeof(sum));
}

static bool is_sealed(const struct record *record)
{
	size_t len = checksum_offset(record);
	uint32_t sum = crc32_of((const uint8_t *)record, len);

	return !memcmp((const char *)record + len, &sum, sizeof(sum));
}

/* What is beyond is too much for the arithmetic. */
bool record_may_be(const struct record *record)
{
	return record->n_peers <= 2 * UINT16_MAX && record->n_connections <= UINT16_MAX &&
	       record->names_len < UINT16_MAX;
}

static bool has_size(const struct record *record, size_t len)
{
	return len >= sizeof(*record) && record_may_be(record) && record_size(record) == len;
}

static bool is_ip(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6;
}

static bool has_addresses(const struct record *record, const struct record_peer *peers)
{
	bool right = true;

	for (unsigned int i = 0; i < record->n_sessions; i++)
		right &= is_ip(&record->sessions[i].client) &&
			 is_ip(&record->sessions[i].server) &&
			 (record->sessions[i].stream || is_ip(&record->sessions[i].listener));
	for (unsigned int i = 0; i < record->n_relayed; i++)
		right &= is_ip(&record->relayed[i].addr);
	for (unsigned int i = 0; i < record->n_peers + record->n_connections; i++)
		right &= is_ip(&peers[i].addr);
	return right;
}

/* Return: what is behind a text, at or before @end; NULL if it does not end. */
static const char *behind(const char *text, const char *end)
{
	const char *nul = text ? memchr(text, '\0', end - text) : NULL;

	return nul ? nul + 1 : NULL;
}

static bool read_names(struct record_view *view, const char *names, size_t len)
{
	const char *end = names + len;

	if (!view->record->has_user)
		return !len;
	view->realm = names;
	view->name = behind(names, end);
	view->account = behind(view->name, end);
	if (!view->account)
		return false;
	view->account_len = end - view->account;
	return true;
}

bool record_read(struct record_view *view, const void *data, size_t len)
{
	const struct record *record = data;

	*view = (struct record_view){ .record = record };
	if (!has_size(record, len) || !is_sealed(record) || !record->n_sessions ||
	    record->n_sessions > RECORD_SESSIONS_MAX || !record->n_relayed ||
	    record->n_relayed > ALLOCATION_RELAYED_MAX ||
	    record->token.key.len > CREDENTIAL_KEY_MAX ||
	    (record->transport != IPPROTO_TCP && record->transport != IPPROTO_UDP))
		return false;
	view->peers = (const struct record_peer *)(record + 1);
	view->connections = view->peers + record->n_peers;
	return has_addresses(record, view->peers) &&
	       read_names(view, (const char *)record + names_offset(record), record->names_len);
}
