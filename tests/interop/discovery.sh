# SPDX-License-Identifier: GPL-2.0-only
# NAT behavior discovery (RFC 5780), with coturn's tool for it. Sourced by run.

# concludes WORDS OPTION…: the tool comes to this, here where there is no NAT.
concludes() {
	local words=$1
	shift
	timeout 60 turnutils_natdiscovery -p "$port" -L "$peer_address" "$@" "$address" \
		>"$tmp/natdiscovery" 2>&1 || true
	cat "$tmp/natdiscovery"
	grep -q "$words" "$tmp/natdiscovery"
}

discovery() {
	local mapping='^NAT with Endpoint Independent Mapping!'
	local filtering='^NAT with Endpoint Independent Filtering!'
	[ "$server" = kturnd ] || return 0
	launch --listening-ip="$address" --listening-ip=10.77.0.2 --relay-ip="$address" --rfc5780
	test_command 'turnutils_natdiscovery, mapping' concludes "$mapping" -m
	test_command 'turnutils_natdiscovery, mapping, with PADDING' concludes "$mapping" -m -P
	test_command 'turnutils_natdiscovery, filtering' concludes "$filtering" -f
	test_command 'turnutils_natdiscovery, hairpinning' \
		concludes 'maybe a successful hairpinning' -H
	test_command 'turnutils_natdiscovery, lifetime, with RESPONSE-PORT' \
		concludes 'RFC 5780 response 2' -t -T 1 -l 7000
	test_command 'turnutils_natdiscovery, collision' \
		concludes 'RFC 5780 response 2' -c -A 10.77.0.2
	stop_server
	start_server
	test_command 'turnutils_natdiscovery, of a server without' \
		does_not concludes "$mapping" -m
	stop_server
}

does_not() {
	! "$@"
}
