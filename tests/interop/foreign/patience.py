# SPDX-License-Identifier: GPL-2.0-only
"""GLib's main loop, for as long as it takes and no longer."""
import time

from gi.repository import GLib

PATIENCE = 240  # s


def run_until(done):
    """Run until done() is true. Returns False if that takes too long."""
    loop = GLib.MainLoop()
    deadline = time.monotonic() + PATIENCE

    def look():
        if not done() and time.monotonic() < deadline:
            return True
        loop.quit()
        return False

    GLib.timeout_add(20, look)
    loop.run()
    return done()
