# SPDX-License-Identifier: GPL-2.0-only
"""The same breach has the same fingerprint in another run, another one has another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import Conversation

from analyzer.identity import Identities
from analyzer.session import Session

FINDINGS = st.builds(
    dict,
    port=st.integers(32768, 65535),
    mid=st.integers(0, 60000),
    token=st.binary(min_size=2, max_size=7),
    shift=st.integers(0, 3),
    wait=st.floats(0, 1),
)


def prints(session: Session) -> dict[str, set[str]]:
    """Fingerprints by rule."""
    identities, found = Identities(session), dict[str, set[str]]()
    for finding in session.findings:
        found.setdefault(finding.rule.id, set()).add(identities.of(finding))
    return found


def run(
    port: int = 40000,
    mid: int = 7,
    token: bytes = b"abcd",
    shift: int = 0,
    wait: float = 0,
    ue: str = "meter-1@example",
    host: str = "192.0.2.1",
) -> Session:
    """A device that breaks rules of both layers, with what no two runs have alike."""
    talk = Conversation(client=f"{host}:{port}")
    members = {"Message Type": "REG", "UE Service ID": ue, "UE Credential Information": {"a": "b"}}
    for number in range(shift):
        talk.con("GET", mid=61001 + number, token=b"zz" + bytes([number]), path="/ok").ack("2.05")
    good: dict[str, Any] = {"path": "/reg", "content_format": 50}
    body = json.dumps(members).encode()
    talk.wait(wait).con("POST", mid=mid, token=token, payload=body, **good)
    talk.ack("2.01", token=token[::-1] + b"x").wait(2.5 + wait)
    talk.con("POST", mid=mid + 1, token=token + b"1", payload=body, **good).wait(2.1 + wait).again()
    talk.ack("2.01", mid=mid + 2).wait(wait)
    talk.con("GET", mid=mid + 3, token=token + b"2", path="/silent", max_age=1).wait(100 + wait)
    return talk.con("GET", mid=mid + 4, token=token + b"3", path="/ok").ack("2.05").session()


@given(FINDINGS)
@settings(max_examples=40, deadline=None)
def test_another_run_of_the_same_devices_has_the_same_findings(other: dict[str, Any]) -> None:
    assert prints(run()) == prints(run(**other))


def test_the_run_breaks_rules_of_both_layers() -> None:
    assert prints(run()).keys() >= {
        "MSG-24538-6.3.1.2.1.a-TOKEN",
        "COAP-7252-5.3.2-PIGGY-TOKEN",
        "MSG-24538-6.3.1.2.1.a-MESSAGE-ID",
        "COAP-7252-5.3.2-PIGGY-MID",
        "COAP-7252-4.2-RETRANSMISSION",
        "COAP-7252-4.2-CON-UNANSWERED",
        "COAP-7252-5.4-CONTEXT-REQ",
    }


@pytest.mark.parametrize("other", [{"ue": "meter-2@example"}, {"host": "192.0.2.77"}])
def test_another_device_has_others(other: dict[str, str]) -> None:
    rule = "MSG-24538-6.3.1.2.1.a-TOKEN" if "ue" in other else "COAP-7252-4.2-CON-UNANSWERED"
    assert not prints(run())[rule] & prints(run(**other))[rule]


def test_what_was_seen_counts() -> None:
    forms = [
        prints(Conversation().non("GET", accept=b"\0" * length, path="/a").session())
        for length in (3, 4)
    ]
    (rule,) = {r for r in forms[0] if "LEN" in r}
    assert forms[0][rule] != forms[1][rule]


def test_a_port_that_a_device_has_by_itself_counts() -> None:
    found = [
        prints(Conversation(client=f"192.0.2.1:{port}").con("GET", max_age=1).session())
        for port in (5683, 5684, 50000, 50001)
    ]
    rule = "COAP-7252-5.4-CONTEXT-REQ"
    assert len({min(of[rule]) for of in found}) == 3
