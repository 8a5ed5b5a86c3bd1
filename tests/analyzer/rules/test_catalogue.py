# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import re

import pytest

from analyzer.capture_events import FlowEnded, FragmentsMissing
from analyzer.events import CopiesIgnored, NeverAnswered, Probed, Unacknowledged, Unanswered
from analyzer.profiles.transmission import DEFAULT, SECOND, TIMERS, parameters
from analyzer.rules import catalogue
from analyzer.rules.catalogue import DEFECT_RULES, E, N, Rule, Scope, Severity, W
from analyzer.rules.left_out import LEFT_OUT
from analyzer.stream_events import HandshakeUnfinished
from dissectors.coap.wire import Defect

from .conversation import Conversation, Side

RULES = catalogue.load()
_ID = re.compile(
    r"COAP-(\d{4})-(\d+(?:\.\d+)*)-([A-Z0-9]+(?:-[A-Z0-9]+)*)|COAP-CAP-[A-Z]+(?:-[A-Z]+)*|COAP-GCBIS-[0-9.]+-[A-Z-]+"
    r"|MSG-.+"
)
_HEX = re.compile(r"([0-9a-f]{2}(?: [0-9a-f]{2})*)(?:  |$)")
_TEXTS = ("title", "what", "why", "bad", "good", "fix")

# The tables of the specification: capture facts, framing, option encoding.
_CAPTURE = {
    "COAP-CAP-DUP": N,
    "COAP-CAP-CUT": N,
    "COAP-CAP-ONEWAY": N,
    "COAP-CAP-MIDSTART": N,
    "COAP-CAP-CLOCK": N,
    "COAP-CAP-ICMP": N,
    "COAP-CAP-OPAQUE": N,
    "COAP-CAP-HANDSHAKE-ALERT": W,
    "COAP-CAP-HANDSHAKE-UNFINISHED": W,
    "COAP-CAP-CLIENT-MOVED": N,
    "COAP-CAP-NONCOAP": N,
    "COAP-CAP-NATLEG": N,
    "COAP-CAP-CHECKSUM": N,
    "COAP-CAP-FRAG-OVERLAP": W,
    "COAP-CAP-FRAG-MISSING": N,
}
_STREAMS = {
    "COAP-8323-3.2-FRAME": E,
    "COAP-8323-4.2-WS-LEN": E,
    "COAP-8323-4.2-WS-TEXT": E,
    "COAP-8323-5.3-CSM-FIRST": E,
    "COAP-8323-5.3.1-TOO-BIG": W,
    "COAP-8323-5-CRIT-SIGNAL-OPT": W,
    "COAP-8323-5-SIGNAL-OPT-LEN": E,
    "COAP-8974-2.2.1-CSM-RANGE": E,
    "COAP-8974-2.2.1-TOKEN-OVER": E,
    "COAP-8323-5.4-PONG-TOKEN": E,
    "COAP-8323-5.4-PING-UNANSWERED": W,
    "COAP-8323-5.5-AFTER-RELEASE": N,
    "COAP-8323-5.6-AFTER-ABORT": W,
    "COAP-8323-5.6-ABORT": N,
    "COAP-8323-6-BERT": W,
    "COAP-8323-3.4-EMPTY": N,
}
_FRAMING = {
    "COAP-7252-3-SHORT": E,
    "COAP-7252-3-VERSION": E,
    "COAP-7252-3-VERSION-ANSWERED": W,
    "COAP-8974-2.1-TKL-15": E,
    "COAP-7252-3-TKL-RESERVED": W,
    "COAP-8974-2.2.2-PROBE-NON": W,
    "COAP-8974-2.2.2-AFTER-RST": W,
    "COAP-7252-3-TOKEN-TRUNC": E,
    "COAP-7252-3-CODE-CLASS": E,
    "COAP-8323-5-SIGNAL-ON-UDP": E,
    "COAP-7252-12.1-METHOD-UNASSIGNED": W,
    "COAP-7252-12.1-RESPONSE-UNASSIGNED": N,
    "COAP-7252-4.1-EMPTY-EXTRA": E,
    "COAP-7252-4.2-ACK-REQUEST": E,
    "COAP-7252-4.2-ACK-CLASS": E,
    "COAP-7252-4.2-RST-NONEMPTY": E,
    "COAP-7252-4.3-NON-EMPTY": E,
    "COAP-7252-4.3-PING": N,
    "COAP-7252-3-MARKER-NO-PAYLOAD": E,
    "COAP-7252-4.6-FRAGMENTED": W,
    "COAP-7252-4.6-LARGE": N,
    "COAP-7252-6.2-PLAIN-ON-5684": W,
}
_OPTIONS = {
    "COAP-7252-3.1-DELTA-15": E,
    "COAP-7252-3.1-LENGTH-15": E,
    "COAP-7252-3.1-EXT-TRUNC": E,
    "COAP-7252-3.1-VALUE-TRUNC": E,
    "COAP-7252-3.1-NUMBER-OVERFLOW": E,
    "COAP-7252-5.4.3-LEN-CRITICAL": E,
    "COAP-7252-5.4.3-LEN-ELECTIVE": W,
    "COAP-7252-3.2-UINT-LEADING-ZERO": N,
    "COAP-7252-3.2-UTF8": E,
    "COAP-7252-5.4.1-CRIT-UNKNOWN": W,
    "COAP-7252-5.4.1-ELEC-UNKNOWN": N,
    "COAP-7252-12.2-EXPERIMENTAL": W,
    "COAP-7252-5.10.7-RESERVED-LOC": W,
    "COAP-7252-5.4.5-REPEATED": E,
    "COAP-7252-5.10.6.1-ETAG-REPEATED-RESP": E,
    "COAP-7252-5.4.4-DEFAULT": N,
    "COAP-7252-5.4-CONTEXT-REQ": E,
    "COAP-7252-5.4-CONTEXT-RESP": E,
    "COAP-7252-5.4-CONTEXT-METHOD": W,
}
_TABLES = _CAPTURE | _FRAMING | _OPTIONS

# ... message layer and requests with their responses: severity, and `conv` where the scope is that.
_EXCHANGES = """
COAP-7252-4.2-RETRANSMISSION N, COAP-7252-4.3-NON-REPEAT N, COAP-7252-4.4-MID-REUSE E conv,
COAP-7641-4.5.2-NOTIF-SAME-MID W conv, COAP-7252-4.2-RETR-EARLY W, COAP-7252-4.2-RETR-BACKOFF W,
COAP-7252-4.2-RETR-COUNT W, COAP-7252-4.2-RETR-SPAN W, COAP-7252-4.2-RETR-AFTER-ACK N,
COAP-7252-4.2-CON-UNANSWERED W, COAP-7252-4.2-GAVE-UP N, COAP-7252-4.2-ACK-DELAY N,
COAP-7252-4.4-ACK-ORPHAN W, COAP-7252-4.4-RST-ORPHAN N, COAP-7252-4.4-ACK-OTHER-ENDPOINT E,
COAP-7252-4.3-NON-ACKED E, COAP-7252-4.3-NON-RST N, COAP-7252-8.1-MC-RST W,
COAP-7252-8.1-MC-ACK E, COAP-7252-4.2-ACK-TO-ACK E, COAP-7252-4.2-PING-ACKED E,
COAP-7252-4.2-PING-UNANSWERED N, COAP-7252-5.2.2-ACK-NONEMPTY E,
COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK E, COAP-7252-4.5-ACK-DIFFERS W, COAP-7252-4.5-ACK-SURPLUS N,
COAP-7252-4.5-ACK-MISSING-FOR-DUP N, COAP-7252-4.2-REJECT-EXPECTED W, COAP-7252-4.7-NSTART W conv,
COAP-7252-4.7-PROBING-RATE N conv,
COAP-7252-5.3.2-PIGGY-TOKEN E, COAP-7252-5.3.2-PIGGY-MID E, COAP-7252-5.3.2-OTHER-ENDPOINT E,
COAP-7252-5.3.2-ORPHAN-RESPONSE W, COAP-7252-5.2.2-NO-RESPONSE W, COAP-7252-5.2-NON-NO-RESPONSE N,
COAP-7252-5.2.3-NON-CON N, COAP-7252-5.2-EXTRA-RESPONSE W, COAP-7252-5.2.2-SEPARATE N,
COAP-7252-5.3.2-LATE-RST N, COAP-7252-5.3.2-ORPHAN-ACKED W, COAP-7252-4.2-RST-AND-RESPONSE W,
COAP-7252-5.9-CODE-METHOD E, COAP-7252-5.8-UNKNOWN-METHOD W, COAP-7252-5.8.2-CREATED-NO-LOCATION W,
COAP-7252-5.10.4-ACCEPT E, COAP-7252-5.9.1.3-VALID-UNASKED E, COAP-7252-5.9.1.3-VALID-ETAG E,
COAP-7252-5.10.8.1-IFMATCH W, COAP-7252-5.10.8.2-IFNONEMATCH W, COAP-7252-5.4.1-BADOPT-ACCEPTED W,
COAP-7252-5.4.1-CRIT-RESP-ACCEPTED W, COAP-7252-5.9.2.3-REPEATED-BADOPT W conv,
COAP-7252-5.9.2.9-413-NO-SIZE1 N, COAP-8516-4-RETRY-EARLY W conv,
COAP-7252-5.9.3.4-RETRY-EARLY N conv, COAP-8516-3-429-NO-MAXAGE N,
COAP-7252-5.3.1-TOKEN-REUSE W conv, COAP-7252-5.3.1-TOKEN-REUSE-OBS E conv,
COAP-GCBIS-3.1.5-MC-TOKEN-REUSE W conv, COAP-7252-8.2-MC-RESPONDERS N,
COAP-7252-8.2-MC-NO-LEISURE W, COAP-7252-8.2-MC-RESP-CON W, COAP-GCBIS-3.1.2-MC-ERROR-RESP N,
COAP-7967-2-IGNORED N, COAP-7967-2-CON-NOACK W, COAP-6690-4-WELLKNOWN-CF W,
COAP-8613-2-RESP-UNPROTECTED W, COAP-9175-2.3-ECHO-NOT-RETURNED W conv
"""
_CONVERSATION = {
    "COAP-CAP-ONEWAY",
    "COAP-CAP-MIDSTART",
    "COAP-CAP-CLOCK",
    "COAP-CAP-OPAQUE",
    "COAP-CAP-HANDSHAKE-ALERT",
    "COAP-CAP-HANDSHAKE-UNFINISHED",
    "COAP-CAP-CLIENT-MOVED",
    "COAP-CAP-NONCOAP",
    "COAP-CAP-CHECKSUM",
    "COAP-CAP-FRAG-OVERLAP",
    "COAP-CAP-FRAG-MISSING",
    "COAP-8974-2.2.2-PROBE-NON",
    "COAP-8974-2.2.2-AFTER-RST",
    "COAP-7252-6.2-PLAIN-ON-5684",
}
_CONVERSATION |= {
    "COAP-8323-5.3-CSM-FIRST",
    "COAP-8323-5.5-AFTER-RELEASE",
    "COAP-8323-5.6-AFTER-ABORT",
    "COAP-8323-5.6-ABORT",
}
_EXCHANGE = {"COAP-8323-5.4-PONG-TOKEN", "COAP-8323-5.4-PING-UNANSWERED"}
_EXCHANGE |= {"COAP-CAP-ICMP", "COAP-CAP-NATLEG", "COAP-7252-3-VERSION-ANSWERED"}

_EXAMPLES = [
    pytest.param(rule, example.group(1), bad, id=f"{rule.id}-{'bad' if bad else 'good'}")
    for rule in RULES.values()
    for text, bad in ((rule.bad, True), (rule.good, False))
    if (example := _HEX.match(text))
]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_complete(rule: Rule) -> None:
    match = _ID.fullmatch(rule.id)
    assert match
    if match.group(1):
        assert (rule.spec, rule.clause) == (f"RFC {match.group(1)}", match.group(2))
    elif rule.id.startswith("COAP-CAP-"):
        assert (rule.spec, rule.clause) == ("capture", "")
    for name in _TEXTS:
        text = getattr(rule, name)
        assert text == text.strip()
        assert text
        assert "  " not in _HEX.sub("", text)
    assert not rule.title.endswith(".")


@pytest.mark.parametrize(("rule", "severity"), (_TABLES | _STREAMS).items())
def test_the_tables_of_the_specification(rule: str, severity: Severity) -> None:
    declared = RULES[rule]
    assert declared.severity is severity
    expected = Scope.MESSAGE
    if rule in _CONVERSATION:
        expected = Scope.CONVERSATION
    elif rule in _EXCHANGE:
        expected = Scope.EXCHANGE
    assert declared.scope is expected


@pytest.mark.parametrize("row", [row.split() for row in _EXCHANGES.split(",")], ids=" ".join)
def test_the_tables_of_exchanges(row: list[str]) -> None:
    declared = RULES[row[0]]
    assert declared.severity is {"E": E, "W": W, "N": N}[row[1]]
    assert declared.scope is (Scope.CONVERSATION if row[2:] == ["conv"] else Scope.EXCHANGE)


def test_the_areas_hold_nothing_else() -> None:
    areas = {
        "capture",
        "secured",
        "lower_layers",
        "framing",
        "tokens",
        "codes",
        "options",
        "option_use",
    }
    defined = {d.rule.id for d in DEFECT_RULES.values()}
    for predicates in catalogue.PREDICATES.values():
        for rule, predicate in ((j.rule, j.predicate) for j in predicates):
            if rule is not None and predicate.__module__.rpartition(".")[2] in areas:
                defined.add(rule.id)
    assert defined == _TABLES.keys()


def test_every_defect_has_its_rule() -> None:
    of_streams = {Defect.FRAME_LENGTH, Defect.WS_LENGTH}  # streams.py tells them before
    by_predicate = {
        Defect.EMPTY_EXTRA,
        Defect.STRING_NOT_UTF8,
        Defect.STRING_NOT_NET_UNICODE,
        Defect.CUT,
    }
    assert DEFECT_RULES.keys() == set(Defect) - by_predicate - of_streams


@pytest.mark.parametrize(("rule", "data", "bad"), _EXAMPLES)
def test_an_example_is_what_it_says(rule: Rule, data: str, bad: bool) -> None:
    message = bytes.fromhex(data)
    answers = len(message) > 1 and (message[0] >> 4 & 3 >= 2 or message[1] >= 0x40)
    by: Side = "server" if answers else "client"
    assert (rule.id in Conversation().raw(message, by=by).rules()) == bad


def test_most_examples_of_format_rules_are_bytes() -> None:
    assert len(_EXAMPLES) >= 70


# Transmission parameters ----------------------------------------------------------------------


ABSENCES = (
    *(Unacknowledged, Unanswered, NeverAnswered, CopiesIgnored, Probed),
    *(FlowEnded, FragmentsMissing, HandshakeUnfinished),
)
"""Events that tell what did not come; rules on others say themselves that they look at that."""


def test_what_was_not_seen_is_no_error_under_any_profile() -> None:
    for event in ABSENCES:
        for judgement in catalogue.PREDICATES.get(event, ()):
            assert judgement.rule is None or judgement.rule.absence, judgement.rule.id
    declared = [rule for rule in RULES.values() if rule.absence]
    assert {"COAP-CAP-ONEWAY", "COAP-7959-2.5-INCOMPLETE"} <= {rule.id for rule in declared}
    for rule in declared:
        profiles = ("seed", *(name for name, _ in rule.profiles))
        for strict in (False, True):
            severities = {rule.severity_in(profile, strict) for profile in profiles}
            assert severities <= {N, W, None}, rule.id


def test_a_title_that_speaks_of_what_is_not_there_is_declared_so() -> None:
    silent = re.compile(r"[Uu]nanswered|[Nn]ever|[Nn]ot seen|[Oo]nly one")
    told = {rule.id for rule in RULES.values() if silent.search(rule.title)}
    assert len(told) > 3
    assert told <= {rule.id for rule in RULES.values() if rule.absence}


def test_causes_are_rules() -> None:
    for rule in RULES.values():
        assert set(rule.causes) <= RULES.keys() - {rule.id}


def test_a_strict_severity_is_worse_and_stays_off_where_a_rule_is_off() -> None:
    strict = [rule for rule in RULES.values() if rule.strict is not None]
    assert "COAP-7252-4.2-RETR-EARLY" in {rule.id for rule in strict}
    for rule in strict:
        assert rule.severity is W
        assert rule.severity_in("seed", True) is E
    off = strict[0]._replace(profiles=(("rel18", None),))
    assert off.severity_in("rel18", True) is None


def test_what_is_left_out_is_not_there() -> None:
    assert not LEFT_OUT.keys() & RULES.keys()
    assert all(_ID.fullmatch(id) and reason.endswith(".") for id, reason in LEFT_OUT.items())


_NAMED = re.compile(r"\b([A-Z]+(?:_[A-Z]+)+) \(([0-9.]+) s( by default)?")


def test_a_time_that_a_profile_may_change_is_told_as_the_default() -> None:
    known = {timer.name: timer.of(DEFAULT) / SECOND for timer in TIMERS}
    known |= {p.name: getattr(DEFAULT, field) for field, p in parameters().items()}
    found = [
        (rule.id, *match)
        for rule in RULES.values()
        for text in _TEXTS
        for match in _NAMED.findall(getattr(rule, text))
    ]
    assert len(found) > 5
    for _, name, value, default in found:
        assert known[name] == float(value)
        assert default
