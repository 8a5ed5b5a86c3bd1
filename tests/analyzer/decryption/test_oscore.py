# SPDX-License-Identifier: GPL-2.0-only
"""Requests and responses with OSCORE in the order of a capture: clear messages, reasons, facts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import aiocoap
import pytest
from aiocoap.numbers.codes import Code
from aiocoap.transports.tcp import _serialize
from hypothesis import example, given
from hypothesis import strategies as st
from oscore_peer import answered, peers, sealed

from analyzer.decryption import oscore, oscore_sequence
from analyzer.decryption.oscore import Contexts, Reason, Unprotected, Unprotector
from analyzer.profiles.transmission import DEFAULT
from analyzer.secrets.oscore_context import Context
from dissectors.coap import numbers
from dissectors.coap.message import dissect
from dissectors.coap.values import encode_options, extended

CONTEXT = Context("meter", b"a master secret!", b"salt", b"\x0c", b"\x05", b"context")
CLEAR = b"\x40\x01\x00\x01\xb1a"


def get(path: str = "temperature", **more: Any) -> Any:
    return aiocoap.Message(code=Code.GET, uri_path=(path,), **more)


def content(payload: bytes = b"21.5", **more: Any) -> Any:
    return aiocoap.Message(code=Code.CONTENT, payload=payload, **more)


class Tap:
    """An Unprotector, and two ends in aiocoap whose messages it gets one second after the other."""

    def __init__(self, *contexts: Context) -> None:
        self.client, self.server = peers(CONTEXT)
        self._unprotector = Unprotector(Contexts(contexts or [CONTEXT]))
        self.frame = 0

    def take(
        self,
        message: bytes,
        source: str,
        destination: str,
        seconds: float = 0,
        reliable: bool = False,
    ) -> Unprotected:
        self.frame += 1
        time = int((seconds or self.frame) * 1e9)
        result = self._unprotector.take(message, source, destination, time, self.frame, reliable)
        assert result is not None
        return result

    def asked(self, message: bytes, seconds: float = 0, reliable: bool = False) -> Unprotected:
        return self.take(message, "client", "server", seconds, reliable)

    def told(self, message: bytes, reliable: bool = False) -> Unprotected:
        return self.take(message, "server", "client", 0, reliable)


@pytest.fixture
def tap() -> Tap:
    return Tap()


def wrapped(
    option: bytes, *options: tuple[int, bytes], code: int = numbers.POST, payload: bytes = b"sealed"
) -> bytes:
    """A message with an OSCORE option of this value."""
    head = bytes([0x42, code]) + b"\x00\x01tk"
    body = encode_options([(numbers.OSCORE, option), *options])
    return head + body + (b"\xff" + payload if payload else b"")


def facts(result: Unprotected) -> tuple[int, bool, int, int]:
    assert result.message
    return result.replay_of, result.elsewhere, result.reused_with, result.backwards


# Not protected -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reliable"),
    [
        (CLEAR, False),
        (b"\x40\x01\x00\x01", False),
        (b"\x40\x01\x00\x01\x81x\x31h\xff1", False),
        (b"\x60\x00\x00\x01", False),
        (b"", False),
        (b"", True),
        (b"\x20\x01\xb1a", True),
        (b"\x20\xe1\x90\xff", True),
        (b"\x00\x02\x00\x01\x91\x09", False),
    ],
    ids=("path", "nothing", "order", "empty", "none", "none-tcp", "tcp", "signal", "version"),
)
def test_what_has_no_oscore_option_is_left_alone(message: bytes, reliable: bool) -> None:
    unprotector = Unprotector(Contexts([CONTEXT]))
    assert unprotector.take(message, "a", "b", 0, 1, reliable) is None


# Why not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason", "detail"),
    [
        (wrapped(b"\x09\x00\x63"), Reason.NO_CONTEXT, 'kid "0x63"'),
        (wrapped(b"\x09\x00"), Reason.NO_CONTEXT, 'kid "0x"'),
        (
            wrapped(b"\x19\x00\x01\x63\x0c"),
            Reason.KID_CONTEXT,
            'kid "0x0c", kid context "0x63"',
        ),
        (wrapped(b"\x09\x00\x0c"), Reason.AUTHENTICATION, "tried meter"),
        (wrapped(b"\x09\x00\x0c", payload=b""), Reason.MALFORMED, "no ciphertext"),
        (wrapped(b"\x09\x00\x0c") + b"\xff", Reason.AUTHENTICATION, "tried meter"),
        (wrapped(b""), Reason.MALFORMED, "its OSCORE option: no kid or no Partial IV"),
        (wrapped(b"\x0e\x00\x0c"), Reason.MALFORMED, "its OSCORE option"),
        (wrapped(b"\x19\x00\xff\x0c"), Reason.MALFORMED, "its OSCORE option"),
        (wrapped(b"\x49\x00\x0c"), Reason.MALFORMED, "its OSCORE option"),
        (wrapped(b"\x29\x00\x0c"), Reason.GROUP, ""),
        (wrapped(b"\x09\x00\x0c", (9, b"")), Reason.MALFORMED, "two OSCORE options"),
        (wrapped(b"\x09\x00\x0c", payload=b"")[:-1] + b"\x0c\xf0", Reason.MALFORMED, "its options"),
        (
            wrapped(b"\x09\x00\x0c", payload=b"") + b"\xe0\xfe\xea\xff1",
            Reason.MALFORMED,
            "its options",
        ),
        (wrapped(b"\x09\x00\x0c", (27, b"\x08")), Reason.OUTER_BLOCK, ""),
        (wrapped(b"\x09\x00\x0c", (27, b"\x10")), Reason.OUTER_BLOCK, ""),
        (wrapped(b"\x09\x00\x0c", (23, b"\x10")), Reason.OUTER_BLOCK, ""),
        (wrapped(b"", code=numbers.CHANGED), Reason.REQUEST_UNSEEN, ""),
        (wrapped(b"", (23, b"\x18"), code=numbers.CHANGED), Reason.OUTER_BLOCK, ""),
    ],
)
def test_reasons(tap: Tap, message: bytes, reason: Reason, detail: str) -> None:
    result = tap.asked(message)
    assert (result.message, result.reason, result.detail) == (b"", reason, detail)


def test_a_response_says_why_its_request_stays_opaque(tap: Tap) -> None:
    tap.asked(wrapped(b"\x09\x00\x63"))
    response = tap.told(wrapped(b"", code=numbers.CHANGED))
    assert (response.reason, response.detail) == (Reason.NO_CONTEXT, 'kid "0x63"')


def test_a_wrong_key_says_so_of_requests_and_responses(tap: Tap) -> None:
    wrong = Tap(CONTEXT._replace(master_secret=b"another"))
    request, asked = sealed(tap.client, get(), 1)
    assert wrong.asked(request).reason == Reason.AUTHENTICATION
    response = answered(tap.server, asked, content(), 2)
    assert wrong.told(response).reason == Reason.AUTHENTICATION


def test_the_response_to_outer_blocks_is_opened(tap: Tap) -> None:
    """Its nonce and AAD follow from the option that each of the blocks has."""
    request, asked = sealed(tap.client, get(), 1)
    first = request[: request.index(b"\xff")] + b"\xd1\x05\x08" + request[request.index(b"\xff") :]
    assert tap.asked(first).reason == Reason.OUTER_BLOCK
    assert dissect(tap.told(answered(tap.server, asked, content(), 2)).message).payload == b"21.5"


def test_nothing_is_opened_without_cryptography(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    request, asked = sealed(tap.client, get(), 1)
    response = answered(tap.server, asked, content(), 2)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    for result in (tap.asked(request), tap.told(response)):
        assert result.reason == Reason.UNAVAILABLE
        assert "msgshark[decrypt]" in result.detail


def test_cryptography_is_loaded_for_no_message_without_a_context() -> None:
    script = (
        "import sys\n"
        "from analyzer.decryption.oscore import Contexts, Unprotector\n"
        f"Unprotector(Contexts([])).take({wrapped(bytes([9, 0, 12]))!r}, 1, 2, 0, 1, False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heavy = {"cryptography", "polars", "numpy", "numba", "scapy", "jsonschema"}
    assert not heavy & set(done.stdout.split())


# Which context -----------------------------------------------------------------------------------


def test_a_kid_that_contexts_share_is_told_apart_by_trying() -> None:
    others = [
        CONTEXT._replace(name=f"other {n}", master_secret=b"other", id_context=bytes([n]))
        for n in range(3)
    ]
    tap = Tap(*others, CONTEXT)
    tap.client.id_context = None
    client, _ = peers(CONTEXT)
    outer, _ = client.protect(get(), kid_context=False)
    outer.mtype, outer.mid, outer.token = aiocoap.CON, 1, b"tk"
    assert tap.asked(outer.encode()).context == "meter"


def test_the_server_may_be_the_one_that_asks(tap: Tap) -> None:
    request, asked = sealed(tap.server, get(), 1)
    result = tap.told(request)
    assert (result.kid, dissect(result.message).code) == (b"\x05", numbers.GET)
    response = tap.asked(answered(tap.client, asked, content(), 2))
    assert (response.kid, dissect(response.message).payload) == (b"\x0c", b"21.5")


# What is composed --------------------------------------------------------------------------------


def test_outer_options_of_class_u_stay_and_others_go(tap: Tap) -> None:
    request, _ = sealed(tap.client, get(uri_host="example"), 1)
    marker = request.index(b"\xff")
    outer = request[:marker] + b"\x51\x20" + request[marker:]  # Max-Age, of class E, outside
    message = dissect(tap.asked(outer).message)
    assert [option.number for option in message.options] == [numbers.URI_HOST, numbers.URI_PATH]


def test_an_option_inside_counts_before_that_outside(tap: Tap) -> None:
    request, _ = sealed(tap.client, get(hop_limit=5), 1)
    marker = request.index(b"\xff")
    outer = request[:marker] + b"\x71\x09" + request[marker:]
    message = dissect(tap.asked(outer).message)
    assert [option.value for option in message.all(numbers.HOP_LIMIT)] == [b"\x05"]


def test_options_that_belong_outside_are_told(tap: Tap) -> None:
    assert tap.asked(sealed(tap.client, get(hop_limit=5), 1)[0]).misplaced == (numbers.HOP_LIMIT,)
    assert tap.asked(sealed(tap.client, get(), 2)[0]).misplaced == ()


def test_malformed_inner_options_stay_as_they_are(tap: Tap) -> None:
    """They are judged like those of a clear message."""
    (sender,) = Contexts([CONTEXT]).senders(b"\x0c", None)
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    inner = b"\x01\xb9short"
    ciphertext = AESCCM(CONTEXT.key(b"\x0c"), 8).encrypt(
        sender.nonce(b"\0"), inner, sender.aad(b"\0")
    )
    host = (numbers.URI_HOST, b"example")
    message = tap.asked(wrapped(b"\x09\0\x0c", host, payload=ciphertext)).message
    assert message == b"\x42\x01\x00\x01tk" + inner[1:]


def test_edhoc_message_3_before_the_ciphertext_is_skipped(tap: Tap) -> None:
    outer, _ = tap.client.protect(get())
    outer.mtype, outer.mid, outer.token = aiocoap.CON, 1, b"tk"
    outer.opt.edhoc = True
    outer.payload = b"\x58\x20" + bytes(32) + outer.payload
    message = dissect(tap.asked(outer.encode()).message)
    assert [option.number for option in message.options] == [numbers.URI_PATH]


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 267, 268, 269, 65_000])
def test_messages_of_streams_have_the_right_length(tap: Tap, length: int) -> None:
    request, asked = sealed(tap.client, get(), 1, reliable=True)
    assert tap.asked(request, reliable=True).message == b"\xc2\x01tk\xbbtemperature"
    response = content(bytes(length))
    data = answered(tap.server, asked, response, 2, reliable=True)
    response.token = b"tk"
    assert tap.told(data, reliable=True).message == _serialize(response)


def test_a_long_token_is_kept_or_forgotten_whole(tap: Tap) -> None:
    request, _ = sealed(tap.client, get(), 1)
    for length in (13, oscore.LONGEST_TOKEN, oscore.LONGEST_TOKEN + 1, 300):
        nibble, more = extended(length, "token length")
        token = more + bytes(length)
        long = bytes([0x40 | nibble]) + request[1:4] + token + request[6:]
        assert tap.asked(long).message[4:].endswith(token + b"\xbbtemperature")
        response = long[:1] + b"\x44\x00\x02" + token + b"\x90\xffsealed"
        kept = length <= oscore.LONGEST_TOKEN
        assert tap.told(response).reason == (
            Reason.AUTHENTICATION if kept else Reason.REQUEST_UNSEEN
        )


# Observations ------------------------------------------------------------------------------------


def observed(tap: Tap, token: bytes = b"tk", mid: int = 1) -> Any:
    request, asked = sealed(tap.client, get(observe=0), mid, token)
    assert tap.asked(request).message
    return asked


def orders(results: list[Unprotected]) -> Iterator[int | None]:
    return (dissect(result.message).uint(numbers.OBSERVE) for result in results)


def test_notifications_are_in_the_order_of_their_partial_ivs(tap: Tap) -> None:
    asked = observed(tap)
    tap.server.sender_sequence_number = 0
    first = tap.told(answered(tap.server, asked, content(observe=0), 1))
    later = [
        tap.told(answered(tap.server, asked, content(b"%d" % n, observe=0), 2 + n, own_nonce=True))
        for n in range(3)
    ]
    assert list(orders([first, *later])) == [0, 1, 2, 3]
    assert [facts(result) for result in later] == [(0, False, 0, 0)] * 3


def test_notifications_of_an_earlier_registration_are_opened(tap: Tap) -> None:
    asked = observed(tap)
    late = answered(tap.server, asked, content(b"late", observe=0), 7, own_nonce=True)
    again = observed(tap, mid=2)
    new = answered(tap.server, again, content(b"new", observe=0), 8, own_nonce=True)
    assert dissect(tap.told(new).message).payload == b"new"
    assert dissect(tap.told(late).message).payload == b"late"


def test_forged_requests_end_no_observation(tap: Tap) -> None:
    asked = observed(tap)
    for n in range(4):
        kid, reason = ((b"\x0c", Reason.AUTHENTICATION), (b"\x63", Reason.NO_CONTEXT))[n % 2]
        option = b"\x09" + bytes([n]) + kid
        forged = wrapped(option, (numbers.OBSERVE, b""), code=numbers.FETCH)
        assert tap.asked(forged).reason == reason
    assert tap.told(wrapped(b"", code=numbers.CONTENT)).reason == Reason.NO_CONTEXT
    assert tap.told(answered(tap.server, asked, content(observe=0), 7, own_nonce=True)).message


@given(st.lists(st.booleans(), max_size=12))
def test_few_requests_are_kept_for_a_token(genuine: list[bool]) -> None:
    tap = Tap()
    for n, real in enumerate(genuine):
        tap.asked(sealed(tap.client, get(), n)[0] if real else wrapped(bytes([0x09, n, 0x0C])))
    kept = list(tap._unprotector._requests(("client", "server", b"tk")))
    assert len(kept) <= 3
    assert sum(request.genuine for request in kept) == min(2, sum(genuine))


def test_a_second_notification_without_partial_iv_reuses_the_nonce(tap: Tap) -> None:
    asked = observed(tap)
    first = answered(tap.server, asked, content(b"1", observe=0), 1)
    second = answered(tap.server, asked, content(b"2", observe=0), 2)
    assert facts(tap.told(first)) == facts(tap.told(first)) == (0, False, 0, 0)
    assert facts(tap.told(second)) == (0, False, 2, 0)


def test_a_retransmission_answered_anew_reuses_the_nonce(tap: Tap) -> None:
    request, asked = sealed(tap.client, get(), 1)
    tap.asked(request)
    tap.told(answered(tap.server, asked, content(b"1"), 1))
    tap.asked(request)
    assert facts(tap.told(answered(tap.server, asked, content(b"2"), 1))) == (0, False, 2, 0)


def test_observations_outlast_requests(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oscore, "MOST_REQUESTS", 4)
    asked = observed(tap, b"observation")
    requests = []
    for n in range(6):
        request, plain = sealed(tap.client, get(), 10 + n, bytes([n]))
        tap.asked(request)
        requests.append(plain)
    told = [
        tap.told(answered(tap.server, plain, content(), 20 + n, bytes([n]))).reason
        for n, plain in enumerate(requests)
    ]
    assert told == [Reason.REQUEST_UNSEEN] * 2 + [None] * 4
    notification = answered(tap.server, asked, content(observe=0), 30, b"observation", True)
    assert tap.told(notification).message


# Sequence numbers --------------------------------------------------------------------------------


def test_a_retransmission_is_no_replay(tap: Tap) -> None:
    request, asked = sealed(tap.client, get(), 1)
    first = tap.asked(request)
    assert tap.asked(request) == first
    assert facts(first) == (0, False, 0, 0)
    assert tap.told(answered(tap.server, asked, content(), 2)).message


def test_replays(tap: Tap) -> None:
    request, _ = sealed(tap.client, get(), 1)
    tap.asked(request)
    assert facts(tap.asked(request[:2] + b"\x00\x02" + request[4:])) == (1, False, 0, 0)
    assert facts(tap.take(request, "elsewhere", "server")) == (1, True, 0, 0)
    late = DEFAULT.exchange_lifetime / 1e9 + 2
    assert facts(tap.asked(request, seconds=late)) == (1, False, 0, 0)


def test_a_copy_in_a_stream_is_a_replay(tap: Tap) -> None:
    request, _ = sealed(tap.client, get(), 1, reliable=True)
    tap.asked(request, reliable=True)
    assert facts(tap.asked(request, reliable=True)) == (1, False, 0, 0)


def test_a_sender_that_starts_again_reuses_its_nonces(tap: Tap) -> None:
    tap.asked(sealed(tap.client, get("a"), 1)[0])
    tap.client, _ = peers(CONTEXT)
    assert facts(tap.asked(sealed(tap.client, get("b"), 2)[0])) == (0, False, 1, 0)


def test_beyond_the_window_it_goes_backwards(tap: Tap) -> None:
    told = []
    for n, number in enumerate((100, 69, 68, 0, 101)):
        tap.client.sender_sequence_number = number
        told.append(facts(tap.asked(sealed(tap.client, get(), n)[0]))[3])
    assert told == [0, 0, 32, 100, 0]


def test_what_is_not_authentic_moves_no_window(tap: Tap) -> None:
    tap.asked(wrapped(b"\x0d\xff\xff\xff\xff\xff\x0c"))
    assert facts(tap.asked(sealed(tap.client, get(), 1)[0])) == (0, False, 0, 0)


def test_the_oldest_partial_iv_is_forgotten(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oscore_sequence, "MOST_SEEN", 2)
    requests = [sealed(tap.client, get(), n)[0] for n in range(3)]
    for request in requests:
        tap.asked(request)
    copies = [tap.take(request, "proxy", "server") for request in (requests[2], requests[0])]
    assert [copy.replay_of for copy in copies] == [3, 0]


# Hostile -----------------------------------------------------------------------------------------


@given(st.binary(max_size=80), st.booleans())
@example(b"\x4d", False)
@example(b"\x4e\x02\x00\x01\xff\xff", False)
@example(b"\xf0", True)
@example(b"\x0d\x02", True)
def test_any_bytes(data: bytes, reliable: bool) -> None:
    Unprotector(Contexts([CONTEXT])).take(data, 1, 2, 0, 1, reliable)


@given(st.binary(max_size=300), st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=20))))
def test_any_oscore_option(value: bytes, options: list[tuple[int, bytes]]) -> None:
    for code in (numbers.POST, numbers.CHANGED):
        result = Tap().asked(wrapped(value, *options, code=code))
        assert result.reason is not None


def test_no_part_and_no_change_of_a_message_is_opened(tap: Tap) -> None:
    request, asked = sealed(tap.client, get(), 1)
    response = answered(tap.server, asked, content(), 2, own_nonce=True)
    other = Tap()
    for end in range(len(request)):
        result = other._unprotector.take(request[:end], "client", "server", 0, 1, False)
        assert result is None or not result.message
    other.asked(request)
    for data, take in ((request, other.asked), (response, other.told)):
        for at in range(data.index(b"\xff") + 1, len(data)):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert take(changed).reason == Reason.AUTHENTICATION


def test_kids_and_contexts_may_be_long() -> None:
    long = wrapped(b"\x19\x00\xff" + bytes(255) + bytes(40_000))
    result = Tap().asked(long)
    assert (result.reason, len(result.kid)) == (Reason.NO_CONTEXT, 16)
    assert len(result.detail) < 60


def test_nothing_that_is_shown_has_a_key() -> None:
    contexts = Contexts([CONTEXT])
    (sender,) = contexts.senders(b"\x0c", None)
    sender.nonce(b"\0")
    shown = f"{CONTEXT} {CONTEXT!r} {sender!r} {sender} {contexts!r} {Tap()._unprotector!r}"
    for secret in (CONTEXT.master_secret, CONTEXT.key(b"\x0c"), CONTEXT.common_iv()):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
