# SPDX-License-Identifier: GPL-2.0-only
"""What stands for names, addresses and values: permutations that keep the form."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address, ip_network
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.redaction.addresses import Addresses
from analyzer.redaction.cipher import Cipher
from analyzer.redaction.json_text import JsonText
from analyzer.redaction.words import NUMBER, Words
from dissectors.json_scan import Error
from dissectors.msgin5g.elements import vocabulary
from dissectors.msgin5g.payload import members, read_json
from dissectors.utf8 import utf8_error

CIPHER = Cipher.of("key")


def words(*about: str) -> Words:
    return Words(CIPHER, {"coap", "reg"}, about)


def rewritten(text: bytes) -> bytes:
    return JsonText(words(), vocabulary()).rewritten(text)


def address(text: str, cipher: Cipher = CIPHER) -> str:
    return str(ip_address(Addresses(cipher).ip(ip_address(text).packed)))


# Permutations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(7,), (3, 5), (2, 3, 4, 5)])
def test_no_two_sequences_become_one(sizes: tuple[int, ...]) -> None:
    every = list(product(*map(range, sizes)))
    assert sorted(tuple(CIPHER.symbols(one, sizes, b"t")) for one in every) == every


def test_no_two_byte_strings_become_one() -> None:
    every = [bytes(pair) for pair in product(range(256), range(8))]
    found = {CIPHER.octets(data, b"t") for data in every}
    assert len(found) == len(every)
    assert len({CIPHER.octets(bytes([byte]), b"t") for byte in range(256)}) == 256


def test_pseudonyms_belong_to_a_key() -> None:
    assert address("10.1.2.3") == address("10.1.2.3", Cipher.of("key"))
    several = {Words(Cipher.of(key), ()).text("meter-0001@iot.example") for key in "abc"}
    assert len(several) == 3
    assert Cipher.of(None).octets(bytes(16), b"") != Cipher.of(None).octets(bytes(16), b"")


# Addresses --------------------------------------------------------------------------------------


@given(
    st.ip_addresses() | st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fe80::/10")
)
def test_an_address_keeps_its_length_and_its_networks(one: object) -> None:
    other = ip_address(address(str(one)))
    assert len(str(other)) == len(str(one)) or other.version == 6
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fe80::/10"):
        known = ip_network(network)
        if known.version == other.version:
            assert (ip_address(str(one)) in known) == (other in known)
    assert ip_address(str(one)).is_multicast == other.is_multicast


@pytest.mark.parametrize(
    "kept",
    ["127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.1.187", "::", "::1", "ff02::fd", "ff05::fd"],
)
def test_what_is_the_same_everywhere_stays(kept: str) -> None:
    assert address(kept) == kept


def test_a_subnet_stays_one() -> None:
    every = {address(f"192.0.2.{host}") for host in range(256)}
    assert len(every) == 256
    assert all(one.startswith("192.0.2.") for one in every)
    nets = {address(f"10.{net}.0.1").split(".")[1] for net in range(256)}
    assert len(nets) == 256
    assert len({address(f"2001:db8:0:7::{host:x}").rpartition("::")[0] for host in (1, 2, 3)}) == 1


# Words ------------------------------------------------------------------------------------------


@given(st.text())
def test_a_text_keeps_its_length_and_form(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    other = words().text(text)
    assert [len(letter.encode()) for letter in other] == [len(letter.encode()) for letter in text]
    for one, two in zip(text, other, strict=True):
        if one.isascii() and two.isascii() and "%" not in text:
            assert (one.islower(), one.isupper(), one.isdigit()) == (
                two.islower(),
                two.isupper(),
                two.isdigit(),
            )
            assert one.isalnum() or one == two


def test_a_name_has_one_pseudonym_wherever_it_stands() -> None:
    known = words()
    name = known.text("meter-0001@iot.example")
    local, _, domain = name.partition("@")
    assert known.text("/ue/meter-0001@iot.example/x").split("/")[2] == name
    assert known.text("lamp-7@iot.example").partition("@")[2] == domain
    assert known.octets(b"ue=meter-0001").decode().partition("=")[2] == local


def test_an_address_in_a_text_is_the_one_of_the_packets() -> None:
    assert words().text("coap://10.1.2.3/a", keep=True).startswith(f"coap://{address('10.1.2.3')}/")
    v6 = "2001:db8::1"
    assert words().text(f"[{v6}]") == f"[{address(v6)}]"


def test_a_word_that_names_somebody_is_never_kept() -> None:
    assert words().text("coap", keep=True) == "coap"
    assert words("reg@example").may_show("example") is False
    assert words().may_show("example")


@given(st.binary(max_size=60))
def test_octets_break_utf8_where_they_did(data: bytes) -> None:
    other = words().octets(data)
    assert len(other) == len(data)
    assert utf8_error(other, 0, len(other)) == utf8_error(data, 0, len(data))


@given(st.from_regex(NUMBER, fullmatch=True))
def test_a_number_keeps_its_form(text: str) -> None:
    if len(text) > 40 or not text.isascii():
        return
    other = words().number(text)
    assert NUMBER.fullmatch(other)
    assert len(other) == len(text)
    if "e" not in text.lower() or len(text) < 9:
        whole = [number == number.to_integral_value() for number in map(Decimal, (text, other))]
        assert whole[0] == whole[1]


# JSON -------------------------------------------------------------------------------------------


def test_elements_say_what_becomes_of_their_values() -> None:
    body = (
        rb'{"Message Type": "REG", "UE Service ID": "m\u0065ter-1@example", '
        rb'"UE Credential Information": {"authentication type": "AKMA", "key": [17, "s\u00e9"]}, '
        rb'"Wait time": 30, "Payload": "21.5 degrees", "foo": 4711}'
    )
    other = rewritten(body)
    assert len(other) == len(body)
    assert b'"Message Type": "REG"' in other
    assert b'"Wait time": 30' in other
    assert b'"authentication type": "xxxx", "key": [11, "xxxxxxx"]' in other
    for gone in (b"eter-1", b"example", b"AKMA", b"21.5", b"degrees", b"4711"):
        assert gone not in other
    assert rb"\u00" in other  # an escape stays one


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ('"2026-03-02T06:00:00Z"', True),
        ('"PT10M"', True),
        ('"reg"', True),
        ('"Alice is at home"', False),
        ('"reg 李"', False),
        ('"490154203237518"', False),
        ("490154203237518", False),
        ("30", True),
    ],
)
def test_a_public_element_says_times_numbers_and_known_words(text: str, stays: bool) -> None:
    body = f'{{"status": {text}}}'.encode()  # an alias of Delivery Status, and a common word
    assert (rewritten(body) == body) == stays


def test_text_that_breaks_hides_what_may_be_of_a_credential() -> None:
    broken = b'{"UE Credential Information": "abc"def", "mine": "secret", "UE Service ID": "ue"'
    other = rewritten(broken)
    assert len(other) == len(broken)
    for gone in (b"abc", b"def", b"secret", b"mine", b'"ue"'):
        assert gone not in other


TOKENS = [*'{}[],:"\\a01-.eé', "true", "nul", r"\u00", "\x01"]


@given(st.lists(st.sampled_from(TOKENS)))
@example(['"', "\\", "é"])
def test_a_text_breaks_where_it_did(tokens: list[str]) -> None:
    text = "".join(tokens).encode()
    one, other = read_json(text), read_json(rewritten(text))
    assert len(other.data) == len(text)
    assert (one.error, one.error_at) == (other.error, other.error_at)
    if one.error == Error.NONE and one.root is not None and other.root is not None:
        forms = [
            [(value.kind, value.span) for value in members(root)] for root in (one.root, other.root)
        ]
        assert forms[0] == forms[1]
