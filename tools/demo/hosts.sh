# SPDX-License-Identifier: GPL-2.0-only
# Three hosts as network namespaces, and the TURN server on the one in the
# middle. The addresses are those of the call that is replayed. Sourced.
. "$(dirname "${BASH_SOURCE[0]}")/../netns.sh"

client_ip=10.48.54.230
edge_ip=10.48.54.229
edge_peer_ip=192.168.1.1
peer_ip=192.168.1.252
turn_user=turn:expressway
datapath=${KTURN_DEMO_DATAPATH:-kernel}

drawing="
     client                 edge: kturnd, kturn.ko                 peer
 $client_ip ════════ $edge_ip │ $edge_peer_ip ════════ $peer_ip
              TURN, port 3478         ports 24000-29999"

# start HOST COMMAND…: in the background. The process is $last, and it is the
# command itself, not a shell around it.
start() {
	ip netns exec "$@" </dev/null &
	last=$!
	pids+=("$last")
}

connect_hosts() {
	local host
	for host in client edge peer; do
		ip netns add "$host"
		ip -n "$host" link set lo up
	done
	cable client "$client_ip" edge "$edge_ip"
	cable edge "$edge_peer_ip" peer "$peer_ip"
}

remove_hosts() {
	local host
	for host in client edge peer; do
		ip netns delete "$host" 2>/dev/null || true
	done
}

write_config() {
	cat >"$tmp/kturnd.conf" <<-END
		listening-ip=$edge_ip
		relay-ip=$edge_peer_ip
		min-port=24000
		max-port=29999
		lt-cred-mech
		realm=TANDBERG
		user=$turn_user
		datapath=$datapath
		verbose
	END
}

serving() {
	[ "$(on edge ss -Hltn 'sport = :3478')" ] || ! running "$server"
}

running() {
	[ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

start_server() {
	write_config
	start edge kturnd --config "$tmp/kturnd.conf" >"$tmp/kturnd" 2>&1
	server=$last
	await 60 serving && running "$server"
}
