# SPDX-License-Identifier: GPL-2.0-only
"""What OSCORE protects, through a session: opened, paired and judged as if clear; what stays
opaque is counted with its reason, and nothing is said to be missing in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from generated import read, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation
from rules.sealed import CONTEXT, Ends

from analyzer.carriers import unopened, wrapped
from analyzer.decryption.oscore import Reason
from analyzer.messages import Role
from analyzer.rules.catalogue import E, N, Severity, W
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_context import Context
from analyzer.secrets.oscore_files import read_contexts
from analyzer.session import Session
from dissectors.coap import numbers

CAPTURES: Final = Path(__file__).parents[2] / "captures"
KNOWN: Final = Secrets(oscore=(CONTEXT,))
OTHER: Final = Context("another", b"another secret!!", b"", b"", b"\x01")
REGISTRATION: Final = (
    b'{"Message Type":"REG","UE Service ID":"ue-1@example","MSGin5G UE ID":"ue-1",'
    b'"UE Credential Information":{"authentication type":"AKMA"}}'
)
REGISTERED: Final = b'{"UE Service ID":"ue-1@example","Registration result":"success"}'
SIZE: Final = 16


class Clear:
    """What `Ends` is for, without protection."""

    def asked(self, code: str, piv: int = -1, /, **inside: Any) -> dict[str, Any]:
        return inside

    def answered(self, code: str, piv: int | None = None, /, **inside: Any) -> dict[str, Any]:
        return inside


class Talk:
    """A conversation, sealed or in clear."""

    def __init__(self, ends: Ends | Clear) -> None:
        self.ends, self.talk, self._token = ends, Conversation(), 0
        self._sealed = isinstance(ends, Ends)

    def con(self, code: str, fresh: bool = True, **inside: Any) -> None:
        self._token += fresh
        outside = {"observe": inside["observe"]} if self._sealed and "observe" in inside else {}
        outer = ("FETCH" if outside else "POST") if self._sealed else code
        fields = self.ends.asked(code, **inside) | outside
        self.talk.con(outer, token=bytes([self._token]), **fields)

    def ack(self, code: str, **inside: Any) -> None:
        self.talk.ack("2.04" if self._sealed else code, **self.ends.answered(code, **inside))

    def separate(self, code: str, observe: int | None = None, **inside: Any) -> None:
        """A CON or, of an observation, a NON: there the n-th notification has sequence number
        n - 1, which tells the order in place of a value."""
        token = bytes([self._token])
        if observe is None:
            outer = "2.04" if self._sealed else code
            self.talk.con(outer, token=token, **self.ends.answered(code, **inside)).ack()
        elif self._sealed:
            fields = self.ends.answered(code, -1, observe=b"", **inside)
            self.talk.non("2.05", token=token, observe=observe, **fields)
        else:
            self.talk.non(code, token=token, observe=observe, **inside)


def fetched(talk: Talk) -> None:
    talk.con("GET", path="/a")
    talk.ack("2.05", content_format=0, payload=b"21")


def answered_separately(talk: Talk) -> None:
    talk.con("PUT", path="/a", content_format=0, payload=b"on")
    talk.talk.ack().wait(1)
    talk.separate("2.04")


def retransmitted(talk: Talk) -> None:
    talk.con("DELETE", path="/a")
    talk.talk.wait(2.5).again()
    talk.ack("2.02")
    talk.talk.again()


def registered(talk: Talk) -> None:
    talk.con("POST", path="/msgin5g/registration", content_format=50, payload=REGISTRATION)
    talk.ack("2.01", content_format=50, payload=REGISTERED)


def refused(talk: Talk) -> None:
    talk.con("POST", path="/msgin5g/registration", content_format=50, payload=REGISTRATION)
    talk.ack("4.03", payload=b"no")


def sent_in_blocks(talk: Talk) -> None:
    ends = range(0, len(REGISTRATION), SIZE)
    for at in ends:
        more = 8 if at != ends[-1] else 0
        block = at // SIZE << 4 | more
        part = REGISTRATION[at : at + SIZE]
        talk.con("POST", path="/reg", content_format=50, block1=block, payload=part)
        talk.ack("2.31" if more else "2.04", block1=block)


def answered_in_blocks(talk: Talk) -> None:
    ends = range(0, len(REGISTERED), SIZE)
    for at in ends:
        number = at // SIZE << 4
        asked = {"block2": number} if at else {}
        talk.con("GET", path="/b", **asked)
        more = 8 if at != ends[-1] else 0
        part = REGISTERED[at : at + SIZE]
        talk.ack("2.05", content_format=50, etag=b"1", block2=number | more, payload=part)


def unanswered(talk: Talk) -> None:
    talk.con("GET", path="/a")
    talk.talk.wait(300)


def rejected(talk: Talk) -> None:
    talk.con("GET", path="/a")
    talk.talk.rst()


DOINGS: Final[tuple[Callable[[Talk], None], ...]] = (
    fetched,
    answered_separately,
    retransmitted,
    registered,
    refused,
    sent_in_blocks,
    answered_in_blocks,
    unanswered,
    rejected,
)
COLUMNS: Final = (
    *("frame", "role", "exchange", "peer", "first", "code", "type", "message_id", "token"),
    *("response_time", "payload_length", "older_block", "message_type", "ue", "coap_length"),
)


def paired(session: Session) -> list[tuple[Any, ...]]:
    return [
        (*(cells[name] for name in COLUMNS), session.names[cells["uri"]])
        for cells in session.messages.rows()
    ]


def judged(session: Session) -> list[tuple[str, int, Severity, int]]:
    return [(f.rule.id, f.frame, f.severity, f.count) for f in session.findings]


# As if clear ---------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(DOINGS), min_size=1, max_size=6))
def test_what_was_opened_is_paired_and_judged_as_if_clear(
    doings: list[Callable[[Talk], None]],
) -> None:
    sealed, clear = Talk(Ends()), Talk(Clear())
    for doing in doings:
        doing(sealed)
        doing(clear)
    opened, plain = sealed.talk.session(secrets=KNOWN), clear.talk.session()
    assert paired(opened) == paired(plain)
    here, there = judged(opened), judged(plain)
    assert here == [found for found in there if found[0] != "MSG-33501-Y-CLEARTEXT"]
    assert not opened.carriers.unopened.messages


def test_observations_are_followed_by_their_partial_ivs() -> None:
    talk = Talk(Ends())
    talk.con("GET", path="/o", observe=0)
    outer = talk.ends.answered("2.05", observe=b"", content_format=0, payload=b"0")
    talk.talk.ack("2.05", observe=0, **outer)
    for number in range(3):
        talk.separate("2.05", observe=number + 1, content_format=0, payload=b"%d" % number)
    session = talk.talk.session(secrets=KNOWN)
    roles = [cells["role"] for cells in session.messages.rows()]
    assert roles == [Role.REQUEST, Role.RESPONSE, *[Role.NOTIFICATION] * 3]
    assert judged(session) == []


@pytest.mark.parametrize(
    ("first", "rule"),
    [(-1, "COAP-8613-4.1.3.5-NOTIF-NO-PIV"), (None, "COAP-8613-7.2-NONCE-REUSED")],
    ids=("nonce unused", "nonce used"),
)
def test_a_notification_without_partial_iv(first: int | None, rule: str) -> None:
    talk = Talk(Ends())
    talk.con("GET", path="/o", observe=0)
    for number, piv in enumerate((first, None)):
        inside = {"observe": b"", "content_format": 0, "payload": b"%d" % number}
        outer = talk.ends.answered("2.05", piv, **inside)
        talk.talk.non("2.05", token=b"\1", observe=number, **outer)
    found = talk.talk.findings(secrets=KNOWN)
    worst = [f for f in found if f.severity is E and f.rule.id != "COAP-7641-4.4-SEQ"]
    assert [(f.rule.id, f.frame) for f in worst] == [(rule, 3)]


def test_a_clear_message_of_the_same_form_does_not_hide_what_is_told_of_an_opened_one() -> None:
    ends = Ends()
    talk = Conversation().con("GET", path="/a", token=b"a")
    talk.ack("2.05", content_format=0, payload=b"1")
    talk.con("POST", token=b"b", **ends.asked("GET", path="/a"))
    talk.ack("2.05", content_format=0, payload=b"1")
    assert talk.rules(secrets=KNOWN)["COAP-8613-2-RESP-UNPROTECTED"] == W


def test_where_oscore_refuses_the_registration_was_not_judged() -> None:
    talk = Talk(Ends())
    talk.con("POST", path="/msgin5g/registration", content_format=50, payload=REGISTRATION)
    talk.talk.ack("4.01", max_age=0, payload=b"Replay detected")
    found = talk.talk.rules(secrets=KNOWN)
    assert found == {"COAP-8613-2-RESP-UNPROTECTED": N, "MSG-24538-6.3.1.1.1.d4-PAIR": N}


# Sequence numbers ----------------------------------------------------------------------------


def test_copies_of_a_datagram_are_no_replays() -> None:
    ends = Ends()
    talk = Conversation().con("POST", token=b"a", **ends.asked("GET", path="/a"))
    talk.recorded_again().wait(2.5).again()
    talk.ack("2.04", **ends.answered("2.05", -1, content_format=0, payload=b"1")).again()
    assert set(talk.rules(secrets=KNOWN).values()) == {N}


def test_what_a_proxy_passes_on_is_a_note() -> None:
    ends = Ends()
    outer = ends.asked("GET", path="/a")
    talk = Conversation().con("POST", token=b"a", **outer)
    talk.con("POST", token=b"b", source="192.0.2.9:5000", destination="192.0.2.3:5683", **outer)
    assert talk.rules(secrets=KNOWN)["COAP-8613-7.2-PIV-REPLAY"] == N


def test_two_responses_with_the_nonce_of_their_request() -> None:
    ends = Ends()
    talk = Conversation().con("POST", token=b"a", **ends.asked("GET", path="/a")).ack()
    talk.non("2.04", token=b"a", **ends.answered("2.05", content_format=0, payload=b"1"))
    talk.non("2.04", token=b"a", **ends.answered("2.05", content_format=0, payload=b"2"))
    (finding,) = talk.findings("COAP-8613-7.2-NONCE-REUSED", secrets=KNOWN)
    assert (finding.frame, finding.frames) == (4, [4, 3])


def test_a_counter_that_stands_still_is_one_finding() -> None:
    talk = Conversation()
    for number in range(9):
        outer = Ends().asked("GET", 0, path=f"/{number}")
        talk.con("POST", token=bytes([number]), **outer)
    (finding,) = talk.findings("COAP-8613-7.2-NONCE-REUSED", secrets=KNOWN)
    assert finding.count == 8


# What stands outside -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "outside", "rule", "severity"),
    [
        ("GET", {}, "COAP-8613-4.2-OUTER-CODE", E),
        ("FETCH", {}, "COAP-8613-4.2-OUTER-CODE", W),
        ("POST", {"path": "/a"}, "COAP-8613-4.1.1-OUTER-CLASS-E", E),
        ("POST", {"no_response": 2}, "COAP-8613-4.1.3.6-OUTER-NORESPONSE", W),
    ],
    ids=("code", "observe", "path", "no response"),
)
def test_what_stands_outside_is_judged_though_it_was_opened(
    code: str, outside: dict[str, Any], rule: str, severity: Severity
) -> None:
    talk = Conversation().con(code, token=b"a", **Ends().asked("GET", path="/a"), **outside)
    (finding,) = talk.findings(rule, secrets=KNOWN)
    assert (finding.severity, finding.frame, finding.span) == (severity, 1, None)
    assert [f.severity for f in talk.findings(rule)] == [severity]  # and without the key
    talk.recorded_again().wait(2.5).again()
    (finding,) = talk.findings(rule, secrets=KNOWN)
    assert finding.count == 1


def test_a_response_that_tells_its_context_again() -> None:
    ends = Ends()
    talk = Conversation().con("POST", token=b"a", **ends.asked("GET", path="/a"))
    outer = ends.answered("2.05", content_format=0, payload=b"1")
    talk.ack("2.04", **outer | {"oscore": b"\x10\x01c"})
    assert talk.rules(secrets=KNOWN) == {"COAP-8613-5-RESP-KIDCTX": W}


def test_options_that_may_stand_outside_are_no_breach() -> None:
    ends = Ends()
    talk = Conversation().con("POST", token=b"a", uri_host="h", **ends.asked("GET", path="/a"))
    outer = ends.answered("2.05", content_format=0, payload=b"1")
    talk.ack("2.04", max_age=0, **outer)
    assert talk.rules(secrets=KNOWN) == {}


# What stays opaque ---------------------------------------------------------------------------


def told(session: Session) -> list[tuple[str, str, bytes, Reason, str, int, int]]:
    return [
        (str(e.client), str(e.server), e.kid, e.reason, e.detail, e.messages, e.first_frame)
        for e in session.carriers.unopened.entries
    ]


def registering(ends: Ends | None = None) -> Conversation:
    talk = Talk(ends or Ends(CONTEXT._replace(client_id=b"\x42")))
    registered(talk)
    registered(talk)
    return talk.talk


@pytest.mark.parametrize("secrets", [None, KNOWN, Secrets(oscore=(OTHER,))])
def test_nothing_is_missing_in_what_was_not_read(secrets: Secrets | None) -> None:
    session = registering().session(secrets=secrets)
    assert {f.rule.id for f in session.findings} == {"COAP-CAP-OSCORE-OPAQUE"}
    assert session.carriers.unopened.messages == 4


ENDS: Final = ("192.0.2.1:40000", "192.0.2.2:5683")


@pytest.mark.parametrize(
    ("contexts", "reason", "detail"),
    [
        ((), Reason.NO_CONTEXTS, 'kid "0x42"'),
        ((CONTEXT,), Reason.NO_CONTEXT, 'kid "0x42"'),
        ((OTHER._replace(client_id=b"\x42"),), Reason.AUTHENTICATION, "tried another"),
    ],
)
def test_it_says_why_not_once(contexts: tuple[Context, ...], reason: Reason, detail: str) -> None:
    session = registering().session(secrets=Secrets(oscore=contexts))
    entries = [entry for entry in told(session) if entry[3] is reason]
    assert sum(entry[5] for entry in entries) == 4
    assert {entry[:2] for entry in entries} == {ENDS}
    assert entries[0][2:5] == (b"\x42", reason, detail)
    (finding,) = session.findings
    assert detail in finding.text
    assert (finding.frame, finding.severity) == (1, N)


def test_responses_without_their_request() -> None:
    talk = Conversation().con("2.04", token=b"a", **Ends().answered("2.05", payload=b"1")).ack()
    entry = (*ENDS, b"", Reason.REQUEST_UNSEEN, "", 1, 1)
    assert told(talk.session(secrets=KNOWN)) == [entry]


def test_what_the_capture_cut_is_not_taken_for_a_wrong_key() -> None:
    """Its response can be opened: kid and Partial IV are there."""
    ends = Ends()
    talk = Conversation().con("POST", token=b"a", cut=3, **ends.asked("GET", path="/abcdefgh"))
    talk.ack("2.04", **ends.answered("2.05", content_format=0, payload=b"1"))
    session = talk.session(secrets=KNOWN)
    assert told(session) == [(*ENDS, b"", Reason.CUT, "", 1, 1)]
    assert [cells["code"] for cells in session.messages.rows()] == [numbers.POST, numbers.CONTENT]


def test_one_that_was_cut_does_not_stand_for_all() -> None:
    ends = Ends(CONTEXT._replace(client_id=b"\x42"))
    outer = ends.asked("GET", path="/abcdefgh")
    talk = Conversation().con("POST", token=b"a", cut=len(outer["payload"]), **outer)
    registered(sealed := Talk(ends))
    for frame in sealed.talk.frames:
        talk.raw(frame.data, source=frame.source, destination=frame.destination)
    counted = [(entry[3], entry[5]) for entry in told(talk.session())]
    assert counted == [(Reason.CUT, 1), (Reason.NO_CONTEXTS, 2)]


def test_without_contexts_messages_are_counted_by_the_kernel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    take = wrapped.Wrapped.datagram
    monkeypatch.setattr(
        wrapped.Wrapped, "datagram", lambda *given: [looked.append(1), take(*given)][1]
    )
    talk = registering()
    for _ in range(20):
        talk.again(0)
    path = tmp_path / "sealed.pcap"
    path.write_bytes(talk.pcap())
    for limit in (0, 1, 5):
        looked.clear()
        (entry,) = told(read(path, limit))
        assert (entry[5], len(looked)) == (24, 1)


def test_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unopened, "MOST_UNOPENED", 3)
    talk = Conversation()
    for kid in range(9):
        ends = Ends(CONTEXT._replace(client_id=bytes([0x40 + kid])))
        talk.con("POST", token=bytes([kid]), **ends.asked("GET", path="/a"))
    tally = talk.session(secrets=KNOWN).carriers.unopened
    assert (len(tally.entries), tally.more, tally.messages) == (3, 6, 9)


# AKMA ----------------------------------------------------------------------------------------


def bootstrapped(*earlier: str) -> Conversation:
    talk = Conversation()
    for path in (*earlier, "/akma"):
        talk.con("POST", path=path, token=b"a", content_format=0, payload=b"a-kid")
        talk.ack("2.01", location_path="x")
    return talk


def test_the_bootstrap_is_named_and_makes_no_resource() -> None:
    talk = Conversation().con("POST", path="/akma", token=b"a", content_format=0, payload=b"a-kid")
    assert talk.ack("2.01").rules() == {"COAP-CAP-AKMA": N}
    talk.con("POST", path="/aqua", token=b"b", content_format=0, payload=b"a-kid").ack("2.01")
    assert talk.rules()["COAP-7252-5.8.2-CREATED-NO-LOCATION"] == W


def test_posts_of_the_same_form_do_not_hide_the_bootstrap() -> None:
    (finding,) = bootstrapped("/aqua", "/item").findings("COAP-CAP-AKMA")
    assert (finding.frame, finding.frames) == (6, [6, 5])


def test_what_follows_a_bootstrap_says_which_key_opens_it() -> None:
    talk = bootstrapped().con("POST", token=b"b", **Ends().asked("GET", path="/a"))
    (finding,) = talk.findings("COAP-CAP-OSCORE-OPAQUE")
    assert finding.text.endswith("agreed on by AKMA in frame 2: give K_AF")


# Order and batches ---------------------------------------------------------------------------


def seen(path: Path, secrets: Secrets | None, limit: int) -> tuple[Any, ...]:
    session = read(path, limit, secrets=secrets)
    return snapshot(session), told(session), session.carriers.unopened.more


CAPTURE: Final = CAPTURES / "oscore.pcapng"
ITS_CONTEXTS: Final = read_contexts(str(CAPTURES / "oscore-context.toml"))


@pytest.mark.parametrize("contexts", [(), ITS_CONTEXTS], ids=("without", "with"))
@pytest.mark.parametrize("limit", [1, 3])
def test_the_shipped_capture_one_record_at_a_time(
    contexts: tuple[Context, ...], limit: int
) -> None:
    secrets = Secrets(oscore=contexts)
    assert seen(CAPTURE, secrets, limit) == seen(CAPTURE, secrets, 0)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(DOINGS), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=5),
    st.sampled_from([(), (CONTEXT,), (OTHER,), (OTHER, CONTEXT)]),
)
def test_order_alone_matters(
    doings: list[Callable[[Talk], None]],
    moves: list[tuple[int, int]],
    contexts: tuple[Context, ...],
) -> None:
    talk = Talk(Ends())
    for doing in doings:
        doing(talk)
    frames = talk.talk.frames
    for source, destination in moves:  # sent again, elsewhere in the capture
        frame = frames[source % len(frames)]
        frames.insert(destination % (len(frames) + 1), frame)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sealed.pcap"
        path.write_bytes(talk.talk.pcap())
        secrets = Secrets(oscore=contexts)
        assert seen(path, secrets, 1) == seen(path, secrets, 0)
