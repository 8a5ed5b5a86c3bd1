# SPDX-License-Identifier: GPL-2.0-only
"""Times of one exchange in its detail and in the list."""

from __future__ import annotations

from rules.conversation import Conversation

from analyzer.capture import Intake
from analyzer.views.detail.generated import exchange_nodes
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.exchanges import ExchangeRows


def told(talk: Conversation, row: int = 0) -> list[str]:
    """What the detail of a message says of its exchange."""
    view = CaptureView(Intake(()))
    view.session = talk.session()
    return [node.text for node in exchange_nodes(view, row)]


def sent_again() -> Conversation:
    return Conversation().con("GET", path="/a").wait(1.99).again().wait(3.99).again()


def test_gaps_and_their_ratios() -> None:
    assert "[Sent again after: 2.00 s, 4.00 s (× 2.00)]" in told(sent_again())


def test_of_several_transmissions_nobody_knows_which_was_answered() -> None:
    words = told(sent_again().ack("2.05"))
    for wanted in (
        "[Response time: 6.01 s]",
        "[Response time: 10 ms from the last transmission]",
        "[Which of 3 transmissions was answered is unknown]",
    ):
        assert wanted in words


def test_of_one_transmission_everybody_knows() -> None:
    words = told(Conversation().con("GET", path="/a").ack("2.05"))
    assert "[Response time: 10 ms]" in words
    assert not any("transmission" in line for line in words)


def test_a_separate_response_counts_from_its_acknowledgement_too() -> None:
    talk = Conversation().con("GET", path="/a", token=b"t").ack().wait(2.99)
    words = told(talk.con("2.05", token=b"t").ack())
    assert "[ACK after: 10 ms]" in words
    assert "[Response after the ACK: 3.00 s]" in words


def test_the_list_marks_an_ambiguous_time() -> None:
    talk = sent_again().ack("2.05").con("GET", path="/b", token=b"b").ack("2.05")
    view = CaptureView(Intake(()))
    view.session = talk.session()
    rows = ExchangeRows(view)
    rows.refresh()
    after = [column.key for column in rows.columns].index("response_time")
    shown = ["".join(text for text, _ in rows.cells(index)[after]) for index in range(2)]
    assert shown == ["6.01 s?", "10 ms"]
