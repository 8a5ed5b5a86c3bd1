# SPDX-License-Identifier: GPL-2.0-only
"""libcoap's clients and servers, and OpenSSL's, speak now: what passes between them is read."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from beside_tshark import Given, differences, shown
from peers import free_ports
from rules.conversation import Conversation
from tshark import INSTALLED

from analyzer.decryption.security import Security
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities
from analyzer.session import Session
from analyzer.settings import Settings
from decryption.recorded import KEY, Datagram, read

PATIENCE = 10
"""Seconds until a peer that says nothing is given up."""


class Between:
    """Passes datagrams between one client and a server, and keeps them."""

    def __init__(self, server: int) -> None:
        self.server = ("127.0.0.1", server)
        self.sent: list[Datagram] = []
        self.front = _bound()
        self.back = _bound()
        self.port = self.front.getsockname()[1]
        self.client: tuple[str, int] | None = None
        self.done = threading.Event()
        self.threads = [
            threading.Thread(target=self._pass, args=(forward,), daemon=True)
            for forward in (True, False)
        ]

    def _pass(self, forward: bool) -> None:
        incoming, outgoing = (self.front, self.back) if forward else (self.back, self.front)
        while not self.done.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                data, source = incoming.recvfrom(65535)
                self.sent.append(Datagram(len(self.sent) + 1, 0, 1, forward, data, 0))
                if forward:
                    self.client = source
                if (target := self.server if forward else self.client) is not None:
                    outgoing.sendto(data, target)

    def __enter__(self) -> Between:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()
        self.front.close()
        self.back.close()


def _bound() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(0.1)
    return made


@contextlib.contextmanager
def serving(kind: str) -> Iterator[Between]:
    command = f"coap-server-{kind}"
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not installed")
    port = free_ports(1)
    arguments = [command, "-A", "127.0.0.1", "-p", str(port), "-k", KEY.decode(), "-h", "hint"]
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_bound(port + 1)
        with Between(port + 1) as between:
            yield between
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _until_bound(port: int) -> None:
    """Waits until somebody else has the port."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.02)


def known(log: bytes) -> Secrets:
    identities = Identities()
    identities.keys[b"ue-1"] = KEY
    keylog = KeyLog()
    keylog.add(log)
    return Secrets(identities, keylog=keylog)


def opened(between: Between, log: bytes = b"") -> tuple[list[bytes], Security]:
    found = read(list(between.sent), known(log))
    return found.texts, found.associations[0].security


def less_by_tshark(between: Between, folder: Path, log: Path | None = None) -> Counter[str]:
    """What tshark does not show of the messages in a capture of it; all else is as we read it."""
    talk = Conversation("10.0.0.2:49152", "10.0.0.1:5684")
    for one in list(between.sent):
        talk.raw(one.data, by="client" if one.forward else "server")
    path = folder / "between.pcap"
    path.write_bytes(talk.pcap())
    session = Session(Settings(secrets=known(log.read_bytes() if log else b"")))
    session.open([path])
    session.read_all()
    assert len(session.messages) == 2
    return differences(session, shown(path, folder, Given(key=KEY, keylog=log)))


@pytest.mark.parametrize("server", ["openssl", "gnutls"])
def test_a_client_of_gnutls_logs_its_keys(server: str, tmp_path: Path) -> None:
    if shutil.which("coap-client-gnutls") is None:
        pytest.skip("coap-client-gnutls is not installed")
    log = tmp_path / "keys.log"
    with serving(server) as between:
        url = f"coaps://127.0.0.1:{between.port}/time"
        client = ["coap-client-gnutls", "-u", "ue-1", "-k", KEY.decode(), "-B", "5", url]
        environment = {**os.environ, "SSLKEYLOGFILE": str(log)}
        subprocess.run(client, env=environment, timeout=PATIENCE, capture_output=True, check=True)
    texts, security = opened(between, log.read_bytes())
    assert security.reason is None
    assert security.psk_identity == b"ue-1"
    assert (security.opened, security.opaque) == (2, 0)
    assert texts[0].endswith(b"time")
    assert texts[1][1] == 0x45
    if INSTALLED:
        chacha = "CHACHA20" in security.suite_name
        less = {"ChaCha20 in DTLS": 2} if chacha else {}
        assert less_by_tshark(between, tmp_path, log) == less


@pytest.mark.parametrize(
    ("server", "suite"),
    [
        ("openssl", "PSK-AES128-CCM8"),
        ("openssl", "PSK-AES128-GCM-SHA256"),
        ("gnutls", "PSK-AES128-CCM8"),
        ("gnutls", "PSK-AES128-CBC-SHA256"),
    ],
)
def test_a_pre_shared_key_is_enough(server: str, suite: str, tmp_path: Path) -> None:
    with serving(server) as between:
        client = subprocess.Popen(
            [
                *("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{between.port}"),
                *("-psk", KEY.hex(), "-psk_identity", "ue-1", "-cipher", suite, "-quiet"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        patience = threading.Timer(PATIENCE, client.kill)
        patience.start()
        try:
            client.stdin.write(b"\x40\x01\x12\x34\xb4time")
            client.stdin.flush()
            answer = client.stdout.read1(1500)
        finally:
            patience.cancel()
            client.kill()
            client.wait(PATIENCE)
    texts, security = opened(between)
    assert texts == [b"\x40\x01\x12\x34\xb4time", answer]
    assert security.reason is None
    assert security.opaque == 0
    if INSTALLED:
        assert less_by_tshark(between, tmp_path) == {}
