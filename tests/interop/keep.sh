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

has_died() {
	[ "$(grep -c 'server died' "$tmp/server")" -ge "$1" ]
}

# A mistake that has come into its file meanwhile: each time it is started later; and then
# that is mended.
later_and_later() {
	cp "$tmp/conf" "$tmp/conf.good"
	echo user-quota=many >>"$tmp/conf"
	kill -KILL "$(kept_server)"
	await 100 has_died 6 || return 1
	grep -o 'restart_ms=[0-9]*' "$tmp/server" | head -n 6 | tee "$tmp/delays"
	sort -n -u -t = -k 2 "$tmp/delays" | cmp - "$tmp/delays" || return 1
	cp "$tmp/conf.good" "$tmp/conf"
	await 150 another_server none
}

# Nobody has died; and what the command answers is as docs/schema/ says.
upgrades() {
	local pid
	pid=$(kept_server)
	: >"$tmp/server"
	what_fits fits upgrade upgrade "--socket=$tmp/control" || return 1
	await 100 another_server "$pid" && grep ' upgrading: ' "$tmp/server" &&
		! grep 'server died' "$tmp/server"
}

# As systemd does it for a restart: the next one goes on, with nothing to mend.
restarts() {
	local pid
	pid=$(kept_server)
	: >"$tmp/server"
	kill -USR2 "$1"
	await 100 another_server "$pid" && grep ' upgrading: ' "$tmp/server" &&
		! grep 'server died' "$tmp/server"
}

# Without keep-sessions it ends.
usr2_ends_it() {
	start_server
	: >"$tmp/server"
	kill -USR2 "$server_pid"
	await 100 not_running "$server_pid" || return 1
	grep ' stopped: status=0' "$tmp/server" && server_pid=''
}

# Without keep-sessions it would end every call.
upgrade_refused() {
	start_server --control-socket="$tmp/control"
	! command_server upgrade 2>"$tmp/complaint" || return 1
	cat "$tmp/complaint"
	grep -q 'keep-sessions is not set' "$tmp/complaint" && ! not_running "$server_pid"
}

hangup_reaches_it() {
	: >"$tmp/server"
	kill -HUP "$server_pid"
	await 50 grep -q ' reload' "$tmp/server"
}

# Where a module is loaded the kernel is to have its TLS as well.
tls_is_kept() {
	[ "$engine" = kernel ] || ! grep -q 'sessions over TLS not kept' "$tmp/server"
}

sessions_over_tls_kept() {
	local version
	if ! tls_is_kept; then
		wire_tests --tls=NORMAL:-VERS-ALL:+VERS-TLS1.3 keep-not
		return
	fi
	for version in 1.3 1.2; do
		wire_tests --tls=NORMAL:-VERS-ALL:+VERS-TLS$version keep keep-tls \
			$([ "$engine" != kernel ] || echo keep-relays)
	done
}

# In none of its starts.
nothing_was_lost() {
	grep -o 'allocations restored: .*' "$tmp/server" | sort | uniq -c | sort -n -r | head -n 5
	grep -q 'allocations restored: .* lost=0 ' "$tmp/server" &&
		! grep 'restored: .* lost=[^0]\|allocation not \|descriptor not kept' "$tmp/server"
}

# As an operator does it when no call is relayed: docs/SESSIONS.md.
module_is_exchanged() {
	local module=$top/build/kmod/$(uname -r)/kturn.ko
	write_killer "rmmod kturn && insmod '$module' && kturn upgrade --socket='$tmp/control' >/dev/null"
	KTURN_MEANWHILE="bash $tmp/killer" wire_tests keep-meanwhile
}

# upgrade_to PROGRAM GROUP: which starts as the same path; in the midst of that.
upgrade_to() {
	write_killer "cp '$1' '$tmp/bin/next' && mv '$tmp/bin/next' '$tmp/bin/kturnd' &&
		kturn upgrade --socket='$tmp/control' >/dev/null"
	: >"$tmp/server"
	KTURN_MEANWHILE="bash $tmp/killer" wire_tests "$2"
}

# a_site_is_kept RELAYS SECONDS: with the kernel's engine. First of all the server is upgraded,
# from the version before.
a_site_is_kept() {
	ulimit -Hn 65536 2>/dev/null || true
	ulimit -Sn "$(ulimit -Hn)"
	mkdir -p "$tmp/bin"
	cp "$top/build/older/kturnd" "$tmp/bin/kturnd"
	PATH=$tmp/bin:$PATH start_kept_server
	KTURN_RELAYS=$1 KTURN_SECONDS=$2 upgrade_to "$top/build/kturnd" keep-site
	test_command 'keep-sessions: at no start was anything lost' nothing_was_lost
	stop_server
	test_command 'keep-sessions: no relay of the site is left' relays_balance
}

# From what the version before kept to ours, and back.
versions_differ() {
	mkdir -p "$tmp/bin"
	cp "$top/build/older/kturnd" "$tmp/bin/kturnd"
	PATH=$tmp/bin:$PATH start_kept_server
	upgrade_to "$top/build/kturnd" keep-meanwhile
	test_command 'kturn upgrade: from the version before' grep -q \
		'allocations restored: restored=1 lost=0' "$tmp/server"
	stop_server
	PATH=$tmp/bin:$PATH start_kept_server
	upgrade_to "$top/build/older/kturnd" keep-refused
	test_command 'kturn upgrade: to the version before, which refuses it' grep \
		'state refused: reason="another version"' "$tmp/server"
	stop_server
}

sessions_kept() {
	[ "$server" = kturnd ] || return 0
	: >"$tmp/server"
	start_kept_server
	if [ "$once" ]; then
		wire_tests --udp keep-udp
		wire_tests keep-udp
	fi
	wire_tests keep
	sessions_over_tls_kept
	[ "$engine" != kernel ] || wire_tests keep-relays
	test_command 'keep-sessions: it serves after all that' \
		uclient -n 20 -m 2 -l 170 -u alice -w wonder "$address"
	stop_server
	if [ "$engine" = kernel ]; then
		test_command 'keep-sessions: no relay is left' relays_balance
		a_site_is_kept 20 5
		start_kept_server
		module_is_exchanged
		stop_server
	fi
	[ "$once" ] || return 0
	start_kept_server
	test_command 'kturn upgrade: another process goes on' upgrades
	test_command 'keep-sessions: SIGUSR2: another process goes on' \
		restarts "$(kept_server)"
	test_command 'keep-sessions: SIGUSR2 to the keeper: another process goes on' \
		restarts "$server_pid"
	test_command 'keep-sessions: SIGHUP to the keeper reloads' hangup_reaches_it
	test_command 'keep-sessions: SIGTERM to the keeper ends both' ends_both "$server_pid"
	[ "$sanitized" ] || versions_differ
	start_kept_server
	test_command 'keep-sessions: SIGTERM to the server ends both' ends_both "$(kept_server)"
	start_kept_server
	test_command 'keep-sessions: without its keeper the server ends' keeper_is_missed
	start_server_with_file keep-sessions
	await 100 another_server none
	test_command 'keep-sessions: who does not get to serve is started later and later' \
		later_and_later
	stop_server
	test_command 'keep-sessions: a mistake at the first start ends it' mistake_ends_it
	test_command 'kturn upgrade: refused without keep-sessions' upgrade_refused
	stop_server
	test_command 'SIGUSR2: without keep-sessions the server ends' usr2_ends_it
}
