# SPDX-License-Identifier: GPL-2.0-only
"""TLS with pre-shared keys between `openssl s_client` and `s_server`, noted on the way."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .tls_peers import Wire

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")

KEY = bytes(range(16))
IDENTITY = b"ue-17@example.org"
_PSK = ["-psk", KEY.hex(), "-psk_identity", IDENTITY.decode()]
_PATIENCE = 20  # seconds
_TOLD = {"R": b"RENEGOTIATING", "K": b"KEYUPDATE", "k": b"KEYUPDATE"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(*options: str) -> Iterator[int]:
    """A server that says every line backwards, on this port."""
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-nocert", "-rev"]
    with subprocess.Popen(
        [*command, *_PSK, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as server:
        assert server.stdout is not None
        try:
            while b"ACCEPT" not in server.stdout.readline():
                assert server.poll() is None
            yield port
        finally:
            server.kill()


class Relay:
    """Passes on one connection to a port, and notes what passes."""

    def __init__(self, port: int) -> None:
        self.sent: list[tuple[bool, bytes]] = []
        self._noting = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._to = port
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> list[tuple[bool, bytes]]:
        """What passed, once both ends have closed."""
        self._thread.join(_PATIENCE)
        self._listening.close()
        assert not self._thread.is_alive()
        return self.sent

    def _run(self) -> None:
        client, _ = self._listening.accept()
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, False))
            back.start()
            self._pass_on(client, server, True)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, forward: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                with self._noting:
                    self.sent.append((forward, data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


def converse(port: int, lines: list[str], *options: str, keylog: Path | None = None) -> Wire:
    """What passes when a client says these lines; each is answered before the next.

    "R" makes OpenSSL's client negotiate anew, "k" update its key, "K" both; neither is said.
    """
    relay = Relay(port)
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", *_PSK, *options]
    command += ["-keylogfile", str(keylog)] if keylog is not None else []
    said = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        watch = threading.Timer(_PATIENCE, client.kill)
        watch.start()
        try:
            for line in lines:
                client.stdin.write(line.encode() + b"\n")
                client.stdin.flush()
                answer = _TOLD.get(line) or line[::-1].encode() + b"\n"
                if line not in _TOLD:
                    said += [(True, line.encode() + b"\n"), (False, answer)]
                while answer not in (told := client.stdout.readline()):
                    assert told, "the client has ended"
            client.stdin.close()
            client.wait(_PATIENCE)
        finally:
            watch.cancel()
            client.kill()
    logged = keylog.read_bytes() if keylog is not None else b""
    return Wire(relay.finish(), logged, said)
