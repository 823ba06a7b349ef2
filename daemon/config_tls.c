// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_internal.h"
#include "macros.h"
#include "tls_server.h"

#define DEFAULT_PORT 5349

static const char *take(char **string, const char *value)
{
	free(*string);
	*string = strdup(value);
	return *string ? NULL : "more memory";
}

/* Return: what would have been valid; one such text at a time. */
static const char *valid_but(const char *valid, const char *problem)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s (%s)", valid, problem);
	return text;
}

static const char *check_certificates(const char *path)
{
	static const char valid[] = "a file of PEM certificates, the server's first";
	gnutls_datum_t data;
	gnutls_x509_crt_t *list = NULL;
	unsigned int n = 0;
	int err;

	errno = 0;
	if (gnutls_load_file(path, &data))
		return valid_but(valid, errno ? strerror(errno) : "cannot be read");
	err = gnutls_x509_crt_list_import2(&list, &n, &data, GNUTLS_X509_FMT_PEM, 0);
	gnutls_free(data.data);
	for (unsigned int i = 0; err >= 0 && i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return err < 0 ? valid_but(valid, gnutls_strerror(err)) : NULL;
}

/* One key is the opposite of the other. */
const char *config_parse_dtls(struct config *config, const struct config_key *key,
			      const char *value)
{
	bool flag = false;

	if (config_read_switch(value, &flag))
		return "yes or no";
	config->dtls_said = flag == (*key->name == 'd') ? CONFIG_DTLS : CONFIG_NO_DTLS;
	return NULL;
}

const char *config_parse_cert(struct config *config, const struct config_key *key,
			      const char *value)
{
	const char *valid = check_certificates(value);

	(void)key;
	return valid ? valid : take(&config->cert, value);
}

const char *config_parse_pkey(struct config *config, const struct config_key *key,
			      const char *value)
{
	(void)key;
	if (access(value, R_OK))
		return valid_but("a file with a PEM private key", strerror(errno));
	return take(&config->pkey, value);
}

/* Of its first word one can tell in whose language a list is. */
static bool is_openssl_list(const char *value)
{
	static const char *const first[] = {
		"DEFAULT", "ALL", "COMPLEMENTOF", "HIGH", "MEDIUM", "LOW", "ECDH", "EECDH",
		"DHE-", "EDH", "DH", "kE", "kD", "kR", "aR", "aE", "AES", "CHACHA20", "ARIA",
		"CAMELLIA", "RSA", "TLS_", "TLSv1", "SSLv3", "!",
	};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (!strncmp(value, first[i], strlen(first[i])))
			return true;
	return false;
}

/* coturn's lists are OpenSSL's: for want of a translation they come to our default. */
const char *config_parse_ciphers(struct config *config, const struct config_key *key,
				 const char *value)
{
	const char *where;

	(void)key;
	where = strcmp(value, "DEFAULT") ? tls_ciphers_check(value) : NULL;
	if (where && !is_openssl_list(value))
		return valid_but("DEFAULT or a priority string of GnuTLS, such as "
				 "SECURE256:-RSA", where);
	return take(&config->ciphers, value);
}

/* Return: the key that makes no sense without a certificate, or NULL. */
static const char *wants_certificate(const struct config *config)
{
	if (config->dtls_said == CONFIG_DTLS)
		return "dtls";
	if (config->no_tls)
		return NULL;
	if (config->tls_listening_port)
		return "tls-listening-port";
	if (config->pkey)
		return "pkey";
	return config->ciphers ? "cipher-list" : NULL;
}

/* Of DTLS there is one version here, and it goes with that of TLS. */
static bool has_dtls(const struct config *config)
{
	return config->dtls_said != CONFIG_NO_DTLS && !config->no_tls1_2;
}

static const char *load(struct config *config)
{
	const struct tls_settings settings = {
		.cert = config->cert,
		.pkey = config->pkey ? config->pkey : config->cert,
		.password = config->pkey_pwd,
		.ciphers = config->ciphers,
		.no_tls1_2 = config->no_tls1_2,
	};
	struct tls_server *server;
	static char why[512];

	if (tls_server_open(&server, &settings, why, sizeof(why)))
		return why;
	config->tls = config->no_tls ? NULL : tls_server_get(server);
	config->dtls = has_dtls(config) ? tls_server_get(server) : NULL;
	tls_server_put(server);
	return NULL;
}

static void check_port(const struct config *config, struct config_errors *errors)
{
	if ((!config->tls && !config->dtls) ||
	    config->tls_listening_port != config->listening_port)
		return;
	config_complain(errors, "%s: has to differ from %s, which takes TLS as well",
			config_given(errors, "tls-listening-port") ? "tls-listening-port" :
			"listening-port",
			config_given(errors, "tls-listening-port") ? "listening-port" :
			"tls-listening-port");
}

/* Our default is what there is of it in the lists of today. */
static void fill_ciphers(struct config *config, struct config_errors *errors)
{
	if (!config->ciphers)
		return;
	if (strcmp(config->ciphers, "DEFAULT")) {
		if (!tls_ciphers_check(config->ciphers))
			return;
		config_warn(errors, "cipher-list: has no effect: it is OpenSSL's, and "
			    "GnuTLS's are meant here; DEFAULT is used, which is AES-GCM and "
			    "ChaCha20-Poly1305 with forward secrecy");
	}
	free(config->ciphers);
	config->ciphers = NULL;
}

void config_fill_tls(struct config *config, struct config_errors *errors)
{
	const char *key, *why;

	fill_ciphers(config, errors);
	key = config->cert ? NULL : wants_certificate(config);
	if (config->cert && (!config->no_tls || has_dtls(config))) {
		why = load(config);
		if (why)
			config_complain(errors, "cert: %s", why);
	} else if (key && !config_complained(errors, "cert")) {
		config_complain(errors, "%s: needs cert, which is missing", key);
	}
	if (config->pkey_pwd)
		gnutls_memset(config->pkey_pwd, 0, strlen(config->pkey_pwd));
	if (!config->tls_listening_port)
		config->tls_listening_port = DEFAULT_PORT;
	check_port(config, errors);
	if (config->dtls_said == CONFIG_DTLS && config->no_tls1_2)
		config_complain(errors, "dtls: contradicts no-tlsv1_2: of DTLS there is 1.2");
}

void config_free_tls(struct config *config)
{
	tls_server_put(config->tls);
	tls_server_put(config->dtls);
	free(config->cert);
	free(config->pkey);
	free(config->pkey_pwd);
	free(config->ciphers);
}
