# SPDX-License-Identifier: GPL-2.0-only
# Hosts that are network namespaces, and cables between them. Sourced.

# on HOST COMMAND…
on() {
	ip netns exec "$@"
}

# cable HOST ADDRESS HOST ADDRESS
cable() {
	ip link add "to-$3" netns "$1" type veth peer name "to-$1" netns "$3"
	ip -n "$1" address add "$2/24" dev "to-$3"
	ip -n "$3" address add "$4/24" dev "to-$1"
	ip -n "$1" link set "to-$3" up
	ip -n "$3" link set "to-$1" up
}
