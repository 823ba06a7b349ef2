# SPDX-License-Identifier: GPL-2.0-only
# Two servers, one of which sends its clients to the other. Sourced by run.

other_address=10.77.0.2
other_port=3600

other_listening() {
	[ "$(ss -Hltn "sport = :$other_port and src $other_address")" ]
}

# sent_on OPTION…: coturn's client gets its bytes, and so from the other server.
sent_on() {
	local before after
	before=$(grep -c 'allocation created' "$tmp/other" || true)
	udp_uclient "$tmp/uclient" "$@" "$address" || return 1
	after=$(grep -c 'allocation created' "$tmp/other" || true)
	echo "allocations: $before before, $after after"
	[ "$after" -gt "$before" ]
}

redirections() {
	local other
	[ "$server" = kturnd ] || return 0
	start_server --alternate-server="$other_address:$other_port" \
		--tls-alternate-server="$other_address:5600/other.example"
	wire_tests redirect
	wire_tests --tls=NORMAL:-VERS-ALL:+VERS-TLS1.3 redirect
	# The same list there: it finds itself.
	"${kturnd[@]}" --listening-ip="$other_address" --listening-port="$other_port" \
		--relay-ip="$other_address" --realm=interop --user=alice:wonder \
		--rfc5766-channel-numbers --alternate-server="$other_address:$other_port" \
		>"$tmp/other" 2>&1 </dev/null &
	other=$!
	await 300 other_listening || true
	test_command 'turnutils_uclient, sent to another server, over UDP' sent_on -y
	test_command 'turnutils_uclient, sent to another server, over TCP' sent_on -y -t
	kill "$other" 2>/dev/null || true
	wait "$other" 2>/dev/null || true
	stop_server
}
