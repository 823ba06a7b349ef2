// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of an allocation: what is written is read, and what is not whole is refused.
 * Each lies in memory of its very length, so that ASan sees what is read beyond.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "record.h"

#define NAMES "realm\0name\0account"

/* What there is of everything that a record counts. */
struct counts {
	unsigned int sessions, relayed, peers, connections;
	const char *names;
	size_t names_len;
};

static const struct counts some = { 1, 1, 2, 1, NAMES, sizeof(NAMES) - 1 };

static union addr v4(uint16_t port)
{
	union addr addr = { .v4 = { .sin_family = AF_INET, .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(0xc0000201) } };

	return addr;
}

static union addr v6(uint16_t port)
{
	union addr addr = { .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port),
				    .sin6_addr.s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };

	return addr;
}

static void fill_arrays(struct record *record, const struct counts *counts)
{
	struct record_peer *peers = record_peers(record);

	for (unsigned int i = 0; i < counts->sessions && i < RECORD_SESSIONS_MAX; i++)
		record->sessions[i] = (struct record_session){ v4(1000 + i), v4(3478), v4(3478),
							       0, i };
	for (unsigned int i = 0; i < counts->relayed && i < ALLOCATION_RELAYED_MAX; i++)
		record->relayed[i] = (struct record_relayed){ i ? v6(50001) : v4(50000), 0,
							      600 + i };
	for (unsigned int i = 0; i < counts->peers + counts->connections; i++)
		peers[i] = (struct record_peer){ i % 2 ? v6(i) : v4(i), 0x4000 + i, 300 + i };
}

/* Return: a record, to be freed; all is there but the seal. */
static struct record *unsealed(const struct counts *counts)
{
	struct record lengths = { .n_peers = counts->peers, .n_connections = counts->connections,
				  .names_len = counts->names_len };
	struct record *record = calloc(1, record_size(&lengths));

	assert_non_null(record);
	*record = lengths;
	record->id = 0x0123456789abcdef;
	record->created = 1234567;
	record->bps = 99;
	record->to_peer = UINT64_MAX;
	record->ticket = 42;
	record->moves = 17;
	record->mobile = true;
	record->transport = IPPROTO_UDP;
	record->token.key.len = CREDENTIAL_KEY_MAX;
	record->n_sessions = counts->sessions;
	record->n_relayed = counts->relayed;
	record->has_user = !!counts->names;
	memcpy(record->transaction, "transaction!", sizeof(record->transaction));
	fill_arrays(record, counts);
	if (counts->names_len)
		memcpy(record_names(record), counts->names, counts->names_len);
	return record;
}

static struct record *make(const struct counts *counts)
{
	struct record *record = unsealed(counts);

	record_seal(record);
	return record;
}

/* Of a copy that is just so long. */
static bool reads(const void *data, size_t len)
{
	void *copy = malloc(len ? len : 1);
	struct record_view view;
	bool read;

	memcpy(copy, data, len);
	read = record_read(&view, copy, len);
	free(copy);
	return read;
}

static bool reads_counts(const struct counts *counts)
{
	struct record *record = make(counts);
	bool read = reads(record, record_size(record));

	free(record);
	return read;
}

static void comes_back(void **state)
{
	struct record *record = make(&some);
	struct record_view view;

	(void)state;
	assert_true(record_read(&view, record, record_size(record)));
	assert_ptr_equal(view.record, record);
	assert_int_equal(view.record->sessions[0].at, 0);
	for (unsigned int i = 0; i < some.peers; i++)
		assert_int_equal(view.peers[i].number, 0x4000 + i);
	assert_int_equal(view.connections[0].number, 0x4000 + some.peers);
	assert_int_equal(view.connections[0].expires, 300 + some.peers);
	assert_string_equal(view.realm, "realm");
	assert_string_equal(view.name, "name");
	assert_int_equal(view.account_len, strlen("account"));
	assert_memory_equal(view.account, "account", view.account_len);
	free(record);
}

static void nobody(void **state)
{
	const struct counts anonymous = { 1, 1, 0, 0, NULL, 0 };
	struct record *record = make(&anonymous);
	struct record_view view;

	(void)state;
	assert_true(record_read(&view, record, record_size(record)));
	assert_null(view.realm);
	record->has_user = true;
	record_seal(record);
	assert_false(reads(record, record_size(record)));
	free(record);
}

static void every_bit_counts(void **state)
{
	struct record *record = make(&some);
	size_t len = record_size(record);
	uint8_t *bytes = (uint8_t *)record;

	(void)state;
	assert_true(reads(record, len));
	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= 1 << i % 8;
		assert_false(reads(bytes, len));
		bytes[i / 8] ^= 1 << i % 8;
	}
	assert_true(reads(record, len));
	free(record);
}

static void every_length_but_its_own(void **state)
{
	struct record *record = make(&some);
	size_t len = record_size(record);
	uint8_t *longer = calloc(1, len + 1);

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_false(reads(record, n));
	memcpy(longer, record, len);
	assert_false(reads(longer, len + 1));
	free(longer);
	free(record);
}

static void counts_at_their_limits(void **state)
{
	static const struct counts right[] = {
		{ 1, 1, 0, 0, NULL, 0 }, { 2, 2, 0, 0, NULL, 0 },
		{ 1, 1, 2 * UINT16_MAX, UINT16_MAX, NULL, 0 },
	};
	static const struct counts wrong[] = {
		{ 0, 1, 0, 0, NULL, 0 }, { 1, 0, 0, 0, NULL, 0 }, { 3, 1, 0, 0, NULL, 0 },
		{ 1, 3, 0, 0, NULL, 0 }, { UINT32_MAX, 1, 0, 0, NULL, 0 },
		{ 1, UINT32_MAX, 0, 0, NULL, 0 }, { 1, 1, 2 * UINT16_MAX + 1, 0, NULL, 0 },
		{ 1, 1, 0, UINT16_MAX + 1, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(reads_counts(&right[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(reads_counts(&wrong[i]));
}

/* What is beyond the arithmetic of 32 bits is so as well. */
static void counts_that_are_not_there(void **state)
{
	static const uint32_t numbers[] = { 3, 0xfffe, 0xffff, 0x10000, 0x66666667, 0x80000000,
					    UINT32_MAX };
	struct record *record = make(&some);
	size_t len = record_size(record);

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (unsigned int which = 0; which < 3; which++) {
			uint32_t *n = which == 0 ? &record->n_peers
				    : which == 1 ? &record->n_connections : &record->names_len;
			uint32_t before = *n;

			*n = numbers[i];
			assert_false(reads(record, len));
			*n = before;
		}
	}
	free(record);
}

static void names_that_do_not_end(void **state)
{
	static char long_names[UINT16_MAX];
	struct counts counts = some;

	(void)state;
	for (size_t len = 0; len < sizeof("realm\0name"); len++) {
		counts.names_len = len;
		assert_false(reads_counts(&counts));
	}
	/* An account may be empty. */
	counts.names_len = sizeof("realm\0name");
	assert_true(reads_counts(&counts));
	memset(long_names, 'x', sizeof(long_names));
	counts.names = long_names;
	counts.names_len = sizeof(long_names) - 1;
	assert_false(reads_counts(&counts));
	long_names[3] = long_names[30000] = '\0';
	assert_true(reads_counts(&counts));
	counts.names_len = sizeof(long_names);
	assert_false(reads_counts(&counts));
	/* Nobody has none. */
	counts = some;
	counts.names = NULL;
	counts.names_len = 0;
	assert_true(reads_counts(&counts));
}

static bool reads_sealed(struct record *record)
{
	record_seal(record);
	return reads(record, record_size(record));
}

/* Of what is well sealed. */
static void what_it_cannot_be(void **state)
{
	struct record *record = make(&(struct counts){ 2, 2, 1, 1, NULL, 0 });
	union addr *addrs[] = {
		&record->sessions[0].client, &record->sessions[0].server,
		&record->sessions[0].listener, &record->sessions[1].client,
		&record->sessions[1].server, &record->sessions[1].listener,
		&record->relayed[0].addr, &record->relayed[1].addr,
		&record_peers(record)[0].addr, &record_peers(record)[1].addr,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		sa_family_t family = addrs[i]->sa.sa_family;

		addrs[i]->sa.sa_family = AF_UNIX;
		assert_false(reads_sealed(record));
		addrs[i]->sa.sa_family = family;
		assert_true(reads_sealed(record));
	}
	/* Of a stream it does not matter. */
	record->sessions[0].stream = true;
	record->sessions[0].listener.sa.sa_family = AF_UNSPEC;
	assert_true(reads_sealed(record));
	record->transport = IPPROTO_TCP;
	assert_true(reads_sealed(record));
	record->transport = IPPROTO_SCTP;
	assert_false(reads_sealed(record));
	record->transport = IPPROTO_UDP;
	record->token.key.len = CREDENTIAL_KEY_MAX + 1;
	assert_false(reads_sealed(record));
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(nobody),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(every_length_but_its_own),
		cmocka_unit_test(counts_at_their_limits),
		cmocka_unit_test(counts_that_are_not_there),
		cmocka_unit_test(names_that_do_not_end),
		cmocka_unit_test(what_it_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
