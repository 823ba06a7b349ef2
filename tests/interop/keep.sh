# SPDX-License-Identifier: GPL-2.0-only
# The server dies, and the next one goes on (keep-sessions). Sourced by run.

# The process that the keeper has started.
kept_server() {
	local pids
	read -r pids <"/proc/$server_pid/task/$server_pid/children" 2>/dev/null || true
	echo "${pids%% *}"
}

# another_server PID: there is one that is not this one, and it serves.
another_server() {
	local pid
	pid=$(kept_server)
	[ "$pid" ] && [ "$pid" != "$1" ] && command_server status >/dev/null 2>&1
}

kill_kept() {
	local pid
	pid=$(kept_server)
	[ "$pid" ] || return 1
	kill -KILL "$pid"
	await 100 another_server "$pid"
}

start_kept_server() {
	start_server --keep-sessions --control-socket="$tmp/control" "$@"
	export KTURN_KEEPER=$server_pid
	await 100 another_server none
}

# TERM to SIGNALLED ends both, properly.
ends_both() {
	local server status=0
	server=$(kept_server)
	kill -TERM "$1"
	await 100 not_running "$server_pid" && await 20 not_running "$server" || return 1
	wait "$server_pid" || status=$?
	server_pid=''
	echo "exit status: $status"
	[ "$status" = 0 ] && ! listening
}

# Without its keeper a server is not to stay, alone with the next death.
keeper_is_missed() {
	local server
	server=$(kept_server)
	kill -KILL "$server_pid"
	wait "$server_pid" 2>/dev/null || true
	server_pid=''
	await 100 not_running "$server" && ! listening
}

# kturnd says what is wrong, and nobody tries again.
mistake_ends_it() {
	local status=0
	timeout 30 kturnd --no-config --keep-sessions --no-auth --listening-ip=10.77.0.99 \
		>"$tmp/mistake" 2>&1 || status=$?
	cat "$tmp/mistake"
	[ "$status" = 1 ] && [ "$(grep -c ' started: ' "$tmp/mistake")" = 1 ]
}

# One that cannot serve any more is tried less and less often: it is the keeper's child
# that is counted, in what it has logged.
later_and_later() {
	local n=0
	while [ $n -lt 4 ]; do
		kill -KILL "$(kept_server)" 2>/dev/null || true
		await 100 served_again || return 1
		n=$((n + 1))
	done
	grep -o 'restart_ms=[0-9]*' "$tmp/server" | tail -n 4 | tee "$tmp/delays"
	sort -n -u -t = -k 2 "$tmp/delays" | cmp - "$tmp/delays"
}

served_again() {
	[ "$(kept_server)" ]
}

hangup_reaches_it() {
	: >"$tmp/server"
	kill -HUP "$server_pid"
	await 50 grep -q ' reload' "$tmp/server"
}

sessions_kept() {
	[ "$server" = kturnd ] || return 0
	start_kept_server
	if [ "$once" ]; then
		wire_tests --udp keep-udp
		wire_tests keep-udp
	fi
	wire_tests keep
	[ "$engine" != kernel ] || wire_tests keep-relays
	test_command 'keep-sessions: it serves after all that' \
		uclient -n 20 -m 2 -l 170 -u alice -w wonder "$address"
	stop_server
	[ "$engine" != kernel ] || test_command 'keep-sessions: no relay is left' relays_balance
	[ "$once" ] || return 0
	start_kept_server
	test_command 'keep-sessions: SIGHUP to the keeper reloads' hangup_reaches_it
	test_command 'keep-sessions: SIGTERM to the keeper ends both' ends_both "$server_pid"
	start_kept_server
	test_command 'keep-sessions: SIGTERM to the server ends both' ends_both "$(kept_server)"
	start_kept_server
	test_command 'keep-sessions: without its keeper the server ends' keeper_is_missed
	start_kept_server
	test_command 'keep-sessions: who dies at once is started later and later' later_and_later
	stop_server
	test_command 'keep-sessions: a mistake at the first start ends it' mistake_ends_it
}
