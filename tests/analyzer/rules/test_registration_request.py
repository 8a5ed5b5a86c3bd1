# SPDX-License-Identifier: GPL-2.0-only
"""TS 24.538 clause 6.3.1.1.1 a) to d): the registration request as a CoAP message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.report import finding_entry
from analyzer.rules.catalogue import E, N, Severity, W

from .conversation import Conversation
from .registrations import GOOD, PATH, REGISTERED, Members, answered, asked, body, registered

REQUEST, ANSWER = "MSG-24538-6.3.1.1.1", "MSG-24538-6.3.1.2.1"
METHOD, CLEARTEXT = REQUEST + "-METHOD", "MSG-33501-Y-CLEARTEXT"
NOT_CONFIRMABLE, NOT_PIGGYBACKED = REQUEST + ".a-NOT-CONFIRMABLE", ANSWER + ".a-NOT-PIGGYBACKED"
NO_SERVER, CONTENT_FORMAT = REQUEST + ".b-NO-SERVER-ADDRESS", REQUEST + ".c-CONTENT-FORMAT"
PAYLOAD, NO_TYPE = REQUEST + ".d-PAYLOAD", REQUEST + ".d1-NO-MESSAGE-TYPE"
CREDENTIAL = REQUEST + ".d3-CREDENTIAL"


def breaches(talk: Conversation, least: Severity = W, **settings: Any) -> dict[str, Severity]:
    """MSGin5G rules broken at `least` this severity."""
    rules = talk.rules(**settings).items()
    return {id: level for id, level in rules if id.startswith("MSG-") and level >= least}


def test_a_good_registration_breaks_nothing() -> None:
    assert breaches(registered(), N) == {CLEARTEXT: N}


# a) to c) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["GET", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"])
def test_another_method(code: str) -> None:
    talk = registered(code=code)
    assert breaches(talk) == {METHOD: E}
    (finding,) = talk.findings(METHOD)
    assert (finding.span, finding.expected) == ((1, 2), "POST")


def test_a_non_registration_cannot_be_answered_as_asked() -> None:
    talk = asked(non=True).non("2.01", payload=body(REGISTERED), content_format=50)
    assert breaches(talk) == {NOT_CONFIRMABLE: E, NOT_PIGGYBACKED: E}
    assert breaches(talk, profile="rel17") == {NOT_CONFIRMABLE: W, NOT_PIGGYBACKED: W}


SERVER_NAMED: list[dict[str, Any]] = [
    {"path": "/a"},
    {"uri_host": "example.org"},
    {"uri_port": 5683},
    {"uri_query": "a=b"},
    {"proxy_uri": "coap://example.org/"},
    {"proxy_scheme": "coap"},
]


@pytest.mark.parametrize("options", SERVER_NAMED)
def test_any_option_that_names_the_server_will_do(options: dict[str, Any]) -> None:
    assert NO_SERVER not in breaches(registered(**{"path": ""} | options), N)


def test_no_option_names_the_server() -> None:
    assert breaches(registered(path="")) == {NO_SERVER: W}
    assert breaches(registered(path=""), N, profile="rel18")[NO_SERVER] is N


@pytest.mark.parametrize(
    ("value", "severity"),
    [(None, E), (b"", E), (b"\x3c", E), (b"\x00\x32", N), (b"\x32", None)],
)
def test_content_format(value: bytes | None, severity: Severity | None) -> None:
    """0x0032 is 50, only longer than needed."""
    options = [] if value is None else [(12, value)]
    talk = registered(content_format=None, options=options)
    found = breaches(talk, N)
    assert found.pop(CONTENT_FORMAT, None) is severity
    assert found == {CLEARTEXT: N}


# d) the payload ---------------------------------------------------------------------------------

BROKEN: dict[str, tuple[bytes, str]] = {
    "a comma too many": (body(GOOD)[:-1] + b",}", "line 1"),
    "cut off": (body(GOOD)[:-1], "ends too early"),
    "two values": (body(GOOD) + b"{}", "bytes after"),
    "a byte order mark": (b"\xef\xbb\xbf" + body(GOOD), "byte order mark"),
    "not UTF-8": (body(GOOD)[:-1] + b',"x":"\xff"}', "not UTF-8"),
    "NaN": (body(GOOD)[:-1] + b',"x":NaN}', "value expected"),
    "single quotes": (body(GOOD).replace(b'"UE Service ID"', b"'UE Service ID'"), "double quotes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json(name: str) -> None:
    """Classified by the elements read before the place, or by the answer."""
    data, says = BROKEN[name]
    talk = registered(data)
    assert breaches(talk) == {PAYLOAD: E}
    (finding,) = talk.findings(PAYLOAD)
    assert says in finding.text
    assert "byte" in finding.text


def test_the_place_of_the_error_is_told() -> None:
    data = b'{"Message Type": "REG",\n "UE Service ID": }'
    (finding,) = registered(data).findings(PAYLOAD)
    assert "line 2, column 19 (byte 43)" in finding.text
    message = registered(data).frames[0].data
    assert finding.span is not None
    assert message[finding.span[0] :][:1] == b"}"


@pytest.mark.parametrize("data", [b"[1]", b'"REG"', b"7", b"null"])
def test_json_that_is_no_object(data: bytes) -> None:
    talk = registered(data)
    assert breaches(talk) == {PAYLOAD: E}
    assert "not an object" in talk.findings(PAYLOAD)[0].text


def test_no_payload() -> None:
    assert breaches(registered(b"")) == {PAYLOAD: E}


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (b',"UE Service ID":"meter-1@example"}', '"UE Service ID" twice'),
        (b',"ueServiceId":"meter-1@example"}', '"ueServiceId"'),
        (b',"x":1,"x":1}', '"x" twice'),
        (b',"x":{"y":1,"\\u0079":1}}', '"y" twice'),
    ],
)
def test_a_member_given_twice(extra: bytes, says: str) -> None:
    talk = registered(body(GOOD)[:-1] + extra)
    assert breaches(talk) == {PAYLOAD: W}
    assert talk.findings(PAYLOAD)[0].seen == says


@pytest.mark.parametrize(("depth", "severity"), [(64, None), (65, W), (5000, W)])
def test_nesting(depth: int, severity: Severity | None) -> None:
    deep = b',"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    assert breaches(registered(body(GOOD)[:-1] + deep)).get(PAYLOAD) is severity


def test_a_cut_body_is_not_judged_past_the_cut() -> None:
    talk = answered(asked(cut=20))
    assert breaches(talk) == {}


def test_one_block_of_a_body_is_not_judged() -> None:
    assert breaches(answered(asked(body(GOOD)[:16], block1=8), b"", "2.31")) == {}


def test_a_protected_message_is_not_judged() -> None:
    assert breaches(answered(asked(body(GOOD), oscore=b"\x09"), b"x", "2.04"), N) == {}


# What is a registration -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["REG", "reg", "Registration", "registration request", "UE_REGISTRATION"]
)
def test_message_types_that_name_a_registration(kind: str) -> None:
    assert breaches(registered(GOOD | {"Message Type": kind})) == {}


@pytest.mark.parametrize("kind", ["DEREG", "de-registration", "unregister", "MSG", "IMDN"])
def test_message_types_that_name_something_else(kind: str) -> None:
    assert breaches(registered(GOOD | {"Message Type": kind}), N) == {}


@pytest.mark.parametrize("kind", ["bulk registration", "hello", None, 7])
def test_an_unreadable_message_type_does_not_hide_a_registration(kind: Any) -> None:
    """The credentials show it."""
    assert breaches(registered(GOOD | {"Message Type": kind})) == {NO_TYPE: E}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("UE Credential Information", {"authentication type": "AKMA"}),
        ("MSGin5G Client Ports", [5683]),
        (
            "MSGin5G Client Communication Availability",
            {"Scheduled communication time": "02:00", "Communication duration time": 1},
        ),
    ],
)
def test_elements_only_a_registration_has_show_it(element: str, value: Any) -> None:
    members = {"UE Service ID": "meter-1@example", element: value}
    found = breaches(asked(members).ack("2.04"))
    assert found.pop(NO_TYPE) is E
    assert found.pop(ANSWER + ".c-PAYLOAD") is E
    assert found in ({}, {CREDENTIAL: E})


def test_the_answer_shows_it() -> None:
    talk = asked({"UE Service ID": "meter-1@example"})
    assert breaches(talk, N) == {}
    assert breaches(answered(talk)) == {NO_TYPE: E, CREDENTIAL: E}


def learned(path: str = PATH, members: Members | bytes = b"{", **fields: Any) -> Conversation:
    """A registration, then a POST of another client to a path."""
    other = "192.0.2.77:40000"
    return asked(members, registered(), path=path, source=other, **fields).ack("4.00")


def test_a_path_that_registrations_alone_use_shows_it() -> None:
    assert breaches(learned())[PAYLOAD] is E
    assert breaches(learned(members=b""))[PAYLOAD] is E


def test_neither_port_nor_path_alone_shows_it() -> None:
    assert breaches(asked(b"{").ack("4.00"), N) == {}
    assert breaches(learned("/other"), W) == {}
    assert breaches(learned(members=b'{"temperature": 7}'), W) == {}


def test_a_path_with_other_uses_shows_nothing() -> None:
    talk = asked({"Message Type": "MSG"}, registered()).ack("2.04")
    assert breaches(asked(b"{", talk, source="192.0.2.77:40000").ack("4.00"), W) == {}


@pytest.mark.parametrize("end", ["reset", "silence"])
def test_a_learned_path_counts_without_an_answer_too(end: str) -> None:
    talk = asked(b"{", registered())
    if end == "reset":
        assert breaches(talk.rst()) == {PAYLOAD: E, ANSWER + "-RESET": W}
    else:
        session = talk.session()
        assert {f.rule.id for f in session.findings if f.exchange == 2} >= {PAYLOAD}
        kinds = session.exchanges["message_type"].tolist()
        assert kinds[0] == kinds[1], "the exchange is shown as what it was found to be"


def test_akma_bootstrapping_is_no_registration() -> None:
    members = {"ue cred": "x", "A-KID": "k"}
    assert breaches(asked(members, path="/akma").ack("2.01"), N) == {}
    assert breaches(asked(members).ack("2.01"), N) != {}


def test_a_response_is_no_request() -> None:
    talk = Conversation().con("GET").ack("2.05", payload=body(GOOD), content_format=50)
    assert breaches(talk, N) == {}


# Once -------------------------------------------------------------------------------------------


def test_a_retransmitted_request_is_judged_once() -> None:
    members = GOOD | {"UE Service ID": ""}
    talk = asked(members).wait(2.5).again().wait(5).again()
    assert len(answered(talk).findings(REQUEST + ".d2-UE-SERVICE-ID")) == 1


def test_the_other_leg_of_a_translator_is_not_judged_again() -> None:
    talk = asked(GOOD | {"UE Service ID": ""})
    talk.add(talk.frames[0].__class__(**vars(talk.frames[0]) | {"ttl": 63, "ip_id": 9}))
    moved = vars(talk.frames.pop()) | {"source": talk.client.of("203.0.113.7:61001")}
    talk.add(talk.frames[0].__class__(**moved))
    assert len(talk.findings(REQUEST + ".d2-UE-SERVICE-ID")) == 1


def test_clear_text_is_told_once_per_pair_of_endpoints() -> None:
    talk = registered()
    for _ in range(3):
        answered(asked(GOOD, talk), code="2.04")
    assert len(talk.findings(CLEARTEXT)) == 1
    answered(asked(GOOD, talk, source="192.0.2.77:40000"), code="2.04")
    assert len(talk.findings(CLEARTEXT)) == 2


# Credentials ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        GOOD | {"UE Credential Information": {"authentication type": "AKMA", "a-kid": "s3cr3t"}},
        GOOD | {"UE Credential Information": {"a-kid": "s3cr3t"}},
        GOOD | {"UE Credential Information": ["s3cr3t"]},
        b'{"Message Type":"REG","UE Credential Information":"s3cr3t',
        b'{"Message Type":"REG","UE Credential Information":{"k":"s3cr3t"},,}',
        b'{"Message Type":"REG","UE Credential Information":s3cr3t}',
        b'{"Message Type":"REG","UE Credential Information":{"k":"s3cr3t\xff"}}',
    ],
)
def test_credentials_are_never_printed(members: Members | bytes) -> None:
    session = asked(members).ack("4.01").session()
    for finding in session.findings:
        assert "s3cr3t" not in json.dumps(finding_entry(session, finding))


# What the user may configure --------------------------------------------------------------------


def test_a_configured_path_makes_an_unreadable_post_a_registration() -> None:
    talk = asked(b"not JSON", path="/reg")
    assert breaches(talk, N) == {}
    settings = {"registration_path": "reg"}
    assert breaches(talk, W, **settings) == {"MSG-24538-6.3.1.1.1.d-PAYLOAD": E}
    assert breaches(asked(b"not JSON", path="/other"), N, **settings) == {}
    assert breaches(asked(GOOD | {"Message Type": "MSG"}, path="/reg"), N, **settings) == {}


@pytest.mark.parametrize("uri", ["msgin5g/registration", "/msgin5g/registration"])
def test_a_configured_server_uri_is_taken_literally(uri: str) -> None:
    rule = "MSG-24538-6.3.1.1.1.b-NO-SERVER-ADDRESS"
    assert breaches(registered(path="/msgin5g/registration"), server_uri=uri) == {}
    assert breaches(registered(path="/registration"), server_uri=uri) == {rule: W}
    assert breaches(registered(path="/registration")) == {}
