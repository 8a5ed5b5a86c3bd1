# SPDX-License-Identifier: GPL-2.0-only
"""Bodies in blocks and observations, as scripts and people read them."""

from __future__ import annotations

import io
from typing import Any

from rules.conversation import Conversation
from transfers import cut, download, upload

from analyzer.report import exchange_entries
from analyzer.views import text

BODY = bytes(range(256)) * 2


def entries(talk: Conversation) -> list[dict[str, Any]]:
    return list(exchange_entries(talk.session()))


def lines(talk: Conversation) -> list[str]:
    out = io.StringIO()
    text.write_exchanges(talk.session(), out)
    return out.getvalue().splitlines()


def observed() -> Conversation:
    talk = Conversation().con("GET", observe=0, token=b"o", path="/t").ack("2.05", observe=7)
    for number in (8, 10, 9):
        talk.wait(29.99).non("2.05", observe=number, token=b"o")
    return talk.con("GET", observe=1, token=b"o", path="/t").ack("2.05")


def test_a_body_stands_with_the_exchange_that_made_it_whole() -> None:
    first, last = entries(upload(Conversation(), cut(BODY, 4)))
    assert (first["operation"], first["bodies"]) == (1, [])
    assert (last["operation"], last["bodies"]) == (
        1,
        [{"frame": 3, "of": "request", "length": 512, "frames": [1, 3]}],
    )
    assert lines(upload(Conversation(), cut(BODY, 4)))[1].endswith(
        "part of #1; request body whole: 512 bytes in 2 blocks"
    )


def test_a_body_of_a_response() -> None:
    last = entries(download(Conversation(), cut(BODY, 3)))[-1]
    assert last["bodies"] == [{"frame": 8, "of": "response", "length": 512, "frames": [2, 4, 6, 8]}]


def test_what_is_no_operation_says_nothing_of_one() -> None:
    (entry,) = entries(Conversation().con("GET").ack("2.05"))
    assert (entry["operation"], entry["bodies"], entry["observation"]) == (None, [], None)


def test_an_observation_has_its_notifications() -> None:
    first, last = entries(observed())
    told = first["observation"]
    assert told["deregistered_by"] == last["id"] == 2
    assert (told["ended"], told["ended_in"]) == ("deregistered by the client", 7)
    assert [(n["frame"], n["observe"], n["order"]) for n in told["notifications"]] == [
        (2, 7, "first"),
        (3, 8, "newer"),
        (4, 10, "newer"),
        (5, 9, "older"),
    ]
    assert told["notifications"][1]["gap"] == 30.0
    assert last["observation"] is None


def test_notifications_are_printed_below_their_observation() -> None:
    assert lines(observed())[1:6] == [
        "      ├ frame 2  ACK 2.05  Observe 7",
        "      ├ frame 3  NON 2.05  Observe 8  +30.000 s",
        "      ├ frame 4  NON 2.05  Observe 10  +30.000 s",
        "      ├ frame 5  NON 2.05  Observe 9  +30.000 s  older",
        "      └ frame 7  deregistered by the client",
    ]


def test_very_many_notifications_are_counted() -> None:
    talk = Conversation().con("GET", observe=0, token=b"o").ack("2.05", observe=1)
    for number in range(150):
        talk.non("2.05", observe=number + 2, token=b"o")
    assert lines(talk)[-1] == "      └ ... 51 more"
    assert len(entries(talk)[0]["observation"]["notifications"]) == 151
