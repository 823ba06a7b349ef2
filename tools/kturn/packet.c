// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <string.h>

#include "packet.h"

#define IPV4_HEADER	20
#define IPV6_HEADER	40
#define TCP_HEADER	20
#define UDP_HEADER	8
#define TTL		64
#define TCP_PUSH_ACK	0x18
#define TCP_WINDOW	0xffff

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value);
}

/* RFC 1071; only the last part may be odd. */
static uint32_t sum(uint32_t so_far, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		so_far += data[i] << 8 | data[i + 1];
	if (len & 1)
		so_far += data[len - 1] << 8;
	return so_far;
}

static uint16_t fold(uint32_t value)
{
	while (value >> 16)
		value = (value & 0xffff) + (value >> 16);
	return ~value;
}

/* What does not fit has not been in one packet: it is as long as one can be. */
static uint16_t clip(size_t len)
{
	return len < UINT16_MAX ? len : UINT16_MAX;
}

static size_t put_ipv4(uint8_t *buf, const union addr *from, const union addr *to,
		       uint8_t protocol, size_t len)
{
	memset(buf, 0, IPV4_HEADER);
	buf[0] = 0x45;
	put_u16(buf + 2, clip(IPV4_HEADER + len));
	buf[6] = 0x40;			/* may not be cut */
	buf[8] = TTL;
	buf[9] = protocol;
	memcpy(buf + 12, &from->v4.sin_addr, 4);
	memcpy(buf + 16, &to->v4.sin_addr, 4);
	put_u16(buf + 10, fold(sum(0, buf, IPV4_HEADER)));
	return IPV4_HEADER;
}

static size_t put_ipv6(uint8_t *buf, const union addr *from, const union addr *to,
		       uint8_t protocol, size_t len)
{
	memset(buf, 0, IPV6_HEADER);
	buf[0] = 0x60;
	put_u16(buf + 4, clip(len));
	buf[6] = protocol;
	buf[7] = TTL;
	memcpy(buf + 8, &from->v6.sin6_addr, 16);
	memcpy(buf + 24, &to->v6.sin6_addr, 16);
	return IPV6_HEADER;
}

static size_t put_udp(uint8_t *buf, const union addr *from, const union addr *to, size_t len)
{
	put_u16(buf, addr_port(from));
	put_u16(buf + 2, addr_port(to));
	put_u16(buf + 4, clip(UDP_HEADER + len));
	put_u16(buf + 6, 0);
	return UDP_HEADER;
}

static size_t put_tcp(uint8_t *buf, const union addr *from, const union addr *to,
		      const struct packet_stream *stream)
{
	memset(buf, 0, TCP_HEADER);
	put_u16(buf, addr_port(from));
	put_u16(buf + 2, addr_port(to));
	put_u32(buf + 4, stream->sent);
	put_u32(buf + 8, stream->acknowledged);
	buf[12] = TCP_HEADER / 4 << 4;
	buf[13] = TCP_PUSH_ACK;
	put_u16(buf + 14, TCP_WINDOW);
	return TCP_HEADER;
}

/* Over the addresses, too (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint16_t checksum(const union addr *from, const union addr *to, uint8_t protocol,
			 const uint8_t *header, size_t header_len, const uint8_t *data, size_t len)
{
	const uint8_t *ip;
	uint32_t so_far = protocol + header_len + len;
	size_t ip_len;

	ip = addr_ip(from, &ip_len);
	so_far = sum(so_far, ip, ip_len);
	ip = addr_ip(to, &ip_len);
	so_far = sum(so_far, ip, ip_len);
	so_far = sum(so_far, header, header_len);
	return fold(sum(so_far, data, len));
}

size_t packet_headers(uint8_t *buf, const union addr *from, const union addr *to,
		      const struct packet_stream *stream, const uint8_t *data, size_t kept,
		      size_t len)
{
	uint8_t protocol = stream ? IPPROTO_TCP : IPPROTO_UDP;
	size_t header_len = stream ? TCP_HEADER : UDP_HEADER;
	bool v4 = from->sa.sa_family == AF_INET;
	uint8_t *header;
	uint16_t check;

	header = buf + (v4 ? put_ipv4 : put_ipv6)(buf, from, to, protocol, header_len + len);
	if (stream)
		put_tcp(header, from, to, stream);
	else
		put_udp(header, from, to, len);
	if (kept == len) {
		check = checksum(from, to, protocol, header, header_len, data, len);
		/* In UDP none would mean that there is no checksum (RFC 768). */
		put_u16(header + (stream ? 16 : 6), check || stream ? check : 0xffff);
	}
	return header + header_len - buf;
}
