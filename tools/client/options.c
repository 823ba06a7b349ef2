// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "ice.h"
#include "net.h"
#include "options.h"
#include "turn.h"

static const struct option longopts[] = {
	{ "via",	required_argument, NULL, 'v' },
	{ "tls",	no_argument,	   NULL, 'e' },
	{ "ca",		required_argument, NULL, 'c' },
	{ "name",	required_argument, NULL, 'n' },
	{ "no-check",	no_argument,	   NULL, 'N' },
	{ "priority",	required_argument, NULL, 'p' },
	{ "ktls",	no_argument,	   NULL, 'K' },
	{ "user",	required_argument, NULL, 'u' },
	{ "rfc5389",	no_argument,	   NULL, '5' },
	{ "to",		required_argument, NULL, 't' },
	{ "from",	required_argument, NULL, 'f' },
	{ "listen",	required_argument, NULL, 'l' },
	{ "bind",	required_argument, NULL, 'b' },
	{ "ipv4",	no_argument,	   NULL, '4' },
	{ "ipv6",	no_argument,	   NULL, '6' },
	{ "lifetime",	required_argument, NULL, 'L' },
	{ "size",	required_argument, NULL, 's' },
	{ "seed",	required_argument, NULL, 'S' },
	{ "answer",	no_argument,	   NULL, 'a' },
	{ "hold",	required_argument, NULL, 'h' },
	{ "linger",	required_argument, NULL, 'k' },
	{ "ice-password", required_argument, NULL, 'I' },
	{ "media",	required_argument, NULL, 'm' },
	{ "timeout",	required_argument, NULL, 'T' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
"usage: kturn-client call     ENDPOINT [OPTION…]   the first STUN of an ICE-TCP call\n"
"       kturn-client transfer ENDPOINT [OPTION…]   bytes both ways at once, with SHA-256\n"
"\n"
"ENDPOINT, the TURN client:\n"
"  --via SERVER[:PORT] --from PEER       allocate, wait for the peer to connect\n"
"  --via SERVER[:PORT] --to PEER:PORT    allocate, have the server connect\n"
"ENDPOINT, the peer:\n"
"  --to ADDRESS:PORT                     connect, for example to a relayed address\n"
"  --listen ADDRESS[:PORT]               wait for one connection\n"
"\n"
"  --tls                   speak TLS with the server, on port 5349 unless told\n"
"  --ca FILE               trust these certificates, not the system's\n"
"  --name NAME             whose certificate it has to be (SERVER)\n"
"  --no-check              take any certificate\n"
"  --priority STRING       versions and ciphers, as GnuTLS names them\n"
"  --ktls                  have the kernel do TLS\n"
"  --user NAME:PASSWORD    credentials for the server\n"
"  --rfc5389               sign as clients of before 2020 do, with MD5 and SHA-1\n"
"  --bind ADDRESS          connect from there\n"
"  --ipv4, --ipv6          the relayed address's family\n"
"  --lifetime SECONDS      of the allocation (600)\n"
"  --hold SECONDS          wait before the ConnectionBind (0)\n"
"  --timeout SECONDS       for the peer to come, for anything to move (30)\n"
"  --linger SECONDS        call: how long it goes on (1)\n"
"  --ice-password TEXT     call: what its STUN is signed with; another is refused\n"
"  --media N               call: the TURN client sends so many frames like RTP's (0)\n"
"  --size N[K|M|G]         transfer: bytes to send (1M)\n"
"  --seed N                transfer: what they are made from (1)\n"
"  --answer                transfer: send only after the other end's FIN\n";

void options_usage(void)
{
	fputs(usage_text, stderr);
}

static int take_number(uint64_t *value, const char *text, uint64_t max)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || *value > max)
		return -EINVAL;
	return 0;
}

static int take_seconds(unsigned int *value, const char *text)
{
	uint64_t seconds;

	if (take_number(&seconds, text, 86400))
		return -EINVAL;
	*value = seconds;
	return 0;
}

static int take_size(uint64_t *size, const char *text)
{
	static const char units[] = "KMG";
	char *end;
	const char *unit;

	errno = 0;
	*size = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9')
		return -EINVAL;
	if (!*end)
		return 0;
	unit = strchr(units, *end);
	if (!unit || end[1] || *size >> 33)
		return -EINVAL;
	*size <<= 10 * (unit - units + 1);
	return 0;
}

static int take_user(struct options *opt, char *text)
{
	char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return -EINVAL;
	*colon = '\0';
	opt->user = credential_prepare(text);
	opt->password = credential_prepare(colon + 1);
	return opt->user && opt->password ? 0 : -EINVAL;
}

static int take_addr(union addr *addr, bool *has, const char *text, uint16_t port)
{
	*has = true;
	return net_endpoint(addr, text, port);
}

static int take_tls(struct options *opt, int name, char *text)
{
	opt->tls = true;
	switch (name) {
	case 'c':
		opt->secure.ca = text;
		break;
	case 'n':
		opt->secure.name = text;
		break;
	case 'N':
		opt->secure.check = false;
		break;
	case 'p':
		opt->secure.priority = text;
		break;
	case 'K':
		opt->secure.kernel = true;
		break;
	}
	return 0;
}

static int take_address(struct options *opt, int name, const char *text)
{
	switch (name) {
	case 'v':
		return take_addr(&opt->via, &opt->has_via, text, 0);
	case 't':
		return take_addr(&opt->to, &opt->has_to, text, 0);
	case 'f':
		return take_addr(&opt->from, &opt->has_from, text, 0);
	case 'l':
		return take_addr(&opt->listen, &opt->has_listen, text, 0);
	default:
		return take_addr(&opt->bind, &opt->has_bind, text, 0);
	}
}

static int take(struct options *opt, int name, char *text)
{
	if (strchr("ecnNpK", name))
		return take_tls(opt, name, text);
	switch (name) {
	case 'u':
		return take_user(opt, text);
	case '5':
		opt->rfc5389 = true;
		return 0;
	case '4':
		opt->family = AF_INET;
		return 0;
	case '6':
		opt->family = AF_INET6;
		return 0;
	case 'L':
		return take_seconds(&opt->lifetime, text);
	case 's':
		return take_size(&opt->size, text);
	case 'S':
		return take_number(&opt->seed, text, UINT64_MAX);
	case 'a':
		opt->answer = true;
		return 0;
	case 'h':
		return take_seconds(&opt->hold, text);
	case 'k':
		return take_seconds(&opt->linger, text);
	case 'I':
		opt->ice_password = text;
		return 0;
	case 'm':
		return take_number(&opt->media, text, UINT32_MAX);
	case 'T':
		return take_seconds(&opt->timeout, text);
	default:
		return take_address(opt, name, text);
	}
}

/* With a server: one of --from and --to; without: one of --to and --listen. */
static int check_endpoint(const struct options *opt)
{
	if (opt->has_via ? opt->has_listen || opt->has_to == opt->has_from
			 : opt->has_from || opt->has_to == opt->has_listen) {
		fprintf(stderr, "kturn-client: need --via with --from or --to, or else --to or --listen\n");
		return -EINVAL;
	}
	if (opt->has_to && !addr_port(&opt->to)) {
		fprintf(stderr, "kturn-client: --to needs a port\n");
		return -EINVAL;
	}
	return 0;
}

/* What depends on more than one option. */
static void fill(struct options *opt)
{
	static char server[ADDR_STR_LEN];

	if (!addr_port(&opt->via))
		addr_set_port(&opt->via, opt->tls ? TURN_TLS_PORT : TURN_PORT);
	if (!opt->secure.name)
		opt->secure.name = addr_ip_str(&opt->via, server);
}

int options_parse(struct options *opt, int argc, char **argv)
{
	int name, index;

	*opt = (struct options){
		.lifetime = 600, .size = 1 << 20, .seed = 1, .linger = 1, .timeout = 30,
		.ice_password = ICE_PASSWORD,
		.secure.check = true,
	};
	while ((name = getopt_long(argc, argv, "", longopts, &index)) != -1) {
		if (name == '?')
			return -EINVAL;
		if (take(opt, name, optarg)) {
			fprintf(stderr, "kturn-client: --%s does not take \"%s\"\n",
				longopts[index].name, optarg);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "kturn-client: \"%s\" is not an option\n", argv[optind]);
		return -EINVAL;
	}
	if (opt->has_via)
		fill(opt);
	return check_endpoint(opt);
}
