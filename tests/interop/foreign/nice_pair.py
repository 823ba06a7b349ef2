#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""nice_pair.py udp|tcp SERVER PORT: two agents of libnice, relay to relay.

They speak its pseudo-TCP, so that bytes have an order and none may be missing. Prints
the pair that ICE has chosen; fails unless all bytes arrive as they were sent, both
ways.
"""
import hashlib
import sys

import gi

gi.require_version("Nice", "0.1")
from gi.repository import Gio, GLib, Nice

from patience import run_until

SIZE = 200_000  # bytes each way
PIECE = 16_384
COMPONENT = 1
CLIENT = "10.77.0.2"
RELAYS = {"udp": Nice.RelayType.UDP, "tcp": Nice.RelayType.TCP}


class End:
    """One agent, what it says, and what it has heard."""

    def __init__(self, name, controlling, transport, server, port):
        self.name = name
        self.say = hashlib.shake_128(name.encode()).digest(SIZE)
        self.said = 0
        self.speaks = False
        self.heard = b""
        self.pair = None
        self.agent = Nice.Agent.new_reliable(GLib.MainContext.default(), Nice.Compatibility.RFC5245)
        self.agent.props.controlling_mode = controlling
        self.agent.props.force_relay = True
        self.agent.props.upnp = False
        self.agent.props.ice_tcp = False
        # Those of the loopback interface it leaves out by itself.
        local = Nice.Address()
        assert local.set_from_string(CLIENT)
        self.agent.add_local_address(local)
        self.stream = self.agent.add_stream(1)
        self.agent.set_stream_name(self.stream, "application")
        self.agent.set_relay_info(self.stream, COMPONENT, server, port, "alice", "wonder",
                                  RELAYS[transport])

    def open(self):
        bytes_ = self.agent.get_io_stream(self.stream, COMPONENT)
        self.source, self.sink = bytes_.get_input_stream(), bytes_.get_output_stream()
        self.listen()

    def listen(self):
        self.source.read_bytes_async(PIECE, GLib.PRIORITY_DEFAULT, None, self.on_heard)

    def on_heard(self, source, result):
        self.heard += source.read_bytes_finish(result).get_data()
        if len(self.heard) < SIZE:
            self.listen()

    def on_writable(self, agent, stream, component):
        if not self.speaks:
            self.speaks = True
            self.speak()

    def speak(self):
        piece = GLib.Bytes.new(self.say[self.said:self.said + PIECE])
        self.sink.write_bytes_async(piece, GLib.PRIORITY_DEFAULT, None, self.on_said)

    def on_said(self, sink, result):
        self.said += sink.write_bytes_finish(result)
        if self.said < SIZE:
            self.speak()

    def on_pair(self, agent, stream, component, local, remote):
        self.pair = local.type, remote.type

    def describe(self):
        """Which pair was chosen last; both of its sides are relays."""
        assert self.pair, "no pair was chosen"
        print(f"{self.name}: {' -> '.join(type_.value_nick for type_ in self.pair)}")
        assert self.pair == (Nice.CandidateType.RELAYED, Nice.CandidateType.RELAYED)


class Call:
    def __init__(self, transport, server, port):
        self.ends = [End(name, name == "one", transport, server, port)
                     for name in ("one", "other")]
        self.gathered = 0
        for end in self.ends:
            end.agent.connect("candidate-gathering-done", self.on_gathered)
            end.agent.connect("reliable-transport-writable", end.on_writable)
            end.agent.connect("new-selected-pair-full", end.on_pair)

    def run(self):
        for end in self.ends:
            end.open()
            assert end.agent.gather_candidates(end.stream), "no candidates are gathered"
        self.late = not run_until(self.done)

    def on_gathered(self, agent, stream):
        self.gathered += 1
        if self.gathered == len(self.ends):
            self.introduce(*self.ends)
            self.introduce(*reversed(self.ends))

    def introduce(self, one, other):
        """What signalling does, one way."""
        sdp = one.agent.generate_local_sdp()
        candidates = [line for line in sdp.splitlines() if "candidate:" in line]
        assert candidates, "no candidate"
        assert all(" typ relay" in line for line in candidates), candidates
        assert other.agent.parse_remote_sdp(sdp) > 0, sdp

    def done(self):
        return all(end.said == SIZE == len(end.heard) for end in self.ends)

    def check(self):
        one, other = self.ends
        for end in self.ends:
            print(f"{end.name} has said {end.said} and heard {len(end.heard)} bytes")
        assert not self.late, "it took too long"
        assert one.heard == other.say and other.heard == one.say, "other bytes"
        for end in self.ends:
            end.describe()


def main():
    transport, server, port = sys.argv[1:]
    call = Call(transport, server, int(port))
    call.run()
    call.check()


main()
