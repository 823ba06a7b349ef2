# SPDX-License-Identifier: GPL-2.0-only
# What can lie between client and peer. Sourced. A rival NAME has
#   NAME_start  sets way, options of traffic that lead to the peer through it,
#               server if there is a process, and program, its name
#   NAME_about  how it is set
# and perhaps NAME_stop.

user=bench password=bench
plain_port=$peer_ip:$peer_port

# Of the time a run takes, over this the cost is counted: client's and peer's.
direct_about="no relay: the client's end is on the edge host"
direct_start() {
	way=(--client-ns=edge --to="$plain_port")
}

forward_about='the edge host forwards packets (net.ipv4.ip_forward=1)'
forward_start() {
	on edge sysctl -qw net.ipv4.ip_forward=1
	way=(--client-ns=client --to="$plain_port")
}
forward_stop() {
	on edge sysctl -qw net.ipv4.ip_forward=0
}

nat_about='the edge host forwards; nftables translates both addresses (dnat, masquerade), what is established by way of a flowtable'
nat_start() {
	on edge sysctl -qw net.ipv4.ip_forward=1
	on edge nft -f - <<-END
		table ip bench {
			chain before {
				type nat hook prerouting priority dstnat
				ip daddr $edge_ip tcp dport $relay_port dnat to $plain_port
			}
			chain after {
				type nat hook postrouting priority srcnat
				oifname "to-peer" masquerade
			}
			flowtable fast {
				hook ingress priority 0
				devices = { "to-client", "to-peer" }
			}
			chain through {
				type filter hook forward priority 0
				ct state established flow add @fast
			}
		}
	END
	way=(--client-ns=client --to="$edge_ip:$relay_port")
}
# Once a minute the kernel looks through this table, which stays, however empty it is.
nat_stop() {
	on edge nft delete table ip bench
	sysctl -qw net.netfilter.nf_conntrack_buckets=1024
	on edge sysctl -qw net.ipv4.ip_forward=0
}

# serve PROGRAM…: not by way of on(), whose shell would be what we kill.
serve() {
	ip netns exec edge "${turns[@]}" "$@" >"$tmp/server" 2>&1 </dev/null &
	server=$!
}

# start_relay ENGINE
start_relay() {
	program=relay
	serve "$top/build/bench/relay" "$1" "$edge_ip:$relay_port" "$plain_port"
	await_port "$relay_port"
	way=(--client-ns=client --to="$edge_ip:$relay_port")
}

readwrite_about='epoll, read and write with 256 KiB, level-triggered'
readwrite_start() { start_relay readwrite; }

splice_about='epoll, splice(2) with a 1 MiB pipe for each direction, level-triggered'
splice_start() { start_relay splice; }

sockmap_about='BPF_MAP_TYPE_SOCKHASH with a stream verdict, no parser'
sockmap_start() { start_relay sockmap; }

module_about='kturn.ko alone, its softirq engine: a small program hands it the sockets'
module_start() { start_relay module; }

module_process_about='the same with its process engine'
module_process_start() { start_relay module-process; }

turn_way() {
	await_port 3478
	way=(--client-ns=client --via="$edge_ip:3478" --user="$user:$password")
}

# The options of both servers are the same.
turn_options=(--listening-ip="$edge_ip" --relay-ip="$edge_peer_ip"
	--lt-cred-mech --realm=bench --user="$user:$password")

# start_kturnd ENGINE OPTION…
start_kturnd() {
	program=kturnd
	serve "$top/build/kturnd" --no-config --datapath="$1" "${turn_options[@]}" "${@:2}"
	turn_way
}

kturnd_about='kturnd --datapath=kernel'
kturnd_start() { start_kturnd kernel; }

kturnd_splice_about='kturnd --datapath=splice'
kturnd_splice_start() { start_kturnd splice; }

# What is started is the keeper; the server, whose cost is the question, is its child.
kturnd_kept_about='kturnd --datapath=kernel --keep-sessions'
kturnd_kept_start() {
	start_kturnd kernel --keep-sessions
	keeper=$server
	server=$(<"/proc/$keeper/task/$keeper/children") server=${server%% *}
}
kturnd_kept_stop() {
	kill "$keeper" 2>/dev/null || true
	wait "$keeper" 2>/dev/null || true
}

coturn_about='turnserver -m 1 --no-tls --no-dtls --no-cli, no log'
coturn_start() { start_coturn --no-tls --no-dtls; }

# start_coturn OPTION…
start_coturn() {
	program=turnserver
	serve turnserver -n -m 1 --no-cli --log-file=/dev/null --no-stdout-log \
		--pidfile="$tmp/coturn.pid" "${turn_options[@]}" "$@"
	turn_way
}

# For TLS on the client's leg. What the CPU has for AES is loaded where there is
# somebody who looks for it, which is not here.
prepare_tls() {
	modprobe -qa tls aesni_intel ghash_clmulni_intel || true
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=edge -days 2 -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
	tls=(--cert="$tmp/cert.pem" --pkey="$tmp/key.pem")
}

kturnd_tls_about='kturnd --datapath=kernel; TLS 1.3, after the handshake in the kernel'
kturnd_tls_start() {
	prepare_tls
	start_kturnd kernel "${tls[@]}"
	way+=(--tls=1.3)
}

kturnd_splice_tls_about='kturnd --datapath=splice; TLS 1.3 with GnuTLS'
kturnd_splice_tls_start() {
	prepare_tls
	start_kturnd splice "${tls[@]}"
	way+=(--tls=1.3)
}

coturn_tls_about='turnserver -m 1 --no-dtls --no-cli, no log; TLS 1.2 with OpenSSL: 4.6.1 fails at 1.3'
coturn_tls_start() {
	prepare_tls
	start_coturn "${tls[@]}" --no-dtls
	way+=(--tls=1.2)
}

quick_rivals=(direct forward nat readwrite splice sockmap module module_process
	kturnd kturnd_splice coturn)
full_rivals=("${quick_rivals[@]}" kturnd_kept kturnd_tls kturnd_splice_tls coturn_tls)

listening() {
	[ "$(on edge ss -Hltn "sport = :$1")" ]
}

running() {
	kill -0 "$1" 2>/dev/null
}

# The first use of a program takes long here: it comes from another machine.
await_port() {
	local try
	for try in {1..600}; do
		! listening "$1" || return 0
		running "$server" || break
		sleep 0.1
	done
	cat "$tmp/server" >&2
	return 1
}

started=''

start_rival() {
	server='' program=''
	"$1_start"
	started=$1
}

stop_rival() {
	local rival=$started
	started=''
	[ "$rival" ] || return 0
	if [ "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	! declare -F "${rival}_stop" >/dev/null || "${rival}_stop"
}
