# SPDX-License-Identifier: GPL-2.0-only
# The log of a verbose server, as a machine reads it. Sourced by run.

# His name would like to be a line, or fields, of its own.
hostile_name='eve" code=200 x="\x41 {"event"="stopped"}'

# all_lines FILTER: it holds for the log, an array of its lines.
all_lines() {
	jq -es "$1" "$tmp/log" >"$tmp/log.said" && return
	tail -n 5 "$tmp/log"
	return 1
}

# Not a line that is something else, or that was torn.
every_line_is_json() {
	echo "lines: $(wc -l <"$tmp/log")"
	[ "$(wc -l <"$tmp/log")" -gt 50 ] &&
		all_lines "length == $(wc -l <"$tmp/log") and all(.[];
			(.time | test(\"^[0-9-]{10}T[0-9:.]{12}Z\$\")) and
			(.level | IN(\"error\", \"warning\", \"info\", \"verbose\")) and
			(.event | length > 0))"
}

# allocation_ends COUNT: so many have been, and all are over.
allocation_ends() {
	all_lines '[.[] | select(.event == "allocation deleted")] | length == '"$1"
}

# From the request to the end, of each of them: one id, one user, and the client that
# asked for it, but for requests on data connections.
one_id_follows_an_allocation() {
	all_lines '[.[] | select(.allocation)] | group_by(.allocation) | all(.[];
		(map(.event) | . as $events |
			([.[] | select(. == "allocation created")] | length == 1) and
			index(["allocation created"]) < index(["request"]) and
			index(["connection created"]) < index(["connection bound"]) and
			index(["connection bound"]) < index(["connection deleted"]) and
			.[-1:] - ["allocation deleted", "request", "session closed"] == []) and
		(map(.user) | unique | length == 1) and
		(map(select(.event | startswith("connection") or startswith("allocation")) | .client) |
			unique | length == 1) and
		(map(select(.event == "request") | .method) |
			contains(["Allocate", "ConnectionBind"])))'
}

# What concerns none of them says so, and never with an id.
others_have_none() {
	all_lines 'any(.[]; .event == "request" and .code == 401 and
			has("allocation") and .allocation == null and .user == null) and
		all(.[]; .allocation != "0000000000000000")'
}

name_is_a_value() {
	all_lines "[.[] | select(.event == \"allocation created\") | .user] |
		index([\$ENV.hostile_name])" &&
		all_lines 'all(.[]; .event != "stopped")'
}

numbers_are_numbers() {
	all_lines 'all(.[] | select(.event == "allocation deleted");
		[.age_s, .connections, .bytes_to_peer, .bytes_to_client] |
			all(.[]; type == "number")) and
		any(.[]; .event == "allocation deleted" and .bytes_to_peer == 100000)'
}

# failed_handshake WORDS COMMAND…: the log says why.
failed_handshake() {
	local words=$1
	shift
	timeout 60 "$@" </dev/null >"$tmp/test_s_client" 2>&1 || true
	await 50 all_lines "any(.[]; .event == \"tls failed\" and (.reason | test(\"$words\")))"
}

# As logrotate(8) does it.
moved_log_begins_anew() {
	mv "$tmp/log" "$tmp/log.1"
	kill -HUP "$server_pid"
	await 100 grep -q '"event":"reloaded"' "$tmp/log" &&
		uclient -n 2 -m 2 -l 170 -u alice -w wonder "$address" &&
		grep -q '"event":"allocation created"' "$tmp/log"
}

# One client, who ends, so that all of his life is in the log.
one_transfer() {
	local relayed peer
	rm -f "$tmp/client"
	kturn-client transfer --via "$address:$port" --user "$1" --from "$peer_address" \
		--size 100000 >"$tmp/client" 2>&1 &
	client=$!
	await 100 grep -q ^relayed "$tmp/client" || { cat "$tmp/client"; return 1; }
	relayed=$(sed -n 's/^relayed //p' "$tmp/client")
	kturn-client transfer --to "$relayed" --bind "$peer_address" --size 100000 || return 1
	wait "$client"
}

the_log() {
	local s_client=(openssl s_client -connect "$address:$tls_port")
	[ "$server" = kturnd ] || return 0
	rm -f "$tmp/log"
	export hostile_name
	start_server --log-file="$tmp/log" --log-format=json --user="$hostile_name:secret"
	test_command 'log: a transfer' one_transfer alice:wonder
	test_command 'log: one of a hostile name' one_transfer "$hostile_name:secret"
	test_command 'log: TLS 1.1' failed_handshake 'unsupported version' \
		"${s_client[@]}" -tls1_1 -cipher DEFAULT@SECLEVEL=0
	test_command 'log: no cipher in common' failed_handshake 'cipher' \
		"${s_client[@]}" -tls1_2 -cipher AES128-SHA
	test_command 'log: another protocol' failed_handshake 'application protocol' \
		"${s_client[@]}" -alpn h2
	test_command "log: the client's alert" failed_handshake 'alert: .*CA' \
		"${s_client[@]}" -verify_return_error
	test_command 'log: no TLS at all' failed_handshake 'unexpected TLS packet' \
		bash -c "printf 'GET / HTTP/1.0\r\n\r\n' >/dev/tcp/$address/$tls_port"
	test_command "log: the client's alert over DTLS" failed_handshake \
		'alert: .*CA' "${s_client[@]}" -dtls1_2 -verify_return_error
	test_command 'log: the allocations end' await 50 allocation_ends 2
	test_command 'log: every line is JSON' every_line_is_json
	test_command 'log: one id follows an allocation' one_id_follows_an_allocation
	test_command 'log: what concerns no allocation' others_have_none
	test_command 'log: a hostile name is a value' name_is_a_value
	test_command 'log: numbers are numbers' numbers_are_numbers
	test_command 'log: a file that was moved away' moved_log_begins_anew
	stop_server
}
