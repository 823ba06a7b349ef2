# SPDX-License-Identifier: GPL-2.0-only
# Sampling by perf while traffic runs. Sourced by guest.

period=10000	# instructions from one sample to the next

# What begins and ends belongs to traffic itself; a long run has little of it.
profile_options() {
	case $1 in
	rtt*) options+=(--rounds=20000) ;;
	channel* | indication*) options+=(--rounds=$((20000 / ${1##*[a-z]}))) ;;
	allocate) options+=(--rounds=2000) ;;
	bulk* | both) options+=(--bytes=$((512 * mib))) ;;
	esac
}

# profiled COMMAND…
profiled() {
	sysctl -qw kernel.perf_event_max_sample_rate=200000 \
		kernel.perf_cpu_time_max_percent=0
	perf record -q -a -e cpu-clock -c "$period" -o "$tmp/perf" -- "$@"
}

# show_profile RESULT: instructions of a function for each unit of work.
show_profile() {
	local units
	units=$(jq -r 'if .work | test("^(rtt|channel|indication|allocate)") then .rounds else .bytes / 1024 end' "$1")
	perf report -i "$tmp/perf" --stdio -F sample,comm,symbol -w 0,12,0 2>/dev/null |
		awk -v units="$units" -v period="$period" -v most="$KTURN_PROFILE" '
			/^ *[0-9]/ && !/swapper/ {
				n = $1
				sub(/^ *[0-9]+ +/, "")
				sum += n
				if (shown++ < most)
					printf "%10.1f  %s\n", n * period / units, $0
			}
			END { printf "%10.1f  altogether\n", sum * period / units }'
}
