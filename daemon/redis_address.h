/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a Redis server is, and how one gets in: coturn's connection string, such as
 * "ip=127.0.0.1 dbname=0 password=secret port=6379 connect_timeout=5".
 */
#ifndef KTURN_REDIS_ADDRESS_H
#define KTURN_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define REDIS_HOST_LEN	108	/* an address, or the path of a socket */
#define REDIS_NAME_LEN	288	/* of what the log calls it */

/**
 * struct redis_address - what a connection string says
 * @host: a numeric address; or, beginning with a slash, a socket of this host
 * @port: not for a socket
 * @database: its number
 * @user: of Redis' access control lists; empty: the default one
 * @password: empty: none is asked for
 * @timeout: seconds that a connection may take to be made, and an answer to come
 */
struct redis_address {
	char host[REDIS_HOST_LEN];
	uint16_t port;
	unsigned int database;
	char user[128];
	char password[256];
	unsigned int timeout;
};

/**
 * redis_address_parse() - read a connection string
 *
 * A name is looked up here, once: those who connect later must not wait for that.
 *
 * Return: NULL, or what would be valid.
 */
const char *redis_address_parse(struct redis_address *address, const char *text);

/**
 * redis_address_same() - tell whether two lead to the same place in the same way
 */
bool redis_address_same(const struct redis_address *a, const struct redis_address *b);

/**
 * redis_address_str() - its name for the log, without the password
 *
 * Return: @name.
 */
const char *redis_address_str(const struct redis_address *address, char name[REDIS_NAME_LEN]);

#endif
