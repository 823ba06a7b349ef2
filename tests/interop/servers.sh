# SPDX-License-Identifier: GPL-2.0-only
# The network of the interop tests, and the servers in it. Sourced by run.
# The addresses are in main.c as well.

address=10.77.0.1
address6=2001:db8:77::1
peer_address=10.77.0.3
port=3478
tls_port=5349
server_pid=''

# Sets up $tmp/cert.pem and $tmp/key.pem.
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=interop -addext "subjectAltName=IP:$address,IP:$address6" \
		-days 2 -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>"$tmp/openssl"
}

# await TRIES COMMAND…: tries ten times a second, where a command takes long for two
# minutes at most.
await() {
	local tries=$1 until=$((SECONDS + 120))
	shift
	while [ "$tries" -gt 0 ] && [ "$SECONDS" -lt "$until" ]; do
		! "$@" || return 0
		tries=$((tries - 1))
		sleep 0.1
	done
	return 1
}

# Addresses that no rule takes for loopback, and one net where nobody answers.
set_up_network() {
	local n
	ip link set lo up
	for n in 1 2 3; do
		ip address add "10.77.0.$n/32" dev lo
		ip address add "2001:db8:77::$n/128" dev lo nodad
	done
	# Comes back in and, being nobody's, gets lost.
	ip route add 10.77.8.0/24 dev lo
}

listening() {
	[ "$(ss -Hltn "sport = :$port and src $address")" ]
}

# start_server OPTION…: both servers take coturn's options.
start_server() {
	local common=(--listening-ip="$address" --listening-ip="$address6"
		--relay-ip="$address" --relay-ip="$address6")
	launch "${common[@]}" "$@"
}

start_server_with_one_port() {
	launch --listening-ip="$address" --relay-ip="$address" \
		--min-port=50000 --max-port=50000
}

launch() {
	local common=(--listening-port="$port" --lt-cred-mech --realm=interop
		--user=alice:wonder --user=bob:builder --tls-listening-port="$tls_port"
		--cert="$tmp/cert.pem" --pkey="$tmp/key.pem")
	case $server in
	kturnd)
		kturnd=(kturnd --no-config --datapath="$engine" ${workers:+--relay-threads="$workers"})
		"${kturnd[@]}" --verbose "${common[@]}" "$@" \
			>>"$tmp/server" 2>&1 </dev/null &
		;;
	coturn)
		turnserver -n --no-cli --log-file=stdout \
			--no-stdout-log --pidfile="$tmp/coturn.pid" "${common[@]}" "$@" \
			>>"$tmp/server" 2>&1 </dev/null &
		;;
	esac
	server_pid=$!
	# Over a virtual machine's 9p it takes its time.
	await 300 listening
}

stop_server() {
	[ "$server_pid" ] || return 0
	kill "$server_pid" 2>/dev/null || true
	await 50 not_running "$server_pid" || kill -KILL "$server_pid" || true
	wait "$server_pid" 2>/dev/null || true
	server_pid=''
}
