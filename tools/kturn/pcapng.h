/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control messages as a capture that Wireshark reads (pcapng).
 */
#ifndef KTURN_PCAPNG_H
#define KTURN_PCAPNG_H

#include <stdbool.h>

#include "trace_record.h"

struct pcapng;

/**
 * pcapng_open() - begin a file
 * @path: a new file is for nobody else to read; "-" is standard output
 *
 * Return: NULL with errno.
 */
struct pcapng *pcapng_open(const char *path);

/**
 * pcapng_write() - append a message in a packet of its own
 * @lost: so many before it are missing, which a comment says
 *
 * What was encrypted is not any more, and Wireshark takes a stream for what is usual at
 * its port: any server's port but 3478 and 5349 becomes 3478, and a comment has the true one.
 */
void pcapng_write(struct pcapng *file, const struct trace_record *record, uint64_t lost);

/**
 * pcapng_flush() - have what there is in the file
 *
 * Return: false if any of it could not be written.
 */
bool pcapng_flush(struct pcapng *file);

/**
 * pcapng_close() - end it; NULL is none
 *
 * Return: as pcapng_flush().
 */
bool pcapng_close(struct pcapng *file);

/**
 * pcapng_packet_len() - how long the packet of a message is
 */
size_t pcapng_packet_len(const struct trace_record *record);

#endif
