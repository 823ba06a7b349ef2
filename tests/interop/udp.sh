# SPDX-License-Identifier: GPL-2.0-only
# UDP allocations as coturn's client sees them. Sourced by run.

# The client takes its channels from RFC 5766's range.
start_server_for_old_channels() {
	case $server in
	kturnd) start_server --static-auth-secret=interop --rfc5766-channel-numbers ;;
	coturn) start_server ;;
	esac
}

# udp_uclient LOG OPTION…: every message comes back, none is lost.
udp_uclient() {
	local log=$1
	shift
	timeout 300 turnutils_uclient -p "$port" -n 20 -m 4 -u alice -w wonder "$@" \
		>"$log" 2>&1 || true
	grep -q 'tot_recv_msgs=[1-9]' "$log" && grep -q 'Total lost packets 0 ' "$log" ||
		{
			tail -n 10 "$log"
			return 1
		}
}

# NAME:OPTIONS, all of them side by side: they wait most of the time.
coturns_client_over_udp() {
	local runs=(
		"over UDP, channels:-y -l 170 $address"
		"over UDP, channels, large:-y -l 1300 $address"
		"over UDP, indications:-y -s -l 170 $address"
		"over UDP, with a peer:-e $peer_address -l 170 $address"
		"over UDP, with a peer, indications:-e $peer_address -s $address"
		"over UDP, padded where it is not needed:-y -D -l 171 $address"
		"over UDP, in one piece or not at all:-y -g -l 170 $address"
		"over UDP, permissions and channels anew and anew:-y -G -l 170 $address"
		"over UDP, and misunderstandings:-y -N -l 170 $address"
		"over UDP, a user of the REST API:-y -W interop -l 170 $address"
		"over UDP, server over IPv6:-y -l 170 $address6"
		"over UDP, IPv6 relayed addresses:-y -x -l 170 $address6"
		"over UDP, server over IPv6, indications:-y -x -s $address6"
		"UDP over TCP, channels:-y -t -l 170 $address"
		"UDP over TCP, indications, with a peer:-t -s -e $peer_address $address"
		"UDP over TCP, a user of the REST API:-y -t -W interop -l 170 $address"
		"UDP over TCP, all of it IPv6:-y -t -x -l 170 $address6"
		"UDP over TLS, channels:-y -t -S -l 170 $address"
		"UDP over TLS, indications, with a peer:-t -S -s -e $peer_address $address"
		"UDP over TLS, a user of the REST API:-y -t -S -W interop -l 170 $address"
		"UDP over TLS, all of it IPv6:-y -t -S -x -l 170 $address6"
		"UDP over DTLS, channels:-y -S -l 170 $address"
		"UDP over DTLS, indications, with a peer:-S -s -e $peer_address $address"
		"UDP over DTLS, the port for TLS and DTLS alone:-y -S -l 1300 -p $tls_port $address"
		"UDP over DTLS, server over IPv6:-y -x -S -l 170 $address6"
	) i options peer_pid
	turnutils_peer -L "$peer_address" >"$tmp/udp_peer" 2>&1 &
	peer_pid=$!
	for i in "${!runs[@]}"; do
		read -ra options <<<"${runs[i]#*:}"
		beside "turnutils_uclient ${runs[i]%%:*}" \
			udp_uclient "$tmp/uclient.$i" "${options[@]}"
	done
	beside_done
	kill "$peer_pid" 2>/dev/null || true
	wait "$peer_pid" 2>/dev/null || true
}

# --- a router, and a link behind it that takes 1300 bytes at a time and leads nowhere:
# main.c knows the addresses, icmp.c the sizes

router=''

has_left() {
	! [ "/proc/$1/ns/net" -ef /proc/self/ns/net ]
}

in_router() {
	nsenter --net="/proc/$router/ns/net" "$@"
}

link_works() {
	ip link show "$1" | grep -q 'state UP'
}

start_router() {
	unshare --net sleep infinity &
	router=$!
	await 100 has_left "$router"
	ip link add near address 02:00:00:00:00:01 type veth \
		peer name door address 02:00:00:00:00:02 netns "$router"
	ip address add 10.77.9.1/24 dev near
	ip address add 2001:db8:77:9::1/64 dev near nodad
	ip link set near up
	in_router sh -c '
		set -e
		ip link add beyond mtu 1300 type veth peer name wall
		ip address add 10.77.9.2/24 dev door
		ip address add 2001:db8:77:9::2/64 dev door nodad
		ip link set door up
		ip link set wall up
		ip link set beyond up
		ip route add 10.77.0.0/24 via 10.77.9.1
		ip route add 10.77.10.0/24 dev beyond
		ip route add 2001:db8:77::/64 via 2001:db8:77:9::1
		ip route add 2001:db8:77:10::/64 dev beyond
		ip neighbour add 10.77.10.3 lladdr 02:00:00:00:00:03 dev beyond
		ip neighbour add 2001:db8:77:10::3 lladdr 02:00:00:00:00:03 dev beyond
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	# Nobody has to be asked, who may be slow to answer.
	ip neighbour add 10.77.9.2 lladdr 02:00:00:00:00:02 dev near
	ip neighbour add 2001:db8:77:9::2 lladdr 02:00:00:00:00:02 dev near
	in_router ip neighbour add 10.77.9.1 lladdr 02:00:00:00:00:01 dev door
	in_router ip neighbour add 2001:db8:77:9::1 lladdr 02:00:00:00:00:01 dev door
	# A busy kernel takes its time to notice, and drops what is sent until then.
	await 100 link_works near
	await 100 in_router sh -c "$(declare -f link_works); link_works beyond"
	ip route add 10.77.10.0/24 via 10.77.9.2
	ip route add 2001:db8:77:10::/64 via 2001:db8:77:9::2
}

stop_router() {
	[ "$router" ] || return 0
	ip link delete near
	kill "$router"
	wait "$router" 2>/dev/null || true
	router=''
}

# What ICMP says, and DF.
lost_on_the_way() {
	[ "$server" = kturnd ] || return 0 # coturn tells of no ICMP
	start_router
	wire_tests icmp
	stop_router # what is known of the way is forgotten with it
	start_router
	wire_tests --udp icmp
	stop_router
}
