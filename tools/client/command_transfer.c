// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "transfer.h"

static void print_bytes(const char *word, uint64_t bytes, const uint8_t *hash)
{
	char hex[CONTENT_HEX_LEN];

	printf("%s %" PRIu64 " sha256 %s\n", word, bytes, content_hex(hash, hex));
}

int command_transfer(struct endpoint *end, const struct options *opt)
{
	struct transfer_plan plan = {
		.size = opt->size, .seed = opt->seed, .answer = opt->answer,
		.last = !opt->has_via, .idle_ms = opt->timeout * 1000,
	};
	struct transfer_result result;
	int err = transfer_run(end->fd, &plan, &result);

	print_bytes("sent", result.sent, result.sent_hash);
	print_bytes("received", result.received, result.received_hash);
	printf("ms %" PRId64 "\n", result.ms);
	return err ? endpoint_failed("transfer", err) : 0;
}
