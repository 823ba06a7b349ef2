# SPDX-License-Identifier: GPL-2.0-only
# What the tools share. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${KTURN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kturn}

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# One line that overwrites itself on a terminal; nothing in a pipe.
progress() {
	[ ! -t 2 ] || printf '\r\033[K%s' "$*" >&2
}

# with_lock NAME COMMAND…: one process at a time fills a place in the cache.
# The command does not inherit the lock, so nothing it leaves behind holds it.
with_lock() {
	local name=$1
	shift
	mkdir -p "$cache"
	(
		flock 9
		"$@" 9>&-
	) 9>"$cache/.lock-$name"
}

# make_slots FIFO: a byte in it for each virtual machine that tools/check may run. It is ours
# for as long as we live: else its bytes were lost.
make_slots() {
	rm -f "$1"
	mkfifo "$1"
	exec {slots}<>"$1"
	head -c "$(($(nproc) + 1))" /dev/zero | tr '\0' . >&"$slots"
}
