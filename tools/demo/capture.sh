# SPDX-License-Identifier: GPL-2.0-only
# Capturing between client and edge, and what tshark makes of it. Sourced.

# The RFC's pair that the listing of the original call does not show.
unlisted='CreatePermission'

start_capture() {
	start edge dumpcap -q -i to-client -f 'tcp port 3478' -w "$tmp/call.pcapng" \
		2>"$tmp/dumpcap"
	capture=$last
	# It names the file once it has opened the interface.
	await 30 grep -qs ^File: "$tmp/dumpcap"
}

# It takes what the kernel has queued for it before it ends.
stop_capture() {
	sleep 0.5
	kill "$capture"
	wait "$capture" || true
}

# One pass of tshark, as starting it takes longer than anything else. Fields
# are separated by tabs; a message of the relayed stream has no Info worth
# reading, since its RFC 4571 length hides it, but its cookie is in place.
decode() {
	tshark -r "$tmp/call.pcapng" -Y 'stun or tcp.payload[6:4] == 21:12:a4:42' \
		-T fields -e frame.number -e ip.src -e frame.len -e stun.type \
		-e tcp.payload -e _ws.col.Info >"$tmp/decoded" 2>"$tmp/tshark"
}

# Prints "client|server METHOD CLASS" of each TURN message.
turn_messages() {
	awk -F '\t' -v client="$client_ip" '$4 != "" {
		match($6, /^[A-Za-z]+ (Request|Indication|Success Response|Error Response)/)
		print ($2 == client ? "client" : "server"), substr($6, 1, RLENGTH)
	}' "$tmp/decoded"
}

# Prints "client|server TYPE" of each framed STUN message in relayed streams.
# Several may share a segment: each length leads to the next.
relayed_messages() {
	awk -F '\t' -v client="$client_ip" '
	function hex(text,  n, i) {
		for (i = 1; i <= length(text); i++)
			n = 16 * n + index("123456789abcdef", substr(text, i, 1))
		return n
	}
	$4 == "" {
		for (at = 1; at < length($5); at += 4 + 2 * hex(substr($5, at, 4)))
			print ($2 == client ? "client" : "server"), substr($5, at + 4, 4)
	}' "$tmp/decoded"
}

same_as_golden() {
	turn_messages | grep -v " $unlisted " | cmp -s - "$here/golden"
}

# In each direction one Binding request, 0001, and one success response, 0101.
stun_both_ways() {
	[ "$(relayed_messages | sort | tr '\n' ' ')" = \
		"client 0001 client 0101 server 0001 server 0101 " ]
}

print_ladder() {
	local number source length type payload info row=0 mark tint
	line "$dim        frame  from    length  Info, as tshark prints it$plain"
	# A tab would swallow empty fields.
	while IFS='|' read -r number source length type payload info; do
		[ "$type" ] || continue
		mark=' ' tint=$dim
		[[ $info == $unlisted* ]] ||
			row=$((row + 1)) mark=$row tint=''
		[ "$source" = "$client_ip" ] && source=client || source=server
		line "$tint$(printf '   %3s  %5s  %s  %6s  %s' "$mark" "$number" \
			"$source" "$length" "${info:0:columns - 31}")$plain"
	done < <(tr '\t' '|' <"$tmp/decoded")
}
