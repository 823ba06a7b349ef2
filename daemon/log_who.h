/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom a line of the log is about: allocation, user and client, in this order, in every
 * line that concerns an allocation.
 */
#ifndef KTURN_LOG_WHO_H
#define KTURN_LOG_WHO_H

#include <stdint.h>

#include "addr.h"
#include "log.h"
#include "log_limit.h"

struct allocation;
struct auth_user;
struct session;

#define LOG_WHO_LEN (sizeof("allocation=0123456789abcdef user= client=") + \
		     LOG_QUOTE_LEN + ADDR_STR_LEN)

/**
 * log_who() - say whom it is about
 * @allocation: its id; 0 is none, and "-" in the log
 * @user: NULL is nobody, and "-"
 *
 * Return: @buf.
 */
const char *log_who(char buf[LOG_WHO_LEN], uint64_t allocation, const struct auth_user *user,
		    const union addr *client);

/**
 * log_who_allocation() - the same of an allocation
 */
const char *log_who_allocation(char buf[LOG_WHO_LEN], const struct allocation *allocation);

/**
 * log_who_session() - the same of a session and its allocation, if it has one
 *
 * That of a data connection is the one of its connection.
 */
const char *log_who_session(char buf[LOG_WHO_LEN], const struct session *session);

/**
 * log_session_allocation() - the allocation that a session has to do with, or NULL
 */
const struct allocation *log_session_allocation(const struct session *session);

/**
 * log_session() - log_verbose() about a session; as of a stranger if that is what he is
 */
#define log_session(session, event, fmt, ...) do { \
	char whom[LOG_WHO_LEN]; \
	log_about(log_session_allocation(session), event, "%s " fmt, \
		  log_who_session(whom, session), __VA_ARGS__); \
} while (0)

/**
 * log_allocation() - log_verbose() about an allocation
 */
#define log_allocation(allocation, event, fmt, ...) do { \
	char whom[LOG_WHO_LEN]; \
	if (log_is_verbose()) \
		log_verbose(event, "%s " fmt, log_who_allocation(whom, allocation), \
			    __VA_ARGS__); \
} while (0)

#endif
