# SPDX-License-Identifier: GPL-2.0-only
# Clients that are neither ours nor coturn's, relay to relay: aioice, libnice, GStreamer,
# Chromium.
# They relay UDP, for they know nothing of RFC 6062. Sourced by run.

foreign=$here/foreign
python=/usr/bin/python3 # Debian's, for its packages
export PYTHONDONTWRITEBYTECODE=1

# Outside the namespace: there is no network in it.
fetch_foreign_clients() {
	local group
	for group in interop-foreign interop-browser; do
		"$top/tools/deps" "$group" || echo "# going on without $group"
	done
}

start_aioice() {
	local transport
	for transport in udp tcp tls; do
		beside "aioice over ${transport^^}" env SSL_CERT_FILE="$tmp/cert.pem" \
			"$python" "$foreign/aioice_pair.py" "$transport" "$address" "$port"
	done
	beside 'aioice over TLS, server over IPv6' env SSL_CERT_FILE="$tmp/cert.pem" \
		"$python" "$foreign/aioice_pair.py" tls "$address6" "$port"
}

# It speaks no TLS with TURN servers: what it calls so is plain TCP.
start_libnice() {
	local transport
	for transport in udp tcp; do
		beside "libnice over ${transport^^}" \
			"$python" "$foreign/nice_pair.py" "$transport" "$address" "$port"
	done
}

# Beyond the router, for its sockets keep to the interface that has their address.
start_webrtcbin() {
	local transport
	for transport in udp tcp; do
		beside "GStreamer's webrtcbin, data channel over ${transport^^}" in_router \
			"$python" "$foreign/webrtc_pair.py" "$transport" "$address" "$port"
	done
}

browser_urls=(
	"turn:$address:$port?transport=udp"
	"turn:$address:$port?transport=tcp"
	"turns:$address:$tls_port?transport=tcp"
	"turns:$address:$port?transport=tcp"
	"turn:[$address6]:$port?transport=udp"
	"turns:[$address6]:$tls_port?transport=tcp"
)

# One browser for all; what it says of each is looked at when it is done.
start_chromium() {
	local url browser
	"$python" "$foreign/browser.py" "$tmp/cert.pem" "$tmp/profile" "${browser_urls[@]}" \
		>"$tmp/browser" 2>&1 &
	browser=$!
	for url in "${browser_urls[@]}"; do
		beside "Chromium, data channel by $url" browser_says_ok "$browser" "$url"
	done
}

# browser_says_ok PID URL: when it ends.
browser_says_ok() {
	tail --pid="$1" -s 0.2 -f /dev/null
	grep -F "$2" "$tmp/browser"
	grep -qxF "ok $2" "$tmp/browser"
}

# start_or_skip NAME START COMMAND…: START, if the command says that it is installed.
start_or_skip() {
	local name=$1 start=$2
	shift 2
	if "$@" >/dev/null 2>&1; then
		"$start"
	else
		skip "$name" 'not installed, see tools/deps'
	fi
}

# All side by side, for they wait most of the time.
foreign_clients() {
	start_server
	start_or_skip Chromium start_chromium type chromium
	start_or_skip aioice start_aioice "$python" -c 'import aioice'
	start_or_skip libnice start_libnice "$python" -c \
		'import gi; gi.require_version("Nice", "0.1")'
	start_router
	start_or_skip GStreamer start_webrtcbin "$python" -c \
		'import gi; gi.require_version("GstWebRTC", "1.0"); from gi.repository import Gst
Gst.init(None); assert Gst.ElementFactory.find("webrtcbin") and Gst.ElementFactory.find("nicesrc")'
	beside_done
	stop_router
	grep '^# candidateType' "$tmp/browser" || true
	stop_server
}
