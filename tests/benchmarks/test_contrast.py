# SPDX-License-Identifier: GPL-2.0-only
"""The contrast with tshark tells what there is: one small conversation for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import contrast as module
import pytest
from contrast import Contrast, Response, Verdict, contrast
from rules.conversation import Conversation
from tshark import Layers, coap_frames, needs_tshark

pytestmark = needs_tshark

SAME, OURS, THEIRS, DIFFERENT, NEITHER = Verdict
OTHER_SERVER = "192.0.2.3:5683"

Told = Callable[[Conversation], Contrast]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wireshark")


@pytest.fixture
def told(tmp_path: Path, home: Path) -> Told:
    def read(talk: Conversation) -> Contrast:
        path = tmp_path / "conversation.pcap"
        path.write_bytes(talk.pcap())
        return contrast(path, home)

    return read


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", **{"token": b"ab", "path": "/a"} | fields)


def observed() -> Conversation:
    return get(observe=0).ack("2.05", observe=1).con("2.05", observe=2)


def expired() -> Conversation:
    return get(mid=7).ack("2.05").wait(300).con("GET", token=b"ab", path="/a", mid=7).ack("2.05")


def two_servers() -> Conversation:
    talk = get(mid=7).ack("2.05")
    return talk.con("GET", token=b"ab", path="/a", mid=7, destination=OTHER_SERVER).ack("2.05")


def stale_path() -> Conversation:
    return get().ack("2.05").con("GET", token=b"ab", path="/b").ack("2.05")


CASES: dict[str, tuple[Conversation, list[tuple[Verdict, int, int, str]]]] = {
    "piggybacked": (get().ack("2.05"), [(SAME, 1, 1, "")]),
    "retransmitted request": (get().wait(2).again().ack("2.05"), [(SAME, 1, 1, "")]),
    "answered twice": (
        get().ack("2.05").wait(2).again(0).ack("2.05", mid=0x1001),
        [(SAME, 1, 1, ""), (SAME, 1, 1, "")],
    ),
    "separate": (get().ack().con("2.05").ack(), [(OURS, 1, 0, "separate response")]),
    "separate, empty ACK lost": (get().con("2.05").ack(), [(OURS, 1, 0, "separate response")]),
    "NON": (
        Conversation().non("GET", token=b"ab").non("2.05"),
        [(OURS, 1, 0, "NON response")],
    ),
    "notification": (observed().ack(), [(SAME, 1, 1, ""), (OURS, 1, 0, "notification")]),
    "retransmitted notification": (
        observed().wait(2).again(),
        [
            (SAME, 1, 1, ""),
            (OURS, 1, 0, "notification"),
            (OURS, 1, 0, "retransmitted notification"),
        ],
    ),
    "empty token": (get(token=b"").ack("2.05"), [(OURS, 1, 0, "empty token")]),
    "expired": (expired(), [(SAME, 1, 1, ""), (DIFFERENT, 3, 1, "expired")]),
    "two servers": (two_servers(), [(SAME, 1, 1, ""), (DIFFERENT, 3, 1, "other server")]),
    "captured twice": (
        get().recorded_again().ack("2.05").recorded_again(),
        [(SAME, 1, 1, ""), (THEIRS, 0, 1, "capture duplicate")],
    ),
    "other token": (get().ack("2.05", token=b"xy"), [(OURS, 1, 0, "other token")]),
    "other Message ID": (get().ack("2.05", mid=9), [(OURS, 1, 0, "other Message ID")]),
    "from another address": (
        get().con("2.05", source=OTHER_SERVER),
        [(OURS, 1, 0, "other server")],
    ),
    "multicast": (
        Conversation().non("GET", token=b"ab", destination="224.0.1.187:5683").non("2.05"),
        [(OURS, 1, 0, "multicast")],
    ),
    "unasked": (
        get().ack("2.05").non("2.05", token=b"xy"),
        [(SAME, 1, 1, ""), (NEITHER, 0, 0, "orphan")],
    ),
    "another port": (
        Conversation(server="192.0.2.2:9999").con("GET", token=b"ab", path="/a").ack("2.05"),
        [(SAME, 1, 1, "")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_answer_gets_its_verdict_and_reason(told: Told, name: str) -> None:
    talk, expected = CASES[name]
    responses = told(talk).responses
    assert [(r.verdict, r.ours, r.theirs, r.reason) for r in responses] == expected
    assert [r for r in responses if r.stale_path] == []


def test_a_token_that_is_used_again_shows_its_first_path(told: Told) -> None:
    assert told(stale_path()).responses == [Response(2, 1, 1), Response(4, 3, 3, "", "/a")]
    separate = stale_path().con("GET", token=b"ab").ack().con("2.05")
    assert told(separate).responses[-1] == Response(7, 5, 0, "separate response", "/a")


def test_empty_acks_and_resets_are_tied_by_message_id(told: Told) -> None:
    talk = observed().ack().con().rst().con("2.05", observe=3, token=b"ab").rst()
    found = told(talk)
    assert (found.empty, found.empty_ours, found.empty_theirs) == (3, 3, 0)
    assert not found.orphans


def test_what_has_no_request_is_counted(told: Told) -> None:
    talk = get().ack("2.05").non("2.05", token=b"xy")
    talk.ack(mid=77).rst(mid=78).ack(mid=79, by="server")
    found = told(talk)
    assert found.orphans == {"response": 1, "ACK": 2, "RST": 1}
    assert (found.empty, found.empty_ours) == (3, 0)


# What would be wrong shows ---------------------------------------------------------------------


def two_requests() -> Conversation:
    return get().ack("2.05").con("GET", token=b"cd", path="/b").ack("2.05")


def test_a_wrong_pair_of_ours_is_no_match(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Contrasted, "_named_by_us", lambda self, frame: 1)
    right, wrong = told(two_requests()).responses
    assert right == Response(2, 1, 1)
    assert (wrong.verdict, wrong.reason) == (DIFFERENT, "other token")


def test_the_same_wrong_pair_of_both_is_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Contrasted, "_named_by_us", lambda self, frame: 1)
    monkeypatch.setattr(module._Contrasted, "_named_by_tshark", lambda self, frame: 1)
    assert told(two_requests()).responses[1].reason == "other token"


def test_an_ack_in_the_exchange_of_another_message_does_not_count(
    tmp_path: Path, home: Path
) -> None:
    talk, path = get().ack(), tmp_path / "conversation.pcap"
    path.write_bytes(talk.pcap())
    wrong = module._Contrasted(talk.session(), path, home)
    wrong._ours[2]["exchange"] += 1
    found = wrong.whole()
    assert (found.empty, found.empty_ours) == (1, 0)


@pytest.mark.parametrize(("whom", "verdict"), [("us", THEIRS), ("tshark", OURS)])
def test_what_no_bytes_prove_is_unexplained(
    told: Told, monkeypatch: pytest.MonkeyPatch, whom: str, verdict: Verdict
) -> None:
    monkeypatch.setattr(module._Contrasted, f"_named_by_{whom}", lambda self, frame: 0)
    (response,) = told(get().ack("2.05")).responses
    assert (response.verdict, response.reason) == (verdict, module.UNEXPLAINED)


def test_response_in_counts_as_the_word_of_tshark(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_response_to(*arguments: Any, **more: Any) -> dict[int, Layers]:
        frames = coap_frames(*arguments, **more)
        for layers in frames.values():
            layers.pop("coap.response_to", None)
        return frames

    monkeypatch.setattr(module, "coap_frames", without_response_to)
    assert told(get().ack("2.05")).responses == [Response(2, 1, 1)]
