#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""browser.py CERTIFICATE PROFILE URL…: Chromium, relay to relay, by each of the TURN URLs.

A page on localhost lets two RTCPeerConnections meet that may use relays only, and tells
us which candidates were in use. One line for each URL: "ok URL …" or "not ok URL …".
CERTIFICATE is the TURN server's, of nobody's making; PROFILE a directory for Chromium.
"""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

PATIENCE = 300  # s, for all of it
PAGE = pathlib.Path(__file__).with_name("browser.html").read_bytes()

results = queue.Queue()


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(PAGE if self.path.startswith("/?") else b"")

    def do_POST(self):
        results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def fingerprint(certificate):
    """The way Chromium is told whose key to trust."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def start_chromium(certificate, profile, page):
    options = [
        "--headless", "--allow-loopback-in-peer-connection", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-extensions", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        f"--user-data-dir={profile}",
        f"--ignore-certificate-errors-spki-list={fingerprint(certificate)}",
    ]
    with open(f"{profile}.log", "wb") as log:
        return subprocess.Popen(["chromium", *options, page], stdin=subprocess.DEVNULL,
                                stdout=log, stderr=log, start_new_session=True,
                                env=dict(os.environ, HOME=profile))


def wrong(result):
    """What is wrong with what the page has told, if anything."""
    if "error" in result:
        return f"{result['error']} {result['errors']}"
    parts = urllib.parse.urlsplit(result["url"])
    wanted = {"turns": "tls"}.get(parts.scheme, result["url"].partition("transport=")[2])
    for pair in result["pairs"]:
        if pair["candidateType"] != "relay" or pair["remoteType"] != "relay":
            return "not a relay"
        if pair["relayProtocol"] != wanted:
            return f"relayed over {pair['relayProtocol']}"
    return None


def tell(result):
    why = wrong(result)
    for pair in result.get("pairs", []):
        print("#", " ".join(f"{key}={value}" for key, value in pair.items()))
    print(*(["not ok", result["url"], why] if why else ["ok", result["url"]]), flush=True)
    return not why


def await_results(urls):
    until = time.monotonic() + PATIENCE
    good = 0
    try:
        for _ in urls:
            good += tell(results.get(timeout=max(0, until - time.monotonic())))
    except queue.Empty:
        print("# Chromium has told nothing more")
    return good == len(urls)


def main():
    certificate, profile, *urls = sys.argv[1:]
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    query = urllib.parse.urlencode([("turn", url) for url in urls])
    chromium = start_chromium(certificate, profile,
                              f"http://localhost:{site.server_port}/?{query}")
    try:
        good = await_results(urls)
    finally:
        os.killpg(chromium.pid, signal.SIGKILL)
        chromium.wait()
    sys.exit(0 if good else 1)


main()
