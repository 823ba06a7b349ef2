/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Redis does in one step for quota_shared.c. Of all scripts KEYS are the set of
 * shares and the worker's own one; the share NAME is the hash at "SET/NAME", with a field
 * "total" and one for each user, which is his realm, a NUL and his account.
 */
#ifndef KTURN_QUOTA_SCRIPT_H
#define KTURN_QUOTA_SCRIPT_H

/* What a script returns. */
enum quota_script_result {
	QUOTA_NO_SHARE	= -1,	/* it is gone: its worker has to write it again */
	QUOTA_FULL	= 0,
	QUOTA_TAKEN	= 1,
};

/* ARGV: the user's field or nothing, user-quota and total-quota; 0 is no limit. */
static const char quota_script_take[] =
	"if redis.call('EXISTS', KEYS[2]) == 0 then return -1 end "
	"local total, own = 0, 0 "
	"for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do"
	" local n = redis.call('HMGET', KEYS[1] .. '/' .. name, 'total', ARGV[1])"
	" if n[1] then total, own = total + n[1], own + (n[2] or 0)"
	" else redis.call('SREM', KEYS[1], name) end "
	"end "
	"local most, most_own = tonumber(ARGV[3]), tonumber(ARGV[2]) "
	"if most > 0 and total >= most then return 0 end "
	"if ARGV[1] ~= '' then"
	" if most_own > 0 and own >= most_own then return 0 end"
	" redis.call('HINCRBY', KEYS[2], ARGV[1], 1) "
	"end "
	"redis.call('HINCRBY', KEYS[2], 'total', 1) "
	"return 1";

/* ARGV: the user's field or nothing. */
static const char quota_script_release[] =
	"if redis.call('EXISTS', KEYS[2]) == 0 then return -1 end "
	"redis.call('HINCRBY', KEYS[2], 'total', -1) "
	"if ARGV[1] ~= '' and redis.call('HINCRBY', KEYS[2], ARGV[1], -1) < 1 then"
	" redis.call('HDEL', KEYS[2], ARGV[1]) "
	"end "
	"return 1";

/* ARGV: the lease in seconds. The set of shares of hosts that are all gone goes as well. */
static const char quota_script_renew[] =
	"if redis.call('EXPIRE', KEYS[2], ARGV[1]) == 0 then return -1 end "
	"redis.call('SADD', KEYS[1], string.sub(KEYS[2], #KEYS[1] + 2)) "
	"redis.call('EXPIRE', KEYS[1], 86400) "
	"return 1";

#endif
