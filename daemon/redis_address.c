// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "macros.h"
#include "redis_address.h"

#define GRAMMAR "pairs such as ip=127.0.0.1 dbname=0 password=SECRET port=6379 connect_timeout=5"

static const char *set_host(struct redis_address *address, const char *value)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int err;

	if (*value == '/') {
		if (strlen(value) >= sizeof(address->host))
			return "the path of a socket, at most 107 bytes";
		strcpy(address->host, value);
		return NULL;
	}
	if (getaddrinfo(value, NULL, &hints, &found))
		return "ip=ADDRESS, or a name that can be looked up, or the path of a socket";
	err = getnameinfo(found->ai_addr, found->ai_addrlen, address->host,
			  sizeof(address->host), NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(found);
	return err ? "ip=ADDRESS" : NULL;
}

static bool read_number(unsigned int *number, const char *value, unsigned int min,
			unsigned int max)
{
	unsigned long read;
	char *end;

	read = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || read < min || read > max)
		return false;
	*number = read;
	return true;
}

static const char *set_port(struct redis_address *address, const char *value)
{
	unsigned int port;

	if (!read_number(&port, value, 1, 65535))
		return "port=1 to 65535";
	address->port = port;
	return NULL;
}

static const char *set_database(struct redis_address *address, const char *value)
{
	return read_number(&address->database, value, 0, 1000000) ? NULL
								  : "dbname=0 to 1000000";
}

static const char *set_timeout(struct redis_address *address, const char *value)
{
	return read_number(&address->timeout, value, 1, 60) ? NULL : "connect_timeout=1 to 60";
}

static const char *set_user(struct redis_address *address, const char *value)
{
	if (strlen(value) >= sizeof(address->user))
		return "user= of at most 127 bytes";
	strcpy(address->user, value);
	return NULL;
}

static const char *set_password(struct redis_address *address, const char *value)
{
	if (strlen(value) >= sizeof(address->password))
		return "password= of at most 255 bytes";
	strcpy(address->password, value);
	return NULL;
}

/* All the names that coturn has for them. */
static const struct pair {
	const char *name;
	const char *(*set)(struct redis_address *address, const char *value);
} pairs[] = {
	{ "ip", set_host }, { "host", set_host }, { "addr", set_host },
	{ "ipaddr", set_host }, { "hostaddr", set_host },
	{ "dbname", set_database }, { "db", set_database }, { "database", set_database },
	{ "user", set_user }, { "uname", set_user }, { "name", set_user },
	{ "username", set_user },
	{ "password", set_password }, { "pwd", set_password }, { "passwd", set_password },
	{ "secret", set_password },
	{ "port", set_port }, { "p", set_port },
	{ "connect_timeout", set_timeout }, { "timeout", set_timeout },
};

static const char *set(struct redis_address *address, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return GRAMMAR;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!strcmp(pairs[i].name, word))
			return pairs[i].set(address, value);
	return GRAMMAR;
}

const char *redis_address_parse(struct redis_address *address, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	const char *valid = copy ? NULL : "more memory";

	*address = (struct redis_address){ .host = "127.0.0.1", .port = 6379, .timeout = 5 };
	while (!valid && (word = strsep(&rest, " ")))
		if (*word)
			valid = set(address, word);
	if (copy)
		explicit_bzero(copy, strlen(text));
	free(copy);
	return valid;
}

bool redis_address_same(const struct redis_address *a, const struct redis_address *b)
{
	return !strcmp(a->host, b->host) && a->port == b->port &&
	       a->database == b->database && a->timeout == b->timeout &&
	       !strcmp(a->user, b->user) && !strcmp(a->password, b->password);
}

const char *redis_address_str(const struct redis_address *address, char name[REDIS_NAME_LEN])
{
	if (address->host[0] == '/')
		snprintf(name, REDIS_NAME_LEN, "%s/%u", address->host, address->database);
	else
		snprintf(name, REDIS_NAME_LEN, "%s:%u/%u", address->host, address->port,
			 address->database);
	return name;
}
