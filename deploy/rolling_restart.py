#!/usr/bin/env python3
"""Restart the processes behind HAProxy one after the other, so that no request fails.

    rolling_restart.py --socket /run/haproxy/admin.sock \\
        --restart 'ssh {machine} systemctl restart workhub@{port}'

Of each server, named machine-port in HAProxy: send it no more requests, wait until it has answered
those that it has, restart it, wait until it says that it is ready, and send it requests again. What
does not come back stops everything: the others go on answering as they are. It needs Python only.
"""

import argparse
import csv
import shlex
import socket
import subprocess
import sys
import time
import urllib.request


class Failed(Exception):
    """Says why the restart stopped."""


class HAProxy:
    """One HAProxy, by its admin socket: a path, or host:port."""

    def __init__(self, address, backend):
        self._address, self._backend = address, backend

    def servers(self):
        """Return what HAProxy knows of each server: name -> columns of `show stat`."""
        lines = self._ask("show stat").removeprefix("# ").splitlines()
        rows = [row for row in csv.DictReader(lines) if row["pxname"] == self._backend]
        return {row["svname"]: row for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")}

    def set_state(self, server, state):
        said = self._ask(f"set server {self._backend}/{server} state {state}").strip()
        if said:
            raise Failed(f"{self._address}: {said}")

    def _ask(self, command):
        if "/" in self._address:
            connection = socket.socket(socket.AF_UNIX)
            target = self._address
        else:
            connection = socket.socket()
            host, _, port = self._address.rpartition(":")
            target = (host, int(port))
        with connection:
            connection.settimeout(5)
            connection.connect(target)
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--socket", action="append", required=True, help="once for each HAProxy")
    parser.add_argument("--backend", default="app")
    parser.add_argument("--restart", required=True, help="command, with {machine} and {port}")
    parser.add_argument("--drain", type=float, default=60, help="seconds a server may take for it")
    parser.add_argument("--ready", type=float, default=60, help="seconds until it must be ready")
    wanted = parser.parse_args()
    proxies = [HAProxy(address, wanted.backend) for address in wanted.socket]
    try:
        for server, row in proxies[0].servers().items():
            restart(server, row["addr"], proxies, wanted)
    except (Failed, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"Stopped: {error}")


def restart(server, address, proxies, wanted):
    others_answer(server, proxies)
    began = time.monotonic()
    for proxy in proxies:
        proxy.set_state(server, "drain")
    try:
        # What takes longer, a stream to a slow reader, is ended with the process.
        drained = wait_until(lambda: is_empty(server, proxies), wanted.drain)
        machine, _, port = server.rpartition("-")
        command = wanted.restart.format(machine=machine, port=port)
        subprocess.run(shlex.split(command), check=True)  # noqa: S603
        if not wait_until(lambda: is_ready(address), wanted.ready):
            raise Failed(f"{server} is not ready {wanted.ready:.0f} s after it was restarted")
    finally:
        # Also when it failed: HAProxy's own checks keep requests from what is not ready.
        for proxy in proxies:
            proxy.set_state(server, "ready")
    if not wait_until(lambda: is_up(server, proxies), wanted.ready):
        raise Failed(f"HAProxy does not find {server} ready")
    late = "" if drained else " (not all of its answers were at their end)"
    print(f"{server}: {time.monotonic() - began:.1f} s{late}", flush=True)


def others_answer(server, proxies):
    for proxy in proxies:
        rows = proxy.servers()
        if not any(row["status"].startswith("UP") for name, row in rows.items() if name != server):
            raise Failed(f"nobody else would answer while {server} is restarted")


def is_empty(server, proxies):
    rows = [proxy.servers()[server] for proxy in proxies]
    return all(int(row["scur"] or 0) + int(row["qcur"] or 0) == 0 for row in rows)


def is_up(server, proxies):
    return all(proxy.servers()[server]["status"].startswith("UP") for proxy in proxies)


def is_ready(address):
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_until(condition, seconds):
    """Tell whether it came true in this time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


if __name__ == "__main__":
    main()
