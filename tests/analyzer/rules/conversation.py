# SPDX-License-Identifier: GPL-2.0-only
"""Conversations for tests: CoAP messages by code, written as a capture, read by a Session.

    talk = Conversation().con("GET", path="/a").ack("2.05", payload=b"1")
    assert "COAP-7252-4.2-ACK-CLASS" not in talk.rules()

A client and a server talk; each method adds one frame and returns the conversation. Requests and
pings are the client's and responses the server's unless `by` or `source` says otherwise; `ack` and
`rst` answer the newest CON or NON, with its Message ID, and `ack` with its token where it carries
a response. Each frame stands 10 ms after the one before; `wait` lets more time pass.
"""

from __future__ import annotations

import ipaddress
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from analyzer.findings import Finding
from analyzer.profiles.spec_reading import shipped
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.settings import Settings
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.coap.values import code_number, encode_options, encode_value, option_number

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
START = 1_700_000_000 * SECOND
ETHERNET = bytes.fromhex("020000000002 020000000001")

Side = Literal["client", "server"]
Options = Iterable[tuple[int, bytes]]


@dataclass(frozen=True)
class Address:
    """An IP address and a UDP port."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str | Address) -> Address:
        """From `192.0.2.1:5683` or `[2001:db8::1]:5683`."""
        if isinstance(text, Address):
            return text
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    @property
    def packed(self) -> bytes:
        return ipaddress.ip_address(self.host).packed

    @property
    def multicast(self) -> bool:
        return ipaddress.ip_address(self.host).is_multicast


@dataclass(frozen=True)
class Frame:
    """One frame of the capture; `cut` bytes at its end were not captured.

    `link` is all that stands before the EtherType, MAC addresses and VLAN tags alike; `claimed`
    the length in the UDP header where it is not the true one; `part` the bytes of the UDP datagram
    that an IPv4 fragment carries. A `checksum` of zero is none.
    """

    time: int
    source: Address
    destination: Address
    data: bytes
    ip_id: int = 0
    ttl: int = 64
    link: bytes = ETHERNET
    fragmented: bool = False
    cut: int = 0
    claimed: int = 0
    icmp: bytes = b""
    part: tuple[int, int] | None = None
    checksum: int = 0
    tcp: bytes = b""  # header and payload of a segment, which then it is

    @property
    def version(self) -> int:
        return ipaddress.ip_address(self.source.host).version

    def packet(self) -> bytes:
        """The IP packet; the checksum of its header is zero, nothing here reads it."""
        if self.tcp:
            return self._ip(6, self.tcp)
        if self.icmp:
            return self._ip(1 if self.version == 4 else 58, self.icmp)
        length = self.claimed or 8 + len(self.data)
        udp = struct.pack(">HHHH", self.source.port, self.destination.port, length, self.checksum)
        return self._ip(17, udp + self.data)

    def _ip(self, protocol: int, body: bytes) -> bytes:
        ends = self.source.packed + self.destination.packed
        if self.version == 6:
            if self.fragmented:
                protocol, body = 44, struct.pack(">BBHI", protocol, 0, 1, self.ip_id) + body
            return struct.pack(">IHBB", 6 << 28, len(body), protocol, self.ttl) + ends + body
        start, end = self.part or (0, len(body))
        more = self.fragmented or end < len(body)
        flags = (0x2000 if more else 0) | start >> 3
        body = body[start:end]
        size = 20 + len(body)
        head = struct.pack(">BBHHHBBH", 0x45, 0, size, self.ip_id, flags, self.ttl, protocol, 0)
        return head + ends + body

    def captured(self, link_type: int) -> tuple[bytes, int]:
        """What was captured of the frame, and how long it was."""
        ethertype = b"\x08\x00" if self.version == 4 else b"\x86\xdd"
        whole = (self.link + ethertype if link_type == 1 else b"") + self.packet()
        return whole[: len(whole) - self.cut], len(whole)

    def record(self, link_type: int) -> bytes:
        """The frame as one pcap record with nanoseconds."""
        captured, length = self.captured(link_type)
        seconds, fraction = divmod(self.time, SECOND)
        return struct.pack("<IIII", seconds, fraction, len(captured), length) + captured


def coap(
    kind: int,
    code: str | int,
    *,
    mid: int = 0,
    token: bytes = b"",
    options: Options = (),
    payload: bytes = b"",
    path: str = "",
    **named: Any,
) -> bytes:
    """The bytes of a CoAP message; options by name (`observe=0`, `etag=[b"1", b"2"]`) or number."""
    number = code if isinstance(code, int) else code_number(code)
    pairs = pairs_of(options, path, named)
    tkl, longer = _token_length(token)
    head = bytes([1 << 6 | kind << 4 | tkl, number]) + mid.to_bytes(2, "big")
    body = b"\xff" + payload if payload else b""
    return head + longer + token + encode_options(pairs) + body


def pairs_of(options: Options, path: str, named: dict[str, Any]) -> list[tuple[int, bytes]]:
    """Options by number, from a path and by name."""
    pairs = list(options)
    pairs += [(numbers.URI_PATH, part.encode()) for part in path.split("/")[1:]]
    for name, given in named.items():
        option = option_number(name)
        pairs += [
            (option, encode_value(option, value))
            for value in (given if isinstance(given, list) else [given])
        ]
    return pairs


def _token_length(token: bytes) -> tuple[int, bytes]:
    """TKL and its extension (RFC 8974 clause 2.1)."""
    tkl = len(token)
    if tkl <= 12:
        return tkl, b""
    long = tkl > 268
    return (14, (tkl - 269).to_bytes(2, "big")) if long else (13, bytes([tkl - 13]))


class Conversation:
    """What was captured of a client and a server, frame by frame."""

    def __init__(
        self,
        client: str = "192.0.2.1:40000",
        server: str = "192.0.2.2:5683",
        *,
        link_type: int = 1,
    ) -> None:
        self.client, self.server = Address.of(client), Address.of(server)
        self.frames: list[Frame] = []
        self.link_type = link_type
        self._clock = START
        self._mid = 0x1000
        self._ip_ids: dict[str, int] = {}
        self._asked: Frame | None = None

    # Messages -----------------------------------------------------------------------------------

    def con(self, code: str | int = "0.00", /, **fields: Any) -> Self:
        """A CON; `0.00` is a ping. `fields` are those of `coap` and of `raw`."""
        return self._first(Type.CON, code, fields)

    def non(self, code: str | int, /, **fields: Any) -> Self:
        """A NON."""
        return self._first(Type.NON, code, fields)

    def ack(self, code: str | int = "0.00", /, **fields: Any) -> Self:
        """An ACK to the newest CON or NON; with a code, its piggybacked response."""
        if code != "0.00" and self._asked is not None and "token" not in fields:
            fields["token"] = _token(self._asked.data)
        return self._answer(Type.ACK, code, fields)

    def rst(self, code: str | int = "0.00", /, **fields: Any) -> Self:
        """A RST to the newest CON or NON."""
        return self._answer(Type.RST, code, fields)

    def raw(
        self,
        data: str | bytes,
        *,
        by: Side = "client",
        source: str | Address = "",
        destination: str | Address = "",
        **frame: Any,
    ) -> Self:
        """Any bytes, or hex, as a datagram; `frame` sets further fields of `Frame`."""
        payload = bytes.fromhex(data) if isinstance(data, str) else data
        ends = (self.client, self.server) if by == "client" else (self.server, self.client)
        sender = Address.of(source) if source else ends[0]
        receiver = Address.of(destination) if destination else ends[1]
        if "ip_id" not in frame:
            frame["ip_id"] = self._ip_ids[sender.host] = self._ip_ids.get(sender.host, 0) + 1
        return self.add(Frame(self._clock, sender, receiver, payload, **frame))

    def _first(self, kind: Type, code: str | int, fields: dict[str, Any]) -> Self:
        response = numbers.is_response(code if isinstance(code, int) else code_number(code))
        fields.setdefault("by", "server" if response else "client")
        if "mid" not in fields:
            self._mid += 1
            fields["mid"] = self._mid
        if response and "token" not in fields and self._asked is not None:
            fields["token"] = _token(self._asked.data)
        self._send(kind, code, fields)
        self._asked = self.frames[-1]
        return self

    def _answer(self, kind: Type, code: str | int, fields: dict[str, Any]) -> Self:
        asked = self._asked
        if asked is not None:
            fields.setdefault("mid", int.from_bytes(asked.data[2:4], "big"))
        if asked is not None and "by" not in fields:
            if asked.destination.multicast:
                fields["by"] = "server"
            else:
                fields.setdefault("source", asked.destination)
            fields.setdefault("destination", asked.source)
        return self._send(kind, code, fields)

    def _send(self, kind: Type, code: str | int, fields: dict[str, Any]) -> Self:
        of_frame = {"by", "source", "destination", *Frame.__dataclass_fields__}
        frame = {name: value for name, value in fields.items() if name in of_frame}
        message = {name: value for name, value in fields.items() if name not in of_frame}
        return self.raw(coap(kind, code, **message), **frame)

    # Frames -------------------------------------------------------------------------------------

    def add(self, frame: Frame) -> Self:
        """A frame as it is."""
        self.frames.append(frame)
        self._clock = frame.time + 10 * MILLISECOND
        return self

    def wait(self, seconds: float) -> Self:
        """Let time pass; negative lets the clock of the capture jump back."""
        self._clock += round(seconds * SECOND)
        return self

    def again(self, index: int = -1, **frame: Any) -> Self:
        """Send the same datagram again: a retransmission."""
        old = self.frames[index]
        ip_id = self._ip_ids[old.source.host] = self._ip_ids.get(old.source.host, 0) + 1
        return self.add(replace(old, **{"time": self._clock, "ip_id": ip_id} | frame))

    def recorded_again(self, index: int = -1, **frame: Any) -> Self:
        """Record the same packet a second time, 1 ms after the first: a capture duplicate."""
        old = self.frames[index]
        return self.add(replace(old, **{"time": old.time + MILLISECOND} | frame))

    def in_fragments(self, *parts: tuple[int, int], **frame: Any) -> Self:
        """Of the newest datagram these IPv4 fragments, in bytes of UDP; `frame` changes the last
        one."""
        whole = self.frames.pop()
        self._clock = whole.time
        for part in parts[:-1]:
            self.add(replace(whole, time=self._clock, part=part))
        return self.add(replace(whole, **{"time": self._clock, "part": parts[-1]} | frame))

    def icmp(self, kind: int = 3, code: int = 3, *, quoted: int = 64, index: int = -1) -> Self:
        """An ICMP error of the receiver that quotes a datagram; port unreachable by default."""
        old = self.frames[index]
        error = bytes([kind, code, 0, 0, 0, 0, 0, 0]) + old.packet()[:quoted]
        answer = replace(old, source=old.destination, destination=old.source, icmp=error)
        return self.add(replace(answer, time=self._clock))

    # Reading ------------------------------------------------------------------------------------

    def pcap(self) -> bytes:
        """The capture file, with nanoseconds."""
        head = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, self.link_type)
        return head + b"".join(frame.record(self.link_type) for frame in self.frames)

    def session(self, **settings: Any) -> Session:
        """A closed session that read the capture; `settings` are those of `Settings`, where a spec
        profile may go by its name."""
        if isinstance(settings.get("profile"), str):
            settings["profile"] = shipped(settings["profile"])
        session = Session(Settings(**settings))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "conversation.pcap"
            path.write_bytes(self.pcap())
            session.open([path])
            session.read_all()
        return session

    def findings(self, rule: str = "", **settings: Any) -> list[Finding]:
        """All findings, or those of one rule."""
        return [f for f in self.session(**settings).findings if rule in ("", f.rule.id)]

    def rules(self, **settings: Any) -> dict[str, Severity]:
        """Ids of the rules broken, with the worst severity of their findings."""
        worst: dict[str, Severity] = {}
        for finding in self.session(**settings).findings:
            known = worst.get(finding.rule.id, finding.severity)
            worst[finding.rule.id] = max(known, finding.severity)
        return worst


def _token(data: bytes) -> bytes:
    tkl = data[0] & 15
    if tkl == 13:
        return data[5 : 5 + data[4] + 13]
    if tkl == 14:
        return data[6 : 6 + int.from_bytes(data[4:6], "big") + 269]
    return data[4 : 4 + tkl]
