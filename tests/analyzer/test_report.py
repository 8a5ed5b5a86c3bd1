# SPDX-License-Identifier: GPL-2.0-only
"""Reports as plain values: the keys and kinds that scripts rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rules.conversation import Conversation

from analyzer import report
from analyzer.capture import Interface, blocks
from analyzer.session import Session

FIELD_DAY = Path(__file__).parents[2] / "captures" / "field-day.pcapng"
EXCHANGE_KEYS = {
    "id",
    "request_frame",
    "ack_frame",
    "response_frames",
    "retransmission_frames",
    "reset_frame",
    "matched_by",
    "confidence",
    "state",
    "method",
    "uri",
    "response_code",
    "token",
    "message_id",
    "response_time",
    "reason",
    "times",
    "nearest",
}
FINDING_KEYS = {
    "rule",
    "severity",
    "spec",
    "clause",
    "frame",
    "frames",
    "exchange",
    "ue_service_id",
    "message",
    "seen",
    "expected",
    "fix",
}


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


def exchanges(talk: Conversation) -> list[dict[str, Any]]:
    return list(report.exchange_entries(talk.session()))


# Exchanges -------------------------------------------------------------------------------------


def test_an_exchange_tells_all_that_belongs_to_it() -> None:
    talk = Conversation().con("GET", path="/a", token=b"\xab", mid=7).wait(2).again()
    talk.ack().con("2.05", token=b"\xab", payload=b"x").ack()
    (entry,) = exchanges(talk)
    assert (
        entry.items()
        >= {
            "id": 1,
            "request_frame": 1,
            "ack_frame": 3,
            "response_frames": [4],
            "retransmission_frames": [2],
            "reset_frame": None,
            "matched_by": "token",
            "confidence": "token",
            "reason": "Token and endpoints; the response came as a message of its own, with a "
            "Message ID of its own",
            "nearest": None,
            "state": "answered",
            "method": "GET",
            "uri": "/a",
            "response_code": "2.05",
            "token": "ab",
            "message_id": 7,
            "response_time": pytest.approx(2.03),
        }.items()
    )
    assert entry.keys() >= EXCHANGE_KEYS


@pytest.mark.parametrize(
    ("talk", "state"),
    [
        (Conversation().con("GET"), "open"),
        (Conversation().con("GET").wait(100).con(), "unanswered"),
        (Conversation().con("GET").ack(), "acknowledged"),
        (Conversation().con("GET").ack("2.05"), "answered"),
        (Conversation().con("GET").rst(), "reset"),
        (Conversation().con("GET", observe=0).ack("2.05", observe=1), "observing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_states(talk: Conversation, state: str) -> None:
    assert exchanges(talk)[0]["state"] == state


def test_a_ping_is_an_exchange_without_uri_or_code() -> None:
    (entry,) = exchanges(Conversation().con().rst())
    assert (entry["method"], entry["uri"], entry["response_code"]) == ("ping", None, None)
    assert entry["reset_frame"] == 2


def test_notifications_are_responses_of_the_observation() -> None:
    talk = Conversation().con("GET", observe=0, token=b"o").ack("2.05", observe=1)
    talk.non("2.05", observe=2, token=b"o").non("2.05", observe=3, token=b"o")
    (entry,) = exchanges(talk)
    assert entry["response_frames"] == [2, 3, 4]


def test_numbers_are_numbers_and_bytes_lower_case_hex(field_day: Session) -> None:
    messages = range(1, len(field_day.messages) + 1)
    for entry in report.exchange_entries(field_day):
        lists = entry["response_frames"] + entry["retransmission_frames"]
        assert all(type(frame) is int and frame in messages for frame in lists)
        assert type(entry["request_frame"]) is type(entry["message_id"]) is int
        assert entry["token"] == bytes.fromhex(entry["token"]).hex()
        assert entry["response_time"] is None or type(entry["response_time"]) is float


# Findings --------------------------------------------------------------------------------------


def test_findings_have_the_keys_of_the_contract_and_count_frames_from_1(
    field_day: Session,
) -> None:
    for finding in report.findings_in_order(field_day):
        entry = report.finding_entry(field_day, finding)
        assert entry.keys() - {"count"} == FINDING_KEYS
        assert entry["severity"] in ("error", "warning", "note")
        assert all(1 <= frame <= 315 for frame in entry["frames"])
        assert entry["frames"][:1] == [entry["frame"]]
        assert ("count" in entry) == (finding.count > 1)


def test_findings_stand_by_frame_or_worst_first(field_day: Session) -> None:
    frames = [f.frame for f in report.findings_in_order(field_day) if f.frame]
    assert frames == sorted(frames)
    severities = [f.severity for f in report.worst_first(field_day.findings)]
    assert severities == sorted(severities, reverse=True)


def test_findings_alike_are_one_with_a_count() -> None:
    talk = Conversation().con("GET")
    for _ in range(4):
        talk.wait(2).again()
    session = talk.session()
    entries = [report.finding_entry(session, f) for f in session.findings]
    repeated = [e for e in entries if e["rule"] == "COAP-7252-4.2-RETRANSMISSION"]
    assert sum(entry.get("count", 1) for entry in repeated) == 4


# The capture -----------------------------------------------------------------------------------


def test_the_capture_entry_counts_what_was_read(field_day: Session) -> None:
    entry = report.capture_entry(field_day)
    assert (entry["packets"], entry["udp_datagrams"], entry["coap_messages"]) == (315, 315, 315)
    assert entry["exchanges"] == len(field_day.exchanges)
    assert entry["formats"] == ["pcapng"]
    assert entry["last_time"] > entry["first_time"] > 1_500_000_000
    assert entry["notices"] == []


def test_what_was_passed_over_is_a_notice() -> None:
    talk = Conversation(link_type=147).con("GET")
    assert list(report.notices(talk.session())) == [
        "1 packet of link type 147 passed over: not supported"
    ]
    cut = Conversation().con("GET", cut=20)
    assert list(report.notices(cut.session())) == [
        "1 packet passed over: IP or UDP header cut or malformed"
    ]


def test_what_was_lost_while_capturing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    names = [Interface(n, 1, 0, 10**9, name=name) for n, name in enumerate(("eth0", "eth1", "lo"))]
    told = [blocks.statistics(0, 1, 100, 0), blocks.statistics(1, 1, 100, 7)]
    path.write_bytes(b"".join([blocks.section("x"), *map(blocks.description, names), *told]))
    session = Session()
    session.open([path])
    session.read_all()
    (notice,) = report.notices(session)
    assert notice.startswith("7 packets dropped on interface eth1 while it was captured")
    entry = report.capture_entry(session)
    assert [interface["dropped"] for interface in entry["interfaces"]] == [0, 7, None]
    session.release()


def test_an_empty_capture_has_no_times() -> None:
    entry = report.capture_entry(Conversation().session())
    assert (entry["first_time"], entry["last_time"], entry["packets"]) == (None, None, 0)
