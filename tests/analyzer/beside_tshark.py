# SPDX-License-Identifier: GPL-2.0-only
"""Every message that a session read, beside what tshark shows of the same capture.

Code, type, Message ID, token, every option by number and raw value in its order, and the bytes of
the payload are compared, in each frame. Where the two differ, the reason stands in `DIFFERENCES`,
and `differences` counts it: a test says which ones it takes, so that nothing is compared less
without a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tshark import Difference, sort_out, tshark

from analyzer.carriage import Carriage, carriage, flow_of
from analyzer.decryption.security import Security
from analyzer.secrets.oscore_context import Context
from analyzer.session import Session
from analyzer.subjects import Message
from dissectors.coap import cose, numbers

Element = ElementTree.Element


class Said(NamedTuple):
    """A message, as either tells it. `type` and `message_id` are None on a stream."""

    frame: int
    type: int | None
    code: int
    message_id: int | None
    token: bytes
    options: tuple[tuple[int, bytes], ...]
    payload: bytes
    """Of a block, its own."""


# What tshark shows ------------------------------------------------------------------------------


class Given(NamedTuple):
    """What tshark is told of a capture: ports by what they carry, and secrets. `where` is a display
    filter, `key` the pre-shared key of every identity: it takes one alone."""

    coap: Iterable[int] = ()
    dtls: Iterable[int] = ()
    tls: Iterable[int] = ()
    http: Iterable[int] = ()
    https: Iterable[int] = ()
    key: bytes = b""
    keylog: Path | None = None
    where: str = "coap"

    def options(self) -> Iterator[str]:
        for port in self.coap:
            yield from ("-d", f"udp.port=={port},coap", "-d", f"tcp.port=={port},coap")
        for port in self.dtls:
            yield from ("-d", f"udp.port=={port},dtls", "-d", f"dtls.port=={port},coap")
        for port in self.tls:
            yield from ("-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},coap")
        for port in self.http:
            yield from ("-d", f"tcp.port=={port},http")
        for port in self.https:
            yield from ("-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},http")
        if self.key:
            yield from ("-o", f"dtls.psk:{self.key.hex()}", "-o", f"tls.psk:{self.key.hex()}")
        if self.keylog is not None:
            yield from ("-o", f"tls.keylog_file:{self.keylog}")
        yield from ("-Y", f"({self.where}) and not icmp")


PLAIN = Given()


def shown(capture: Path, home: Path, given: Given = PLAIN) -> dict[int, list[Said]]:
    """Every message that tshark shows, by its frame."""
    arguments = ("-2", "-n", "-r", str(capture), "-T", "pdml", *given.options())
    output = _NOT_XML.sub("?", tshark(*arguments, home=home))
    found: dict[int, list[Said]] = {}
    for packet in ElementTree.fromstring(output):
        for said in _messages(packet):
            found.setdefault(said.frame, []).append(said)
    return found


def write_contexts(home: Path, contexts: Iterable[Context]) -> Path:
    """The security contexts of OSCORE that Wireshark 4.0 can take, as its table of them; where it
    looks for it."""
    rows = [
        (c.client_id, c.server_id, c.master_secret, c.master_salt, c.id_context or b"")
        for c in contexts
        if c.algorithm == cose.DEFAULT
    ]
    lines = ["".join(f'"{value.hex()}",' for value in row) for row in rows]
    table = home / "oscore_contexts"
    table.write_text("".join(f'{line}"AES-CCM-16-64-128 (CCM*)"\n' for line in lines))
    return table


_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""tshark writes what payloads bring (XML 1.0 clause 2.2)."""


def _messages(packet: Element) -> Iterator[Said]:
    (frame,) = (int(field.attrib["show"]) for field in packet.iter() if _is(field, "frame.number"))
    said: Said | None = None
    for layer in packet.iter("proto"):
        if _is(layer, "coap"):
            if said is not None:
                yield said
            said = _outer(layer, frame)
        elif _is(layer, "oscore") and said is not None:
            said = _opened(layer, said)
    if said is not None:
        yield said


def _is(element: Element, name: str) -> bool:
    return element.get("name") == name


def _values(layer: Element, name: str) -> list[bytes]:
    """Bytes of the fields of a name; one without bytes has no `value`."""
    fields = (field for field in layer.iter("field") if _is(field, name))
    return [bytes.fromhex(field.get("value", "")) for field in fields]


def _number(layer: Element, name: str) -> int | None:
    return next((int(f.attrib["show"]) for f in layer.iter("field") if _is(f, name)), None)


def _outer(layer: Element, frame: int) -> Said:
    """A message as it stands on the wire. Where a body is put together the payload is the whole of
    it, behind its blocks, each with the frame it came in; with losses, tshark mixes up bodies."""
    (code,) = _values(layer, "coap.code")
    blocks = [field for field in layer.iter("field") if _is(field, "coap.block")]
    own = [bytes.fromhex(f.attrib["value"]) for f in blocks if f.attrib["show"] == str(frame)]
    whole = b"".join(_values(layer, "coap.payload"))
    part = b"".join(_values(layer, "coap.block_payload"))
    return Said(
        frame,
        _number(layer, "coap.type"),
        code[0],
        _number(layer, "coap.mid"),
        b"".join(_values(layer, "coap.token")),
        tuple(_options(layer, "coap")),
        part or (own[-1] if own else whole),
    )


def _options(layer: Element, protocol: str) -> Iterator[tuple[int, bytes]]:
    for option in layer.iter("field"):
        if not _is(option, f"{protocol}.opt.name"):
            continue
        of = {field.attrib["name"].rpartition(".")[2]: field.get("show", "") for field in option}
        head = 1 + _extension(int(of["delta"])) + _extension(int(of["length"]))
        number = of["desc"].partition(",")[0].removeprefix("Type ")
        yield int(number), bytes.fromhex(option.attrib["value"])[head:]


def _extension(nibble: int) -> int:
    """Bytes behind the first that delta or length take (RFC 7252 clause 3.1)."""
    return {13: 1, 14: 2}.get(nibble, 0)


OUTSIDE = frozenset({numbers.URI_HOST, numbers.URI_PORT, numbers.PROXY_SCHEME})
"""Options that OSCORE leaves to proxies (RFC 8613 clause 4.1, class U) and that requests have."""


def _opened(layer: Element, outer: Said) -> Said:
    """What OSCORE protected, under the header of the message that carried it."""
    code = _values(layer, "oscore.code")
    if not code:  # not opened
        return outer
    options = [*_options(layer, "oscore"), *(o for o in outer.options if o[0] in OUTSIDE)]
    return outer._replace(
        code=code[0][0],
        options=tuple(sorted(options, key=lambda option: option[0])),
        payload=b"".join(_values(layer, "oscore.payload")),
    )


# What we read -----------------------------------------------------------------------------------


class Read(NamedTuple):
    """A message of a session, with what carried it."""

    said: Said
    carriage: Carriage
    security: Security | None
    """Of its association or connection, where TLS or DTLS protected it."""


def read(session: Session) -> dict[int, list[Read]]:
    """Every message of a session, by the frame in which it was whole."""
    found: dict[int, list[Read]] = {}
    for row in range(len(session.messages)):
        message, carried = Message(session, row), carriage(session, row)
        coap = message.coap
        said = Said(
            message.frame,
            None if coap.reliable else coap.type,
            coap.code,
            None if coap.reliable else coap.message_id,
            coap.token,
            tuple((option.number, option.value) for option in coap.options),
            coap.payload,
        )
        flow = flow_of(session, carried.connection) if carried.secured else None
        one = Read(said, carried, flow.security if flow is not None else None)
        found.setdefault(message.frame, []).append(one)
    return found


# Where they differ, and why ---------------------------------------------------------------------


@dataclass(frozen=True)
class Contrast:
    """A field of one message with different values; `message` where one of the two has none."""

    name: str
    ours: object
    theirs: object
    read: Read | None
    shown: Said | None
    first: bool
    """It is the first message of its frame."""

    def __str__(self) -> str:
        said = self.read.said if self.read is not None else self.shown
        assert said is not None
        ours, theirs = (str(value)[:300] for value in (self.ours, self.theirs))
        return f"frame {said.frame}, {self.name}: {ours} is {theirs} to tshark"

    def unshown(self, where: Callable[[Read], bool]) -> bool:
        """tshark does not show a message that was carried so."""
        return self.shown is None and self.read is not None and where(self.read)

    def unopened(self, where: Callable[[Security], bool]) -> bool:
        """Nor one that DTLS protected so."""
        return self.unshown(
            lambda read: read.carriage.dtls and read.security is not None and where(read.security)
        )


def _ordered_by_piv(c: Contrast) -> bool:
    """Theirs is ours, but for an Observe that is empty in a notification."""
    if c.read is None or c.shown is None or not c.read.carriage.unwrapped:
        return False
    ours = tuple(
        (number, b"" if number == numbers.OBSERVE else value)
        for number, value in c.read.said.options
    )
    return numbers.is_response(c.read.said.code) and ours == c.shown.options


def _sealed(said: Said | None) -> bool:
    return said is not None and any(number == numbers.OSCORE for number, _ in said.options)


DIFFERENCES: dict[str, Difference[Contrast]] = {
    "behind the first": Difference(
        "message",
        "RFC 8323 clause 3.2: messages follow one another in a stream; Wireshark 4.0 reads the "
        "first of a segment, or of a TLS record, alone.",
        lambda c: not c.first and c.unshown(lambda read: read.said.type is None),
    ),
    "ChaCha20 in DTLS": Difference(
        "message",
        "RFC 7905 clause 2: the nonce has no explicit part; Wireshark 4.0 opens no record of DTLS "
        "with these suites.",
        lambda c: c.unopened(lambda security: "CHACHA20" in security.suite_name),
    ),
    "DTLS 1.3": Difference(
        "message",
        "RFC 9147 clause 4: records of 1.3; Wireshark 4.0 does not know them.",
        lambda c: c.unopened(lambda security: security.newer),
    ),
    "renegotiated": Difference(
        "message",
        "RFC 6347 clause 4.1: a new epoch has keys of its own; Wireshark 4.0 has none for what "
        "follows a second handshake.",
        lambda c: c.unopened(lambda security: security.handshakes > 1),
    ),
    "OSCORE algorithm": Difference(
        "code options payload",
        "RFC 8613 clause 3.2.1: a context may have another AEAD algorithm than AES-CCM-16-64-128; "
        "Wireshark 4.0 knows that one alone, and shows the message that carried it.",
        lambda c: c.read is not None and c.read.carriage.unwrapped and _sealed(c.shown),
    ),
    "OSCORE notification": Difference(
        "options",
        "RFC 8613 clause 4.1.3.5.2: the Observe inside is empty, and the Partial IV orders "
        "notifications; we show it in that place, Wireshark nothing.",
        _ordered_by_piv,
    ),
}


def differences(session: Session, theirs: dict[int, list[Said]]) -> Counter[str]:
    """How often each of `DIFFERENCES` shows between a session and what tshark shows. Fails where
    there is any other, and where nothing is there to compare."""
    ours = read(session)
    assert ours, "nothing was read"
    contrasts = (
        contrast
        for frame in sorted(ours.keys() | theirs.keys())
        for contrast in _contrasts(ours.get(frame, []), theirs.get(frame, []))
    )
    counts, unknown = sort_out(contrasts, DIFFERENCES)
    assert not unknown, "\n".join(map(str, unknown[:10]))
    return counts


def _contrasts(ours: list[Read], theirs: list[Said]) -> Iterator[Contrast]:
    """What differs in a frame; what tshark does not show is passed over where it stands."""
    left = list(theirs)
    for at, one in enumerate(ours):
        if not left or not (len(left) >= len(ours) - at or _alike(one.said, left[0])):
            yield Contrast("message", one.said, None, one, None, at == 0)
            continue
        other = left.pop(0)
        for name in Said._fields:
            mine, their = getattr(one.said, name), getattr(other, name)
            if mine != their:
                yield Contrast(name, mine, their, one, other, at == 0)
    for made_up in left:
        yield Contrast("message", None, made_up, None, made_up, False)


def _alike(one: Said, other: Said) -> bool:
    """In type, code, Message ID and token."""
    return one[1:5] == other[1:5]
