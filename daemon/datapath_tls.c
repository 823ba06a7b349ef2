// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's engine, and beside it the splice engine for what the kernel
 * cannot carry: relays whose client speaks TLS, where TLS stays in user space.
 * To the rest of the daemon the two are one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "datapath.h"
#include "macros.h"

struct pair {
	struct datapath dp;
	struct datapath *kernel, *splice;
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
	*dp = &pair->dp;
	return 0;
}

static int tls_add(struct datapath *dp, const struct relay_request *req,
		   uint64_t *id, char *why, size_t why_len)
{
	struct pair *pair = pair_of(dp);
	struct datapath *engine = req->client_tls ? pair->splice : pair->kernel;

	return engine->ops->add(engine, req, id, why, why_len);
}

static int tls_del(struct datapath *dp, uint64_t id, relay_ended_fn final, void *arg)
{
	struct pair *pair = pair_of(dp);
	struct datapath *engine = id & DATAPATH_SPLICE_ID ? pair->splice : pair->kernel;

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

const struct datapath_ops datapath_tls = {
	.name = "kernel",
	.open = tls_open_engines,
	.close = tls_close_engines,
	.add = tls_add,
	.del = tls_del,
	.del_group = tls_del_group,
	.dump = tls_dump,
};
