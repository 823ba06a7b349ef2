// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <string.h>

#include "origin.h"

#define PORT_LEN 8	/* of ":65535" and more */

static const char *default_port(const char *canonical)
{
	if (!strncmp(canonical, "https://", 8))
		return ":443";
	return strncmp(canonical, "http://", 7) ? "" : ":80";
}

/* Cut what comes behind host and port off, and add the port if it is missing. */
static void finish(char *canonical, char *host)
{
	char *end = host + strcspn(host, "/?#"), *bracket;

	*end = '\0';
	bracket = strchr(host, ']');
	if (!strchr(bracket ? bracket : host, ':'))
		strcpy(end, default_port(canonical));
}

bool origin_write(char canonical[ORIGIN_MAX], const char *origin, size_t len)
{
	char *scheme;

	if (!len || len >= ORIGIN_MAX - PORT_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		canonical[i] = tolower((unsigned char)origin[i]);
	canonical[len] = '\0';
	scheme = strstr(canonical, "://");
	if (scheme)
		finish(canonical, scheme + strlen("://"));
	return true;
}
