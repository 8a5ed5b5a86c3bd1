# SPDX-License-Identifier: GPL-2.0-only
"""Associations by Connection ID: a client whose address changed is found again (RFC 9146, RFC 9147
clause 9)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from analyzer.carriers.carrier import Carrier, Packet
from dissectors.tls.records import cid_at

MOST_NAMED: Final = 1 << 17
"""Connection IDs known at a time: the one learnt longest ago is forgotten."""


class ConnectionIds:
    """Who is called what. A Connection ID is its receiver's choice: another may choose the same."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, bytes], Carrier] = OrderedDict()
        self._lengths: dict[int, int] = {}

    def learn(self, carrier: Carrier) -> None:
        """Find the association by what its newest handshake agreed on."""
        for receiver, cid in carrier.names():
            key = receiver, cid
            known = self._known.get(key)
            if known is carrier:
                continue
            if known is None:
                self._lengths[len(cid)] = self._lengths.get(len(cid), 0) + 1
            self._known[key] = carrier
            if len(self._known) > MOST_NAMED:
                self._forget(next(iter(self._known)))

    def forget(self, carrier: Carrier) -> None:
        """The association is followed no more."""
        for key in carrier.names():
            if self._known.get(key) is carrier:
                self._forget(key)

    def find(self, packet: Packet) -> Carrier | None:
        """The association that a record is of, by its Connection ID alone."""
        payload, receiver = packet.payload, packet.receiver
        at = cid_at(payload)
        if not at:
            return None
        for length in self._lengths:
            found = self._known.get((receiver, payload[at : at + length]))
            if found is not None:
                return found
        return None

    def _forget(self, key: tuple[int, bytes]) -> None:
        del self._known[key]
        length = len(key[1])
        self._lengths[length] -= 1
        if not self._lengths[length]:
            del self._lengths[length]
