#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""aioice_pair.py udp|tcp|tls SERVER PORT: two agents of aioice, relay to relay.

For tls, SSL_CERT_FILE names the certificates to trust. Prints the pair that ICE has
chosen; fails unless every datagram arrives as it was sent, both ways.
"""
import asyncio
import sys

import aioice
from aioice.ice import TransportPolicy

PATIENCE = 240  # s
SIZES = [1, 2, 3, 4, 5, 171, 800, 1199, 1200]


def agent(controlling, transport, server):
    return aioice.Connection(
        ice_controlling=controlling,
        turn_server=server,
        turn_username="alice",
        turn_password="wonder",
        turn_ssl=transport == "tls",
        turn_transport="udp" if transport == "udp" else "tcp",
        transport_policy=TransportPolicy.RELAY,
    )


async def introduce(one, other):
    """What signalling does, one way."""
    for candidate in one.local_candidates:
        assert candidate.type == "relay", candidate
        await other.add_remote_candidate(candidate)
    await other.add_remote_candidate(None)
    other.remote_username = one.local_username
    other.remote_password = one.local_password


async def tell(one, other, salt):
    """Datagrams one way, each awaited: UDP may lose a flood."""
    for size in SIZES:
        # No STUN begins like this, nor does a channel.
        data = bytes(128 + (salt + i * 7) % 128 for i in range(size))
        await one.send(data)
        got = await other.recv()
        assert got == data, f"{len(got)} bytes instead of {size}, or other ones"


async def call(transport, server):
    one, other = agent(True, transport, server), agent(False, transport, server)
    try:
        await asyncio.gather(one.gather_candidates(), other.gather_candidates())
        assert one.local_candidates and other.local_candidates, "no candidate"
        await introduce(one, other)
        await introduce(other, one)
        await asyncio.gather(one.connect(), other.connect())
        for end in one, other:
            pair = end._nominated[1]
            print(f"{pair.local_candidate.to_sdp()} -> {pair.remote_candidate.to_sdp()}")
            assert pair.local_candidate.type == pair.remote_candidate.type == "relay"
        await tell(one, other, 1)
        await tell(other, one, 2)
    finally:
        await asyncio.gather(one.close(), other.close())
    print(f"{len(SIZES)} datagrams each way, {sum(SIZES)} bytes")


def main():
    transport, server, port = sys.argv[1:]
    asyncio.run(asyncio.wait_for(call(transport, (server, int(port))), PATIENCE))


main()
