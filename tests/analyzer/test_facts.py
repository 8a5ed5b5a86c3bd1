# SPDX-License-Identifier: GPL-2.0-only
"""Facts of one record, against the message dissected for people."""

from __future__ import annotations

import pytest
from gathered import BEFORE_COAP, Facts, facts_of, gathered, message
from generated import ACK, CON, NON, REGISTRATION
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rules.conversation import START, Conversation, coap

from analyzer import facts as fact
from dissectors import link
from dissectors.coap import numbers, wire
from dissectors.coap.message import Message, dissect
from dissectors.coap.numbers import OPTIONS, Format

STEADY = settings(derandomize=True, deadline=None, max_examples=250)
LASTING = (numbers.OBSERVE, numbers.MAX_AGE)
FATAL = {defect for defect in wire.Defect if defect in wire.FATAL}

OPTION = st.tuples(
    st.sampled_from([*OPTIONS, 2, 65_000]) | st.sampled_from([3, 6, 7, 9, 11, 12, 14, 15, 23, 27]),
    st.binary(max_size=5) | st.sampled_from([b"\x3c", b"\x16\x33", b"192.0.2.2", b"a:b", b"\xe4"]),
)
MESSAGES = st.builds(
    lambda kind, code, mid, token, options, payload: coap(
        kind, code, mid=mid, token=token, options=options, payload=payload
    ),
    st.sampled_from([CON, NON, ACK, 3]),
    st.sampled_from(
        ["0.00", "GET", "POST", "FETCH", "2.01", "2.05", "4.04", "5.03", "1.31", "3.00"]
    ),
    st.integers(0, 0xFFFF),
    st.binary(max_size=9) | st.sampled_from([b"\xff" * 8, bytes(8), bytes(300)]),
    st.lists(OPTION, max_size=5),
    st.sampled_from([b"", b"x", b"{}", b" {", REGISTRATION, bytes(1025)]),
)


@st.composite
def datagrams(draw: st.DrawFn) -> bytes:
    """Messages, most of them in order, and any bytes."""
    data = bytearray(draw(MESSAGES))
    what = draw(st.integers(0, 3))
    if what == 0 and data:
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    elif what == 1:
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data) if draw(st.integers(0, 9)) else draw(st.binary(max_size=12))


def has(found: Facts, flag: int) -> bool:
    return bool(found(fact.FLAGS) & flag)


def uint(said: Message, number: int) -> int:
    """An option as the facts have it: -1 for none, -2 for no number."""
    option = said.first(number)
    if option is None:
        return -1
    return int.from_bytes(option.value, "big") if len(option.value) <= 4 else -2


def block(said: Message, *options: int) -> int:
    """Value of the last of the options that is there, -1 for none and for one that is no block."""
    found = [option for number in options if (option := said.first(number)) is not None]
    if not found or len(found[-1].value) > 3:
        return -1
    return int.from_bytes(found[-1].value, "big")


@STEADY
@given(datagrams())
@example(b"")
@example(b"\x80\x01\x12\x34")
@example(coap(CON, "GET", token=b"\x80" + bytes(7), path="/a"))
def test_facts_are_what_the_message_says(data: bytes) -> None:
    found, said = facts_of(data), dissect(data)
    assert found.read(fact.AT, fact.END) == data
    kinds = {flaw.kind for flaw in said.flaws}
    assert found(fact.DEFECTS) == sum(1 << kind for kind in kinds)
    assert has(found, fact.READABLE) is not bool(kinds & FATAL)
    assert has(found, fact.DEFECT) is bool(kinds - {wire.Defect.CUT})
    assert (found(fact.TYPE), found(fact.CODE)) == (said.type, said.code)
    other_version = wire.Defect.VERSION in kinds and len(data) >= 4
    mid = int.from_bytes(data[2:4], "big") if other_version else said.message_id
    assert found(fact.MID) == mid
    assert found(fact.TOKEN_LENGTH) == len(said.token)
    at = found(fact.TOKEN_AT)
    assert bytes(found.data[at : at + len(said.token)]) == said.token
    if len(said.token) <= 8:
        assert found(fact.TOKEN) & (1 << 64) - 1 == int.from_bytes(said.token, "big")
    assert has(found, fact.LONG_TOKEN) is (len(said.token) > 8)
    assert found(fact.PAYLOAD_LENGTH) == len(said.payload)
    assert has(found, fact.REQUEST) is numbers.is_request(said.code)
    assert has(found, fact.RESPONSE) is numbers.is_response(said.code)
    assert has(found, fact.PING) is (len(data) >= 4 and (said.type, said.code) == (0, 0))
    assert has(found, fact.LARGE) is (len(data) > 1152 or len(said.payload) > 1024)
    assert has(found, fact.DTLS) is (data[:1] != b"" and 20 <= data[0] <= 63)


@STEADY
@given(datagrams())
def test_facts_are_what_the_options_say(data: bytes) -> None:
    found, said = facts_of(data), dissect(data)
    assert found(fact.CONTENT_FORMAT) == uint(said, numbers.CONTENT_FORMAT)
    assert found(fact.OBSERVE) == max(-1, uint(said, numbers.OBSERVE))
    assert has(found, fact.PROTECTED) is (said.first(numbers.OSCORE) is not None)
    request = numbers.is_request(said.code)
    blocks = [block(said, 19, numbers.BLOCK1), block(said, numbers.BLOCK2, 31)]
    assert [found(fact.BLOCK1), found(fact.BLOCK2)] == blocks
    carried = blocks[0 if request else 1]
    assert has(found, fact.IN_BLOCKS) is (carried > 0 and bool(carried >> 4 or carried & 8))
    assert has(found, fact.Q_BLOCK) is any(said.first(number) is not None for number in (19, 31))
    assert bool(found(fact.ETAG)) is (said.first(numbers.ETAG) is not None)
    assert has(found, fact.LATER_BLOCK) is (request and any(value >> 4 > 0 for value in blocks))
    texts = [
        option for option in said.options if option.spec and option.spec.format == Format.STRING
    ]
    assert has(found, fact.NON_ASCII) is any(not option.value.isascii() for option in texts)
    spread = {wire.option_table().index[option.number] for option in said.options}
    assert found(fact.OPTIONS) == sum(1 << row for row in spread)


def test_there_is_a_bit_for_each_option_that_may_be_known() -> None:
    """The sign bit is none: kernels shift it along."""
    known = wire.option_table(*numbers.OPTION_SETS)
    assert max(known.index) <= 62
    for number in OPTIONS:
        assert known.index[number] == wire.option_table().index[number]


@STEADY
@given(datagrams().filter(lambda data: not 20 <= (data or b"\0")[0] <= 63))
def test_facts_are_what_rules_see(data: bytes) -> None:
    found, seen = facts_of(data), message(data)
    assert has(found, fact.JSON) is (seen.may_be_json and not seen.in_blocks)
    if numbers.is_request(seen.code):
        path = bytes(found.text[found(fact.PATH_AT) : found(fact.PATH_END)])
        assert path.decode("utf-8", "replace") == seen.path
    assert has(found, fact.IN_BLOCKS) is seen.in_blocks
    assert has(found, fact.PROTECTED) is seen.protected


def lasting(said: Message) -> tuple[object, ...]:
    options = [(o.number, o.value) for o in said.options if o.number not in LASTING]
    return said.type, said.code, said.token, options


@STEADY
@given(MESSAGES, datagrams(), st.booleans())
def test_hashes_are_equal_where_what_they_stand_for_is(
    one: bytes, other: bytes, alike: bool
) -> None:
    if alike:  # another Message ID
        other = one[:2] + bytes([one[2] ^ 1]) + one[3:]
    found = facts_of(one, one, other)
    for slot in (fact.DATA_HASH, fact.LASTING_HASH, fact.PAYLOAD_HASH):
        assert found(slot) == found(slot, 1)
    said, told = dissect(one), dissect(other)
    assert (found(fact.DATA_HASH) == found(fact.DATA_HASH, 2)) is (one == other)
    assert (found(fact.PAYLOAD_HASH) == found(fact.PAYLOAD_HASH, 2)) is (
        said.payload == told.payload
    )
    if has(found, fact.READABLE) and not FATAL & {flaw.kind for flaw in told.flaws}:
        same = lasting(said) == lasting(told)
        assert (found(fact.LASTING_HASH) == found(fact.LASTING_HASH, 2)) is same


@pytest.mark.parametrize(
    ("code", "options", "default"),
    [
        ("2.05", {"max_age": 60}, True),
        ("2.05", {"max_age": 61}, False),
        ("GET", {"max_age": 60}, False),
        ("GET", {"uri_port": 5683}, True),
        ("GET", {"uri_port": 5684}, False),
        ("GET", {"uri_host": "192.0.2.2"}, True),
        ("GET", {"uri_host": "2001:db8::1"}, True),
        ("GET", {"uri_host": "server"}, False),
        ("2.05", {"uri_host": "192.0.2.2"}, False),
    ],
)
def test_values_that_may_say_nothing(code: str, options: dict[str, object], default: bool) -> None:
    assert has(facts_of(coap(CON, code, **options)), fact.DEFAULT_VALUE) is default


@pytest.mark.parametrize(
    ("code", "options", "continues"),
    [
        ("GET", {}, False),
        ("GET", {"observe": 1}, True),
        ("GET", {"block2": 0x16}, True),
        ("GET", {"block2": 0x06}, False),
        ("PUT", {"block1": 0x1E}, True),
        ("PUT", {"block1": 0x0E}, False),
    ],
)
def test_tokens_that_may_be_used_again(
    code: str, options: dict[str, object], continues: bool
) -> None:
    assert has(facts_of(coap(CON, code, **options)), fact.CONTINUES) is continues


@pytest.mark.parametrize(
    ("options", "path", "uri"),
    [
        ({}, "/", "/"),
        ({"path": "/a/b", "uri_query": ["x", "y=1"]}, "/a/b", "/a/b?x&y=1"),
        ({"path": "/a", "proxy_uri": "coap://h/p"}, "/a", "coap://h/p"),
    ],
)
def test_texts_are_put_together(options: dict[str, object], path: str, uri: str) -> None:
    found = facts_of(coap(CON, "GET", **options))
    assert found.written(fact.PATH_AT, fact.PATH_END) == path
    assert found.written(fact.URI_AT, fact.URI_END) == uri


def test_facts_of_the_lower_layers() -> None:
    talk = Conversation().con("GET", token=b"ab", ip_id=77, ttl=9, cut=1).ack("2.05")
    found = gathered(talk.pcap())
    data = talk.frames[0].data
    assert (found(fact.KIND), found(fact.FRAME), found(fact.TIME)) == (link.UDP, 1, START)
    assert (found(fact.IP_ID), found(fact.TTL), found(fact.ADDRESS_LENGTH)) == (77, 9, 4)
    assert (found(fact.SOURCE_PORT), found(fact.DESTINATION_PORT)) == (40000, 5683)
    assert (found(fact.CAPTURED), found(fact.WIRE)) == (
        BEFORE_COAP + len(data) - 1,
        BEFORE_COAP + len(data),
    )
    assert found(fact.AT) - found(fact.START) == BEFORE_COAP
    assert has(found, fact.CUT)
    assert has(found, fact.KNOWN_PORT)
    assert not has(found, fact.SECURE_PORT)
    assert found(fact.FRAME, 1) == 2
    assert found(fact.LINK_HASH) == found(fact.LINK_HASH, 1), "the test's frames have one header"


@pytest.mark.parametrize(
    ("port", "data", "kind"),
    [
        (5683, b"", link.UDP),
        (5684, b"\x16\xfe\xfd", link.UDP),
        (7000, b"\x40\x01\0\0", link.UDP),
        (7000, b"\x80\x01\0\0", fact.OTHER_UDP),
        (7000, b"", fact.OTHER_UDP),
        (53, b"\x40\x01\0\0", fact.OTHER_UDP),
        (9999, b"\xff", link.UDP),
    ],
)
def test_which_datagrams_are_looked_at(port: int, data: bytes, kind: int) -> None:
    talk = Conversation(server=f"192.0.2.2:{port}").raw(data)
    assert gathered(talk.pcap(), frozenset({9999}))(fact.KIND) == kind


def test_no_two_facts_share_a_slot_or_a_bit() -> None:
    numbered = [value for name, value in vars(fact).items() if name.isupper() and name[0] != "_"]
    slots = sorted(value for value in numbered if isinstance(value, int))
    assert set(range(fact.SLOTS)) <= set(slots)
    flags = [getattr(fact, name) for name in FLAG_NAMES]
    assert all(flag & (flag - 1) == 0 for flag in flags)
    assert len(set(flags)) == len(flags)


FLAG_NAMES = (
    *("CUT", "READABLE", "REQUEST", "RESPONSE", "PROTECTED", "IN_BLOCKS", "CONTINUES"),
    *("FRAGMENTED", "LARGE", "LONG_TOKEN", "DEFAULT_VALUE", "NON_ASCII", "CLEAN", "DTLS"),
    *("DEFECT", "PING", "LATER_BLOCK", "JSON", "ODD_BODY", "FIRST_OF_FLOW", "NAT_LEG"),
    *(
        "PLAIN_ON_5684",
        "KNOWN_PORT",
        "SECURE_PORT",
        "BEGINS_LATE",
        "BODY_READ",
        "Q_BLOCK",
        "NOTIFIES",
    ),
)
