# SPDX-License-Identifier: GPL-2.0-only
# Clients that go on from another port (RFC 8016), with coturn's client, which does so
# with every allocation before it uses it. Over TCP and TLS it cannot: it asks once more
# with a ticket from where it is already, and gives up at the 400 that is due. And it has
# to be the first to send: what comes before is due to where it no longer is.
# Sourced by run.

# moved OPTION…: all comes back, and every allocation has moved.
moved() {
	local before after
	before=$(grep -c 'allocation moves' "$tmp/server" || true)
	udp_uclient "$tmp/uclient" -M -e "$peer_address" "$@" "$address" || return 1
	after=$(grep -c 'allocation moves' "$tmp/server" || true)
	echo "moves: $before before, $after after"
	[ "$after" -gt "$before" ]
}

mobility() {
	local peer_pid
	[ "$server" = kturnd ] || return 0
	turnutils_peer -L "$peer_address" >"$tmp/udp_peer" 2>&1 &
	peer_pid=$!
	start_server --rfc5766-channel-numbers --mobility --relay-threads=4
	test_command 'turnutils_uclient, mobility, channels' moved
	test_command 'turnutils_uclient, mobility, indications' moved -s
	stop_server
	kill "$peer_pid" 2>/dev/null || true
	wait "$peer_pid" 2>/dev/null || true
}
