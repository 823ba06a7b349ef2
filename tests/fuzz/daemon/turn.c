// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: everything between the sockets and the answer, with a clock, a network
 * and a chance of our own, and two workers whose loops turn by turns. An input is a
 * script (see script.h); when it is over, all of its clients leave and nothing of
 * them may be left.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "client.h"
#include "clock.h"
#include "config.h"
#include "hold.h"
#include "log.h"
#include "macros.h"
#include "net.h"
#include "script.h"
#include "server.h"
#include "token.h"
#include "worker.h"

#define CLIENTS		6	/* of which the last two come over UDP */
#define STREAMS		4
#define PORT		3478
#define PASSES		6	/* of the loop, until what a step sets off is over */
#define A_DAY		(24 * 3600)	/* longer than anything waits */

static struct config config;
static struct server server;
static struct client clients[CLIENTS];
static unsigned int idle_sockets;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char users[2][64], certificate[64], cert[96];
	char *args[] = {
		"kturnd", "-n", "--realm=" CLIENT_REALM, users[0], users[1],
		"--listening-ip=" NET_HOST, "--listening-ip=" NET_HOST6,
		"--relay-ip=" NET_HOST, "--relay-ip=" NET_HOST6, "--min-port=50000",
		"--max-port=50063", "--datapath=splice", "--max-permissions=8",
		"--max-pending-connections=4", "--max-connections=6",
		"--relay-threads=2", "--listening-ip=" NET_SECOND, "--rfc5780",
		"--mobility", "--no-tls", cert,
	};

	/* What the daemon says of a finding: KTURN_FUZZ_LOG=/dev/stderr */
	const char *log = getenv("KTURN_FUZZ_LOG");

	(void)argc, (void)argv;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++)
		snprintf(users[i], sizeof(users[i]), "--user=%s:%s", client_users[i],
			 client_passwords[i]);
	hello_certificate(certificate, sizeof(certificate));
	snprintf(cert, sizeof(cert), "--cert=%s", certificate);
	hold(!config_load(&config, ARRAY_SIZE(args), args, stderr));
	token_configure(&config);
	hold(!log_open(log ? log : "/dev/null", true));
	hold(!server_open(&server, &config));
	idle_sockets = net_count();
	return 0;
}

static void turn_loop(void)
{
	for (int i = 0; i < PASSES; i++)
		for (unsigned int n = 0; n < server.n_workers; n++)
			event_base_loop(server.workers[n].base, EVLOOP_NONBLOCK);
	for (int i = 0; i < CLIENTS; i++)
		client_learn(&clients[i]);
}

/* The even ones over IPv4, the others over IPv6; two ports are two workers. */
static struct client *client_of(unsigned int who)
{
	struct client *client = &clients[who %= CLIENTS];
	union addr to;

	if (net_is_open(&client->end))
		return client;
	memset(client, 0, sizeof(*client));
	addr_parse(&to, who % 2 ? NET_HOST6 : NET_HOST);
	addr_parse(&client->from, who % 2 ? "2001:db8::2" : "192.0.2.2");
	addr_set_port(&to, PORT);
	addr_set_port(&client->from, 1024 + who / 2);
	client->datagrams = who >= STREAMS;
	if (client->datagrams)
		net_datagrams(&to, &client->from, &client->end);
	else
		net_arrive(&to, &client->from, &client->end);
	return client;
}

static void sign(const struct script_step *step)
{
	const struct client_way way = {
		.user = !!(step->who & SCRIPT_OTHER_USER),
		.old = step->who & SCRIPT_RFC5389,
		.fingerprint = step->who & SCRIPT_FINGERPRINT,
		.token = step->who & SCRIPT_TOKEN,
	};
	struct client *client = client_of(step->who & SCRIPT_CLIENT);

	if (!client->challenge.made) {
		client_ask(client);
		turn_loop();
	}
	client_sign(client, step->payload, step->len, &way);
}

static void send_raw(const struct script_step *step)
{
	struct client *client = client_of(step->who & SCRIPT_CLIENT);

	if (step->who & SCRIPT_JOINED && client->datagrams && step->len)
		net_send_joined(&client->end, &client->from, step->payload + 1, step->len - 1,
				4 * step->payload[0]);
	else
		client_send(client, step->payload, step->len);
}

/* The payload may choose among some addresses and has a port. */
static void arrive(const struct script_step *step)
{
	static const char *const peers[] = { "192.0.2.3", "192.0.2.4", "127.0.0.1" };
	bool datagrams;
	struct net_end end;
	union addr to, from;

	for (unsigned int n = 0, nth = step->who; net_listener(n, &datagrams, &to); n++) {
		if (net_is_door(addr_port(&to), PORT) || nth--)
			continue;
		addr_parse(&from, to.sa.sa_family == AF_INET6 ? "2001:db8::3" :
			   peers[step->len ? step->payload[0] % ARRAY_SIZE(peers) : 0]);
		addr_set_port(&from, step->len > 1 ? step->payload[1] + 1 : 9);
		if (!datagrams)
			net_arrive(&to, &from, &end);
		else if (net_datagrams(&to, &from, &end))
			net_send_from(&end, &from, step->payload, step->len);
		return;
	}
}

static void carry_out(const struct script_step *step)
{
	struct net_end peer;

	switch (step->what) {
	case SCRIPT_RAW:
		send_raw(step);
		break;
	case SCRIPT_SIGNED:
		sign(step);
		break;
	case SCRIPT_WAIT:
		clock_advance(1 << step->who % 16);
		break;
	case SCRIPT_ARRIVE:
		arrive(step);
		break;
	case SCRIPT_PEER_SENDS:
		if (net_peer(step->who, PORT, &peer))
			net_send(&peer, step->payload, step->len);
		break;
	case SCRIPT_PEER_ENDS:
		if (!net_peer(step->who, PORT, &peer))
			break;
		if (step->len && step->payload[0] == 1)
			net_shut(&peer);
		else
			net_hang_up(&peer);
		break;
	case SCRIPT_CLIENT_ENDS:
		net_hang_up(&clients[step->who % STREAMS].end);
		break;
	case SCRIPT_HELLO:
		client_hello(client_of(step->who), step->payload, step->len);
		break;
	case SCRIPT_CLIENT_DEAF:
		clients[step->who % CLIENTS].deaf ^= true;
		break;
	}
}

/* Everybody leaves, over UDP by saying nothing any more; then the daemon is as it was. */
static void end(void)
{
	for (int i = 0; i < STREAMS; i++)
		net_hang_up(&clients[i].end);
	turn_loop();
	/* First allocations expire, then what lingers behind them. */
	for (int i = 0; i < 2; i++) {
		clock_advance(A_DAY);
		turn_loop();
	}
	/* The main thread's work, which does not run here. */
	reservations_expire(&server.reservations, worker_now());
	for (unsigned int n = 0; n < server.n_workers; n++) {
		hold(LIST_EMPTY(&server.workers[n].sessions));
		hold(!server.workers[n].connections);
		hold(!server.workers[n].relays);
		hold(!server.workers[n].mobile);
		hold(!server.workers[n].forwards.routes);
		hold(!server.workers[n].forwards.waiting);
	}
	hold(!server.quota.total);
	hold(net_count() == idle_sockets);
	memset(clients, 0, sizeof(clients));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct script_step step;

	chance_begin(len);
	client_forget();
	while (script_next(&data, &len, &step)) {
		carry_out(&step);
		turn_loop();
	}
	end();
	return 0;
}
