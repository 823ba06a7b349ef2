// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's engine, and beside it the splice engine for what the kernel
 * cannot carry. To the rest of the daemon the two are one.
 *
 * A client's TLS goes to the kernel together with its socket. What TLS has
 * decrypted before cannot be put back; the peer gets it before all else.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "datapath.h"
#include "ktls.h"
#include "log.h"
#include "macros.h"
#include "tls.h"

/**
 * struct pair - both engines
 * @ktls: versions and ciphers that the kernel takes over; whether the module then takes
 *	the socket, that says each time
 */
struct pair {
	struct datapath dp;
	struct datapath *kernel, *splice;
	unsigned int ktls;
};

static struct pair *pair_of(struct datapath *dp)
{
	return container_of(dp, struct pair, dp);
}

static void on_ended(const struct relay_info *info, void *arg)
{
	const struct pair *pair = arg;

	pair->dp.ended(info, pair->dp.ended_arg);
}

static void listen_to(struct datapath *engine, struct pair *pair)
{
	engine->ended = on_ended;
	engine->ended_arg = pair;
}

static void tls_close_engines(struct datapath *dp)
{
	struct pair *pair = pair_of(dp);

	if (pair->splice)
		pair->splice->ops->close(pair->splice);
	if (pair->kernel)
		pair->kernel->ops->close(pair->kernel);
	free(pair);
}

/* For the log. */
static void describe_tls(const struct pair *pair, char *why, size_t why_len)
{
	char names[KTLS_NAMES_LEN];

	if (!pair->ktls)
		snprintf(why, why_len, "tls=\"user space\"");
	else if (!*ktls_missing(pair->ktls, names))
		snprintf(why, why_len, "tls=\"kernel\"");
	else
		snprintf(why, why_len, "tls=\"kernel, but for %s\"", names);
}

static int tls_open_engines(struct datapath **dp, struct event_base *base,
			    char *why, size_t why_len)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int err;

	if (!pair) {
		snprintf(why, why_len, "no memory");
		return -ENOMEM;
	}
	pair->dp.ops = &datapath_tls;
	err = datapath_kernel.open(&pair->kernel, base, why, why_len);
	if (!err)
		err = datapath_splice.open(&pair->splice, base, why, why_len);
	if (err) {
		tls_close_engines(&pair->dp);
		return err;
	}
	listen_to(pair->kernel, pair);
	listen_to(pair->splice, pair);
	pair->ktls = ktls_probe();
	describe_tls(pair, why, why_len);
	*dp = &pair->dp;
	return 0;
}

/*
 * Give the peer what TLS has decrypted already. There is room for it, for
 * nothing was sent there before; should there be none, nobody here could wait.
 */
static int pass_early(struct relay_request *req)
{
	struct evbuffer *early = tls_early(req->client_tls);

	if (!early)
		return -ENOMEM;
	while (evbuffer_get_length(early)) {
		int n = evbuffer_write(early, req->peer_fd);

		if (n < 0)
			return -errno;
		req->early += n;
		count_many(COUNT_SPLICE_BYTES_TO_PEER, n);
	}
	return 0;
}

static int offload(struct pair *pair, struct relay_request *req, uint64_t *id,
		   char *why, size_t why_len)
{
	int err;

	if (!tls_is_in_kernel(req->client_tls) &&
	    !ktls_takes(pair->ktls, req->client_tls->session)) {
		snprintf(why, why_len, "the kernel has no TLS, or not this cipher");
		return -EOPNOTSUPP;
	}
	err = pass_early(req);
	if (err) {
		snprintf(why, why_len, "what came with ConnectionBind does not go out at once");
		return err;
	}
	err = tls_offload(req->client_tls);
	if (err) {
		snprintf(why, why_len, "the kernel does not take TLS over");
		return err;
	}
	return pair->kernel->ops->add(pair->kernel, req, id, why, why_len);
}

/* Whatever the kernel has refused, and at which step, user space goes on from there. */
static int add_tls(struct pair *pair, const struct relay_request *req, uint64_t *id,
		   char *why, size_t why_len)
{
	struct relay_request request = *req;
	char quoted[LOG_QUOTE_LEN];
	int err = offload(pair, &request, id, why, why_len);

	if (!err) {
		tls_close(req->client_tls);
		return 0;
	}
	log_verbose("relay in user space", "allocation=%016" PRIx64 " error=\"%s\" why=%s",
		    req->group, strerror(-err), log_quote(quoted, why, strlen(why)));
	return pair->splice->ops->add(pair->splice, &request, id, why, why_len);
}

static int tls_add(struct datapath *dp, const struct relay_request *req,
		   uint64_t *id, char *why, size_t why_len)
{
	struct pair *pair = pair_of(dp);

	if (req->client_tls)
		return add_tls(pair, req, id, why, why_len);
	return pair->kernel->ops->add(pair->kernel, req, id, why, why_len);
}

static struct datapath *engine_of(struct datapath *dp, uint64_t id)
{
	struct pair *pair = pair_of(dp);

	return id & DATAPATH_SPLICE_ID ? pair->splice : pair->kernel;
}

static int tls_set_rate(struct datapath *dp, uint64_t id, uint64_t rate)
{
	struct datapath *engine = engine_of(dp, id);

	return engine->ops->set_rate(engine, id, rate);
}

static int tls_del(struct datapath *dp, uint64_t id, relay_ended_fn final, void *arg)
{
	struct datapath *engine = engine_of(dp, id);

	return engine->ops->del(engine, id, final, arg);
}

static int tls_del_group(struct datapath *dp, uint64_t group, relay_ended_fn final, void *arg)
{
	struct pair *pair = pair_of(dp);
	int err = pair->splice->ops->del_group(pair->splice, group, final, arg);
	int kernel_err = pair->kernel->ops->del_group(pair->kernel, group, final, arg);

	return kernel_err ? kernel_err : err;
}

static int tls_dump(struct datapath *dp, relay_dump_fn fn, void *arg)
{
	struct pair *pair = pair_of(dp);
	int err = pair->kernel->ops->dump(pair->kernel, fn, arg);

	return err ? err : pair->splice->ops->dump(pair->splice, fn, arg);
}

static int tls_adopt(struct datapath *dp, relay_wanted_fn wanted, void *arg)
{
	struct pair *pair = pair_of(dp);

	return pair->kernel->ops->adopt(pair->kernel, wanted, arg);
}

static int tls_look(struct datapath *dp, uint64_t id, struct relay_info *info)
{
	struct datapath *engine = engine_of(dp, id);

	return engine->ops->look ? engine->ops->look(engine, id, info) : -ENOENT;
}

const struct datapath_ops datapath_tls = {
	.name = "kernel",
	.open = tls_open_engines,
	.close = tls_close_engines,
	.add = tls_add,
	.set_rate = tls_set_rate,
	.del = tls_del,
	.del_group = tls_del_group,
	.dump = tls_dump,
	.adopt = tls_adopt,
	.look = tls_look,
};
