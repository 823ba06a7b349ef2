/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An authorization server (RFC 7635): the fuzzer itself, which so can seal what it likes.
 */
#ifndef KTURN_FUZZ_TOKEN_H
#define KTURN_FUZZ_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define TOKEN_KID	"north"
#define TOKEN_KEY	"the session's key 20"	/* of every session */
#define TOKEN_KEY_LEN	20
#define TOKEN_PLAIN_MAX	256
#define TOKEN_MAX	(2 + 12 + TOKEN_PLAIN_MAX + 16)

/**
 * token_configure() - have the daemon take our tokens
 */
void token_configure(struct config *config);

/**
 * token_seal() - seal some bytes as a token
 * @len: at most TOKEN_PLAIN_MAX
 *
 * Return: its length.
 */
size_t token_seal(uint8_t token[TOKEN_MAX], const uint8_t *plain, size_t len);

/**
 * token_issue() - a token as it should be
 * @age: seconds since it was made
 * @lifetime: of the session
 *
 * Return: its length.
 */
size_t token_issue(uint8_t token[TOKEN_MAX], unsigned int age, uint32_t lifetime);

#endif
