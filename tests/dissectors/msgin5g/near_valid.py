# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G bodies that are valid, or nearly: JSON texts built member by member, seeded.

A body is a tree whose leaves are JSON tokens as text, so that a mutation can say what a JSON
library would never write: a member twice, an escape in a key, 1e400, 01. Then the text itself is
damaged. Fast, and the same for the same seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from dissectors.msgin5g.elements import Element, MessageType, elements

Members = list[tuple[str, Any]]
"""An object: keys as JSON tokens with their quotes, and nodes."""

Node = str | Members | tuple[Any, ...]
"""A token, an object, or an array."""

REQUEST, RESPONSE, MESSAGE = "registration_request", "registration_response", "message"
ODD_NUMBERS: Final = (
    *("0", "-0", "1", "-1", "65535", "65536", "1.0", "1.5", "1e0", "5E3", "1e-400", "1e400"),
    *("-1e999", "9007199254740993", "18446744073709551616", "9" * 40, "9" * 400, "0.1e1"),
    *("65535.0", "655350e-1", "1E+2", "0.0000000000000000000001", "9" * 309 + ".0"),
)
NO_NUMBERS: Final = ("01", "1.", ".5", "+1", "NaN", "Infinity", "0x1", "-", "1e", "--1")
ODD_TEXTS: Final = (
    *('""', '" "', r'"\u0000"', r'"\ud800"', r'"\ud83d\ude00"', r'"\udc00\ud800"', r'"\/"'),
    *(r'"REG"', '"reg "', '"DEREG"', '"Bulk registration"', '"0"', '"P0D"', '"-PT1S"', '"PT0.5S"'),
    *('"é\u4e2d\U0001f600"', r'"\n1"', r'"\u2028"', '"success"', '"FAILURE"', '"periodic"'),
)
NO_TEXTS: Final = (r'"\x"', r'"\u12g4"', '"\x01"', '"', "'a'", r'"\"', '"\ttab"')
LITERALS: Final = ("true", "false", "null", "{}", "[]", "[[]]", '{"":{}}', "[null,1]")
SPACES: Final = ("", "", "", " ", "\t", "\r\n", "\n ", " " * 9)


def token(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# Valid bodies ----------------------------------------------------------------------------------


def proper(choose: Random, element: Element) -> Node:
    """A value that the element's clause lets it have."""
    if element.values:
        return token(choose.choice(choose.choice(element.values)[1]))
    if element.name == "msgin5g_client_ports":
        ports = [str(choose.choice([1, 5683, 65535])) for _ in range(choose.randint(1, 3))]
        return choose.choice([ports[0], tuple(ports)])
    if element.name == "communication_duration_time":
        return choose.choice(["3600", "0.5", '"PT30M"', '"1h"', [('"hours"', "1")]])
    match choose.choice(element.types):
        case "string":
            return token(choose.choice(["ue-1@example.org", "08:00", "AKMA", "a", "é", "x" * 80]))
        case "integer" | "number":
            return choose.choice(["1", "1024", "86400", "65535"])
        case "boolean":
            return choose.choice(["true", "false"])
        case "array":
            return ("1", '"a"')
        case _:
            return [('"a"', "1")]


def _member(choose: Random, name: str, value: Node | None = None) -> tuple[str, Node]:
    element = elements()[name]
    return token(element.title), proper(choose, element) if value is None else value


def _inside(choose: Random, holder: str) -> Members:
    names = [name for name, element in elements().items() if element.inside == holder]
    some = [name for name in names if choose.random() < 0.6 and not elements()[name].container]
    return [_member(choose, name) for name in some]


def request(choose: Random) -> Members:
    """A registration request, TS 24.538 clause 6.3.1.1.1 d)."""
    credential: Node = [_member(choose, "authentication_type", '"AKMA"'), ('"key"', '"k"')]
    body = [
        _member(choose, "message_type", choose.choice(['"REG"', '"reg"'])),
        _member(choose, "ue_service_id", '"ue-1@example.org"'),
        _member(choose, "ue_credential_information", choose.choice(['"k"', credential])),
    ]
    profile: Members = []
    if choose.random() < 0.7:
        profile += [_member(choose, "msgin5g_ue_id"), _member(choose, "msgin5g_client_ports")]
    if choose.random() < 0.7:
        timing = [
            _member(choose, "scheduled_communication_time", '"08:00"'),
            _member(choose, "communication_duration_time"),
            _member(choose, "periodic_communication_indicator", choose.choice(["true", "false"])),
            _member(choose, "periodic_communication_interval", "86400"),
            _member(choose, "data_size_indication"),
            _member(choose, "store_and_forward_option"),
        ]
        kept = timing[: choose.choice([2, 4, 5, 6])]
        profile.append(_member(choose, "msgin5g_client_communication_availability", kept))
    match choose.randrange(3):
        case 0:
            return [*body, *profile]
        case 1:
            return [*body, _member(choose, "msgin5g_client_profile", profile)]
        case _:
            triggering = _member(choose, "msgin5g_client_triggering_information", profile[:2])
            return [*body, _member(choose, "msgin5g_client_profile", [triggering, *profile[2:]])]


def response(choose: Random) -> Members:
    """A registration response, clause 6.3.1.2.1 c)."""
    more = [_member(choose, "expected_registration_time")] if choose.random() < 0.3 else []
    result = _member(choose, "registration_result")
    return [_member(choose, "ue_service_id", '"ue-1@example.org"'), result, *more]


def message(choose: Random) -> Members:
    """Any other message, TS 23.554 clauses 8.3, 8.5."""
    kind = choose.choice([kind for kind in MessageType if kind != MessageType.REG])
    fit = [e for e in elements().values() if e.clause.startswith("TS 23.554") and not e.inside]
    body = [(token(e.title), proper(choose, e)) for e in choose.sample(fit, choose.randint(1, 8))]
    return [_member(choose, "message_type", token(kind.value)), *body]


def everything(choose: Random) -> Members:
    """Every element there is, where it belongs."""
    body = []
    for element in elements().values():
        if not element.inside:
            holder: Node = _inside(choose, element.name)
            body.append((token(element.title), holder or proper(choose, element)))
    return body


VALID: Final = {REQUEST: request, RESPONSE: response, MESSAGE: message}


def text(choose: Random, node: Node, space: bool = True) -> str:
    """The node as JSON text, now and then with white space between its tokens."""
    gap = choose.choice(SPACES) if space else ""
    if isinstance(node, str):
        return node + gap
    if isinstance(node, tuple):
        return "[" + gap + ",".join(text(choose, item, space) for item in node) + "]"
    pairs = (f"{key}{gap}:{gap}{text(choose, value, space)}" for key, value in node)
    return "{" + gap + ",".join(pairs) + gap + "}"


# Mutations of the tree -------------------------------------------------------------------------

Mutation = Callable[[Random, Members], Members]


def _objects(members: Members) -> Iterator[Members]:
    """The object and every one in it."""
    yield members
    for _, value in members:
        if isinstance(value, list):
            yield from _objects(value)


def _at_one_member(change: Callable[[Random, str, Node], Members]) -> Mutation:
    """Replace one member, at any depth, by what `change` makes of it."""

    def mutation(choose: Random, members: Members) -> Members:
        filled = [part for part in _objects(members) if part]
        if filled:
            target = choose.choice(filled)
            at = choose.randrange(len(target))
            target[at : at + 1] = change(choose, *target[at])
        return members

    mutation.__name__ = change.__name__
    return mutation


@_at_one_member
def drop(choose: Random, key: str, value: Node) -> Members:
    return []


@_at_one_member
def other_value(choose: Random, key: str, value: Node) -> Members:
    return [(key, choose.choice([*ODD_NUMBERS, *ODD_TEXTS, *LITERALS]))]


@_at_one_member
def no_value(choose: Random, key: str, value: Node) -> Members:
    return [(key, choose.choice([*NO_NUMBERS, *NO_TEXTS, "", "nul", "tru e", "{", "]"]))]


@_at_one_member
def alias(choose: Random, key: str, value: Node) -> Members:
    """Another spelling: an alias, other case, separators, or a common word."""
    plain = key.strip('"')
    spellings = [plain.upper(), plain.replace(" ", "_"), plain.replace(" ", ""), f" {plain}-"]
    for element in elements().values():
        if element.title == plain:
            spellings += element.aliases
    return [(token(choose.choice(spellings)), value)]


@_at_one_member
def twice(choose: Random, key: str, value: Node) -> Members:
    again = choose.choice([value, "null", '"REG"', "1"])
    return [(key, value), (choose.choice([key, escaped(choose, key)]), again)]


@_at_one_member
def spelled_twice(choose: Random, key: str, value: Node) -> Members:
    return [(key, value), (token(key.strip('"').replace(" ", "_")), choose.choice(["1", '"MSG"']))]


@_at_one_member
def escape_in_key(choose: Random, key: str, value: Node) -> Members:
    return [(escaped(choose, key), value)]


@_at_one_member
def nest(choose: Random, key: str, value: Node) -> Members:
    """The member inside a container, or in one that it does not belong to."""
    holders = [element.title for element in elements().values() if "object" in element.types]
    return [(token(choose.choice([*holders, "extension", ""])), [(key, value)])]


@_at_one_member
def deepen(choose: Random, key: str, value: Node) -> Members:
    levels = choose.choice([2, 62, 63, 64, 65, 200])
    inner = text(choose, value, space=False)
    return [(key, "[" * levels + inner + "]" * levels)]


@_at_one_member
def unknown_member(choose: Random, key: str, value: Node) -> Members:
    names = ["", "x", "Message", "UE", "\u00e9", "ports", "result", "type", "constructor", "\u0130"]
    return [(key, value), (token(choose.choice(names)), choose.choice(["1", "{}", '"REG"']))]


def shuffle(choose: Random, members: Members) -> Members:
    choose.shuffle(choose.choice(list(_objects(members))))
    return members


def escaped(choose: Random, key: str) -> str:
    """Some letters of a JSON string as \\uXXXX."""
    inner = key[1:-1] if len(key) > 1 else ""
    return '"' + "".join(
        f"\\u{ord(c):04x}" if c not in '\\"' and ord(c) < 65536 and choose.random() < 0.3 else c
        for c in inner
    ) + '"'  # fmt: skip


MUTATIONS: Final[tuple[Mutation, ...]] = (
    drop,
    other_value,
    other_value,
    no_value,
    alias,
    alias,
    twice,
    spelled_twice,
    escape_in_key,
    nest,
    deepen,
    unknown_member,
    shuffle,
)


def damaged(choose: Random, data: bytes) -> bytes:
    """The text with a byte lost, changed or added, its end gone, or something around it."""
    at = choose.randint(0, len(data))
    byte = bytes([choose.choice(b'{}[],:"\\ 0-e.\n\x00\x01\x1f\x7f\x80\xc3\xed\xff')])
    match choose.randrange(7):
        case 0:
            return data[:at] + data[at + 1 :]
        case 1:
            return data[:at] + byte + data[at + 1 :]
        case 2:
            return data[:at] + byte + data[at:]
        case 3:
            return data[:at]
        case 4:
            return choose.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b" ", b"//x\n"]) + data
        case 5:
            return choose.choice([b"", b" \n", b"null", b"[]", b'"{}"', data[:1]])
        case _:
            return data + choose.choice([b"}", b",", b"\x00", b" x", b"\xef\xbb\xbf", data[:9]])


def mutated(choose: Random, members: Members) -> Members:
    for _ in range(choose.choice([1, 1, 2, 3, 5])):
        members = choose.choice(MUTATIONS)(choose, members)
    return members


def valid_body(choose: Random, kind: str) -> bytes:
    return text(choose, VALID[kind](choose)).encode()


def near_valid(choose: Random) -> bytes:
    make = choose.choice([*VALID.values(), request, everything])
    data = text(choose, mutated(choose, make(choose))).encode("utf-8", "surrogatepass")
    return damaged(choose, data) if choose.random() < 0.25 else data


def bodies(seed: int, count: int) -> Iterator[bytes]:
    """`count` bodies, a quarter of them valid."""
    choose = Random(seed)
    for number in range(count):
        if number % 4:
            yield near_valid(choose)
        else:
            yield valid_body(choose, choose.choice(list(VALID)))
