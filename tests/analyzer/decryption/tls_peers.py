# SPDX-License-Identifier: GPL-2.0-only
"""TLS between real peers: what passed on the wire, the key log, and what was said in clear."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from analyzer.streams.model import Chunk, Piece


class Wire(NamedTuple):
    """Bytes as they were sent, each with its direction: true for the client's."""

    sent: list[tuple[bool, bytes]]
    keylog: bytes
    said: list[tuple[bool, bytes]]

    def chunks(self, size: int = 1 << 20) -> Iterator[tuple[Chunk, bool]]:
        """In segments of a size at most, one a frame."""
        frame = 0
        for forward, data in self.sent:
            for at in range(0, len(data), size):
                frame += 1
                part = data[at : at + size]
                yield chunk(part, frame), forward


def chunk(data: bytes, frame: int, lost: int = 0) -> Chunk:
    return Chunk(data, (Piece(frame, 0, 100 * frame, len(data)),), lost, frame, frame)


@cache
def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate of example.org and this machine, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.org")])
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    known_by = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    begin = datetime.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(known_by, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, made.public_bytes(serialization.Encoding.PEM)


class Peers:
    """A client and a server whose connections can be resumed."""

    def __init__(self, version: ssl.TLSVersion, suite: str = "") -> None:
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        self._log = folder / "keys"
        self._read = 0
        (folder / "pem").write_bytes(b"".join(certificate()))
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(folder / "pem")
        self.server.keylog_filename = str(self._log)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname = False
        self.client.verify_mode = ssl.CERT_NONE
        for context in (self.server, self.client):
            context.minimum_version = context.maximum_version = version
            if suite:
                context.set_ciphers(f"{suite}@SECLEVEL=0")
        self.session: ssl.SSLSession | None = None

    def converse(self, said: list[tuple[bool, bytes]], *, close: bool = True) -> Wire:
        """One connection on which this is said, one after the other."""
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.server.wrap_bio(to_server, to_client, server_side=True)
        client = self.client.wrap_bio(
            to_client, to_server, server_hostname="example.org", session=self.session
        )
        sent: list[tuple[bool, bytes]] = []
        ends = {True: (client, to_server), False: (server, to_client)}

        def turn(forward: bool, act: Callable[[ssl.SSLObject], object]) -> bool:
            """Let one end act, and note what it sends."""
            end, out = ends[forward]
            before = out.read()
            done = True
            try:
                act(end)
            except ssl.SSLWantReadError:
                done = False
            data = out.read()
            if data:
                sent.append((forward, data))
            out.write(before + data)
            return done

        done = {True: False, False: False}
        while not all(done.values()):
            for forward in done:
                done[forward] = done[forward] or turn(forward, lambda end: end.do_handshake())
        for forward, data in said:
            turn(forward, lambda end, data=data: end.write(data))  # type: ignore[misc]
            heard = b""

            def hear(end: ssl.SSLObject) -> None:
                nonlocal heard
                heard += end.read(1 << 20)

            while len(heard) < len(data):
                turn(not forward, hear)
            assert heard == data
        self.session = client.session
        if close:
            turn(True, lambda end: end.unwrap())
        whole = self._log.read_bytes()
        keylog, self._read = whole[self._read :], len(whole)
        return Wire(sent, keylog, said)
