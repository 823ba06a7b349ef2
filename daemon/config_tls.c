// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config_internal.h"
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

/* coturn's lists are OpenSSL's. Its default is ours, in our words. */
const char *config_parse_ciphers(struct config *config, const struct config_key *key,
				 const char *value)
{
	const char *where;

	(void)key;
	if (!strcmp(value, "DEFAULT")) {
		free(config->ciphers);
		config->ciphers = NULL;
		return NULL;
	}
	where = tls_ciphers_check(value);
	if (where)
		return valid_but("DEFAULT or a priority string of GnuTLS, such as "
				 "SECURE256:-RSA; OpenSSL's lists are not known here", where);
	return take(&config->ciphers, value);
}

static bool is_yes(const char *value)
{
	static const char *const yes[] = { "1", "on", "yes", "true", "y", "t" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!strcasecmp(value, yes[i]))
			return true;
	return false;
}

#define TOO_OLD "left out: TLS before 1.2 is never spoken (RFC 8996)"

const char *config_parse_old_tls(struct config *config, const struct config_key *key,
				 const char *value)
{
	(void)config, (void)key;
	return is_yes(value) ? TOO_OLD : NULL;
}

const char *config_parse_no_old_tls(struct config *config, const struct config_key *key,
				    const char *value)
{
	(void)config, (void)key;
	return is_yes(value) ? NULL : TOO_OLD;
}

const char *config_refuse_dh(struct config *config, const struct config_key *key,
			     const char *value)
{
	(void)config, (void)key, (void)value;
	return "left out: the groups are those of RFC 7919";
}

const char *config_refuse_curve(struct config *config, const struct config_key *key,
				const char *value)
{
	(void)config, (void)key, (void)value;
	return "left out: groups are chosen by cipher-list, "
	       "such as NORMAL:-GROUP-ALL:+GROUP-X25519";
}

/* Return: the key that makes no sense without a certificate, or NULL. */
static const char *wants_certificate(const struct config *config)
{
	if (config->tls_listening_port)
		return "tls-listening-port";
	if (config->pkey)
		return "pkey";
	return config->ciphers ? "cipher-list" : NULL;
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
	static char why[512];

	return tls_server_open(&config->tls, &settings, why, sizeof(why)) ? why : NULL;
}

const char *config_fill_tls(struct config *config)
{
	static char text[128];
	const char *key, *why = NULL;

	if (config->cert && !config->no_tls) {
		why = load(config);
	} else if (!config->no_tls) {
		key = wants_certificate(config);
		if (key)
			snprintf(text, sizeof(text), "missing, and %s makes no sense without", key);
		why = key ? text : NULL;
	}
	if (config->pkey_pwd)
		gnutls_memset(config->pkey_pwd, 0, strlen(config->pkey_pwd));
	if (!config->tls_listening_port)
		config->tls_listening_port = DEFAULT_PORT;
	if (!why && config->tls && config->tls_listening_port == config->listening_port)
		why = "tls-listening-port has to differ from listening-port, "
		      "which takes TLS as well";
	return why;
}

void config_free_tls(struct config *config)
{
	tls_server_put(config->tls);
	free(config->cert);
	free(config->pkey);
	free(config->pkey_pwd);
	free(config->ciphers);
}
