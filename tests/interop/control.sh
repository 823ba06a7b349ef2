# SPDX-License-Identifier: GPL-2.0-only
# What an administrator does while clients are at work. Sourced by run.

# command WORD…: what is said to the server under test.
command_server() {
	kturn "$@" --socket "$tmp/control"
}

# Beside what launch says: the rest is in a file, which is to be changed.
start_server_with_file() {
	local more=${1-}
	printf 'user=carol:singer\n%s\n' "$more" >"$tmp/conf"
	: >"$tmp/server"
	cp "$tmp/cert.pem" "$tmp/conf-cert.pem"
	cp "$tmp/key.pem" "$tmp/conf-key.pem"
	kturnd --config "$tmp/conf" --datapath="$engine" ${workers:+--relay-threads="$workers"} \
		--listening-ip="$address" --relay-ip="$address" --listening-port="$port" \
		--tls-listening-port="$tls_port" --lt-cred-mech --realm=interop \
		--user=alice:wonder --control-socket="$tmp/control" \
		--cert="$tmp/conf-cert.pem" --pkey="$tmp/conf-key.pem" \
		>>"$tmp/server" 2>&1 </dev/null &
	server_pid=$!
	await 300 listening
}

# The certificate that a handshake shows now.
shown_certificate() {
	timeout 60 openssl s_client -connect "$address:$tls_port" -alpn stun.turn \
		</dev/null 2>/dev/null | openssl x509 -noout -fingerprint
}

another_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=another -days 2 -keyout "$tmp/conf-key.pem" \
		-out "$tmp/conf-cert.pem" 2>>"$tmp/openssl"
}

# start_streams N SIZE: N clients over TLS, each of whom sends and gets so much, checked.
start_streams() {
	local i relayed
	streams=()
	for i in $(seq "$1"); do
		rm -f "$tmp/client.$i"
		kturn-client transfer --via "$address:$port" --user alice:wonder --tls --no-check \
			--from "$peer_address" --size "$2" >"$tmp/client.$i" 2>&1 &
		streams+=($!)
		await 200 grep -q ^relayed "$tmp/client.$i" || { cat "$tmp/client.$i"; return 1; }
		relayed=$(sed -n 's/^relayed //p' "$tmp/client.$i")
		kturn-client transfer --to "$relayed" --bind "$peer_address" --size "$2" \
			>"$tmp/peer.$i" 2>&1 &
		streams+=($!)
		await 200 grep -q ^bound "$tmp/client.$i" || { cat "$tmp/client.$i"; return 1; }
	done
}

# Nobody has lost a byte, or any has not come as it was sent.
streams_are_whole() {
	local pid status=0
	for pid in "${streams[@]}"; do
		wait "$pid" || status=1
	done
	[ "$status" = 0 ] || tail -n 3 "$tmp"/client.* "$tmp"/peer.*
	return "$status"
}

running() {
	! not_running "$1"
}

# reload_under_traffic N SIZE: certificate, user and rule change under these streams.
reload_under_traffic() {
	local before after
	start_streams "$1" "$2" || return 1
	before=$(shown_certificate)
	another_certificate
	printf 'user=dave:later\ndenied-peer-ip=10.77.0.2\n' >"$tmp/conf"
	command_server reload || return 1
	after=$(shown_certificate)
	echo "certificate: $before, then $after"
	[ "$before" ] && [ "$after" ] && [ "$before" != "$after" ] || return 1
	await 10 uclient -n 2 -m 2 -l 170 -u dave -w later "$address" || return 1
	refuses_uclient -n 2 -m 2 -l 170 -u carol -w singer "$address" || return 1
	refuses_peer 10.77.0.2 || return 1
	running "${streams[0]}" || echo "# the streams had ended before"
	streams_are_whole
}

# A permission for it is refused.
refuses_peer() {
	timeout 60 kturn-client transfer --via "$address:$port" --user alice:wonder \
		--from "$1" --size 1 >"$tmp/refused" 2>&1
	cat "$tmp/refused"
	grep -q 403 "$tmp/refused"
}

# A mistake is told, with its place, and nothing changes.
bad_file_is_refused() {
	printf 'user=erin:never\nuser-quota=many\n' >"$tmp/conf"
	! command_server reload 2>"$tmp/complaint" || return 1
	cat "$tmp/complaint"
	grep -q "conf:2: user-quota: many: should be" "$tmp/complaint" &&
		refuses_uclient -n 2 -m 2 -l 170 -u erin -w never "$address" &&
		uclient -n 2 -m 2 -l 170 -u dave -w later "$address"
}

hangup_reloads() {
	printf 'user=frank:signal\n' >"$tmp/conf"
	kill -HUP "$server_pid"
	await 20 uclient -n 2 -m 2 -l 170 -u frank -w signal "$address"
}

# JSON has no such name, and the same request without one would ask for all.
users_in_utf8() {
	local status=0
	command_server allocation list --user $'J\xfcrgen' || status=$?
	echo "exit status: $status"
	[ "$status" = 2 ]
}

# What an operator does to the database is in force soon.
users_by_command() {
	echo first | kturn user add grace --db "$tmp/users" --realm interop || return 1
	printf 'userdb=%s/users\n' "$tmp" >"$tmp/conf"
	command_server reload || return 1
	uclient -n 2 -m 2 -l 170 -u grace -w first "$address" || return 1
	echo second | command_server user add grace || return 1
	await 10 uclient -n 2 -m 2 -l 170 -u grace -w second "$address" || return 1
	command_server user list -j | jq -e '.[0].name == "grace"' || return 1
	command_server user del grace || return 1
	await 10 refuses_uclient -n 2 -m 2 -l 170 -u grace -w second "$address"
}

# No new allocation; the stream that there is ends whole, and then the server.
drains() {
	local status=0
	start_streams 1 20M || return 1
	command_server drain || return 1
	refuses_uclient -n 2 -m 2 -l 170 -u alice -w wonder "$address" || return 1
	streams_are_whole || return 1
	await 100 not_running "$server_pid" || return 1
	wait "$server_pid" || status=$?
	server_pid=''
	echo "exit status: $status"
	[ "$status" = 0 ] && grep -q ' drained: ' "$tmp/server"
}

drain_deadline() {
	local status=0
	start_transfer || return 1
	command_server drain --deadline=1 || return 1
	await 100 not_running "$server_pid" || return 1
	wait "$server_pid" || status=$?
	server_pid=''
	gone "$client" "$peer" || true
	[ "$status" = 0 ] && grep -q 'drain deadline: allocations=1' "$tmp/server"
}

# What reload.c has done when all of its relays carry bytes.
write_meanwhile() {
	cat >"$tmp/meanwhile" <<-EOF
		set -e
		printf 'user=dave:later\nuser-quota=2000\ndenied-peer-ip=10.77.0.9\n' >"$tmp/conf"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj /CN=another -days 2 -keyout "$tmp/conf-key.pem" \
			-out "$tmp/conf-cert.pem" 2>>"$tmp/openssl"
		kturn reload --socket "$tmp/control"
	EOF
}

# reload_with N: so many relays at once.
reload_with() {
	write_meanwhile
	export KTURN_RELAYS=$1 KTURN_MEANWHILE="bash $tmp/meanwhile"
	wire_tests reload
	# A thousand handshakes would say no more than fifty.
	[ "$1" -gt 50 ] || wire_tests --tls=NORMAL:-VERS-ALL:+VERS-TLS1.3 reload
}

administration() {
	[ "$server" = kturnd ] || return 0
	start_server_with_file
	test_command 'reload: certificate, user and rule change under traffic' \
		reload_under_traffic 3 20M
	reload_with 50
	[ -z "$slow" ] || reload_with 1000
	test_command 'reload: a file with a mistake is refused' bad_file_is_refused
	test_command 'SIGHUP reloads' hangup_reloads
	test_command 'kturn --user: names are UTF-8' users_in_utf8
	test_command 'kturn user: in force without a restart' users_by_command
	test_command 'drain: the last allocation ends whole, then the server' drains
	stop_server
	start_server_with_file
	test_command 'drain: a deadline ends the rest' drain_deadline
	stop_server
}
