# SPDX-License-Identifier: GPL-2.0-only
"""The option walk: every defect, every truncation, any bytes, and compiled as uncompiled."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissectors.coap import wire
from dissectors.coap.message import dissect
from dissectors.coap.wire import FATAL, Defect
from dissectors.kernel import rows
from dissectors.utf8 import utf8_error

from .compiled import compile_kernel
from .samples import ANY_BYTES, CLEAN, EXTENDED_TOKENS, SAMPLES, near_valid_messages, valid_messages

GET, POST, CONTENT, CREATED = "40010001", "40020001", "60450001", "60410001"

# Defect -> a message that has it, and one as near as possible that has not.
DEFECTS: dict[Defect, tuple[str, str]] = {
    Defect.SHORT: ("400100", GET),
    Defect.VERSION: ("80010001", GET),
    Defect.TKL_RESERVED: ("49010001" + "aa" * 9, "48010001" + "aa" * 8),
    Defect.TKL_15: ("4f010001", GET),
    Defect.TOKEN_TRUNCATED: ("42010001aa", "42010001aabb"),
    Defect.CODE_CLASS: ("40200001", "40450001"),
    Defect.SIGNAL_ON_UDP: ("40e10001", "40450001"),
    Defect.METHOD_UNASSIGNED: ("40080001", "40070001"),
    Defect.RESPONSE_UNASSIGNED: ("405e0001", "405f0001"),
    Defect.EMPTY_EXTRA: ("41000001aa", "40000001"),
    Defect.ACK_REQUEST: ("60010001", GET),
    Defect.ACK_CLASS: ("60200001", "40200001"),
    Defect.RST_NOT_EMPTY: ("70450001", "70000001"),
    Defect.NON_EMPTY: ("50000001", "40000001"),
    Defect.MARKER_NO_PAYLOAD: (POST + "ff", POST + "ff7b"),
    Defect.DELTA_15: (GET + "f0", GET + "b0"),
    Defect.LENGTH_15: (GET + "bf", GET + "b0"),
    Defect.OPTION_TRUNCATED: (GET + "d0", GET + "d003"),
    Defect.VALUE_TRUNCATED: (GET + "b261", GET + "b161"),
    Defect.NUMBER_OVERFLOW: (GET + "e0fef3", GET + "e0fef2"),
    Defect.LENGTH_CRITICAL: (GET + "73010203", GET + "720102"),
    Defect.LENGTH_ELECTIVE: (POST + "c3010203", POST + "c132"),
    Defect.UINT_LEADING_ZERO: (POST + "c20032", POST + "c132"),
    Defect.STRING_NOT_UTF8: (GET + "b2c328", GET + "b2c3a9"),
    Defect.STRING_NOT_NET_UNICODE: (GET + "b11b", GET + "b161"),
    Defect.CRITICAL_UNKNOWN: (GET + "d000", GET + "b0"),
    Defect.ELECTIVE_UNKNOWN: (GET + "20", GET + "b0"),
    Defect.EXPERIMENTAL: (GET + "e0fcdb", GET + "e0fcda"),
    Defect.RESERVED_LOCATION: (CREATED + "d073", CREATED + "d007"),
    Defect.REPEATED: (POST + "c13200", POST + "c132"),
    Defect.ETAG_REPEATED: (CONTENT + "41aa01bb", GET + "41aa01bb"),
    Defect.CONTEXT_REQUEST: (GET + "d1013d", CONTENT + "d1013d"),
    Defect.CONTEXT_RESPONSE: (CONTENT + "b161", GET + "b161"),
    Defect.CONTEXT_METHOD: (POST + "60", GET + "60"),
}


# ... and those of messages in streams and WebSockets, with how they are framed.
FRAMED_DEFECTS: dict[Defect, tuple[int, str, str]] = {
    Defect.FRAME_LENGTH: (wire.STREAM, "3001b161", "2001b161"),
    Defect.WS_LENGTH: (wire.WEBSOCKET, "2001b161", "0001b161"),
}


def kinds(data: bytes, cut: bool = False) -> set[Defect]:
    return {flaw.kind for flaw in dissect(data, cut).flaws}


def test_every_defect_has_a_case() -> None:
    assert {*DEFECTS, *FRAMED_DEFECTS, Defect.CUT} == set(Defect)


@pytest.mark.parametrize("defect", FRAMED_DEFECTS, ids=lambda defect: defect.name)
def test_defect_of_framing(defect: Defect) -> None:
    framing, bad, good = FRAMED_DEFECTS[defect]
    found = dissect(bytes.fromhex(bad), framing=framing)
    assert {flaw.kind for flaw in found.flaws} == {defect}
    assert found.readable == (defect not in FATAL)
    assert dissect(bytes.fromhex(good), framing=framing).flaws == ()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_defect(defect: Defect) -> None:
    bad, good = (bytes.fromhex(text) for text in DEFECTS[defect])
    assert defect in kinds(bad)
    assert defect not in kinds(good)
    assert dissect(bad).readable == (defect not in FATAL)
    for flaw in dissect(bad).flaws:
        assert 0 <= flaw.offset <= flaw.end <= len(bad)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (POST + "c20032", (5, 7)),
        (GET + "b161f0", (6, 7)),
        (GET + "b261", (5, 6)),
        (GET + "b361c328", (6, 8)),
        (POST + "c132ff", (6, 7)),
        ("42010001aa", (4, 5)),
    ],
)
def test_a_defect_tells_its_bytes(text: str, where: tuple[int, int]) -> None:
    flaws = dissect(bytes.fromhex(text)).flaws
    assert [(flaw.offset, flaw.end) for flaw in flaws] == [where]


def test_edhoc_value_is_ignored_by_the_receiver() -> None:
    """RFC 9668 clause 3.1: odd number, yet no critical length."""
    message = bytes.fromhex(POST + "9100c100")
    assert Defect.LENGTH_ELECTIVE in kinds(message)
    assert Defect.LENGTH_CRITICAL not in kinds(message)


def test_outer_options_of_oscore_are_wrapping() -> None:
    """RFC 8613 clause 4.1: Observe stands in an outer POST."""
    observe_in_post = bytes.fromhex(POST + "6030ff00")
    assert kinds(observe_in_post) == set()


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_is_wrong_with_messages_of_the_rfcs(name: str) -> None:
    assert dissect(CLEAN[name]).flaws == ()


@pytest.mark.parametrize("name", EXTENDED_TOKENS)
def test_extended_tokens_are_only_noted(name: str) -> None:
    assert kinds(EXTENDED_TOKENS[name]) == {Defect.TKL_RESERVED}


RUNS_OUT = {
    Defect.SHORT,
    Defect.TOKEN_TRUNCATED,
    Defect.OPTION_TRUNCATED,
    Defect.VALUE_TRUNCATED,
    Defect.MARKER_NO_PAYLOAD,
    Defect.EMPTY_EXTRA,
    Defect.TKL_RESERVED,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_truncated_anywhere(name: str) -> None:
    """A message that ends early is a shorter one or ends in the middle of something."""
    whole = SAMPLES[name]
    for size in range(len(whole)):
        assert kinds(whole[:size]) <= RUNS_OUT, size


@pytest.mark.parametrize("name", SAMPLES)
def test_cut_by_the_capture_anywhere(name: str) -> None:
    """What the capture did not keep is no breach of the sender."""
    whole = SAMPLES[name]
    for size in range(len(whole)):
        assert kinds(whole[:size], cut=True) <= {Defect.CUT, Defect.TKL_RESERVED}, size


def test_cut_in_the_header_token_and_options_is_told() -> None:
    whole = SAMPLES["registration"]
    for size in [0, 3, 5, 7, 12]:
        assert kinds(whole[:size], cut=True) == {Defect.CUT}, size


@given(valid_messages())
def test_valid_messages_have_no_defect(message: tuple[dict[str, object], bytes]) -> None:
    fields, data = message
    found = dissect(data)
    assert found.flaws == ()
    assert [(option.number, option.value) for option in found.options] == fields["options"]
    assert (found.type, found.code, found.message_id) == (
        fields["type"],
        fields["code"],
        fields["message_id"],
    )
    assert (found.token, found.payload) == (fields["token"], fields["payload"])


@given(ANY_BYTES | near_valid_messages(), st.booleans())
@example(b"", False)
@example(b"", True)
def test_any_bytes(data: bytes, cut: bool) -> None:
    """Never an exception; every row lies inside the message."""
    found = dissect(data, cut)
    for flaw in found.flaws:
        assert 0 <= flaw.offset <= flaw.end <= len(data)
    last = 0
    for option in found.options:
        assert last <= option.offset < option.value_offset
        last = option.value_offset + len(option.value)
        assert last <= len(data)
        assert option.value == data[option.value_offset : last]


@given(st.integers(0, 40), ANY_BYTES)
def test_a_message_inside_a_larger_buffer(start: int, data: bytes) -> None:
    """Offsets count from the start of the buffer; what surrounds the message does not matter."""
    padded = bytes(start) + data + b"\xb1a"
    head, options, defects = walk_rows(wire.walk, padded, start, start + len(data))
    message = dissect(data)
    assert head[wire.OPTION_COUNT] == len(message.options)
    found = [defects[row * 4 : row * 4 + 3] for row in range(head[wire.DEFECT_COUNT])]
    assert found == [[f.kind, f.offset + start, f.end + start] for f in message.flaws]
    assert [options[row * 4] for row in range(len(message.options))] == [
        option.number for option in message.options
    ]


FRAMINGS = (wire.DATAGRAM, wire.STREAM, wire.WEBSOCKET)


def walk_rows(
    walk: object, data: bytes, start: int, end: int, cut: int = 0, room: int = 120, framing: int = 0
):
    head, options, defects = rows(wire.HEAD_SLOTS), rows(room * 4), rows(room * 4)
    table = wire.option_table()
    walk(memoryview(data), start, end, cut, framing, head, options, defects,
         memoryview(wire.code_table()), memoryview(table.index), table.specs)  # fmt: skip
    return head.tolist(), options.tolist(), defects.tolist()


def test_rows_without_room_are_left_out() -> None:
    many = bytes.fromhex(GET) + b"\x20" + b"\x00" * 50
    head, _, _ = walk_rows(wire.walk, many, 0, len(many), room=3)
    assert head[wire.OPTION_COUNT] == 3
    assert head[wire.DEFECT_COUNT] == 3


@pytest.fixture(scope="module")
def compiled_walk() -> object:
    pytest.importorskip("numba", reason="numba is optional")
    return compile_kernel(wire.walk)


def test_compiled_walk_gives_the_same_rows(compiled_walk: object) -> None:
    bad = [bytes.fromhex(text) for pair in DEFECTS.values() for text in pair]
    for data in [*bad, *SAMPLES.values()]:
        for cut in (0, 1):
            for framing in FRAMINGS:
                plain = walk_rows(wire.walk, data, 0, len(data), cut, framing=framing)
                found = walk_rows(compiled_walk, data, 0, len(data), cut, framing=framing)
                assert found == plain


@settings(max_examples=300)
@given(
    data=ANY_BYTES | near_valid_messages(),
    cut=st.integers(0, 1),
    framing=st.sampled_from(FRAMINGS),
)
def test_compiled_walk_on_any_bytes(
    compiled_walk: object, data: bytes, cut: int, framing: int
) -> None:
    plain = walk_rows(wire.walk, data, 0, len(data), cut, framing=framing)
    assert walk_rows(compiled_walk, data, 0, len(data), cut, framing=framing) == plain


LEADS = st.sampled_from(
    list(b"\x00\x7f\x80\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xed\xef\xf0\xf4\xf5\xff\x9f\xa0")
)


@settings(max_examples=500)
@given(
    st.binary(max_size=12)
    | st.lists(LEADS, max_size=6).map(bytes)
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_utf8_error_is_pythons(data: bytes) -> None:
    try:
        data.decode("utf-8", "strict")
        expected = -1
    except UnicodeDecodeError as error:
        expected = error.start
    assert utf8_error(data, 0, len(data)) == expected
