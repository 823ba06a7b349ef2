/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kturn-client can do with a stream once it has one.
 */
#ifndef KTURN_CLIENT_COMMAND_H
#define KTURN_CLIENT_COMMAND_H

#include "endpoint.h"
#include "options.h"

/**
 * command_call() - the connectivity checks of a call, a while, a keepalive
 *
 * Return: 0, or -1 after printing what has gone wrong.
 */
int command_call(struct endpoint *end, const struct options *opt);

/**
 * command_transfer() - bytes both ways
 *
 * Return: 0, or -1 after printing what has gone wrong.
 */
int command_transfer(struct endpoint *end, const struct options *opt);

#endif
