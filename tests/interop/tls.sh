# SPDX-License-Identifier: GPL-2.0-only
# TLS as two clients of OpenSSL see it: its own, and coturn's. Sourced by run.

# s_client PORT OPTION…: what openssl says about a handshake, and the end of it.
s_client() {
	local at=$1
	shift
	timeout 60 openssl s_client -connect "$address:$at" "$@" </dev/null \
		>"$tmp/test_s_client" 2>&1 || true
	cat "$tmp/test_s_client"
}

# handshake PORT PROTOCOL CIPHER OPTION…: succeeds, with these.
handshake() {
	local at=$1 protocol=$2 cipher=$3
	shift 3
	s_client "$at" -alpn stun.turn "$@"
	grep -q "^New, $protocol, Cipher is $cipher$" "$tmp/test_s_client" &&
		grep -q '^ALPN protocol: stun.turn$' "$tmp/test_s_client"
}

# refused PORT WORDS OPTION…: ends with an alert of these words.
refused() {
	local at=$1 words=$2
	shift 2
	s_client "$at" "$@"
	grep -q "alert $words" "$tmp/test_s_client"
}

tls_handshakes() {
	local at
	for at in "$port" "$tls_port"; do
		test_command "openssl s_client on $at, TLS 1.3" handshake "$at" \
			TLSv1.3 TLS_AES_256_GCM_SHA384 -ciphersuites TLS_AES_256_GCM_SHA384
		test_command "openssl s_client on $at, TLS 1.2" handshake "$at" \
			TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305 -tls1_2 \
			-cipher ECDHE-ECDSA-CHACHA20-POLY1305
	done
	test_command 'openssl s_client, TLS 1.1 is refused' refused "$tls_port" \
		'protocol version' -tls1_1 -cipher DEFAULT@SECLEVEL=0
	test_command 'openssl s_client, another protocol is refused' refused "$tls_port" \
		'no application protocol' -alpn h2
}

coturns_client_over_tls() {
	test_command 'turnutils_uclient over TLS, 2 clients' \
		uclient -S -n 20 -m 2 -l 170 -u alice -w wonder "$address"
	test_command 'turnutils_uclient over TLS, 10 clients, 90 connections' \
		uclient -S -n 20 -m 10 -l 1400 -u alice -w wonder "$address"
	port=$tls_port test_command 'turnutils_uclient over TLS, the port for TLS alone' \
		uclient -S -n 20 -m 2 -l 1400 -u alice -w wonder "$address"
	test_command 'turnutils_uclient over TLS, server over IPv6' \
		uclient -S -n 20 -m 2 -l 170 -u alice -w wonder "$address6"
	test_command 'turnutils_uclient over TLS, IPv6 relayed addresses' \
		uclient -S -x -n 20 -m 2 -l 170 -u alice -w wonder "$address6"
	test_command 'turnutils_uclient over TLS, wrong password' \
		refuses_uclient -S -n 2 -m 2 -l 170 -u alice -w guessed "$address"
}

# The module carries a client's TLS: path "tls" in its own words.
in_the_kernel() {
	local status=0
	if start_transfer --tls --no-check "$@"; then
		await 100 carried_by tls || status=1
		kturn relay list -j
	else
		status=1
	fi
	cat "$tmp/client"
	kill $client $peer 2>/dev/null || true
	gone $client $peer || status=1
	return "$status"
}

# carried_by PATH: the one relay there is, and it has moved bytes both ways.
carried_by() {
	kturn relay list -j | jq -e --arg path "$1" 'length == 1 and
		.[0].path == $path and .[0].to_peer.bytes > 100000 and
		.[0].to_client.bytes > 100000' >/dev/null
}

# Loaded and tested at the start: a client's worker would wait for that.
ciphers_are_there() {
	local name
	for name in 'gcm(aes)' 'rfc7539(chacha20,poly1305)'; do
		grep -qF "$name" /proc/crypto || return 1
	done
}

tls_in_the_kernel() {
	local version cipher
	[ "$engine" = kernel ] || return 0
	test_command 'the ciphers are loaded' ciphers_are_there
	for version in 1.2 1.3; do
		for cipher in AES-128-GCM AES-256-GCM CHACHA20-POLY1305; do
			test_command "the module carries TLS $version, $cipher" in_the_kernel \
				--priority="NORMAL:-VERS-ALL:+VERS-TLS$version:-CIPHER-ALL:+$cipher"
		done
	done
	test_command "both ends of TLS in the kernel" in_the_kernel --ktls
}
