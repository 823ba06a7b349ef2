#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""webrtc_pair.py udp|tcp SERVER PORT: two of GStreamer's webrtcbin, relay to relay.

One opens a data channel; messages of 1 to 65,535 bytes go both ways. Fails unless all
arrive as they were sent and every candidate is of a relay.
"""
import hashlib
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

from patience import run_until

SIZES = (1, 7, 1_200, 16_384, 65_535)


def messages(name):
    return [hashlib.shake_128(f"{name} {size}".encode()).digest(size) for size in SIZES]


class End:
    """One webrtcbin, what it says, and what it has heard."""

    def __init__(self, name, call, transport, server, port):
        self.name = name
        self.call = call
        self.say = messages(name)
        self.heard = []
        self.candidates = []
        self.channel = None
        self.pipeline = Gst.Pipeline.new(name)
        self.bin = Gst.ElementFactory.make("webrtcbin")
        assert self.bin, "no webrtcbin"
        self.bin.set_property("ice-transport-policy", GstWebRTC.WebRTCICETransportPolicy.RELAY)
        self.bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        turn = f"turn://alice:wonder@{server}:{port}?transport={transport}"
        assert self.bin.emit("add-turn-server", turn), turn
        self.pipeline.add(self.bin)
        self.bin.connect("on-ice-candidate", self.on_candidate)
        self.bin.connect("on-data-channel", self.on_data_channel)

    def on_candidate(self, _bin, mline, candidate):
        self.candidates.append(candidate)
        self.call.other(self).bin.emit("add-ice-candidate", mline, candidate)

    def on_data_channel(self, _bin, channel):
        self.attend(channel)
        if channel.props.ready_state == GstWebRTC.WebRTCDataChannelState.OPEN:
            self.speak(channel)

    def attend(self, channel):
        self.channel = channel
        channel.connect("on-open", self.speak)
        channel.connect("on-message-data", self.on_heard)

    def speak(self, channel):
        say, self.say = self.say, []
        for message in say:
            channel.emit("send-data", GLib.Bytes.new(message))

    def on_heard(self, _channel, data):
        self.heard.append(data.get_data())


class Call:
    def __init__(self, transport, server, port):
        self.ends = [End(name, self, transport, server, port) for name in ("one", "other")]

    def other(self, end):
        return self.ends[1 - self.ends.index(end)]

    def run(self):
        one = self.ends[0]
        for end in self.ends:
            end.pipeline.set_state(Gst.State.PLAYING)
        channel = one.bin.emit("create-data-channel", "checked", None)
        assert channel, "no data channel"
        one.attend(channel)
        one.bin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))
        self.late = not run_until(self.done)
        for end in self.ends:
            end.pipeline.set_state(Gst.State.NULL)

    def on_offer(self, promise):
        one, other = self.ends
        reply = promise.get_reply()  # has to live as long as what is in it
        offer = reply.get_value("offer")
        one.bin.emit("set-local-description", offer, Gst.Promise.new())
        other.bin.emit("set-remote-description", offer,
                       Gst.Promise.new_with_change_func(self.on_offered))

    def on_offered(self, _promise):
        self.ends[1].bin.emit("create-answer", None,
                              Gst.Promise.new_with_change_func(self.on_answer))

    def on_answer(self, promise):
        one, other = self.ends
        reply = promise.get_reply()
        answer = reply.get_value("answer")
        other.bin.emit("set-local-description", answer, Gst.Promise.new())
        one.bin.emit("set-remote-description", answer, Gst.Promise.new())

    def done(self):
        return all(len(end.heard) >= len(SIZES) for end in self.ends)

    def check(self):
        for end in self.ends:
            print(f"{end.name} has heard {[len(message) for message in end.heard]}")
            print("\n".join(end.candidates))
        assert not self.late, "it took too long"
        for end in self.ends:
            assert end.heard == messages(self.other(end).name), "other bytes"
            assert end.candidates, "no candidate"
            assert all(" typ relay" in line for line in end.candidates if line)


def main():
    transport, server, port = sys.argv[1:]
    Gst.init(None)
    call = Call(transport, server, port)
    call.run()
    call.check()


main()
