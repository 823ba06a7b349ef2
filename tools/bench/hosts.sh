# SPDX-License-Identifier: GPL-2.0-only
# Three hosts as network namespaces: client - edge - peer. Sourced.
. "$(dirname "${BASH_SOURCE[0]}")/../netns.sh"

client_ip=10.1.0.1
edge_ip=10.1.0.2
edge_peer_ip=10.2.0.2
peer_ip=10.2.0.1
peer_port=7000
relay_port=6000

# The same for every rival: each connection starts as if there had been none
# before, and there are ports for many.
set_host() {
	on "$1" sysctl -qw net.ipv4.tcp_no_metrics_save=1 \
		net.ipv4.ip_local_port_range='10000 65000' \
		net.ipv4.tcp_max_syn_backlog=4096 net.core.somaxconn=4096
	ip -n "$1" link set lo up
}

connect_hosts() {
	local host
	for host in client edge peer; do
		ip netns add "$host"
		set_host "$host"
	done
	cable client "$client_ip" edge "$edge_ip"
	cable edge "$edge_peer_ip" peer "$peer_ip"
	ip -n client route add default via "$edge_ip"
	ip -n peer route add default via "$edge_peer_ip"
}
