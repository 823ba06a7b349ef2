// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocation.h"
#include "auth_user.h"
#include "connection.h"
#include "log_who.h"
#include "session.h"

const char *log_who(char buf[LOG_WHO_LEN], uint64_t allocation, const struct auth_user *user,
		    const union addr *client)
{
	char id[17] = "-", name[LOG_QUOTE_LEN] = "-", from[ADDR_STR_LEN];

	if (allocation)
		snprintf(id, sizeof(id), "%016" PRIx64, allocation);
	if (user)
		log_quote(name, user->name, strlen(user->name));
	snprintf(buf, LOG_WHO_LEN, "allocation=%s user=%s client=%s", id, name,
		 addr_str(client, from));
	return buf;
}

const char *log_who_allocation(char buf[LOG_WHO_LEN], const struct allocation *allocation)
{
	return log_who(buf, allocation->id, allocation->user, &allocation->session->client);
}

const struct allocation *log_session_allocation(const struct session *session)
{
	return session->binding ? connection_allocation(session->binding) : session->allocation;
}

const char *log_who_session(char buf[LOG_WHO_LEN], const struct session *session)
{
	const struct allocation *allocation = log_session_allocation(session);

	return log_who(buf, allocation ? allocation->id : 0,
		       allocation ? allocation->user : NULL, &session->client);
}
