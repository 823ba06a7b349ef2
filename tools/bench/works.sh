# SPDX-License-Identifier: GPL-2.0-only
# The kinds of work, as options of traffic. Sourced, with $length quick or full.

mib=$((1 << 20))
if [ "$length" = full ]; then
	bulk_bytes=$((256 * mib)) rounds=2000 bursts=1800 calls=500
else
	bulk_bytes=$((32 * mib)) rounds=300 bursts=300 calls=100
fi

# work_options NAME: sets options.
work_options() {
	case $1 in
	bulk) options=(--work=bulk --bytes="$bulk_bytes") ;;
	warm) options=(--work=bulk --bytes=$((16 * mib))) ;;
	both) options=(--work=both --bytes="$bulk_bytes") ;;
	bulkauto) options=(--work=bulk --bytes="$bulk_bytes" --auto-buffers) ;;
	bulk[0-9]*)
		options=(--work=bulk --bytes="$bulk_bytes" --relays="${1#bulk}"
			--per-allocation=$((${1#bulk} < 64 ? ${1#bulk} : 64)))
		;;
	rtt[0-9]*) options=(--work=rtt --size="${1#rtt}" --rounds="$rounds") ;;
	setup) options=(--work=setup --rounds="$calls") ;;
	idle[0-9]*) options=(--work=idle --relays="${1#idle}") ;;
	calls) options=(--work=bulk --bytes=$((16 * mib)) ${program:+--count="$program"}) ;;
	callsrtt) options=(--work=rtt --rounds=300 ${program:+--count="$program"}) ;;
	screen) options=(--work=screen --rounds="$bursts") ;;
	*) return 1 ;;
	esac
}

# applies RIVAL WORK: signalling is for those who speak TURN.
applies() {
	case $2 in
	setup) [[ $1 = kturnd* || $1 = coturn ]] ;;
	esac
}

# Memory that a server has had before is not counted again.
wants_fresh_server() {
	[[ $1 = idle* ]]
}

copies_are_counted() {
	[[ $2 = calls* ]] && [[ $1 = module* || $1 = kturnd ]]
}

quick_works=(bulk both rtt64 rtt1200 screen bulk256 calls setup idle1000)
full_works=(bulk both bulkauto rtt64 rtt1200 screen bulk16 bulk256 bulk4096 calls
	callsrtt setup idle1000 idle10000)
