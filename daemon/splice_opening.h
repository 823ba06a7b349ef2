/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flow of the splice engine begins with. Bytes that go through a pipe are never
 * in our memory, so the first of them are peeked at before they are taken.
 */
#ifndef KTURN_SPLICE_OPENING_H
#define KTURN_SPLICE_OPENING_H

#include "splice_relay.h"

/**
 * splice_opening_fill() - have a flow's mover take bytes, and look at them as long as
 * that is wanted
 *
 * Return: as its fill() does.
 */
ssize_t splice_opening_fill(struct splice_relay *relay, enum splice_side from, size_t most);

#endif
