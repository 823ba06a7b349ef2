# SPDX-License-Identifier: GPL-2.0-only
# kturn diagnose: calls that are broken on purpose, all at once, each with a peer address of
# its own; and good ones. Sourced by run.

broken_net=10.77.9
broken_calls=()

# background COMMAND…: ended with all the others.
background() {
	"$@" >>"$tmp/broken" 2>&1 &
	broken_calls+=($!)
}

# client_of call|transfer OPTION…: a TURN client. All are more patient than the test.
client_of() {
	local what=$1
	shift
	background kturn-client "$what" --via "$address:$port" --user alice:wonder \
		--timeout 300 "$@"
}

# peer_calls N call|transfer OPTION…: such a client lets the peer N in, who calls.
peer_calls() {
	local n=$1 what=$2 relayed
	shift 2
	kturn-client "$what" --via "$address:$port" --user alice:wonder --timeout 300 \
		--from "$broken_net.$n" "$@" >"$tmp/client.$n" 2>&1 &
	broken_calls+=($!)
	await 200 grep -q ^relayed "$tmp/client.$n" || return 1
	relayed=$(sed -n 's/^relayed //p' "$tmp/client.$n")
	background kturn-client call --to "$relayed" --bind "$broken_net.$n" --timeout 300
}

# causes_of N: what is said to be wrong with calls to this peer.
causes_of() {
	command_server diagnose --peer "$broken_net.$1" -j |
		jq -r '[.[] | .cause, .connections[].cause] | map(.code // empty) | unique | join(" ")'
}

cause_is() {
	[ "$(causes_of "$1")" = "$2" ]
}

# diagnosed N CAUSE: sooner or later; what there is meanwhile says no other.
diagnosed() {
	await 200 cause_is "$1" "$2" && return
	command_server diagnose --peer "$broken_net.$1" || true
	cat "$tmp/broken"
	return 1
}

# A peer that takes a connection and says nothing before the client is done.
mute_peer() {
	background kturn-client transfer --listen "$broken_net.$1:4000" --answer --timeout 300
}

# Who has been sent so much and said nothing: his end of it becomes a reset.
greedy_peer_goes() {
	kill -KILL "$greedy"
	diagnosed 8 peer-closed
}

mute_peers_listen() {
	[ "$(ss -Hltn "src $broken_net.0/24" | wc -l)" = 2 ]
}

# Somebody connects who was not meant. He has to know the relayed address.
stranger_comes() {
	local relayed
	await 200 grep -q ^relayed "$tmp/stranger" || return 1
	relayed=$(sed -n 's/^relayed //p' "$tmp/stranger")
	! timeout 20 kturn-client call --to "$relayed" --bind "$broken_net.1" >>"$tmp/broken" 2>&1
}

break_calls() {
	local n
	ip route add unreachable "$broken_net.10/32"
	for n in 1 2 4 6 7 8 9 11 12; do
		ip address add "$broken_net.$n/32" dev lo
	done
	ip route add "$broken_net.3/32" dev lo
	: >"$tmp/broken"
	kturn-client call --via "$address:$port" --user alice:wonder --from "$broken_net.99" \
		>"$tmp/stranger" 2>&1 &
	broken_calls+=($!)
	client_of call --to "$broken_net.2:9"			# nobody listens there
	client_of call --to "$broken_net.3:9"			# where nobody is
	client_of call --to "$broken_net.10:9"			# where no way leads
	client_of call --to "$broken_net.4:9"			# which is forbidden
	client_of call --from "$broken_net.5"			# who does not come
	mute_peer 8
	greedy=$!
	mute_peer 9
	await 200 mute_peers_listen || return 1
	client_of transfer --to "$broken_net.8:4000" --size 100G
	client_of transfer --to "$broken_net.9:4000" --answer
	stranger_comes && peer_calls 6 call --hold 300 && peer_calls 7 transfer --answer &&
		peer_calls 11 call --ice-password 'of another call' &&
		peer_calls 12 call --linger 300 --media 1000
}

wrong_password_is_named() {
	! kturn-client call --via "$address:$port" --user alice:guessed --rfc5389 \
		--from "$peer_address" 2>/dev/null || return 1
	command_server diagnose -j | jq -c '.[] | select(.allocation == null) |
		[.steps[].code], .cause.code, .user, .authenticated' | tee "$tmp/refused"
	diff "$tmp/refused" - <<-'END'
	[401,401]
	"wrong-password"
	"alice"
	false
	END
}

# What a stranger calls himself is no command to the terminal.
hostile_name_is_harmless() {
	local name=$'\e]0;me\a'
	refuses_uclient -n 1 -m 1 -l 170 -u "$name" -w guessed "$address" || return 1
	{
		command_server diagnose || true
		command_server diagnose --user '?]0;me?' || true
		command_server diagnose --user "$name" 2>&1 || true
	} >"$tmp/hostile"
	[ "$(grep -cF '?]0;me?' "$tmp/hostile")" -ge 2 ] && ! grep $'[\e\a]' "$tmp/hostile"
}

# good_call OPTION…: nothing is wrong with it, and STUN has been seen in both directions.
good_call() {
	local allocation
	one_call "$@" || return 1
	allocation=$(command_server diagnose -j |
		jq -r 'map(select(.allocation)) | max_by(.created_us).allocation') || true
	command_server diagnose "$allocation" | tee "$tmp/diagnosis" || return 1
	[ "$(grep -c 'request yes, success yes' "$tmp/diagnosis")" = 2 ] &&
		[ "$(grep -c 'begins with: framed STUN Binding' "$tmp/diagnosis")" = 2 ] &&
		[ "$(grep -c 'nothing looks wrong' "$tmp/diagnosis")" = 2 ] &&
		grep -q 'Allocate  *401 (Unauthenticated), the challenge' "$tmp/diagnosis" &&
		grep -q 'ConnectionBind  *success' "$tmp/diagnosis"
}

# What scripts believe in.
its_json_is_valid() {
	local status=0
	command_server diagnose -j >"$tmp/diagnosis.json" || status=$?
	[ "$status" = 3 ] || return 1
	[ "$(jq length "$tmp/diagnosis.json")" -gt 8 ] &&
		"$here/schema.py" "diagnose=$tmp/diagnosis.json"
}

diagnose_usage() {
	local status=0
	command_server diagnose nonsense || status=$?
	[ "$status" = 2 ] || return 1
	command_server diagnose 0000000000000001 || status=$?
	[ "$status" = 1 ] || return 1
	! command_server diagnose --peer 10.0.0.0/33
}

end_broken_calls() {
	kill -KILL "${broken_calls[@]}" 2>/dev/null || true
	wait "${broken_calls[@]}" 2>/dev/null || true
	broken_calls=()
}

diagnoses() {
	[ "$server" = kturnd ] || return 0
	start_server --control-socket="$tmp/control" --denied-peer-ip="$broken_net.4"
	test_command 'diagnose: a good call' good_call
	test_command 'diagnose: a good call over TLS' good_call --tls --no-check
	test_command 'diagnose: wrong password' wrong_password_is_named
	test_command 'diagnose: a name that is a command to the terminal' hostile_name_is_harmless
	test_command 'diagnose: broken calls are made' break_calls
	test_command 'diagnose: no permission' diagnosed 1 no-permission
	test_command 'diagnose: peer refuses' diagnosed 2 peer-refused
	test_command 'diagnose: firewall is silent' diagnosed 3 firewall-silent
	test_command 'diagnose: peer cannot be reached' diagnosed 10 peer-unreachable
	test_command 'diagnose: peer is forbidden' diagnosed 4 peer-forbidden
	test_command 'diagnose: bind never came' diagnosed 6 never-bound
	test_command 'diagnose: STUN without an answer' diagnosed 7 stun-unanswered-by-client
	test_command 'diagnose: one way' diagnosed 8 one-way-to-peer
	test_command 'diagnose: STUN is refused' diagnosed 11 stun-refused
	test_command 'diagnose: media one way' diagnosed 12 one-way-media-to-peer
	test_command 'diagnose: peer closes without a word' greedy_peer_goes
	test_command 'diagnose: nobody says anything' diagnosed 9 silent
	test_command 'diagnose: peer never came' diagnosed 5 peer-never-came
	test_command 'diagnose: JSON' its_json_is_valid
	test_command 'diagnose: mistakes' diagnose_usage
	end_broken_calls
	stop_server
}
