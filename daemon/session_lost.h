/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session whose connection is gone, but whose client may come back with a ticket
 * (RFC 8016): it keeps its allocation until that expires. What is sent to it is lost.
 */
#ifndef KTURN_SESSION_LOST_H
#define KTURN_SESSION_LOST_H

#include <stdbool.h>

#include "session.h"

/**
 * session_lost_new() - one in the place of another, without an allocation yet
 *
 * It ends by itself when it has had one.
 *
 * Return: NULL without memory.
 */
struct session *session_lost_new(const struct session *session);

/**
 * session_is_lost() - tell whether it is one of these
 */
bool session_is_lost(const struct session *session);

#endif
