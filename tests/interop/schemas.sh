# SPDX-License-Identifier: GPL-2.0-only
# What kturn -j answers is what docs/schema/ says. Sourced by run.

# fits NAME WORD…: what kturn answers to these words, by this schema.
fits() {
	local name=$1
	shift
	kturn -j "$@" >"$tmp/json.$name" || return 1
	schemas+=("$name=$tmp/json.$name")
}

# what_fits COMMAND…: the answers that it asks for, all looked at at once.
what_fits() {
	local status=0
	schemas=()
	"$@" || status=1
	"$here/schema.py" "${schemas[@]}" || status=1
	return "$status"
}

# --- kturnd's

answers_of_kturnd() {
	local at=--socket=$tmp/control id tracer status=0
	kturn -j trace "$at" >"$tmp/json.trace" &
	tracer=$!
	await 100 watched_by 1 && start_transfer || status=1
	id=$(kturn -j allocation list "$at" | jq -r '.[0].id')
	fits status status "$at" && fits allocations allocation list "$at" &&
		fits allocation allocation show "$id" "$at" || status=1
	printf 'user=dave:later\n' >"$tmp/conf"
	fits reload reload "$at" || status=1
	printf 'first\n' | kturn user add grace --db "$tmp/schema-users" --realm interop &&
		printf 'second\n' | kturn secret add --db "$tmp/schema-users" --realm interop &&
		fits users user list --db "$tmp/schema-users" &&
		fits secrets secret list --db "$tmp/schema-users" || status=1
	kill -TERM "$tracer"
	wait "$tracer" || status=1
	schemas+=("trace=$tmp/json.trace")
	fits drain drain "$at" || status=1
	kill "$client" "$peer"
	gone "$client" "$peer"
	return "$status"
}

# --- the module's

answers_of_the_module() {
	local id status=0
	start_transfer || return 1
	id=$(relays_there)
	fits relays relay list && fits relay relay show "$id" && fits stats stats &&
		fits caps caps && fits settings settings || status=1
	schemas+=("monitor=$tmp/monitor.json" "monitor=$tmp/monitor.small")
	kill "$client" "$peer"
	gone "$client" "$peer"
	return "$status"
}

schemas_of_kturnd() {
	[ "$server" = kturnd ] || return 0
	start_server_with_file
	test_command 'kturn -j: what kturnd answers is as docs/schema/ says' \
		what_fits answers_of_kturnd
	stop_server
}
