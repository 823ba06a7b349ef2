# SPDX-License-Identifier: GPL-2.0-only
# How the demo talks. Sourced, never run.

bold='' dim='' green='' red='' plain='' live=''
if [ -t 1 ] && [ "${TERM-dumb}" != dumb ]; then
	live=1
	[ "${NO_COLOR-}" ] || {
		bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[m'
	}
fi

# What a line may take; run knows, a virtual machine's console does not.
columns=${COLUMNS:-100}

failures=()
step_number=0

# A line that the next one replaces; nothing in a pipe.
busy() {
	[ ! "$live" ] || printf '\r\e[K  %s%s%s' "$dim" "$*" "$plain"
}

line() {
	[ ! "$live" ] || printf '\r\e[K'
	printf '%s\n' "$*"
}

step() {
	step_number=$((step_number + 1))
	line
	line "$bold$step_number  $*$plain"
}

good() {
	line "   $green✓$plain $*"
}

# bad TEXT: goes on, and is not forgotten.
bad() {
	failures+=("$*")
	line "   $red✗ $*$plain"
}

# check TEXT COMMAND…: good or bad, as the command says.
check() {
	local text=$1
	shift
	if "$@"; then good "$text"; else bad "$text"; fi
}

# await SECONDS COMMAND…: until the command succeeds.
await() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

# Ends the demo: 3 if it has said why it failed.
finish() {
	line
	[ ${#failures[@]} != 0 ] || exit 0
	line "demo: FAIL: ${failures[0]}"
	exit 3
}

# give_up TEXT LOG…: shows the logs' ends and ends the demo.
give_up() {
	local log
	bad "$1"
	shift
	for log; do
		tail -n 15 "$log" 2>/dev/null | sed 's/^/     /'
	done
	finish
}
