# SPDX-License-Identifier: GPL-2.0-only
"""What switches of a spec profile change: severities, strictness, what peers know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.profiles.spec_reading import shipped, switched, switches
from analyzer.rules import catalogue
from analyzer.rules.catalogue import E, N, Severity, W
from analyzer.rules.severities import weights

from .conversation import Conversation
from .test_spec_profiles import ours

RULES = catalogue.load()

CRITICAL, ELECTIVE = "COAP-7252-5.4.1-CRIT-UNKNOWN", "COAP-7252-5.4.1-ELEC-UNKNOWN"
LENGTH, LONG_ELECTIVE = "COAP-7252-5.4.3-LEN-CRITICAL", "COAP-7252-5.4.3-LEN-ELECTIVE"
ACCEPTED = "COAP-7252-5.4.1-BADOPT-ACCEPTED"
FORMAT = "COAP-7252-5.10.3-CF-UNASSIGNED"
EARLY = "COAP-7252-4.2-RETR-EARLY"


def of_onem2m(**fields: Any) -> Conversation:
    """A request and its response, with options of oneM2M."""
    asked_with = [(279, b"/CSE/ae"), (283, b"r1"), (257, b"r1")]
    talk = Conversation().con("GET", path="/~/cse", options=asked_with)
    return talk.ack("2.05", options=[(283, b"r1"), (307, b"\x07\xd0"), (256, b"/CSE")], **fields)


def from_a_group() -> Conversation:
    return Conversation("192.0.2.1:5683", "224.0.1.187:5683").non("GET", path="/a", etag=b"1")


def over_a_nat() -> Conversation:
    talk = Conversation()
    return talk.con("GET", token=b"1234").ack(
        "2.05", source="192.0.2.9:5683", content_format=0, payload=b"x"
    )


@pytest.mark.parametrize(
    ("switch", "talk", "rule", "without", "with_it"),
    [
        (
            "rfc7252-only",
            Conversation().con("GET", token=b"123456789"),
            "COAP-7252-3-TKL-RESERVED",
            W,
            E,
        ),
        ("plugtest", Conversation().con("POST", payload=b"x"), "COAP-7252-5.5.1-NO-CF", N, W),
        (
            "plugtest",
            Conversation().con("GET", uri_path="a/b"),
            "COAP-7252-5.10.1-PATH-SLASH",
            W,
            E,
        ),
        ("groupcomm-bis", from_a_group(), "COAP-7252-8.2.1-MC-ETAG", E, N),
        ("behind-nat", over_a_nat(), "COAP-7252-5.3.2-OTHER-ENDPOINT", E, W),
        (
            "behind-nat",
            Conversation().con("GET", uri_host="192.0.2.2"),
            "COAP-7252-5.4.4-DEFAULT",
            N,
            None,
        ),
        (
            "behind-nat",
            Conversation().con("GET", uri_host="10.0.0.1"),
            "COAP-7252-5.10.1-HOST-IP-DIFFERS",
            N,
            None,
        ),
        ("strict-defaults", Conversation().con("GET").wait(0.5).again(), EARLY, W, E),
        ("lwm2m", Conversation().con("GET", accept=1542), FORMAT, W, None),
        ("lwm2m", Conversation().con("GET", accept=1543), FORMAT, W, None),
        ("lwm2m", Conversation().con("GET", accept=1544), FORMAT, W, W),
        ("lwm2m", Conversation().con("GET", accept=11542), FORMAT, None, None),
        ("onem2m", of_onem2m(), CRITICAL, W, None),
        ("onem2m", of_onem2m(), ELECTIVE, N, None),
        ("onem2m", of_onem2m(), ACCEPTED, W, None),
        ("onem2m", Conversation().con("GET", options=[(271, b"2.0")]), LENGTH, None, E),
        ("onem2m", Conversation().con("GET", options=[(264, b"ab")]), LONG_ELECTIVE, None, W),
        ("onem2m", Conversation().con("GET", options=[(25, b"1")]), CRITICAL, W, W),
        ("ocf", Conversation().con("GET", options=[(2049, b"\x08\0")]), CRITICAL, None, None),
        ("ocf", Conversation().con("GET", options=[(2053, b"\x08\0")]), CRITICAL, None, None),
    ],
)
def test_what_a_switch_changes(
    tmp_path: Path,
    switch: str,
    talk: Conversation,
    rule: str,
    without: Severity | None,
    with_it: Severity | None,
) -> None:
    """By a file as by name, and nothing of what other switches change."""
    assert talk.rules().get(rule) is without
    assert talk.rules(profile=ours(f'switches = ["{switch}"]', tmp_path)).get(rule) is with_it
    assert talk.rules(profile=switched(shipped("rel17"), [switch])).get(rule) is with_it
    others = [name for name in switches() if name != switch]
    assert talk.rules(profile=switched(shipped("seed"), others)).get(rule) is without


def test_group_oscore_uses_a_reserved_bit() -> None:
    rule, other = "COAP-8613-6.1-RESERVED-BITS", Conversation()
    talk = Conversation().con("POST", options=[(9, b"\x80")], payload=b"x")
    other.con("POST", options=[(9, b"\x29\1\1k")], payload=b"x")
    profile = switched(shipped("seed"), ["group-oscore"])
    assert talk.rules()[rule] is E
    assert talk.rules(profile=profile)[rule] is N
    assert other.rules(profile=profile).keys() == other.rules().keys()


def test_timing_is_strict_by_either_profile() -> None:
    """Every rule that a strict transmission profile makes an error, and no other."""
    by_switch = weights(RULES.values(), switched(shipped("seed"), ["strict-defaults"]))
    assert by_switch == weights(RULES.values(), shipped("seed"), strict=True)
    assert by_switch != weights(RULES.values(), shipped("seed"))


def test_a_breach_tells_whose_option_it_may_be() -> None:
    found = of_onem2m().findings(CRITICAL)
    assert "Option 283 (oneM2M-RQI) is critical and not registered" in [f.text for f in found]
    (unknown,) = Conversation().con("GET", options=[(25, b"")]).findings(CRITICAL)
    assert unknown.text == "Option 25 is critical and not registered"
    (length,) = (
        Conversation()
        .con("GET", options=[(307, b"123")])
        .findings(LENGTH, profile=switched(shipped("seed"), ["onem2m"]))
    )
    assert (length.text, length.expected) == ("oneM2M-RSC has 3 bytes", "0 to 2 bytes")


def test_strings_of_a_switched_on_option_are_judged() -> None:
    """The kernels know its format: it is looked at for UTF-8 and normalisation."""
    profile = switched(shipped("seed"), ["onem2m"])
    for value, severity in ((b"\xff", E), ("a\u0308".encode(), N), ("ä".encode(), None)):
        talk = Conversation().con("GET", options=[(279, value)])
        assert "COAP-7252-3.2-UTF8" not in talk.rules()
        assert talk.rules(profile=profile).get("COAP-7252-3.2-UTF8") is severity
