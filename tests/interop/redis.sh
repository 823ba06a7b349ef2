# SPDX-License-Identifier: GPL-2.0-only
# Users, and what they may have, in a Redis that servers share. Sourced by run.

redis_pid=''

# A real one, on a socket of its own, which keeps nothing.
start_redis() {
	redis-server --port 0 --unixsocket "$tmp/redis" --save '' --appendonly no \
		--dir "$tmp" --requirepass hush >"$tmp/redis-server" 2>&1 </dev/null &
	redis_pid=$!
	await 100 redis_answers
}

redis() {
	redis-cli -s "$tmp/redis" --no-auth-warning -a hush "$@"
}

redis_answers() {
	[ "$(redis ping 2>/dev/null)" = PONG ]
}

stop_redis() {
	[ "$redis_pid" ] || return 0
	kill "$redis_pid" 2>/dev/null || true
	wait "$redis_pid" 2>/dev/null || true
	redis_pid=''
}

# key NAME REALM PASSWORD: as coturn keeps it.
key() {
	printf %s "$1:$2:$3" | md5sum | cut -d' ' -f1
}

# redis_user NAME REALM PASSWORD
redis_user() {
	redis set "turn/realm/$2/user/$1/key" "$(key "$1" "$2" "$3")" >/dev/null
}

# What an administrator, or somebody who means harm, may have left there.
fill_redis_with_rubbish() {
	redis set turn/realm/interop/user/mallory/key 'no digits at all'
	redis hset turn/realm/interop/user/oscar/key field value
	head -c 3000000 /dev/zero | tr '\0' a | redis -x set turn/realm/interop/user/trudy/key
	redis set turn/realm/interop/secret ''
	redis set turn/origin/// interop
	printf 'turn/realm/interop/user/a\0b/key' | redis -x sadd others
	redis set turn/realm/interop/user//key 00
	redis set turn/realm/interop/user-quota many
}

# What an allocation needs no more than: gives_relay USER:PASSWORD
gives_relay() {
	local pid
	rm -f "$tmp/relayed"
	timeout 60 kturn-client transfer --via "$address:$port" --user "$1" \
		--from "$peer_address" --size 1 >"$tmp/relayed" 2>&1 &
	pid=$!
	await 100 grep -q . "$tmp/relayed"
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	grep ^relayed "$tmp/relayed"
}

# Not one that answers something else.
unauthorized() {
	! gives_relay "$1" && grep 401 "$tmp/relayed"
}

log_has() {
	grep -q "$1" "$tmp/server"
}

users_of_redis() {
	local door="ip=$tmp/redis dbname=0 password=hush connect_timeout=5"
	[ "$server" = kturnd ] || return 0
	start_redis || { result 'not ok' 'Redis starts'; return; }
	fill_redis_with_rubbish >"$tmp/rubbish" 2>&1
	redis_user carol interop singer
	redis_user carol elsewhere dancer
	redis set turn/origin/https://elsewhere.example elsewhere >/dev/null
	redis set turn/realm/interop/user/erin/password plain >/dev/null
	: >"$tmp/server"
	start_server --redis-userdb="$door" --userdb-cache=2
	test_command 'Redis: a user' gives_relay carol:singer
	test_command 'Redis: her password in another realm' unauthorized carol:dancer
	test_command 'turnutils_uclient, a realm that Redis has for ORIGIN' \
		admits -u carol -w dancer -o https://elsewhere.example
	test_command 'Redis: a user with a password' gives_relay erin:plain
	test_command 'what makes no sense in Redis has one line' \
		log_has 'userdb: redis=.* ignored_keys=3 one_of_them="turn/'
	redis_user dave interop later
	test_command 'Redis: a user added meanwhile' await 100 gives_relay dave:later
	redis del turn/realm/interop/user/dave/key >/dev/null
	test_command 'Redis: a user deleted meanwhile' await 100 unauthorized dave:later
	redis_comes_and_goes
	stop_server
	secrets_of_redis "$door"
	quota_of_hosts "$door"
	stop_redis
}

# Users are known for a while without it, and then nobody knows: 500.
redis_comes_and_goes() {
	stop_redis
	test_command 'the log says that Redis is gone' await 100 log_has 'userdb unreadable'
	test_command 'and when its users count no longer' await 200 log_has 'userdb unknown'
	! gives_relay carol:singer
	test_command 'who might be a user gets 500' grep 500 "$tmp/relayed"
	test_command 'without Redis: a user of the file' gives_relay alice:wonder
	start_redis
	redis_user carol interop singer
	test_command 'a user of Redis when it is back' await 300 gives_relay carol:singer
}

secrets_of_redis() {
	redis flushall >/dev/null
	redis set turn/realm/interop/secret/1 'a secret' >/dev/null
	start_server --redis-userdb="$1" --use-auth-secret --lt-cred-mech
	test_command 'turnutils_uclient, a secret of Redis' admits -u erin -W 'a secret'
	redis sadd turn/realm/interop/secret 'one of a set' >/dev/null
	test_command 'turnutils_uclient, one of a set of secrets, added meanwhile' \
		admits -u erin -W 'one of a set'
	redis del turn/realm/interop/secret/1 >/dev/null
	test_command 'turnutils_uclient, a secret deleted from Redis meanwhile' \
		refuses -u erin -W 'a secret'
	redis_user gina interop later
	test_command 'Redis: a user beside secrets' await 100 gives_relay gina:later
	redis flushall >/dev/null
	test_command 'Redis is emptied' await 100 unauthorized gina:later
	stop_server
}

# --- quotas that hosts share

other_address=10.77.0.2
other_pid=''
holders=()

# It has its log, as the first one has.
start_other_server() {
	: >"$tmp/other"
	kturnd --no-config --datapath="$engine" --relay-threads=2 --listening-port="$port" \
		--listening-ip="$other_address" --relay-ip="$other_address" --realm=interop \
		--lt-cred-mech --user=alice:wonder --control-socket="$tmp/other-control" "$@" \
		>>"$tmp/other" 2>&1 </dev/null &
	other_pid=$!
	await 300 grep -q ' quota shared: worker=1' "$tmp/other"
}

# hold ADDRESS: an allocation of alice's there, which stays until release_all.
hold() {
	local log=$tmp/hold.${#holders[@]}
	rm -f "$log"
	kturn-client transfer --via "$1:$port" --user alice:wonder --from "$peer_address" \
		--size 1 --timeout 600 >"$log" 2>&1 &
	holders+=($!)
	await 100 grep -q . "$log"
	cat "$log"
	grep -q ^relayed "$log"
}

hold_many() {
	local n=$1
	while [ "$n" -gt 0 ]; do
		hold "$2" || return 1
		n=$((n - 1))
	done
}

over_quota() {
	! hold "$1" && grep -q 486 "$tmp/hold.$((${#holders[@]} - 1))"
}

let_go() {
	kill "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

# Ten in all, wherever they are: 4 here and 6 there.
ten_on_two_hosts() {
	hold_many 4 "$address" && hold_many 6 "$other_address" &&
		over_quota "$address" && over_quota "$other_address"
}

one_more_when_one_ends() {
	let_go "${holders[0]}"
	await 50 hold "$other_address" && over_quota "$address"
}

# Redis is asked for the tenth, and its client does not wait for the answer: nobody has it.
who_goes_meanwhile_has_none() {
	local log=$tmp/impatient pid
	let_go "${holders[1]}"
	await 50 hold "$address" || return 1
	let_go "${holders[-1]}"
	kill -STOP "$redis_pid"
	kturn-client transfer --via "$address:$port" --user alice:wonder \
		--from "$peer_address" --size 1 --timeout 600 >"$log" 2>&1 &
	pid=$!
	await 30 asked_redis
	let_go "$pid"
	sleep 0.3 # until kturnd has seen that; if not, it has an allocation for a moment
	kill -CONT "$redis_pid"
	! grep relayed "$log" && await 50 hold "$address" && over_quota "$other_address"
}

# Whether it has something to read that is longer than all but that question.
asked_redis() {
	ss -Hxn src "$tmp/redis" | awk '$3 > 500 { asked = 1 } END { exit !asked }'
}

# Its 7 come back with the end of its lease, and no more than these.
killed_host_gives_back() {
	kill -KILL "$other_pid"
	wait "$other_pid" 2>/dev/null || true
	await 200 hold "$address" && hold_many 6 "$address" && over_quota "$address"
}

# Nobody else knows of these ten now; a host that had none goes by its own limit.
local_limits_without_redis() {
	over_quota "$address" && hold "$other_address" && let_go "${holders[-1]}"
}

shared_again() {
	await 200 shared_times "$1" "$tmp/server" && await 200 shared_times 4 "$tmp/other" &&
		over_quota "$other_address" && over_quota "$address"
}

# One that is there and does not answer is as good as gone, after connect_timeout.
redis_asleep() {
	local before
	before=$(grep -c ' quota shared: ' "$tmp/other")
	kill -STOP "$redis_pid"
	address=$other_address wire_tests --udp asleep
	kill -CONT "$redis_pid"
	test_command 'the log says that Redis is asleep' \
		grep ' quota not shared: .*no answer in time' "$tmp/other"
	test_command 'it is asked again when it is awake' \
		await 200 shared_times $((before + 1)) "$tmp/other"
}

# shared_times COUNT LOG
shared_times() {
	[ "$(grep -c ' quota shared: ' "$2")" -ge "$1" ]
}

quota_of_hosts() {
	local quota=(--redis-userdb="$1" --user-quota=10 --redis-lease=8) threads
	holders=()
	redis flushall >/dev/null
	: >"$tmp/server"
	start_server "${quota[@]}"
	await 300 log_has ' quota shared: '
	start_other_server "${quota[@]}"
	test_command 'a quota of 10 holds for two hosts together' ten_on_two_hosts
	test_command 'what ends on one host is free for the other' one_more_when_one_ends
	test_command 'who goes while Redis is asked has none of it' who_goes_meanwhile_has_none
	test_command 'what a killed host had comes back' killed_host_gives_back
	start_other_server "${quota[@]}"
	stop_redis
	test_command 'the log says that the quota is not shared' \
		await 100 log_has ' quota not shared: '
	test_command 'without Redis each host has the quota' local_limits_without_redis
	threads=$(grep -c ' quota shared: ' "$tmp/server")
	start_redis
	test_command 'with Redis, which has forgotten all, it is shared again' \
		shared_again $((2 * threads))
	redis_asleep
	let_go "${holders[@]}"
	let_go "$other_pid"
	test_command 'a host that stops leaves nothing' await 20 only_shares "$threads"
	stop_server
}

# only_shares N: those of the one that runs, which has one for each thread.
only_shares() {
	[ "$(redis scard kturn/quota)" = "$1" ] &&
		[ "$(redis --scan --pattern 'kturn/quota/*' | wc -l)" = "$1" ]
}
