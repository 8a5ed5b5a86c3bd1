# SPDX-License-Identifier: GPL-2.0-only
"""One captured packet after the other -> what may be shown of it, or nothing.

Shown are CoAP messages, the fragments that carry them, the ICMP errors about them, and packets
without a message that a finding is about (DTLS), of which a header is left.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.block_bodies import block_value
from analyzer.endpoints import endpoint
from analyzer.messages import CARRIED
from analyzer.option_facts import in_blocks
from analyzer.redaction import frames
from analyzer.redaction.block_payloads import BlockPayloads
from analyzer.redaction.cipher import Cipher
from analyzer.redaction.frames import Ip
from analyzer.redaction.messages import Messages
from analyzer.redaction.payloads import Payloads
from analyzer.redaction.words import Words
from dissectors import checksum, link
from dissectors.coap.numbers import VERSION
from dissectors.coap.wire import HEADER
from dissectors.kernel import Rows

if TYPE_CHECKING:
    from analyzer.session import Session

_VLAN: Final = (b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00")
_IP: Final = (b"\x08\x00", b"\x86\xdd")
_GROUP_V4: Final = b"\x01\x00\x5e"
_GROUP_V6: Final = b"\x33\x33"
_HANDSHAKE: Final = 22  # DTLS, RFC 6347 clause 4.3.1
_RECORD_HEADER: Final = 13  # DTLS, RFC 6347 clause 4.1
_WHOLE_DATAGRAMS: Final = 64
_MOST_KEYS: Final = 1024
_LONGEST_TOKEN: Final = 8
_MOST_SAID: Final = 2048
_REMEMBERED: Final = 1 << 13


class Record(NamedTuple):
    """A packet as it was captured."""

    frame: int
    data: bytes
    wire: int
    interface: int
    offset: int


class Shown(NamedTuple):
    """A frame on Ethernet, and how long it would be on the wire."""

    data: bytes
    wire: int


class _Piece(NamedTuple):
    """Where a fragment belongs: in the packet that was put together of `row`."""

    row: int
    at: int
    length: int


class Packets:
    """The packets of a session that may be shown, asked for in file order.

    `rows` are those of the messages to show. `left_out` counts packets that should be there, but
    have layers that cannot be built anew without a doubt; `inside` those that carried messages in
    something encrypted or in a stream, where nothing can be replaced, and handshakes, which name
    those who shake hands.
    """

    def __init__(self, session: Session, rows: Iterable[int], words: Words, cipher: Cipher) -> None:
        self.left_out = self.inside = 0
        self._session = session
        self._words = words
        self._cipher = cipher
        self._messages = Messages(words, session.options)
        self._payloads = Payloads(words, session.vocabulary)
        self._blocks = BlockPayloads(session, self._payloads)
        self._said: dict[tuple[bytes, bool, bytes], bytes] = {}
        self._row = link.new_row()
        self._rows, self._frames = array("q"), array("q")
        self._pieces: dict[tuple[int, int], _Piece] = {}
        self._carriers: set[int] = set()
        self._first: dict[tuple[int, int], int] = {}
        self._open: dict[tuple[bytes, bytes, int], None] = {}
        self._wholes: dict[int, tuple[Ip, bytes] | None] = {}
        self._take(rows)
        self._told = frozenset(f for finding in session.findings for f in finding.frames)
        ends = (session.messages[name].tolist() for name in ("source", "destination"))
        self._pairs = {
            (session.endpoints[a], session.endpoints[b]) for a, b in set(zip(*ends, strict=True))
        }

    def _take(self, rows: Iterable[int]) -> None:
        """Where the messages to show stand."""
        column = self._session.messages["frame"]
        flags = self._session.messages["flags"]
        store = self._session.carriers.store if flags.any() else None
        for row in rows:
            if store is not None and flags[row] & CARRIED:
                places = self._session.messages["offset"]
                self._carriers.update(one.frame for one in store.pieces(int(places[row])))
                continue
            packet = self._session.parts.get(row)
            if packet is None:
                self._rows.append(row)
                self._frames.append(int(column[row]))
                continue
            file = self._session.interfaces[packet.interface].file
            if packet.link_type != link.RAW_IP or len(packet.parts) == 1:
                self._first[file, packet.offset] = row
                continue
            at = 0
            for part in packet.parts:
                size = len(part.data) or part.length
                if part.length:
                    self._pieces[file, part.offset] = _Piece(row, at, size)
                at += size

    def shown(self, record: Record) -> Shown | None:
        """What may be shown of a packet; None for nothing."""
        if record.frame in self._carriers:
            self.inside += 1
            return None
        data, row = record.data, self._row
        link_type = self._session.interfaces[record.interface].interface.link_type
        at = bisect_left(self._frames, record.frame)
        message = at < len(self._frames) and self._frames[at] == record.frame
        link.walk(data, 0, len(data), link_type, row, record.wire - len(data))
        try:
            if message:
                return self._message(record, link_type, self._rows[at])
            if row[link.FRAGMENT]:
                return self._fragment(record, link_type)
            if row[link.KIND] == link.ICMP_ERROR:
                return self._icmp(record, link_type)
            if row[link.KIND] == link.UDP and record.frame in self._told:
                return self._stub(record, link_type)
        except (ValueError, OverflowError):  # lengths no header can tell: a jumbogram
            self.left_out += 1
        return None

    # What frames are ----------------------------------------------------------------------------

    def _message(self, record: Record, link_type: int, row: int) -> Shown | None:
        walked = self._row
        if walked[link.KIND] != link.UDP:
            self.left_out += 1
            return None
        ip = self._ip(record.data, walked)
        at, length = walked[link.PAYLOAD_AT], walked[link.PAYLOAD_LENGTH]
        data = record.data[at : walked[link.PAYLOAD_END]]
        payload = self._coap(row, data, length > len(data))
        udp = self._datagram(record.data, walked, ip, payload)
        return self._framed(record, link_type, ip, frames.UDP, udp, 8 + length)

    def _coap(self, row: int, data: bytes, cut: bool) -> bytes:
        """A CoAP message that may be shown; devices say the same again, behind other tokens."""
        first = data[0] if data else 0
        behind = HEADER + (first & 15)
        plain = first >> 6 == VERSION and first & 15 <= _LONGEST_TOKEN
        said = data[1:2], cut, data[behind:]
        if plain and said in self._said:
            return data[:behind] + self._said[said]
        message = self._messages.read(data, cut)
        replaced = self._messages.replaced(
            message, lambda message: self._blocks.replaced(row, message)
        )
        alone = message.readable and not in_blocks(block_value(message))
        if plain and alone and len(data) <= _MOST_SAID:
            if len(self._said) >= _REMEMBERED:
                self._said.clear()
            self._said[said] = replaced[behind:]
        return replaced

    def _datagram(self, data: bytes, walked: Rows, ip: Ip, payload: bytes) -> bytes:
        """The UDP datagram with another payload; its checksum is right where it was."""
        sent, ports = walked[link.UDP_CHECKSUM], _ports(walked)
        checksum.verify(data, walked)
        state = walked[link.CHECKSUM]
        if state == checksum.UNCHECKED and (sent > 0 or ip.version == 6):
            state = checksum.RIGHT
        return frames.datagram(ip, ports, payload, walked[link.PAYLOAD_LENGTH], state)

    def _stub(self, record: Record, link_type: int) -> Shown | None:
        """A datagram that is no CoAP: the type, version and length of a DTLS record."""
        walked = self._row
        data = record.data[walked[link.PAYLOAD_AT] : walked[link.PAYLOAD_END]]
        if not data or not 20 <= data[0] < 64:
            return None
        if data[0] == _HANDSHAKE:
            self.inside += 1
            return None
        ip = self._ip(record.data, walked)
        kept = data[:3] + bytes(len(data[3:11])) + data[11:_RECORD_HEADER]
        payload = kept + self._words.opaque(data[_RECORD_HEADER:], b"dtls")
        udp = self._datagram(record.data, walked, ip, payload)
        length = 8 + walked[link.PAYLOAD_LENGTH]
        return self._framed(record, link_type, ip, frames.UDP, udp, length)

    def _icmp(self, record: Record, link_type: int) -> Shown | None:
        """An error about a message: what it quotes ends with the token."""
        walked, data = self._row, record.data
        inner_at = walked[link.IP_AT]
        pair = tuple(
            endpoint(data[walked[at] : walked[at] + walked[link.ADDRESS_LENGTH]], walked[port])
            for at, port in (
                (link.SOURCE_AT, link.SOURCE_PORT),
                (link.DESTINATION_AT, link.DESTINATION_PORT),
            )
        )
        quoted = data[walked[link.PAYLOAD_AT] : walked[link.PAYLOAD_END]]
        if walked[link.ADDRESS_IN] or pair not in self._pairs or quoted[:1] < b"\x40":
            return None
        inner, ports = self._ip(data, walked), _ports(walked)
        length = walked[link.PAYLOAD_LENGTH]
        kind, code = walked[link.ICMP_TYPE], walked[link.ICMP_CODE]
        more = data[inner_at - 4 : inner_at] if (kind, code) in ((3, 4), (2, 0)) else bytes(4)
        # Up to the ICMP header, which is too short to be one then.
        outer_row = link.new_row()
        link.walk(data, 0, inner_at - 1, link_type, outer_row)
        if outer_row[link.ADDRESS_IN] or outer_row[link.PAYLOAD_AT] != inner_at - 8:
            self.left_out += 1
            return None
        outer = self._ip(data, outer_row)
        shown = quoted[: HEADER + min(quoted[0] & 15, 8)]
        udp = frames.datagram(inner, ports, shown, length, checksum.UNCHECKED)
        quote = frames.packet(inner, frames.UDP, udp, 8 + length)
        error = frames.icmp_error(outer, kind, code, more, quote)
        self._row[:] = outer_row
        protocol = frames.ICMP[outer.version]
        return self._framed(record, link_type, outer, protocol, error, len(error))

    # Fragments ----------------------------------------------------------------------------------

    def _fragment(self, record: Record, link_type: int) -> Shown | None:
        walked = self._row
        file = self._session.interfaces[record.interface].file
        row = self._first.get((file, record.offset))
        if row is not None:
            return self._first_alone(record, link_type, row)
        piece = self._pieces.get((file, record.offset + walked[link.PIECE_AT]))
        if piece is None:
            return self._later_alone(record, link_type)
        whole = self._whole(piece.row)
        if whole is None:
            self.left_out += 1
            return None
        ip, payload = whole
        header = frames.overhead(ip)
        at = 0 if walked[link.FRAGMENT] == 1 else piece.at - header
        after = piece.at + piece.length - header
        more = after < len(payload)
        if at % 8 or after <= at or after > len(payload) or (more and after % 8):
            self.left_out += 1
            return None
        ip = ip._replace(identification=walked[link.FRAGMENT_ID], offset=at, more=more)
        part = payload[at:after]
        return self._framed(record, link_type, ip, frames.UDP, part, len(part))

    def _whole(self, row: int) -> tuple[Ip, bytes] | None:
        """The datagram that was put together, its IP header apart; None where between the two
        stands what is not shown."""
        if row not in self._wholes:
            if len(self._wholes) >= _WHOLE_DATAGRAMS:
                self._wholes.pop(next(iter(self._wholes)))
            self._wholes[row] = self._rebuilt(row)
        return self._wholes[row]

    def _rebuilt(self, row: int) -> tuple[Ip, bytes] | None:
        data, walked = self._session.packet(row), link.new_row()
        link.walk(data, 0, len(data), link.RAW_IP, walked)
        if walked[link.KIND] != link.UDP or walked[link.TUNNEL] or walked[link.FRAGMENT]:
            return None
        ip = self._ip(data, walked)
        at, end = walked[link.PAYLOAD_AT], walked[link.PAYLOAD_END]
        if at - 8 != frames.overhead(ip) or end != len(data):
            return None
        payload = self._coap(row, data[at:end], walked[link.PAYLOAD_LENGTH] > end - at)
        return ip, self._datagram(data, walked, ip, payload)

    def _first_alone(self, record: Record, link_type: int, row: int) -> Shown | None:
        """The first fragment of a datagram that never was whole."""
        walked, data = self._row, record.data
        at, end = walked[link.PAYLOAD_AT], walked[link.PAYLOAD_END]
        lowpan = walked[link.FRAGMENT_IN] == link.IN_LOWPAN
        if walked[link.KIND] != link.UDP or walked[link.TUNNEL]:
            self.left_out += 1
            return None
        if not lowpan and at - 8 != walked[link.PIECE_AT]:
            self.left_out += 1
            return None
        ip = self._ip(data, walked)
        payload = self._coap(row, data[at:end], True)
        udp = self._datagram(data, walked, ip, payload)
        length = len(udp) if lowpan else walked[link.PIECE_LENGTH]
        if lowpan:
            udp, length = udp[: len(udp) & ~7], len(udp) & ~7
        ip = ip._replace(identification=walked[link.FRAGMENT_ID], more=True)
        if not lowpan and len(self._open) < _MOST_KEYS:
            self._open[ip.source, ip.destination, ip.identification] = None
        return self._framed(record, link_type, ip, frames.UDP, udp, length)

    def _later_alone(self, record: Record, link_type: int) -> Shown | None:
        """Another one of those: where it stands in the datagram, and nothing it says."""
        walked, data = self._row, record.data
        if walked[link.FRAGMENT] != 2 or walked[link.FRAGMENT_IN] == link.IN_LOWPAN:
            return None
        if walked[link.FRAGMENT_HEADER_IN]:
            return None
        ip = self._ip(data, walked)._replace(
            identification=walked[link.FRAGMENT_ID],
            offset=walked[link.FRAGMENT_AT],
            more=bool(walked[link.FRAGMENT_MORE]),
        )
        if (ip.source, ip.destination, ip.identification) not in self._open:
            return None
        piece = data[walked[link.PIECE_AT] : walked[link.PIECE_END]]
        shown = self._words.opaque(piece, b"fragment")
        length = walked[link.PIECE_LENGTH]
        return self._framed(record, link_type, ip, frames.UDP, shown, length)

    # Below UDP ----------------------------------------------------------------------------------

    def _ip(self, data: bytes, walked: Rows) -> Ip:
        size = walked[link.ADDRESS_LENGTH]
        built = walked[link.ADDRESS_IN]  # of 6LoWPAN, one byte an item
        source, destination = (
            bytes(walked[at : at + size].tolist()) if built else data[at : at + size]
            for at in (walked[link.SOURCE_AT], walked[link.DESTINATION_AT])
        )
        pseudonym = self._words.addresses.ip
        return Ip(pseudonym(source), pseudonym(destination), walked[link.TTL], walked[link.IP_ID])

    def _framed(
        self, record: Record, link_type: int, ip: Ip, protocol: int, payload: bytes, length: int
    ) -> Shown:
        below = self._link(record.data, link_type, ip)
        data = frames.ethernet(below, ip, protocol, payload, length)
        return Shown(data, len(data) + length - len(payload))

    def _link(self, data: bytes, link_type: int, ip: Ip) -> bytes:
        """The addresses and VLAN tags of Ethernet; of other links and tunnels, addresses that are
        as different as what stood there."""
        header = data[: self._row[link.IP_AT]]
        if link_type == 1 and not self._row[link.TUNNEL]:
            tags = 12
            while header[tags : tags + 2] in _VLAN:
                tags += 4
            if header[tags:] in _IP:
                ends = (self._mac(header[at : at + 6], ip) for at in (0, 6))
                return b"".join(ends) + header[12:tags]
        noise = self._cipher.stream(b"link|" + header, 10)
        return b"\x02" + noise[:5] + b"\x02" + noise[5:]

    def _mac(self, address: bytes, ip: Ip) -> bytes:
        """Groups have the address that belongs to that of IP (RFC 1112, RFC 2464)."""
        if address.startswith(_GROUP_V4) and ip.version == 4:
            return _GROUP_V4 + bytes([ip.destination[1] & 0x7F]) + ip.destination[2:]
        if address.startswith(_GROUP_V6) and ip.version == 6:
            return _GROUP_V6 + ip.destination[12:]
        return self._words.addresses.mac(address)


def _ports(walked: Rows) -> tuple[int, int]:
    return walked[link.SOURCE_PORT], walked[link.DESTINATION_PORT]
