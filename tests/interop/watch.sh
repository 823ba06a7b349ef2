# SPDX-License-Identifier: GPL-2.0-only
# Those who watch the server: Prometheus, with the dashboard and the alerts of packaging/,
# and load balancers. Sourced by run.

watch_port=9641
prometheus_port=9090
prometheus_pid=''

scrape() {
	curl -fsS --max-time 60 "http://127.0.0.1:$watch_port/metrics"
}

# sample NAME: prints its value, or the sum of those with any labels.
sample() {
	scrape | awk -v name="$1" '$1 == name || index($1, name "{") == 1 { sum += $2 }
		END { printf "%.0f\n", sum }'
}

promtool_takes_them() {
	scrape | promtool check metrics
}

# What has moved so far in all legs, whoever has moved it.
bytes_moved() {
	echo $(($(sample kturn_relayed_bytes_total) + $(sample kturn_module_relayed_bytes_total)))
}

bytes_moved_since() {
	[ "$(bytes_moved)" -gt "$1" ]
}

# Not only when the session has ended: the relay lives all the while.
numbers_are_live() {
	local before
	before=$(bytes_moved)
	echo "relays: $(sample "kturn_relays{engine=\"$engine\"}")"
	[ "$(sample "kturn_relays{engine=\"$engine\"}")" = 1 ] &&
		[ "$(sample 'kturn_allocations{transport="tcp"}')" = 1 ] &&
		[ "$(sample kturn_module_up)" = "$([ "$engine" = kernel ] && echo 1 || echo 0)" ] &&
		[ "$(sample kturn_module_wanted)" = "$(sample kturn_module_up)" ] &&
		await 100 bytes_moved_since "$before"
}

levels_are_zero() {
	[ "$(sample kturn_relays)" = 0 ] && [ "$(sample kturn_allocations)" = 0 ] &&
		[ "$(sample kturn_sessions)" = 0 ] && [ "$(sample kturn_strangers)" = 0 ] &&
		[ "$(sample kturn_connections_pending)" = 0 ]
}

guess_password() {
	refuses_uclient -n 1 -m 1 -l 170 -u alice -w guessed "$address" &&
		[ "$(sample 'kturn_auth_failures_total{kind="credentials"}')" -gt 0 ]
}

# http_status METHOD PATH
http_status() {
	curl -s --max-time 60 -o /dev/null -w '%{http_code}\n' -X "$1" \
		"http://127.0.0.1:$watch_port$2"
}

only_what_there_is() {
	[ "$(curl -fsS "http://127.0.0.1:$watch_port/health")" = ok ] &&
		[ "$(http_status GET /)" = 404 ] && [ "$(http_status POST /metrics)" = 405 ] &&
		# Not where everybody comes.
		! curl -s --max-time 5 -o /dev/null "http://$address:$watch_port/health"
}

# --- a real Prometheus

start_prometheus() {
	cat >"$tmp/prometheus.yml" <<-END
	global: { scrape_interval: 1s, evaluation_interval: 1s }
	rule_files: [ "$top/packaging/prometheus/kturn.rules.yml" ]
	scrape_configs:
	  - job_name: kturn
	    static_configs: [ { targets: [ "127.0.0.1:$watch_port" ] } ]
	END
	prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" \
		--web.listen-address="127.0.0.1:$prometheus_port" >"$tmp/prometheus" 2>&1 &
	prometheus_pid=$!
	await 300 scraped_twice
}

stop_prometheus() {
	kill "$prometheus_pid" && wait "$prometheus_pid" || true
}

# query EXPRESSION: prints how many series it returns.
query() {
	curl -fsS --max-time 60 "http://127.0.0.1:$prometheus_port/api/v1/query" \
		--data-urlencode "query=$1" | jq '.data.result | length'
}

scraped_twice() {
	[ "$(query 'count_over_time(kturn_build_info[1m]) >= 2' 2>/dev/null)" = 1 ]
}

dashboard_queries() {
	jq -r '.panels[].targets[]?.expr' "$top/packaging/grafana/kturn.json" |
		sed 's/\$__rate_interval/1m/g'
}

# As a number, 0 or 1: an alert that is quiet returns nothing.
alert_queries() {
	curl -fsS "http://127.0.0.1:$prometheus_port/api/v1/rules" |
		jq -r '.data.groups[].rules[].query' | sed -E 's/ (>|<|==) ([0-9.]+)$/ \1 bool \2/'
}

# Every query that a file has returns something.
queries_return() {
	local expression n=0 empty=0
	while IFS= read -r expression; do
		n=$((n + 1))
		[ "$(query "$expression")" -gt 0 ] && continue
		echo "nothing: $expression"
		empty=1
	done < <("$1")
	echo "$n queries"
	[ "$n" -gt "$2" ] && [ "$empty" = 0 ]
}

a_real_prometheus() {
	test_command 'Prometheus scrapes it' start_prometheus
	test_command 'every query of the dashboard returns data' \
		queries_return dashboard_queries 30
	test_command 'every query of the alerts returns data' queries_return alert_queries 8
	test_command 'no alert cries' no_alert
	stop_prometheus
	test_command 'promtool test rules' promtool test rules \
		"$here/prometheus/rules_test.yml"
}

no_alert() {
	[ "$(query ALERTS)" = 0 ]
}

# While there is something to be seen.
watched() {
	[ "$server" = kturnd ] || return 0
	start_server --prometheus --prometheus-port="$watch_port"
	test_command 'numbers as Prometheus has them' promtool_takes_them
	test_command '/health, and nothing else, on loopback' only_what_there_is
	if ! start_transfer; then
		result 'not ok' 'a transfer to be watched'
		return
	fi
	test_command 'numbers change while bytes move' numbers_are_live
	[ -z "$once" ] || a_real_prometheus
	kill "$client" "$peer"
	wait "$client" "$peer" 2>/dev/null || true
	test_command 'levels go back to zero' await 100 levels_are_zero
	[ -z "$once" ] || test_command 'wrong passwords are counted' guess_password
	stop_server
}
