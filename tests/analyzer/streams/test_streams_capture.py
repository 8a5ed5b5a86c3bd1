# SPDX-License-Identifier: GPL-2.0-only
"""Real connections: `captures/streams.pcapng`, whole, and with packets missing."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from analyzer.streams.model import Fault, FaultKind, Framed
from dissectors.coap import signalling
from dissectors.coap.stream import code_place

from .recorded_segments import Peers, Row, followed, segments
from .segments import faults_of

CAPTURE = Path(__file__).parents[3] / "captures" / "streams.pcapng"
ROWS = segments(CAPTURE)
WHOLE = followed(ROWS)

FAULTS = {"127.0.5.5": [FaultKind.FRAME_CUT], "127.0.5.6": [FaultKind.FRAME]}


def code(framed: Framed) -> int:
    return framed.data[code_place(framed.data, 0)]


def token(framed: Framed) -> bytes:
    at = code_place(framed.data, 0) + 1
    return framed.data[at : at + framed.data[0] % 16]


def framed_of(client: str) -> list[Framed]:
    (found,) = (found for peers, (_, found) in WHOLE.items() if peers[0] == client)
    return [one for one in found if isinstance(one, Framed)]


def test_every_connection_is_read_from_its_syn_to_its_end() -> None:
    assert len(WHOLE) == 14
    for peers, (connection, found) in WHOLE.items():
        assert connection.opened
        assert connection.closed
        assert faults_of(found) == FAULTS.get(peers[0], [])
        websocket = peers[2] == "127.0.0.8"
        assert connection.protocol == ("coap+ws" if websocket else "coap+tcp")
        assert connection.subprotocol == ("coap" if websocket else "")
        framed = [one for one in found if isinstance(one, Framed)]
        for forward in (True, False):
            first = next(one for one in framed if one.forward is forward)
            assert code(first) == signalling.CSM


def test_every_answer_has_the_token_of_a_request_of_its_connection() -> None:
    for _, found in WHOLE.values():
        framed = [one for one in found if isinstance(one, Framed)]
        asked = {token(one) for one in framed if 0 < code(one) < 32 or code(one) == signalling.PING}
        answered = [one for one in framed if code(one) >> 5 in (2, 4, 5)]
        assert all(token(one) in asked and not one.forward for one in answered)


def test_several_messages_of_a_segment_and_one_of_several() -> None:
    sent = [one for one in framed_of("127.0.5.2") if one.forward]
    assert [code(one) for one in sent] == [signalling.CSM, 1, 1, 1, 1, 1]
    frames = [[piece.frame for piece in one.pieces] for one in sent]
    assert frames[0] == frames[1] == frames[2] == frames[3]
    assert len(frames[4]) == 3
    assert frames[5] == frames[4][-1:]


def test_signalling() -> None:
    codes = {
        client: [code(one) for one in framed_of(client)] for client in ("127.0.5.3", "127.0.5.4")
    }
    assert (
        codes["127.0.5.3"].count(signalling.PING) == codes["127.0.5.3"].count(signalling.PONG) == 2
    )
    assert codes["127.0.5.3"][-2:] == [0, 0]
    assert codes["127.0.5.4"][-1] == signalling.ABORT
    assert code(framed_of("127.0.5.1")[-1]) == signalling.RELEASE


@pytest.mark.parametrize("seed", range(12))
def test_with_packets_missing_nothing_is_made_up(seed: int) -> None:
    """Half of the seeds lose packets, the others begin in the middle of each connection."""
    chance = random.Random(seed)
    if seed % 2:
        rows = [row for row in ROWS if chance.random() > 0.15]
    else:
        begins: dict[frozenset[str], int] = {}
        rows = []
        for row in ROWS:
            pair = frozenset((row[0], row[2]))
            left = begins.setdefault(pair, chance.randrange(2, 9))
            begins[pair] = left - 1
            rows += [row] if left <= 0 else []
    read = 0
    for peers, (_, found) in followed(rows).items():
        whole = Counter(one.data for one in WHOLE[peers][1] if isinstance(one, Framed))
        some = Counter(one.data for one in found if isinstance(one, Framed))
        assert some <= whole, peers
        read += some.total()
        kinds = {one.kind for one in found if isinstance(one, Fault)}
        assert kinds <= {FaultKind.LOST, FaultKind.WS_FRAME, *FAULTS.get(peers[0], [])}, peers
    assert read > 30


def said(rows: list[Row]) -> dict[Peers, list[bytes]]:
    """What each connection brought to light, whichever side is read first."""
    return {
        peers: sorted(one.data for one in found if isinstance(one, Framed))
        for peers, (_, found) in followed(rows).items()
    }


def test_packets_recorded_twice_or_out_of_order_change_nothing() -> None:
    whole = said(ROWS)
    assert said([row for row in ROWS for _ in range(2)]) == whole
    swapped = ROWS.copy()
    for at in range(0, len(swapped) - 1):
        first, second = swapped[at : at + 2]
        if first[:2] == second[:2] and first[4].data and second[4].data:
            swapped[at : at + 2] = second, first
    assert swapped != ROWS
    assert said(swapped) == whole


@pytest.mark.parametrize("size", [1, 7, 100])
def test_segments_cut_by_the_snap_length_cost_no_more_than_their_messages(size: int) -> None:
    cut = [(*row[:4], row[4]._replace(data=row[4].data[:size])) for row in ROWS]
    for peers, (_, found) in followed(cut).items():
        read = [one.data for one in found if isinstance(one, Framed)]
        whole = [one.data for one in WHOLE[peers][1] if isinstance(one, Framed)]
        assert Counter(read) <= Counter(whole)
        kinds = {FaultKind.LOST, FaultKind.WS_FRAME, *FAULTS.get(peers[0], [])}
        assert set(faults_of(found)) <= kinds
        # One message of 127.0.5.2 stands behind the cut, in a segment of two.
        if size == 100 and peers[2] != "127.0.0.8" and peers[0] != "127.0.5.2":
            assert [one for one in read if len(one) < 16] == [one for one in whole if len(one) < 16]
