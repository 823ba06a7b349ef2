# SPDX-License-Identifier: GPL-2.0-only
# The kinds of work, as options of traffic. Sourced, with $length quick or full.

mib=$((1 << 20))
rounds=300 bursts=300 calls=100 datagrams=4800
bulk_bytes=$((128 * mib)) other_bytes=$((32 * mib))
[ "$length" = quick ] || bulk_bytes=$((256 * mib))

# work_options NAME [RIVAL]: sets options. With TLS a byte costs so much that there
# are fewer.
work_options() {
	local bulk_bytes=$bulk_bytes
	[[ ${2-} != *_tls ]] || bulk_bytes=$other_bytes
	case $1 in
	bulk) options=(--work=bulk --bytes="$bulk_bytes") ;;
	warm) options=(--work=bulk --bytes=$((4 * mib))) ;;
	both) options=(--work=both --bytes="$other_bytes") ;;
	bulkauto) options=(--work=bulk --bytes="$other_bytes" --auto-buffers) ;;
	bulk[0-9]*)
		options=(--work=bulk --bytes="$other_bytes" --relays="${1#bulk}"
			--per-allocation=$((${1#bulk} < 64 ? ${1#bulk} : 64)))
		;;
	rtt[0-9]*) options=(--work=rtt --size="${1#rtt}" --rounds="$rounds") ;;
	channel[0-9]*) options=(--work=voice --relays="${1#channel}") ;;
	indication[0-9]*) options=(--work=voice --relays="${1#indication}" --indications) ;;
	allocate) options=(--work=allocate --rounds="$calls") ;;
	setup) options=(--work=setup --rounds="$calls") ;;
	idle[0-9]*) options=(--work=idle --relays="${1#idle}") ;;
	calls) options=(--work=bulk --bytes="$bulk_bytes" ${program:+--count="$program"}) ;;
	callsrtt) options=(--work=rtt --rounds=300 ${program:+--count="$program"}) ;;
	screen) options=(--work=screen --rounds="$bursts") ;;
	*) return 1 ;;
	esac
	[[ $1 != channel* && $1 != indication* ]] ||
		options+=(--size=160 --rounds=$((datagrams / ${1##*[a-z]})))
}

# applies RIVAL WORK: signalling is for those who speak TURN, and so are idle
# relays, which are many calls to set up; of these direct tells what the ends take.
# Of TLS, what it does to bytes is the question; of sessions that are kept, what they cost
# to keep. With datagrams the module has
# nothing to do.
applies() {
	[[ $1 != *_kept ]] || [[ " ${kept_works[*]} " == *" $2 "* ]] || return
	[[ $1 != *_tls ]] || [[ " ${tls_works[*]} " == *" $2 "* ]] || return
	case $2 in
	setup) [[ $1 = kturnd* || $1 = coturn ]] ;;
	allocate) [[ $1 = kturnd || $1 = kturnd_kept || $1 = coturn ]] ;;
	channel* | indication*)
		[[ $1 = direct || $1 = kturnd || $1 = kturnd_tls || $1 = coturn* ]]
		;;
	idle*) [[ $1 = direct || $1 = kturnd* || $1 = coturn ]] ;;
	esac
}

# Memory that a server has had before is not counted again.
wants_fresh_server() {
	[[ $1 = idle* ]]
}

copies_are_counted() {
	[[ $2 = calls* ]] && [[ $1 = module* || $1 = kturnd ]]
}

kept_works=(setup allocate)
tls_works=(bulk rtt64 screen channel1 channel16 indication16)
quick_works=(bulk both rtt64 rtt1200 screen calls setup)
full_works=(bulk both bulkauto rtt64 rtt1200 screen bulk16 bulk256 bulk4096 calls
	callsrtt setup channel1 channel16 indication1 indication16 allocate idle1000 idle10000)
