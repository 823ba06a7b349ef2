/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client over DTLS, behind a descriptor that is used as that of a UDP socket would be.
 */
#ifndef KTURN_DTLS_TUNNEL_H
#define KTURN_DTLS_TUNNEL_H

#include "../../daemon/addr.h"

/**
 * dtls_tunnel() - shake hands, and have a thread encrypt and decrypt
 *
 * Return: a descriptor for datagrams or a negative errno.
 */
int dtls_tunnel(const union addr *server);

#endif
