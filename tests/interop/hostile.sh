# SPDX-License-Identifier: GPL-2.0-only
# A client in bad company: hostile.c. Sourced by run.

# What a stranger may cost who stands in the middle of a TLS handshake, and what a flood
# of requests may keep for a moment. The kernel's part, the socket, is not counted.
stranger_kib=48 some_kib=$((32 * 1024))

# memory Rss|HWM: what the server has now, or has had at most, in KiB.
memory() {
	sed -n "s/^Vm$1:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$server_pid/status"
}

# hostile_group N GROUP KIB: KIB more than before is what it may need at most.
hostile_group() {
	local n=$1 group=$2 may=$3 before peak
	echo 5 >"/proc/$server_pid/clear_refs" # the most begins anew
	before=$(memory RSS)
	wire_tests --crowd="$n" "$group"
	[ -z "$sanitized" ] || return 0
	peak=$(memory HWM)
	test_command "$n of each: memory: $((before / 1024)) MiB before, $((peak / 1024)) at \
most, $((may / 1024)) more are allowed, $(($(memory RSS) / 1024)) MiB after" \
		[ $((peak - before)) -lt "$may" ]
}

# The server keeps all of them, or so many that they have half of its descriptors; and
# then as many as it keeps if it is not told a number.
hostile_crowds() {
	local n=$1 kept=$((2 * $1)) group
	ulimit -Sn "$(ulimit -Hn)"
	[ "$kept" -le $(($(ulimit -n) / 2)) ] || kept=$(($(ulimit -n) / 2))
	start_server --max-strangers="$n" --relay-threads=2
	for group in half-open byte-by-byte floods hostile; do
		hostile_group "$n" "$group" $((kept * stranger_kib + some_kib))
	done
	stop_server
	start_server --relay-threads=2
	hostile_group "$n" hostile $((2 * 2048 * stranger_kib + some_kib))
	stop_server
}

# The least of it, for every day.
some_hostile() {
	[ "$server" = kturnd ] || return 0
	start_server --relay-threads=2
	hostile_group 200 hostile $((400 * stranger_kib + some_kib))
	stop_server
}
