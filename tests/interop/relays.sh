# SPDX-License-Identifier: GPL-2.0-only
# Those who look at relays in the kernel: kturn relay list, monitor and top, the last on a
# terminal of tmux. Also when kturnd is dead. Sourced by run.

# --- monitor

# Not in a function of the shell's own background: the signals are for kturn.
start_monitors() {
	local before
	before=$(listeners_for_events)
	kturn monitor >"$tmp/monitor" 2>&1 &
	monitors=($!)
	kturn monitor -j >"$tmp/monitor.json" 2>&1 &
	monitors+=($!)
	kturn monitor -j --peer 10.77.9.0/24 >"$tmp/monitor.none" 2>&1 &
	monitors+=($!)
	kturn monitor -j --rcvbuf 1 >"$tmp/monitor.small" 2>&1 &
	monitors+=($!)
	await 100 monitors_listen $((before + 4))
}

# How many sockets of generic netlink have joined a group, the server's among them.
listeners_for_events() {
	awk '$2 == 16 && $4 != "00000000"' /proc/net/netlink | wc -l
}

monitors_listen() {
	[ "$(listeners_for_events)" -ge "$1" ]
}

relays_there() {
	kturn relay list -j "$@" | jq -r '.[].id'
}

# heard FILE EVENT ID: the JSON of a monitor has that.
heard() {
	jq -e --arg event "$2" --argjson id "$3" -n \
		'[inputs | select(.event == $event and .relay.id == $id)] | length == 1' "$1" >/dev/null
}

relay_comes_and_goes() {
	local id reason
	start_transfer || return 1
	id=$(relays_there)
	await 50 heard "$tmp/monitor.json" added "$id" || return 1
	kill -KILL "$client"
	gone "$client" "$peer" || return 1
	await 100 heard "$tmp/monitor.json" ended "$id" || return 1
	cat "$tmp/monitor" "$tmp/monitor.json"
	# The kernel tells of the reset, or kturnd is faster.
	reason=$(jq -r 'select(.event == "ended") | .relay.reason' "$tmp/monitor.json")
	[ "$reason" = client-reset ] || [ "$reason" = deleted ] || return 1
	grep -Eq "added relay $id .*client [0-9.]+:[0-9]+ peer $peer_address:" "$tmp/monitor" &&
		grep -Eq "ended relay $id .*: $reason after .* to peer, .* to client" \
			"$tmp/monitor" &&
		jq -se 'any(.[]; .event == "ended" and .relay.to_peer.bytes > 0 and
			.relay.state == "ended")' "$tmp/monitor.json" &&
		[ ! -s "$tmp/monitor.none" ]
}

# One that does not read in time says so; what is there then, it knows.
lost_are_admitted() {
	local small=${monitors[3]} id
	kill -STOP "$small"
	uclient -n 2 -m 4 -l 170 -u alice -w wonder "$address" || return 1
	start_transfer || return 1
	id=$(relays_there)
	kill -CONT "$small"
	await 100 grep -q synced "$tmp/monitor.small" || { cat "$tmp/monitor.small"; return 1; }
	kill -KILL "$client"
	gone "$client" "$peer" || return 1
	await 100 heard "$tmp/monitor.small" ended "$id" || { cat "$tmp/monitor.small"; return 1; }
	jq -c '[.event, .relay.id // .relays]' "$tmp/monitor.small"
	jq -se 'map(.event) | index("lost") < index("synced")' "$tmp/monitor.small" &&
		heard "$tmp/monitor.small" appeared "$id" && ! grep -q lost "$tmp/monitor.json"
}

monitors_end_well() {
	local pid status=0
	kill -TERM "${monitors[@]}"
	for pid in "${monitors[@]}"; do
		wait "$pid" || status=1
	done
	monitors=()
	# Nobody reads: it ends although nothing happens.
	timeout 60 kturn monitor | true || status=1
	return "$status"
}

# --- relay list

list_is_filtered() {
	local id path status=0
	start_transfer || return 1
	id=$(relays_there)
	path=$(kturn relay show "$id" -j | jq -r .path)
	echo "relay $id: $path"
	[ "$id" ] && [ "$(relays_there --peer "$peer_address")" = "$id" ] &&
		[ "$(relays_there --peer 10.77.0.0/16 --idle -1h --engine "$path")" = "$id" ] &&
		[ -z "$(relays_there --peer 10.78.0.0/16)" ] &&
		[ -z "$(relays_there --idle +1h)" ] && [ -z "$(relays_there --engine tls)" ] &&
		[ "$(kturn relay list --peer 10.78.0.0/16 | wc -l)" = 1 ] || status=1
	kill "$client" "$peer"
	gone "$client" "$peer"
	return "$status"
}

# --- top

# A server of its own for each: one that is about to end would be found still.
terminals=0

terminal() {
	tmux -S "$tmp/tmux.$terminals" -f /dev/null "$@"
}

stop_terminal() {
	[ "$terminals" = 0 ] || terminal kill-server 2>/dev/null || true
}

screen() {
	terminal capture-pane -p
}

# start_top: on a terminal of its own; behind it comes how the terminal was left.
start_top() {
	local after='echo "status $?"; stty -a | grep -ow -e "-\?echo"; exec sleep 1000'
	terminals=$((terminals + 1))
	TERM=screen LANG=C.UTF-8 terminal new-session -d -x 120 -y 20 \
		"kturn top --interval 200ms; $after"
	top_pid=''
	await 100 top_is_there || { screen; return 1; }
}

top_is_there() {
	top_pid=$(pgrep -P "$(terminal display-message -p '#{pane_pid}')" kturn) &&
		shows 'q quit'
}

# shows PATTERN: stands on the screen now.
shows() {
	screen | grep -Eq -e "$1"
}

# rows_are ID…: from top to bottom.
rows_are() {
	[ "$(screen | sed -n '3,$s/^ *\([0-9][0-9]*\) .*/\1/p' | xargs)" = "$*" ]
}

pressed() {
	local key=$1
	shift
	terminal send-keys "$key"
	await 100 "$@" || { screen; return 1; }
}

# Two relays, the peer of one of which stops reading.
top_shows_relays() {
	local one two pids=() status=0
	start_transfer || return 1
	one=$(relays_there) pids=("$client" "$peer")
	# Its client is to wait for the peer, however long all this takes.
	start_transfer --timeout 600 || return 1
	two=$(relays_there | grep -vx "$one") pids+=("$client" "$peer")
	await 100 shows "^ *$one [0-9.]+:[0-9]+ +$peer_address:[0-9]+ +[0-9.]+[KM]iB/s" &&
		pressed i rows_are "$one" "$two" && pressed i rows_are "$two" "$one" &&
		pressed a rows_are "$one" "$two" && pressed a rows_are "$two" "$one" &&
		pressed w shows 'w waiting >' &&
		kill -STOP "$peer" && await 100 shows "^ *$two .* (peer|both) [0-9]" &&
		pressed r rows_are "$one" "$two" && pressed r rows_are "$two" "$one" &&
		await 100 shows 'client waits for peer since' || status=1
	screen
	resized || status=1
	kill -KILL "${pids[@]}"
	gone "${pids[@]}"
	await 100 shows '^no relays' || status=1
	return "$status"
}

# Smaller, much too small, larger: it goes on.
resized() {
	local size
	for size in '60 8' '7 2' '200 50'; do
		terminal resize-window -x "${size% *}" -y "${size#* }"
		sleep 0.5
		screen
	done
	await 100 shows 'q quit' && await 100 shows 'client waits for peer since' &&
		running "$top_pid"
}

# left_alone: the terminal is as it was before.
left_alone() {
	await 100 shows 'status 0' && shows '^echo' && ! shows 'q quit' &&
		[ "$(terminal display-message -p '#{alternate_on}#{cursor_flag}')" = 01 ]
}

top_leaves() {
	local status=0
	"$@" || status=1
	left_alone || { screen; status=1; }
	stop_terminal
	return "$status"
}

# --- without kturnd

without_the_server() {
	local id status=0
	start_transfer || return 1
	id=$(relays_there)
	kill -KILL "$server_pid"
	gone "$client" "$peer" || status=1
	await 100 heard "$tmp/monitor.json" ended "$id" || status=1
	heard "$tmp/monitor.json" ended "$id" && grep -q "ended relay $id .*: owner-gone" "$tmp/monitor" ||
		status=1
	kturn relay list || status=1
	[ "$(kturn relay list -j)" = '[]' ] && kturn stats >/dev/null || status=1
	await 100 shows '^no relays' && running "$top_pid" && running "${monitors[0]}" || status=1
	tail -n 3 "$tmp/monitor"
	screen
	return "$status"
}

relays_looked_at() {
	[ "$server" = kturnd ] && [ "$engine" = kernel ] || return 0
	# Faster ones would only take time from who looks.
	start_server --max-bps=1000000
	test_command 'relay list: --peer, --idle, --engine' list_is_filtered
	test_command 'monitors start' start_monitors
	test_command 'monitor: a relay comes and goes' relay_comes_and_goes
	test_command 'monitor: lost notifications are admitted, and made up for' lost_are_admitted
	test_command 'kturn -j: what the module answers is as docs/schema/ says' \
		what_fits answers_of_the_module
	test_command 'top starts' start_top
	test_command 'top: rates, orders, who waits, other sizes' top_shows_relays
	test_command 'relay list, monitor and top without kturnd' without_the_server
	test_command 'top: q leaves the terminal as it was' top_leaves terminal send-keys q
	test_command 'top starts without kturnd' start_top
	test_command 'top: SIGTERM leaves the terminal as it was' top_leaves kill -TERM "$top_pid"
	test_command 'monitor ends with SIGTERM, and with its reader' monitors_end_well
	stop_server
}
