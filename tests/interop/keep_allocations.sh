# SPDX-License-Identifier: GPL-2.0-only
# Many UDP allocations over the server's deaths: keep_allocations.c. Sourced by run.

# write_killer COMMAND…: what ends it in the midst of them, being $before; ends when there is
# another one.
write_killer() {
	echo "ending() { $*; }" >"$tmp/killer"
	cat >>"$tmp/killer" <<-'EOF'
		server() {
			local pids
			read -r pids <"/proc/$KTURN_KEEPER/task/$KTURN_KEEPER/children" || true
			echo "${pids%% *}"
		}
		before=$(server)
		[ "$before" ] && ending || exit 1
		for i in $(seq 300); do
			sleep 0.1
			now=$(server)
			[ -z "$now" ] || [ "$now" = "$before" ] || exit 0
		done
		exit 1
	EOF
}

# all_restored N: none was lost in any death; one was added after each.
all_restored() {
	local i
	grep -o 'allocations restored: .*' "$tmp/server"
	for i in 0 1 2; do
		grep -q "allocations restored: restored=$(($1 + i)) lost=0" "$tmp/server" || return 1
	done
	! grep 'allocation not restored\|allocation not kept' "$tmp/server"
}

# allocations_kept N: so many at once, and one more after each death.
allocations_kept() {
	[ "$server" = kturnd ] || return 0
	: >"$tmp/server"
	start_kept_server
	write_killer 'kill -KILL "$before"'
	KTURN_RELAYS=$1 KTURN_MEANWHILE="bash $tmp/killer" wire_tests --udp keep-allocations
	test_command 'keep-sessions: every allocation was restored' all_restored "$1"
	stop_server
}
