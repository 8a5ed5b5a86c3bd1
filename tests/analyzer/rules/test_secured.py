# SPDX-License-Identifier: GPL-2.0-only
"""Handshakes that fail, clients that move: what is told, and when nothing is."""

from __future__ import annotations

from decryption import recorded

from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.settings import Settings

from .handshakes import (
    BAD_RECORD_MAC,
    CLIENT_KEY_EXCHANGE,
    CLOSE_NOTIFY,
    DECRYPT_ERROR,
    UNKNOWN_PSK_IDENTITY,
    Handshakes,
)

ALERT, UNFINISHED = "COAP-CAP-HANDSHAKE-ALERT", "COAP-CAP-HANDSHAKE-UNFINISHED"
MOVED = "COAP-CAP-CLIENT-MOVED"
N, W = Severity.NOTE, Severity.WARNING


def told(talk: Handshakes, rule: str) -> list[str]:
    return [finding.text for finding in talk.findings(rule)]


def test_an_alert_says_by_whom_and_what_it_mostly_means() -> None:
    (text,) = told(Handshakes().hellos().keys().alert(UNKNOWN_PSK_IDENTITY), ALERT)
    assert "the server 10.0.0.1:5684 sent Fatal: Unknown PSK Identity in the handshake" in text
    assert text.endswith('identity "ue-7": the server has no key for this identity')
    for alert in (BAD_RECORD_MAC, DECRYPT_ERROR):
        (text,) = told(Handshakes().hellos().keys().alert(alert, "client"), ALERT)
        assert "the client 10.0.0.2:49152 sent" in text
        assert "another pre-shared key" in text


def test_alerts_alike_are_one_finding() -> None:
    talk = Handshakes().hellos().alert(40).alert(40).alert(40, "client")
    assert [finding.count for finding in talk.findings(ALERT)] == [2, 1]


def test_warnings_and_closing_are_no_failure() -> None:
    talk = Handshakes().stands().alert(CLOSE_NOTIFY, level=1).alert(112, level=1)
    talk.alert(CLOSE_NOTIFY).alert(100)
    assert not talk.findings(ALERT)


def test_nobody_answers() -> None:
    (text,) = told(Handshakes().hello().wait(1).hello().later(90), UNFINISHED)
    assert text.endswith(
        "ClientHello 2 times, no answer; mostly no server is there, it has another port, or a "
        "firewall is between"
    )


def test_it_stops_behind_a_message() -> None:
    stopped = {
        "ServerHelloDone of the server": Handshakes().hellos(),
        "ClientKeyExchange of the client": Handshakes()
        .hellos()
        .message(CLIENT_KEY_EXCHANGE, b"\x00\x04ue-7", 1),
        "Finished of the client": Handshakes().hellos().keys(),
    }
    for message, talk in stopped.items():
        (finding,) = talk.later(90).findings(UNFINISHED)
        assert f"the handshake stops behind {message}" in finding.text
        assert finding.severity is W


def test_what_a_handshake_mostly_stops_by() -> None:
    """By what came again, and from whom."""
    cookie = b"c00k1e"
    asked = Handshakes().hello().verify()
    sealed = Handshakes().hellos().keys()
    resumed = Handshakes().hello().answer().finished("server")
    for likely, talk in (
        ("no server is there", Handshakes().hello().hello()),
        ("the HelloVerifyRequest does not reach it", asked.hello().verify()),
        ("its answer gets lost", Handshakes().hello().verify().hello(cookie).hello(cookie)),
        ("server's messages do not reach it whole", Handshakes().hellos().hello().answer()),
        ("server's messages do not reach it whole", Handshakes().hellos().answer()),
        ("another pre-shared key each", sealed.answer().keys().answer()),
        ("keys of the two ends differ", resumed.answer().finished("server")),
    ):
        (text,) = told(talk.later(90), UNFINISHED)
        assert likely in text
        assert text.count("mostly") == 1


def test_near_the_end_it_is_told_only_of_what_came_again() -> None:
    (text,) = told(Handshakes().hellos().keys().answer().later(20), UNFINISHED)
    assert "still open; the server does not take the client's Finished" in text


def test_a_finding_knows_its_flow() -> None:
    talk = Handshakes().hellos().keys().alert(UNKNOWN_PSK_IDENTITY)
    (finding,) = talk.findings(ALERT)
    (flow,) = talk.session().carriers.secured
    assert finding.flow == flow.number


def test_near_the_end_it_is_still_open() -> None:
    for talk in (Handshakes().hello(), Handshakes().hellos().keys().later(20)):
        (finding,) = talk.findings(UNFINISHED)
        assert finding.text.endswith("before the capture ends: still open")
        assert finding.severity is N


def test_of_one_end_alone_nothing_is_told() -> None:
    """The client goes on as if answered, or does not repeat itself."""
    client = Handshakes().hello().keys().later(90)
    once = Handshakes().hello().later(90)
    server = Handshakes().hellos()
    del server.frames[0]
    for talk in (client, once, server.later(90)):
        assert not talk.findings(UNFINISHED)


def test_an_alert_or_data_ends_it() -> None:
    for talk in (
        Handshakes().hellos().alert(40),
        Handshakes().hellos().keys().data(),
        Handshakes().stands(),
    ):
        assert not talk.later(90).findings(UNFINISHED)


def test_who_closes_what_never_was_waits_no_more() -> None:
    """A server that never answered a Finished closes: nothing is open, and it says no reason."""
    talk = Handshakes().hellos().keys().alert(CLOSE_NOTIFY, level=1)
    (finding,) = talk.findings(UNFINISHED)
    assert finding.severity == Severity.WARNING
    assert 'stops behind Finished of the client, identity "ue-7"; the server does' in finding.text
    assert not Handshakes().stands().alert(CLOSE_NOTIFY, level=1).later(90).findings(UNFINISHED)


def test_a_wrong_key_on_one_end_looks_like_this() -> None:
    """The server says nothing to a Finished that it cannot open; the client sends it again."""
    session = Session(Settings(dtls_ports=frozenset({recorded.PORT})))
    session.open([recorded.path("coap-wrong-key")])
    session.read_all()
    (finding,) = (found for found in session.findings if found.rule.id == UNFINISHED)
    assert 'identity "ue-1"' in finding.text


def test_a_client_that_moves_is_told_once_for_each_address() -> None:
    talk = Handshakes(b"\x0a").stands().data()
    for source in ("10.0.0.2:50007", "10.0.0.2:50007", "10.0.0.9:50007"):
        talk.data(source=source)
    texts = told(talk.data(), MOVED)
    assert [text.partition("changed ")[2] for text in texts] == [
        "from 10.0.0.2:49152 to 10.0.0.2:50007",
        "from 10.0.0.2:50007 to 10.0.0.9:50007",
    ]
    (flow,) = talk.session().carriers.secured
    assert flow.opaque == 5
