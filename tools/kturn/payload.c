// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include "macros.h"
#include "payload.h"

static uint16_t get_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* --- STUN (RFC 8489, 5), which has a cookie */

static bool is_stun(const uint8_t *data, size_t len)
{
	static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 };

	return len >= 8 && !(data[0] & 0xc0) && !memcmp(data + 4, cookie, sizeof(cookie));
}

static struct payload stun(const uint8_t *data, bool framed)
{
	static const char *const words[2][5] = {
		{ "STUN Binding request", "STUN Binding indication",
		  "STUN Binding success response", "STUN Binding error response",
		  "STUN, not Binding" },
		{ "framed STUN Binding request", "framed STUN Binding indication",
		  "framed STUN Binding success response", "framed STUN Binding error response",
		  "framed STUN, not Binding" },
	};
	uint16_t type = get_u16(data);
	unsigned int class = (type & 0x0100) >> 7 | (type & 0x0010) >> 4;

	return (struct payload){ "stun", words[framed][(type & ~0x0110) == 1 ? class : 4] };
}

/* --- what may stand in a frame (RFC 4571; told from each other by RFC 7983) */

static bool is_dtls(const uint8_t *data, size_t len)
{
	return len >= 3 && data[0] >= 20 && data[0] <= 26 && data[1] == 0xfe;
}

/* RTP and RTCP, by what RTCP has where RTP has its payload type (RFC 5761, 4). */
static struct payload rtp(const uint8_t *data)
{
	if (data[1] >= 192 && data[1] <= 223)
		return (struct payload){ "rtcp", "framed RTCP" };
	return (struct payload){ "rtp", "framed RTP" };
}

static bool in_frame(const uint8_t *data, size_t len, struct payload *payload)
{
	size_t frame = len >= 2 ? get_u16(data) : 0;

	if (len < 5)
		return false;
	data += 2;
	len -= 2;
	if (is_stun(data, len))
		*payload = stun(data, true);
	else if (is_dtls(data, len) && frame >= 13)
		*payload = (struct payload){ "dtls", "framed DTLS" };
	else if (data[0] >> 6 == 2 && frame >= 8 && frame <= 1500)
		*payload = rtp(data);
	else
		return false;
	return true;
}

/* --- what has no frames */

static bool is_tls(const uint8_t *data, size_t len)
{
	return len >= 3 && data[0] >= 20 && data[0] <= 23 && data[1] == 3 && data[2] <= 4;
}

static const char *tls_words(const uint8_t *data, size_t len)
{
	if (data[0] == 21)
		return "TLS alert";
	if (data[0] != 22 || len < 6)
		return "TLS";
	return data[5] == 1 ? "TLS ClientHello" : data[5] == 2 ? "TLS ServerHello" : "TLS handshake";
}

/* A TPKT (RFC 1006) with the X.224 that begins a connection of RDP. */
static bool is_rdp(const uint8_t *data, size_t len)
{
	return len >= 6 && data[0] == 3 && data[1] == 0 && (data[5] == 0xe0 || data[5] == 0xd0);
}

static const char *rdp_words(const uint8_t *data)
{
	return data[5] == 0xe0 ? "RDP connection request" : "RDP connection confirm";
}

static bool in_words(const uint8_t *data, size_t len, struct payload *payload)
{
	static const struct {
		const char *begins, *protocol, *words;
	} known[] = {
		{ "GET ", "http", "HTTP request" },
		{ "POST ", "http", "HTTP request" },
		{ "PUT ", "http", "HTTP request" },
		{ "HEAD ", "http", "HTTP request" },
		{ "DELETE ", "http", "HTTP request" },
		{ "PATCH ", "http", "HTTP request" },
		{ "CONNECT ", "http", "HTTP request" },
		{ "OPTIONS sip:", "sip", "SIP request" },
		{ "OPTIONS ", "http", "HTTP request" },
		{ "PRI * HTTP/2", "http", "HTTP/2" },
		{ "HTTP/1.", "http", "HTTP response" },
		{ "INVITE ", "sip", "SIP request" },
		{ "REGISTER ", "sip", "SIP request" },
		{ "SIP/2.0 ", "sip", "SIP response" },
		{ "SSH-", "ssh", "SSH" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (len < strlen(known[i].begins) ||
		    memcmp(data, known[i].begins, strlen(known[i].begins)))
			continue;
		*payload = (struct payload){ known[i].protocol, known[i].words };
		return true;
	}
	return false;
}

struct payload payload_name(const uint8_t *data, size_t len)
{
	struct payload payload = { "unknown", "unknown" };

	if (!len)
		return (struct payload){ "nothing", "nothing" };
	if (is_stun(data, len))
		return stun(data, false);
	if (is_tls(data, len))
		return (struct payload){ "tls", tls_words(data, len) };
	if (is_rdp(data, len))
		return (struct payload){ "rdp", rdp_words(data) };
	if (!in_words(data, len, &payload))
		in_frame(data, len, &payload);
	return payload;
}
