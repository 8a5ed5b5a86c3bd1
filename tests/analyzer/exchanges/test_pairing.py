# SPDX-License-Identifier: GPL-2.0-only
"""Exchanges as scripts see them: what belongs to a request, by which keys, and how sure."""

from __future__ import annotations

from typing import Any

import pytest
from rules.conversation import Conversation

from analyzer import memory, state
from analyzer.exchanges import message_layer
from analyzer.messages import Role
from analyzer.profiles.reading import load
from analyzer.profiles.transmission import Transmission
from analyzer.report import exchange_entries, notices

CLIENT, SERVER, OTHER = "192.0.2.1:40000", "192.0.2.2:5683", "198.51.100.9:5683"


def entries(talk: Conversation, **settings: Any) -> list[dict[str, Any]]:
    return list(exchange_entries(talk.session(**settings)))


def entry(talk: Conversation) -> dict[str, Any]:
    (only,) = entries(talk)
    return only


def roles(talk: Conversation) -> list[Role]:
    return [Role(role) for role in talk.session().messages["role"].tolist()]


def get(**fields: Any) -> Conversation:
    return Conversation().con("GET", **{"token": b"abcd"} | fields)


# One request, one answer ----------------------------------------------------------------------


@pytest.mark.parametrize("token", [b"", b"a", b"abcdefgh", bytes(300)])
def test_piggybacked(token: bytes) -> None:
    found = entry(get(token=token).ack("2.05", payload=b"1"))
    assert (found["state"], found["matched_by"]) == ("answered", "mid+token")
    assert found["confidence"] == "exact"
    assert (found["request_frame"], found["ack_frame"], found["response_frames"]) == (1, 2, [2])
    assert found["response_time"] == pytest.approx(0.01)
    assert (found["response_code"], found["token"]) == ("2.05", token.hex())


@pytest.mark.parametrize("kind", ["con", "non"])
def test_separate_after_the_empty_ack(kind: str) -> None:
    talk = getattr(get().ack(), kind)("2.05")
    found = entry(talk.ack() if kind == "con" else talk)
    assert (found["state"], found["matched_by"]) == ("answered", "token")
    assert (found["ack_frame"], found["response_frames"]) == (2, [3])


def test_separate_before_the_empty_ack() -> None:
    asked = get()
    mid = int.from_bytes(asked.frames[0].data[2:4], "big")
    found = entry(asked.con("2.05").ack().ack(mid=mid, by="server"))
    assert (found["state"], found["matched_by"]) == ("answered", "token")
    assert (found["ack_frame"], found["response_frames"]) == (4, [2])


def test_an_empty_ack_alone_is_a_promise() -> None:
    found = entry(get().ack())
    assert (found["state"], found["matched_by"]) == ("acknowledged", "mid")
    assert (found["ack_frame"], found["response_frames"]) == (2, [])
    assert found["response_time"] is None
    assert found["response_code"] is None


@pytest.mark.parametrize("answer", ["con", "non"])
def test_a_non_is_answered_on_its_own(answer: str) -> None:
    found = entry(getattr(Conversation().non("GET", token=b"t"), answer)("2.05"))
    assert (found["state"], found["matched_by"], found["confidence"]) == (
        "answered",
        "token",
        "token",
    )


def test_a_reset_ends_the_wait() -> None:
    found = entry(get().rst())
    assert (found["state"], found["reset_frame"], found["response_frames"]) == ("reset", 2, [])


def test_a_second_reset_after_an_ack_is_a_copy() -> None:
    talk = get().ack().rst().rst()
    assert roles(talk)[1:] == [Role.ACK, Role.RESET, Role.DUPLICATE_ACK]


@pytest.mark.parametrize("version", [4, 6])
def test_a_ping_is_answered_by_a_reset(version: int) -> None:
    ends = {} if version == 4 else {"client": "[2001:db8::1]:40000", "server": "[2001:db8::2]:5683"}
    found = entry(Conversation(**ends).con().rst())
    assert (found["method"], found["state"], found["uri"]) == ("ping", "reset", None)


def test_who_asks_is_the_client_whatever_the_ports() -> None:
    """MSGin5G and LwM2M servers send requests to devices."""
    talk = Conversation().con("GET", by="server", token=b"abcd").ack("2.05")
    found = entry(talk)
    assert (found["client"], found["server"]) == ("192.0.2.2:5683", "192.0.2.1:40000")
    assert found["state"] == "answered"


def test_both_may_ask_at_once_with_one_token_and_message_id() -> None:
    talk = Conversation().con("GET", mid=1, token=b"abcd").ack("2.05")
    talk.con("GET", mid=1, token=b"abcd", by="server").ack("2.04")
    assert [e["response_frames"] for e in entries(talk)] == [[2], [4]]
    assert [e["response_code"] for e in entries(talk)] == ["2.05", "2.04"]


# Several requests -----------------------------------------------------------------------------


def test_one_token_and_message_id_to_two_servers() -> None:
    talk = Conversation().con("GET", mid=1, token=b"t1")
    talk.con("GET", mid=1, token=b"t1", destination=OTHER)
    talk.ack("2.05").ack("2.04", source=SERVER)
    found = entries(talk)
    assert [(e["request_frame"], e["response_frames"]) for e in found] == [(1, [4]), (2, [3])]
    assert {e["matched_by"] for e in found} == {"mid+token"}


def test_one_token_and_message_id_from_two_clients() -> None:
    talk = Conversation().con("GET", mid=1, token=b"t1")
    talk.con("GET", mid=1, token=b"t1", source=OTHER)
    talk.ack("2.05", by="server", destination=OTHER).ack("2.04", by="server", destination=CLIENT)
    assert [(e["request_frame"], e["response_frames"]) for e in entries(talk)] == [
        (1, [4]),
        (2, [3]),
    ]


def test_other_content_under_one_message_id_is_another_exchange() -> None:
    talk = get(mid=1, path="/a").ack("2.05").con("GET", mid=1, token=b"wxyz", path="/b").ack("2.05")
    assert [(e["request_frame"], e["response_frames"]) for e in entries(talk)] == [
        (1, [2]),
        (3, [4]),
    ]


def test_with_two_requests_open_under_one_token_the_promised_one_is_answered() -> None:
    talk = get(path="/a")
    mid = int.from_bytes(talk.frames[0].data[2:4], "big")
    talk.con("GET", token=b"abcd", path="/b").ack(mid=mid).con("2.05", token=b"abcd")
    first, second = entries(talk)
    assert (first["response_frames"], first["confidence"]) == ([4], "ambiguous")
    assert second["response_frames"] == []


def test_an_exact_match_is_sure_even_where_the_token_is_not() -> None:
    talk = get(path="/a").con("GET", token=b"abcd", path="/b").ack("2.05")
    assert [e["confidence"] for e in entries(talk)] == [None, "exact"]


def test_block_wise_follow_ups_may_repeat_the_token() -> None:
    talk = get(block2=2).con("GET", token=b"abcd", block2=0x12).non("2.05")
    assert [e["confidence"] for e in entries(talk)] == [None, "token"]


# Copies ---------------------------------------------------------------------------------------


def test_retransmissions_belong_to_the_exchange() -> None:
    talk = get().wait(2.5).again(0).wait(5).again(0).ack("2.05")
    found = entry(talk)
    assert (found["retransmission_frames"], found["response_frames"]) == ([2, 3], [4])
    assert found["response_time"] == pytest.approx(7.53), "counts from the first transmission"


def test_a_retransmitted_separate_response_is_no_second_response() -> None:
    talk = get().ack().con("2.05").wait(2.5).again(2).ack()
    found = entry(talk)
    assert (found["response_frames"], found["retransmission_frames"]) == ([3], [4])
    assert roles(talk)[-1] is Role.ACK


def test_further_acks_are_copies() -> None:
    found = entry(get().ack("2.05").again().again())
    assert (found["response_frames"], found["duplicate_ack_frames"]) == ([2], [3, 4])


def test_a_response_after_an_empty_ack_is_no_copy_of_it() -> None:
    found = entry(get().ack().ack("2.05"))
    assert (found["state"], found["response_frames"], found["duplicate_ack_frames"]) == (
        "answered",
        [3],
        [],
    )


@pytest.mark.parametrize(
    ("kind", "seconds", "copies"), [("con", 246.9, 1), ("con", 247.1, 0), ("non", 144.9, 1)]
)
def test_a_message_id_is_known_for_its_lifetime(kind: str, seconds: float, copies: int) -> None:
    talk = getattr(Conversation(), kind)("GET", token=b"abcd").wait(seconds).again(0)
    assert sum(len(e["retransmission_frames"]) for e in entries(talk)) == copies


def test_a_non_is_forgotten_after_its_lifetime() -> None:
    assert len(entries(Conversation().non("GET", token=b"abcd").wait(145.1).again(0))) == 2


@pytest.mark.parametrize(("seconds", "matched"), [(246.9, True), (247.1, False)])
@pytest.mark.parametrize("answer", ["con", "ack"])
def test_an_answer_is_matched_within_exchange_lifetime(
    answer: str, seconds: float, matched: bool
) -> None:
    talk = get().wait(seconds)
    getattr(talk, answer)("2.05")
    assert bool(entries(talk)[0]["response_frames"]) is matched


@pytest.mark.parametrize("between", [0, 94, 200])
def test_other_traffic_does_not_change_what_matches(between: float) -> None:
    """Time passes with every packet, and at once with the packet that shows it."""
    talk = get()
    if between:
        talk.wait(between).raw(b"no CoAP at all", destination="192.0.2.9:9", source="192.0.2.8:9")
    found = entry(talk.wait(246.9 - between).ack("2.05"))
    assert (found["state"], found["matched_by"]) == ("answered", "mid+token")
    told = {"COAP-7252-4.2-CON-UNANSWERED", "COAP-CAP-ONEWAY"} & talk.rules().keys()
    assert told, "it came after MAX_TRANSMIT_WAIT"


# Observations ---------------------------------------------------------------------------------


def observed() -> Conversation:
    return get(observe=0).ack("2.05", observe=1)


def test_notifications_belong_to_the_registration() -> None:
    talk = observed().con("2.05", observe=2, token=b"abcd").ack().non("2.05", observe=3)
    found = entry(talk)
    assert (found["state"], found["response_frames"]) == ("observing", [2, 3, 5])
    assert roles(talk)[2:] == [Role.NOTIFICATION, Role.ACK, Role.NOTIFICATION]


@pytest.mark.parametrize("days", [0.01, 2])
def test_an_observation_outlives_every_timer(days: float) -> None:
    talk = observed().wait(days * 86_400).non("2.05", observe=2, token=b"abcd")
    assert entry(talk)["response_frames"] == [2, 3]


def test_a_reset_to_a_notification_ends_the_observation() -> None:
    talk = observed().non("2.05", observe=2, token=b"abcd").rst()
    found = entry(talk)
    assert (found["state"], found["reset_frame"]) == ("answered", 4)


def test_an_error_notification_ends_the_observation() -> None:
    talk = observed().non("4.04", token=b"abcd")
    assert entry(talk)["state"] == "answered"
    assert roles(talk)[-1] is Role.NOTIFICATION


def test_registering_again_takes_over() -> None:
    talk = observed().con("GET", observe=0, token=b"abcd").ack("2.05", observe=5)
    talk.non("2.05", observe=6, token=b"abcd")
    first, second = entries(talk)
    assert (first["state"], second["state"]) == ("answered", "observing")
    assert second["response_frames"] == [4, 5]


# What does not fit ----------------------------------------------------------------------------


def test_the_ack_carries_another_token() -> None:
    found = entry(get().ack("2.05", token=b"abce"))
    assert (found["matched_by"], found["confidence"]) == ("mid, other token", "low")


def test_the_ack_carries_another_message_id() -> None:
    found = entry(get().ack("2.05", mid=0x7777))
    assert (found["matched_by"], found["confidence"]) == ("token, other mid", "low")


@pytest.mark.parametrize("kind", ["con", "non"])
def test_the_response_comes_from_another_endpoint(kind: str) -> None:
    talk = getattr(get(), kind)("2.05", source=OTHER)
    found = entry(talk)
    assert (found["matched_by"], found["confidence"]) == ("token, other endpoint", "low")


def test_an_empty_token_from_another_endpoint_proves_nothing() -> None:
    talk = get(token=b"").non("2.05", source=OTHER)
    assert entry(talk)["state"] == "open"
    assert roles(talk)[1] is Role.ORPHAN


def test_an_ack_from_another_endpoint_is_told_by_its_message_id() -> None:
    found = entry(get(token=b"").ack("2.05", source=OTHER))
    assert found["matched_by"] == "token, other endpoint"


def test_an_orphan_response_belongs_to_nothing() -> None:
    talk = Conversation().non("2.05", token=b"abcd")
    assert roles(talk) == [Role.ORPHAN]
    assert entries(talk) == []


@pytest.mark.parametrize("kind", ["con", "non"])
@pytest.mark.parametrize(("seconds", "matched"), [(0, True), (1.9, True), (2.1, False)])
def test_a_response_waits_two_seconds_for_its_request(
    kind: str, seconds: float, matched: bool
) -> None:
    talk = getattr(Conversation(), kind)("2.05", token=b"abcd").wait(seconds)
    found = entry(talk.con("GET", token=b"abcd"))
    assert found["response_frames"] == ([1] if matched else [])
    assert roles(talk)[0] is (Role.RESPONSE if matched else Role.ORPHAN)


def test_an_ack_seen_before_its_request() -> None:
    talk = (
        Conversation().raw("64451234 61626364", by="server").con("GET", mid=0x1234, token=b"abcd")
    )
    found = entry(talk)
    assert (found["matched_by"], found["response_frames"]) == ("mid+token", [1])


def test_an_ack_seen_before_other_requests_waits_for_its_own() -> None:
    talk = Conversation().raw("64451234 61626364", by="server").con("GET", mid=1, token=b"abcd")
    talk.con("GET", mid=0x1234, token=b"abcd")
    assert [e["response_frames"] for e in entries(talk)] == [[], [1]]


def test_what_follows_a_response_seen_early_belongs_to_it() -> None:
    talk = Conversation().con("2.05", token=b"abcd", mid=9).con("GET", token=b"abcd")
    talk.ack(mid=9, by="client")
    session = talk.session()
    assert session.messages["exchange"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("seconds", "frames"), [(0.5, []), (2, [1])])
def test_the_profile_decides_how_long_an_early_response_waits(
    seconds: float, frames: list[int]
) -> None:
    talk = Conversation().con("2.05", token=b"abcd", mid=9).wait(1).con("GET", token=b"abcd")
    found = entries(talk, timers=Transmission(reorder_window_s=seconds))
    assert [e["response_frames"] for e in found] == [frames]


@pytest.mark.parametrize(
    ("profile", "seconds", "exchanges"),
    [("lan", 32, 2), ("lan", 31, 1), ("default", 240, 1), ("default", 248, 2), ("nb-iot", 248, 1)],
)
def test_the_profile_decides_how_long_a_message_id_is_known(
    profile: str, seconds: float, exchanges: int
) -> None:
    """EXCHANGE_LIFETIME: the same bytes are a retransmission, or a new message."""
    talk = Conversation().con("GET", token=b"ab").wait(seconds).again()
    assert len(talk.session(timers=load(profile)).exchanges) == exchanges


@pytest.mark.parametrize(
    "data", ["50001234", "60011234", "70451234", "40e11234", "80011234", "4f011234", "4011"]
)
def test_what_must_be_ignored_is_not_paired(data: str) -> None:
    talk = Conversation().raw(data)
    assert roles(talk)[0] in (Role.UNREADABLE, Role.ORPHAN)
    assert entries(talk) == []


# Multicast ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("224.0.1.187:5683", ["198.51.100.1:5683", "198.51.100.2:5683"]),
        ("[ff02::fd]:5683", ["[2001:db8::5]:5683", "[2001:db8::6]:5683"]),
    ],
)
def test_every_responder_answers_a_multicast_request(group: str, members: list[str]) -> None:
    client = "192.0.2.1:40000" if len(members[0]) < 18 else "[2001:db8::1]:40000"
    talk = Conversation(client=client, server=group).non("GET", token=b"abcd")
    for member in members:
        talk.non("2.05", source=member)
    found = entry(talk)
    assert found["response_frames"] == [2, 3]
    assert (found["matched_by"], found["confidence"]) == ("token, multicast", "relaxed")


def test_a_member_may_reset_a_multicast_request() -> None:
    talk = Conversation(server="224.0.1.187:5683").non("GET", token=b"abcd")
    talk.rst(source="198.51.100.1:5683")
    assert entry(talk)["reset_frame"] == 2


# Message ID wrap ------------------------------------------------------------------------------


def test_the_message_id_wraps() -> None:
    talk = Conversation()
    for number in range(0xFFFE, 0x10003):
        talk.con("GET", mid=number & 0xFFFF, token=number.to_bytes(3, "big")).ack("2.05")
    assert [len(e["response_frames"]) for e in entries(talk)] == [1] * 5


# End of the capture ---------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "state"), [(92.9, "open"), (93.1, "unanswered")])
def test_silence_is_told_after_max_transmit_wait(seconds: float, state: str) -> None:
    talk = get().wait(seconds).raw("", source="192.0.2.8:9", destination="192.0.2.9:9")
    assert entry(talk)["state"] == state


def test_a_new_segment_closes_what_is_open() -> None:
    talk = get().wait(-300).ack("2.05")
    found = entries(talk)[0]
    assert (found["state"], found["response_frames"]) == ("open", [])


# Time ------------------------------------------------------------------------------------------

UNANSWERED, ONE_WAY = "COAP-7252-4.2-CON-UNANSWERED", "COAP-CAP-ONEWAY"


def test_a_message_id_used_again_leaves_its_first_request_answered() -> None:
    talk = Conversation().con("GET", mid=7, token=b"a").con("GET", mid=7, token=b"b").ack("2.05")
    talk.non("2.05", token=b"a").wait(200).con("GET")
    assert [f.frames for f in talk.findings(UNANSWERED)] == [[5]], "the capture ends there"


def test_what_comes_back_late_proves_both_directions() -> None:
    """The answer that lets time pass is itself a packet from the server."""
    rules = get().wait(100).ack("2.05").rules()
    assert UNANSWERED in rules
    assert ONE_WAY not in rules


def test_a_request_that_waited_for_its_flow_has_waited() -> None:
    """Confirmed after MAX_TRANSMIT_WAIT, it is as old as it is."""
    talk = Conversation(server="192.0.2.2:7000").con("GET", token=b"a").wait(100)
    talk.con("GET", token=b"b", source=CLIENT, destination=SERVER).con("GET", token=b"c")
    states = {found["request_frame"]: found["state"] for found in entries(talk)}
    assert states == {1: "unanswered", 2: "open", 3: "open"}


def test_too_many_in_flight_are_forgotten_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_layer, "MOST_LIVE", 256)
    smaller = [
        region._replace(most=256) if region.at == state.SENT else region
        for region in memory.REGIONS
    ]
    monkeypatch.setattr(memory, "REGIONS", tuple(smaller))
    talk = Conversation()
    for number in range(300):
        talk.con("GET", token=number.to_bytes(2, "big"))
    talk.ack("2.05", mid=0x1001, token=b"\0\0").ack("2.05", mid=0x1001 + 299, token=b"\x01\x2b")
    session = talk.session()
    assert session.forgotten == 44
    assert "44 unanswered messages forgotten early" in next(iter(notices(session)))
    answered = {found["request_frame"]: found["response_frames"] for found in entries(talk)}
    assert answered[300] == [302]
