// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "packet.h"
#include "pcapng.h"

#define BLOCK_SECTION	0x0a0d0d0au
#define BLOCK_INTERFACE	1u
#define BLOCK_PACKET	6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_RAW	101	/* begins with the header of IP, of either version */
#define OPTION_END	0
#define OPTION_COMMENT	1
#define OPTION_NAME	2	/* of an interface */
#define COMMENT_MAX	128
#define STREAMS_MAX	65536	/* whose sequence numbers are remembered */

/* A TCP connection, and how many bytes each side has sent. */
struct stream {
	struct {
		union addr client, server;
	} tuple;
	uint32_t sent[2];	/* by enum trace_direction */
	UT_hash_handle hh;
};

struct pcapng {
	FILE *out;
	struct stream *streams;
};

/* A block under construction; its integers are in this host's order, as the first tells. */
struct block {
	uint8_t data[TRACE_BYTES + PACKET_HEADERS_MAX + COMMENT_MAX + 128];
	size_t len;
};

static void add_u16(struct block *block, uint16_t value)
{
	memcpy(block->data + block->len, &value, sizeof(value));
	block->len += sizeof(value);
}

static void add_u32(struct block *block, uint32_t value)
{
	memcpy(block->data + block->len, &value, sizeof(value));
	block->len += sizeof(value);
}

static void add_bytes(struct block *block, const void *bytes, size_t len)
{
	memcpy(block->data + block->len, bytes, len);
	block->len += len;
}

static void pad(struct block *block)
{
	while (block->len % 4)
		block->data[block->len++] = 0;
}

static void add_option(struct block *block, uint16_t code, const char *text)
{
	if (!*text)
		return;
	add_u16(block, code);
	add_u16(block, strlen(text));
	add_bytes(block, text, strlen(text));
	pad(block);
	add_u32(block, OPTION_END);
}

static void begin_block(struct block *block, uint32_t type)
{
	block->len = 0;
	add_u32(block, type);
	add_u32(block, 0);	/* the length, which is not known yet */
}

/* The length stands at both ends. */
static void write_block(struct pcapng *file, struct block *block)
{
	uint32_t len = block->len + sizeof(len);

	add_u32(block, len);
	memcpy(block->data + sizeof(uint32_t), &len, sizeof(len));
	fwrite(block->data, 1, block->len, file->out);
}

static void write_beginning(struct pcapng *file)
{
	struct block block;

	begin_block(&block, BLOCK_SECTION);
	add_u32(&block, BYTE_ORDER_MAGIC);
	add_u16(&block, 1);		/* the format's version, 1.0 */
	add_u16(&block, 0);
	add_u32(&block, UINT32_MAX);	/* how long it becomes is not known */
	add_u32(&block, UINT32_MAX);
	write_block(file, &block);

	begin_block(&block, BLOCK_INTERFACE);
	add_u16(&block, LINKTYPE_RAW);
	add_u16(&block, 0);
	add_u32(&block, 0);		/* packets may be of any length */
	add_option(&block, OPTION_NAME, "kturnd");
	write_block(file, &block);
}

static FILE *create(const char *path)
{
	FILE *out;
	int fd;

	if (!strcmp(path, "-"))
		return fdopen(dup(STDOUT_FILENO), "w");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out && fd >= 0)
		close(fd);
	return out;
}

struct pcapng *pcapng_open(const char *path)
{
	struct pcapng *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->out = create(path);
	if (!file->out) {
		free(file);
		return NULL;
	}
	write_beginning(file);
	return file;
}

/* --- streams */

static void forget_streams(struct pcapng *file)
{
	struct stream *stream, *next;

	HASH_ITER(hh, file->streams, stream, next) {
		HASH_DEL(file->streams, stream);
		free(stream);
	}
}

/* Numbers begin where the clock is, so that who was forgotten does not go back. */
static struct stream *get_stream(struct pcapng *file, const struct trace_record *record)
{
	struct stream *stream, key;

	memset(&key, 0, sizeof(key));
	key.tuple.client = record->client;
	key.tuple.server = record->server;
	HASH_FIND(hh, file->streams, &key.tuple, sizeof(key.tuple), stream);
	if (stream)
		return stream;
	if (HASH_COUNT(file->streams) >= STREAMS_MAX)
		forget_streams(file);
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return NULL;
	stream->tuple.client = record->client;
	stream->tuple.server = record->server;
	stream->sent[TRACE_IN] = stream->sent[TRACE_OUT] = record->time_us;
	HASH_ADD(hh, file->streams, tuple, sizeof(stream->tuple), stream);
	return stream;
}

static struct packet_stream advance(struct pcapng *file, const struct trace_record *record)
{
	struct packet_stream at = { .sent = record->time_us };
	struct stream *stream = get_stream(file, record);

	if (!stream)
		return at;
	at.sent = stream->sent[record->direction];
	at.acknowledged = stream->sent[!record->direction];
	stream->sent[record->direction] += record->len;
	return at;
}

/* --- packets */

static union addr shown_server(const struct trace_record *record)
{
	union addr server = record->server;

	if (addr_port(&server) != 3478 && addr_port(&server) != 5349)
		addr_set_port(&server, 3478);
	return server;
}

static const char *comment(const struct trace_record *record, uint64_t lost,
			   char text[COMMENT_MAX])
{
	const char *inside = record->secure ? record->stream ? "inside TLS" : "inside DTLS" : "";
	uint16_t port = addr_port(&record->server);
	int len = snprintf(text, COMMENT_MAX, "%s", inside);

	if (port != 3478 && port != 5349)
		len += snprintf(text + len, COMMENT_MAX - len, "%sat port %u", len ? ", " : "", port);
	if (lost)
		snprintf(text + len, COMMENT_MAX - len, "%s%" PRIu64 " lost before it",
			 len ? ", " : "", lost);
	return text;
}

static size_t build(struct pcapng *file, const struct trace_record *record, uint8_t *packet)
{
	union addr server = shown_server(record);
	bool in = record->direction == TRACE_IN;
	const union addr *from = in ? &record->client : &server;
	const union addr *to = in ? &server : &record->client;
	size_t kept = trace_record_kept(record);
	struct packet_stream stream;
	size_t len;

	if (record->stream)
		stream = advance(file, record);
	len = packet_headers(packet, from, to, record->stream ? &stream : NULL, record->data,
			     kept, record->len);
	memcpy(packet + len, record->data, kept);
	return len + kept;
}

size_t pcapng_packet_len(const struct trace_record *record)
{
	return (record->client.sa.sa_family == AF_INET ? 20 : 40) + (record->stream ? 20 : 8) +
	       record->len;
}

void pcapng_write(struct pcapng *file, const struct trace_record *record, uint64_t lost)
{
	uint8_t packet[PACKET_HEADERS_MAX + TRACE_BYTES];
	size_t len = build(file, record, packet);
	char text[COMMENT_MAX];
	struct block block;

	begin_block(&block, BLOCK_PACKET);
	add_u32(&block, 0);		/* the one interface */
	add_u32(&block, record->time_us >> 32);
	add_u32(&block, record->time_us);
	add_u32(&block, len);
	add_u32(&block, pcapng_packet_len(record));
	add_bytes(&block, packet, len);
	pad(&block);
	add_option(&block, OPTION_COMMENT, comment(record, lost, text));
	write_block(file, &block);
}

bool pcapng_flush(struct pcapng *file)
{
	return !fflush(file->out) && !ferror(file->out);
}

bool pcapng_close(struct pcapng *file)
{
	bool whole;

	if (!file)
		return true;
	whole = pcapng_flush(file);
	whole &= !fclose(file->out);
	forget_streams(file);
	free(file);
	return whole;
}
