# SPDX-License-Identifier: GPL-2.0-only
# kturn trace: what it shows of a call, and what tshark makes of its captures. Sourced by
# run.

# watch_messages: from now on, as lines, as JSON and as a capture. Not by command_server:
# the shell that a function has in the background takes no SIGINT.
watch_messages() {
	local at=--socket=$tmp/control
	watchers=()
	rm -f "$tmp"/trace.*
	kturn trace "$at" >"$tmp/trace.text" &
	watchers+=($!)
	kturn trace "$at" -j >"$tmp/trace.json" &
	watchers+=($!)
	kturn trace "$at" --pcapng "$tmp/trace.pcapng" 2>"$tmp/trace.count" &
	watchers+=($!)
	await 100 watched_by 3
}

# watched_by N: who asks after them is answered when they have been.
watched_by() {
	[ "$(command_server status -j | jq .watchers)" = "$1" ]
}

watched_enough() {
	local pid status=0
	kill -INT "${watchers[@]}"
	for pid in "${watchers[@]}"; do
		wait "$pid" || status=1
	done
	cat "$tmp/trace.count"
	return "$status"
}

# infos_of FILE: the column Info, and before it what tshark holds it for.
infos_of() {
	tshark -r "$1" -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y 'stun' \
		-T fields -e _ws.col.Info 2>>"$tmp/tshark"
}

# As it would be with other ports.
without_ports() {
	sed 's/:[0-9]*\( \|$\)/:PORT\1/g'
}

# A call as kturn-client makes it, with these options.
one_call() {
	local relayed status=0
	rm -f "$tmp/client"
	kturn-client call --via "$address" --user alice:wonder --from "$peer_address" \
		--rfc5389 --linger 0 "$@" >"$tmp/client" 2>&1 &
	client=$!
	await 200 grep -q ^relayed "$tmp/client" || status=1
	relayed=$(sed -n 's/^relayed //p' "$tmp/client")
	kturn-client call --to "$relayed" --bind "$peer_address" --linger 0 >"$tmp/peer" 2>&1 || status=1
	wait "$client" || status=1
	[ "$status" = 0 ] || cat "$tmp/client" "$tmp/peer"
	return "$status"
}

# The rows of docs' golden call; the listing has no CreatePermission.
golden_rows() {
	grep -v ^CreatePermission | sed -E 's/(Request|Indication|Success Response|Error Response).*/\1/' |
		diff - <(cut -d ' ' -f 2- "$top/tools/demo/golden")
}

# What all three have shown is the same, and tshark finds nothing wrong with any packet.
ways_agree() {
	infos_of "$tmp/trace.pcapng" >"$tmp/infos"
	echo "$(wc -l <"$tmp/infos") messages"
	[ -s "$tmp/infos" ] || return 1
	diff "$tmp/infos" <(jq -r .info "$tmp/trace.json") || return 1
	# Behind six other columns.
	diff "$tmp/infos" <(sed -E "1d; s/^ *([^ ]+ +){6}//" "$tmp/trace.text") || return 1
	tshark -r "$tmp/trace.pcapng" -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-o ip.check_checksum:TRUE -T fields -e frame.number -e frame.protocols \
		-e tcp.checksum.status -e udp.checksum.status -e ip.checksum.status -e _ws.malformed -e tcp.analysis.flags \
		2>>"$tmp/tshark" >"$tmp/packets"
	[ "$(wc -l <"$tmp/packets")" = "$(wc -l <"$tmp/infos")" ] &&
		! awk -F '\t' '$3 $4 != "1" || $5 !~ /^1?$/ || $6 $7 != ""' "$tmp/packets" | grep .
}

start_wire_capture() {
	dumpcap -q -i lo -f "tcp port $port" -w "$tmp/wire.pcapng" 2>"$tmp/dumpcap" &
	dumpcap=$!
	await 300 grep -qs ^File: "$tmp/dumpcap"
}

stop_wire_capture() {
	sleep 0.5
	kill "$dumpcap"
	wait "$dumpcap" || true
}

# What kturnd has noted of a plain call is what was on the wire.
call_as_on_the_wire() {
	start_wire_capture || return 1
	watch_messages || return 1
	one_call || return 1
	watched_enough || return 1
	stop_wire_capture
	ways_agree || return 1
	diff "$tmp/infos" <(infos_of "$tmp/wire.pcapng") || return 1
	golden_rows <"$tmp/infos" || return 1
	without_ports <"$tmp/infos" >"$tmp/plain-call"
}

# And of one over TLS the same, though nobody could read it on the wire.
call_inside_tls() {
	watch_messages || return 1
	one_call --tls --no-check || return 1
	watched_enough || return 1
	ways_agree || return 1
	golden_rows <"$tmp/infos" || return 1
	without_ports <"$tmp/infos" | diff "$tmp/plain-call" -
}

# udp|dtls: all kinds of messages, and payload, which is not to be seen.
datagrams_are_traced() {
	watch_messages || return 1
	"$wire" "--$1" "$address:$port" udp >"$tmp/wire" 2>&1
	watched_enough || return 1
	ways_agree || return 1
	grep -q '^Channel-Bind Success' "$tmp/infos" &&
		! grep -E '^(Send|Data) Indication' "$tmp/infos"
}

# shown_of_a_call OPTION…: the lines.
shown_of_a_call() {
	kturn trace --socket "$tmp/control" "$@" >"$tmp/trace.text" &
	watchers=($!)
	await 100 watched_by 1 || return 1
	one_call || return 1
	watched_enough 2>&1 || return 1
	sed 1d "$tmp/trace.text" >"$tmp/lines"
	cat "$tmp/lines"
}

# The first messages do not say who it is, the ConnectionBind not which peer.
messages_are_filtered() {
	: >"$tmp/trace.count"
	shown_of_a_call --user alice && [ "$(wc -l <"$tmp/lines")" = 12 ] || return 1
	shown_of_a_call --user bob && [ ! -s "$tmp/lines" ] || return 1
	shown_of_a_call --address "$peer_address/32" && [ "$(wc -l <"$tmp/lines")" = 12 ] || return 1
	shown_of_a_call --address 10.78.0.0/16 && [ ! -s "$tmp/lines" ] || return 1
	! command_server trace --address 10.0.0.0/33 || return 1
	! command_server trace --count none || return 1
	kturn trace --socket "$tmp/control" --count 3 >"$tmp/lines" &
	watchers=($!)
	await 100 watched_by 1 || return 1
	one_call || return 1
	wait "${watchers[0]}" && cat "$tmp/lines" && [ "$(wc -l <"$tmp/lines")" = 4 ]
}

no_secrets() {
	! grep -a wonder "$tmp/trace.pcapng"
}

traces() {
	[ "$server" = kturnd ] || return 0
	start_server --control-socket="$tmp/control"
	test_command 'trace: a call as it was on the wire' call_as_on_the_wire
	test_command 'trace: a call inside TLS' call_inside_tls
	test_command 'trace: no password in it' no_secrets
	test_command 'trace: UDP' datagrams_are_traced udp
	test_command 'trace: DTLS' datagrams_are_traced dtls
	test_command 'trace: by user and by address' messages_are_filtered
	stop_server
}
