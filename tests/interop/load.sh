# SPDX-License-Identifier: GPL-2.0-only
# Many clients at once: coturn's own load, relay to relay. Sourced by run.

load_messages=20

# load_uclient N OPTION…: each message of N clients, or a few more, has come back. Its own
# words on loss, and its exit status, are of no use.
load_uclient() {
	local n=$1 totals
	shift
	# It lets a client in every 0.1 s, some of them at once.
	timeout --foreground $((120 + n)) turnutils_uclient -y -p "$port" -m "$n" -n "$load_messages" \
		-l 160 -u alice -w wonder "$@" "$address" >"$tmp/load" 2>&1 || true
	mapfile -t totals < <(sed -n 's/.*start_mclient: tot_.*[=~] *\([0-9]*\), .*[=~] *\([0-9]*\)$/\1\n\2/p' \
		"$tmp/load")
	echo "messages sent and received, and bytes: ${totals[*]:-nothing}"
	[ "${#totals[@]}" = 4 ] && [ "${totals[0]}" -ge $((n * load_messages)) ] &&
		[ "${totals[0]}" = "${totals[1]}" ] && [ "${totals[2]}" = "${totals[3]}" ] && return
	tail -n 10 "$tmp/load"
	return 1
}

# server_ticks: CPU time of the server, in hundredths of a second.
server_ticks() {
	awk '{ print $14 + $15 }' "/proc/$server_pid/stat"
}

# load_of N NAME OPTION…
load_of() {
	local n=$1 name=$2 before
	before=$(server_ticks)
	shift 2
	test_command "turnutils_uclient over $name, $n clients" load_uclient "$n" "$@"
	echo "# CPU time of the server: $((($(server_ticks) - before) * 10)) ms"
}

# One way after the other: what there is of CPU is the load's.
load_of_clients() {
	ulimit -Sn "$(ulimit -Hn)"
	start_server_for_old_channels
	load_of "$1" UDP
	load_of "$1" TCP -t
	load_of "$1" TLS -t -S
	load_of "$1" DTLS -S
	stop_server
}
