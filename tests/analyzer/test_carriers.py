# SPDX-License-Identifier: GPL-2.0-only
"""The stage of carriers: what comes out depends on the packets and their order alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carried_drawn import SETTINGS, mixtures, secrets
from generated import read, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.messages import CARRIED
from analyzer.session import Session
from dissectors import carried

CAPTURES = Path(__file__).parents[2] / "captures"


def some(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def flows(session: Session) -> list[tuple[Any, ...]]:
    """What is known of each protected flow."""
    return [
        (
            *(flow.number, flow.client, flow.server, flow.opened, flow.opaque),
            *(flow.security.reason, flow.security.detail, flow.security.first_frame),
            *(flow.security.last_frame, flow.security.alerts, flow.security.tampered),
            *(flow.security.handshakes, flow.security.handshake_retransmissions),
        )
        for flow in session.carriers.secured
    ]


def kept(session: Session) -> list[tuple[bytes, tuple[object, ...]]]:
    """Each message that was taken out: header and bytes, and the packets that carried it."""
    found = []
    for row in range(len(session.messages)):
        message = session.messages.row(row)
        if message["flags"] & CARRIED:
            pieces = session.carriers.store.pieces(message["offset"])
            packet = session.packet(row)
            # The hash of the link differs from session to session.
            found.append((packet[: carried.LINK_HASH_AT] + packet[carried.ENDS_AT :], pieces))
    return found


def everything(session: Session) -> dict[str, Any]:
    return snapshot(session) | {"flows": flows(session), "kept": kept(session)}


def whole(path: Path, **more: Any) -> dict[str, Any]:
    """What a session knows that read the capture with the keys given."""
    return everything(read(path, **more, secrets=secrets(), **SETTINGS))


@some(25)
@given(mixtures(), st.integers(1, 40), st.sampled_from([200, 1 << 12, 1 << 20]))
def test_batches_make_no_difference(
    tmp_path: Path, talk: Conversation, limit: int, window: int
) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    assert whole(path, limit=limit, window=window) == whole(path)
    assert whole(path, limit=1) == whole(path)


@some(15)
@given(mixtures(), st.integers(1, 40))
def test_nor_do_they_without_keys(tmp_path: Path, talk: Conversation, limit: int) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    opaque = everything(read(path, limit, **SETTINGS))
    assert opaque == everything(read(path, **SETTINGS))
    assert opaque == everything(read(path, 1, **SETTINGS))
