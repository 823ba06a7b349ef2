// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which versions and ciphers the kernel takes over: it is asked, each on a connection of
 * its own, for with keys a socket is not to be had back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ktls.h"
#include "ktls_crypto.h"
#include "macros.h"

static const struct suite {
	unsigned short kernel_version, kernel_cipher;
	socklen_t len;
	gnutls_protocol_t version;
	gnutls_cipher_algorithm_t cipher;
} suites[] = {
#define SUITE(kernel_version, version, kernel_cipher, member, cipher)	\
	{ kernel_version, kernel_cipher,				\
	  sizeof(((union ktls_crypto *)NULL)->member), version, cipher }
#define BOTH(...)							\
	SUITE(TLS_1_2_VERSION, GNUTLS_TLS1_2, __VA_ARGS__),		\
	SUITE(TLS_1_3_VERSION, GNUTLS_TLS1_3, __VA_ARGS__)
	BOTH(TLS_CIPHER_AES_GCM_128, gcm128, GNUTLS_CIPHER_AES_128_GCM),
	BOTH(TLS_CIPHER_AES_GCM_256, gcm256, GNUTLS_CIPHER_AES_256_GCM),
	BOTH(TLS_CIPHER_CHACHA20_POLY1305, chacha, GNUTLS_CIPHER_CHACHA20_POLY1305),
};

#define ALL_SUITES ((1U << ARRAY_SIZE(suites)) - 1)

/* Return: a socket that listens on loopback; its address in @addr. */
static int listen_on_loopback(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd >= 0 && !bind(fd, (struct sockaddr *)addr, len) &&
	    !listen(fd, ARRAY_SIZE(suites)) && !getsockname(fd, (struct sockaddr *)addr, &len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The kernel answers by itself, without an accept(), unless a firewall is in between. */
static int connect_to(const struct sockaddr_in *addr)
{
	static const struct timeval timeout = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* It looks for TLS first, and then at the socket: this one is not connected. */
static bool has_tls(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && ktls_attach(fd) == -ENOTCONN;

	if (fd >= 0)
		close(fd);
	return has;
}

static bool set_keys(int fd, const struct suite *suite)
{
	const union ktls_crypto crypto = { .info = {
		.version = suite->kernel_version,
		.cipher_type = suite->kernel_cipher,
	} };

	return !ktls_attach(fd) &&
	       !setsockopt(fd, SOL_TLS, TLS_TX, &crypto, suite->len) &&
	       !setsockopt(fd, SOL_TLS, TLS_RX, &crypto, suite->len);
}

unsigned int ktls_probe(void)
{
	struct sockaddr_in addr;
	int listener = listen_on_loopback(&addr);
	unsigned int set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		int fd = listener < 0 ? -1 : connect_to(&addr);

		/* Each session will find out by itself. */
		if (fd < 0) {
			set = has_tls() ? ALL_SUITES : 0;
			break;
		}
		if (set_keys(fd, &suites[i]))
			set |= 1U << i;
		close(fd);
	}
	if (listener >= 0)
		close(listener);
	return set;
}

bool ktls_takes(unsigned int set, gnutls_session_t session)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(session);
	gnutls_cipher_algorithm_t cipher = gnutls_cipher_get(session);

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].version == version && suites[i].cipher == cipher)
			return set & 1U << i;
	return false;
}

const char *ktls_missing(unsigned int set, char names[KTLS_NAMES_LEN])
{
	size_t len = 0;

	*names = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (!(set & 1U << i))
			len += snprintf(names + len, KTLS_NAMES_LEN - len, "%s%s %s",
					len ? ", " : "",
					gnutls_protocol_get_name(suites[i].version),
					gnutls_cipher_get_name(suites[i].cipher));
	return names;
}
