// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn: relays of TCP connections for a TURN server (RFC 6062).
 */
#include <linux/init.h>
#include <linux/module.h>

#include "engine.h"
#include "netlink.h"
#include "relay.h"
#include "splice.h"

static int __init kturn_init(void)
{
	int ret;

	ret = kturn_process_init();
	if (ret)
		return ret;

	ret = kturn_relay_init();
	if (ret)
		goto err_process;

	ret = kturn_nl_init();
	if (ret)
		goto err_relay;

	pr_info("relays for TURN, generic netlink family %s version %d\n",
		KTURN_GENL_NAME, KTURN_GENL_VERSION);
	return 0;

err_relay:
	kturn_relay_exit();
err_process:
	kturn_process_exit();
	return ret;
}

static void __exit kturn_exit(void)
{
	/* Every relay holds a reference on the module: there are none left,
	 * and with the family gone there will be none.
	 */
	kturn_nl_exit();
	kturn_relay_exit();
	kturn_process_exit();
	kturn_splice_exit();
}

module_init(kturn_init);
module_exit(kturn_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Relays of TCP connections for a TURN server");
MODULE_AUTHOR("The kturn authors");
MODULE_VERSION("0.1");
MODULE_ALIAS_GENL_FAMILY(KTURN_GENL_NAME);
