/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checksum of FINGERPRINT (RFC 8489, 14.7): ITU V.42's CRC-32.
 */
#ifndef KTURN_CRC32_H
#define KTURN_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * crc32_of() - the checksum of @len bytes
 */
uint32_t crc32_of(const uint8_t *p, size_t len);

#endif
