/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in a MOBILITY-TICKET (RFC 8016): which allocation it stands for, and how often
 * that had moved by then. Only this process can read one, or make one that it takes.
 *
 * To the RFC it is opaque; coturn's client takes it for a text of 32 characters at most.
 * So AES-SIV it is, whose tag is its nonce as well, and base64.
 */
#ifndef KTURN_TICKET_H
#define KTURN_TICKET_H

#include <stddef.h>
#include <stdint.h>

#define TICKET_LEN 32

/**
 * struct ticket_key - dies with the process, and all tickets with it
 */
struct ticket_key {
	uint8_t bytes[64];
};

/**
 * struct ticket - what is in it; the same is never sealed twice for two purposes
 * @worker: which has the allocation
 * @number: of the allocation, below 2^40: each worker counts for itself
 * @moves: how often it had moved
 */
struct ticket {
	uint8_t worker;
	uint64_t number;
	uint16_t moves;
};

/**
 * ticket_key_make() - make a key
 *
 * Return: 0 or -EIO.
 */
int ticket_key_make(struct ticket_key *key);

/**
 * ticket_seal() - write a ticket
 *
 * Return: 0 or -EIO.
 */
int ticket_seal(const struct ticket_key *key, const struct ticket *ticket,
		uint8_t sealed[TICKET_LEN]);

/**
 * ticket_open() - read one
 *
 * Return: 0, or -EBADMSG if it is none of ours.
 */
int ticket_open(const struct ticket_key *key, const void *sealed, size_t len,
		struct ticket *ticket);

#endif
