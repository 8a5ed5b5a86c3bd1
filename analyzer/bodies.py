# SPDX-License-Identifier: GPL-2.0-only
"""What the JSON body of one message says, as far as pairing and registrations need it: facts.

`body_facts` is a kernel (dissectors.kernel) beside `dissectors.msgin5g.payload`, which reads the
same bodies for people: both scan with `json_scan` and know elements by `elements.toml`, and a test
holds them equal. What takes more than a table to read (escapes in names, broken text) it leaves to
`payload` and says so.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from analyzer.body_tables import sensitive_elements
from analyzer.buffers import zeroed_rows
from analyzer.state import hash_bytes, mix
from dissectors import json_scan
from dissectors.json_scan import (
    DEEP_AT,
    ERROR,
    KEY_END,
    KEY_START,
    NODE_COUNT,
    NODE_SLOTS,
    PARENT,
    scan,
)
from dissectors.json_scan import END as NODE_END
from dissectors.json_scan import KIND as NODE_KIND
from dissectors.json_scan import START as NODE_START
from dissectors.kernel import Bytes, Rows, Text, rows
from dissectors.msgin5g.elements import (
    MessageType,
    Vocabulary,
    elements,
    holders,
    registration_only,
    vocabulary,
)
from dissectors.msgin5g.payload import MAX_DEPTH, Document, Elements

# Slots of what `body_facts` finds.
MESSAGE_TYPE, UE_AT, UE_END, TELLS, SHAPE, ODD = 0, 1, 2, 3, 4, 5
FOUND_SLOTS: Final = 6

# Bits of TELLS.
OBJECT: Final = 1  # the whole text is a JSON object
ELEMENTS: Final = 2  # one member at least is an element
REGISTRATION: Final = 4  # an element that only registrations have, and no mere common word
RESULT: Final = 8  # a Registration result, and no mere common word
SUCCESS: Final = 16  # what the Registration result says; neither bit: something else
FAILURE: Final = 32
HAS_RESULT: Final = 64  # a Registration result at all

# A row of the table of elements.
_HOME, _HOLDER, _CONTAINER, _OPEN, _ONLY, _SENSITIVE, _ROLE = 0, 1, 2, 3, 4, 5, 6
_ELEMENT_SLOTS: Final = 7
_MESSAGE_TYPE, _UE, _ORIGINATOR, _RESULT, _MEANINGS = 1, 2, 3, 4, 5
_ROLES: Final = {
    "message_type": _MESSAGE_TYPE,
    "ue_service_id": _UE,
    "originating_ue_service_id": _ORIGINATOR,
    "registration_result": _RESULT,
}

# An entry of the table of spellings: hash (0: free), where its letters stand, how many, and what
# they spell: an element + 1 and whether the word is common, or a meaning.
_HASH, _LETTERS_AT, _LETTERS, _SPELLS, _COMMON = 0, 1, 2, 3, 4
_SPELLING_SLOTS: Final = 5
_SPELLINGS: Final = 1 << 10
_VOCABULARIES: Final = 4

_OUTSIDE: Final = -1  # scope of what stands in no element that has elements inside
_MOST_LETTERS: Final = 128
_OBJECT_KIND, _STRING_KIND, _NUMBER_KIND, _TRUE_KIND, _FALSE_KIND = 1, 3, 4, 5, 6

REGISTRATION_TYPE: Final = 1 + list(MessageType).index(MessageType.REG)
DEREGISTRATION_TYPE: Final = 1 + list(MessageType).index(MessageType.DEREG)
"""Message Types as `messages.MESSAGE_TYPE_IDS` counts them."""


class BodyTables(NamedTuple):
    """The elements and their spellings as the kernel reads them, and its working space."""

    elements: Rows
    names: Rows
    values: Rows
    letters: bytes
    head: Rows
    nodes: Rows
    stack: Rows
    scopes: Rows
    word: Text
    found: Rows


def body_tables(capacity: int = 65535, words: Vocabulary | None = None) -> BodyTables:
    """Tables for bodies of up to `capacity` bytes, spelt by `words`, else as in `elements.toml`."""
    element_rows, names, values, letters = _registry(words or vocabulary())
    return BodyTables(
        element_rows,
        names,
        values,
        letters,
        rows(json_scan.HEAD_SLOTS),
        zeroed_rows((capacity + 1) * NODE_SLOTS),
        zeroed_rows(capacity + 1),
        zeroed_rows(2 * (capacity + 1)),
        memoryview(bytearray(_MOST_LETTERS)),
        rows(FOUND_SLOTS),
    )


@lru_cache(_VOCABULARIES)
def _registry(words: Vocabulary) -> tuple[Rows, Rows, Rows, bytes]:
    ids = {name: number for number, name in enumerate(elements(), 1)}
    table = rows((len(ids) + 1) * _ELEMENT_SLOTS)
    names, values = rows(_SPELLINGS * _SPELLING_SLOTS), rows(_SPELLINGS * _SPELLING_SLOTS)
    letters = bytearray()
    sensitive = sensitive_elements()
    for name, element in words.elements.items():
        row = ids[name] * _ELEMENT_SLOTS
        home = element.inside
        if home and elements()[home].container:
            home = ""
        table[row + _HOME] = ids.get(home, 0)
        table[row + _HOLDER] = name in holders()
        table[row + _CONTAINER] = element.container
        table[row + _OPEN] = element.open
        table[row + _ONLY] = element.only == "registration"
        table[row + _SENSITIVE] = name in sensitive
        table[row + _ROLE] = _ROLES.get(name, _MEANINGS if element.values else 0)
        for spelling in element.spellings:
            _spell(names, letters, spelling, 0, ids[name], spelling in element.common)
        for meaning, (_, spellings) in enumerate(element.values, 1):
            for spelling in spellings:
                _spell(values, letters, spelling, ids[name], meaning, False)
    return table, names, values, bytes(letters)


def _spell(
    table: Rows, letters: bytearray, word: str, salt: int, meaning: int, common: bool
) -> None:
    """Enter a spelling; the first of two equal ones counts."""
    text = word.encode()
    if _spelt(table, bytes(letters), text, len(text), salt):
        return
    at = _place(table, mix(hash_bytes(text, 0, len(text), 0), salt))
    table[at + _HASH] = mix(hash_bytes(text, 0, len(text), 0), salt)
    table[at + _LETTERS_AT] = len(letters)
    table[at + _LETTERS] = len(text)
    table[at + _SPELLS] = meaning
    table[at + _COMMON] = common
    letters += text


def _place(table: Rows, hash: int) -> int:
    slot = hash % _SPELLINGS
    while table[slot * _SPELLING_SLOTS + _HASH]:
        slot = (slot + 1) % _SPELLINGS
    return slot * _SPELLING_SLOTS


def tells_of(document: Document, elements: Elements) -> int:
    """TELLS of a body that was read for people."""
    told = OBJECT if document.is_object else 0
    told |= ELEMENTS if elements.values else 0
    if any(elements.tells(name) for name in registration_only()):
        told |= REGISTRATION
    told |= RESULT if elements.tells("registration_result") else 0
    if "registration_result" in elements.values:
        result = elements.values["registration_result"]
        told |= HAS_RESULT | {"success": SUCCESS, "failure": FAILURE}.get(str(result), 0)
    return told


# The kernel -------------------------------------------------------------------------------------


def _spelt(table: Rows, letters: bytes, word: Bytes, length: int, salt: int) -> int:
    """Index of the entry of a spelling + 1, 0 for none."""
    hash = mix(hash_bytes(word, 0, length, 0), salt)
    slot = hash % _SPELLINGS
    while True:
        at = slot * _SPELLING_SLOTS
        if table[at + _HASH] == 0:
            return 0
        if table[at + _HASH] == hash and table[at + _LETTERS] == length:
            same = 0
            while same < length and letters[table[at + _LETTERS_AT] + same] == word[same]:
                same += 1
            if same == length:
                return at + 1
        slot = (slot + 1) % _SPELLINGS


def _letters(data: Bytes, start: int, end: int, word: Text) -> int:
    """Lower-case letters and digits of an ASCII text, as `elements.normalise` has them; how many.
    -1 where there are escapes or more than ASCII, -2 where there are too many."""
    count = 0
    for at in range(start, end):
        byte = data[at]
        if byte >= 128 or byte == 92:
            return -1
        if 65 <= byte <= 90:
            byte += 32
        if 97 <= byte <= 122 or 48 <= byte <= 57:
            if count == _MOST_LETTERS:
                return -2
            word[count] = byte
            count += 1
    return count


def _holds(word: Text, length: int, part: bytes) -> bool:
    """The word has `part` in it."""
    for at in range(length - len(part) + 1):
        same = 0
        while same < len(part) and word[at + same] == part[same]:
            same += 1
        if same == len(part):
            return True
    return False


def _registration_like(word: Text, length: int) -> int:
    """Message Type of a text that only speaks of registration (elements.registration_text)."""
    if _holds(word, length, b"bulk"):
        return 0
    if _holds(word, length, b"dereg") or _holds(word, length, b"unreg"):
        return DEREGISTRATION_TYPE
    starts = length >= 3 and word[0] == 114 and word[1] == 101 and word[2] == 103  # "reg"
    return REGISTRATION_TYPE if starts or _holds(word, length, b"regist") else 0


def _meaning(
    data: Bytes,
    start: int,
    end: int,
    element: int,
    role: int,
    kind: int,
    values: Rows,
    letters: bytes,
    word: Text,
    found: Rows,
) -> None:
    """Message Type and Registration result: the value read to its meaning."""
    meaning = 0
    if kind == _STRING_KIND:
        length = _letters(data, start + 1, end - 1, word)
        if length < 0:
            found[ODD] = 1
            return
        entry = _spelt(values, letters, word, length, element)
        if entry:
            meaning = values[entry - 1 + _SPELLS]
        elif role == _MESSAGE_TYPE:
            meaning = _registration_like(word, length)
    elif role == _RESULT and kind in (_TRUE_KIND, _FALSE_KIND):
        meaning = 1 if kind == _TRUE_KIND else 2
    if role == _MESSAGE_TYPE:
        if found[MESSAGE_TYPE] != REGISTRATION_TYPE:
            found[MESSAGE_TYPE] = meaning
    else:
        tells = found[TELLS] & ~(SUCCESS | FAILURE)
        if meaning:
            tells |= SUCCESS if meaning == 1 else FAILURE
        found[TELLS] = tells | HAS_RESULT


def _value_class(data: Bytes, start: int, end: int, kind: int, sensitive: int) -> int:
    """What of a scalar a rule may look at."""
    if sensitive:
        return hash_bytes(data, start, end, kind)
    if kind == _STRING_KIND:
        return 1 if end - start > 2 else 0
    if kind == _NUMBER_KIND:
        for at in range(start, end):
            if data[at] == 46 or data[at] == 69 or data[at] == 101:
                return hash_bytes(data, start, end, kind)  # it may be whole all the same
    return 0


def body_facts(
    data: Bytes,
    start: int,
    end: int,
    seed: int,
    found: Rows,
    head: Rows,
    nodes: Rows,
    stack: Rows,
    scopes: Rows,
    table: Rows,
    names: Rows,
    values: Rows,
    letters: bytes,
    word: Text,
) -> None:
    """Read the body `data[start:end]`, fill `found`."""
    found[MESSAGE_TYPE] = found[TELLS] = found[ODD] = found[SHAPE] = 0
    found[UE_AT] = found[UE_END] = 0
    scan(data, start, end, MAX_DEPTH, head, nodes, stack)
    if head[ERROR] or head[DEEP_AT] >= 0:
        found[ODD] = 1
        return
    count = head[NODE_COUNT]
    shape = mix(seed, count)
    whole = nodes[NODE_KIND] == _OBJECT_KIND
    if whole:
        found[TELLS] = OBJECT
    named = present = common = 0
    result_common = 0
    originator_at = originator_end = 0
    scopes[0] = 0 if whole else _OUTSIDE
    scopes[1] = 0
    for node in range(1, count):
        row = node * NODE_SLOTS
        kind, parent = nodes[row + NODE_KIND], nodes[row + PARENT]
        first, after = nodes[row + NODE_START], nodes[row + NODE_END]
        key_at, key_end = nodes[row + KEY_START], nodes[row + KEY_END]
        scope = scopes[parent * 2]
        sensitive = scopes[parent * 2 + 1]
        scopes[node * 2] = _OUTSIDE
        shape = mix(shape, parent * 8 + kind)
        if key_at >= 0:
            shape = hash_bytes(data, key_at + 1, key_end - 1, shape)
            length = _letters(data, key_at + 1, key_end - 1, word)
            if length == -1:
                found[ODD] = 1
                return
            entry = _spelt(names, letters, word, length, 0) if length > 0 else 0
            element = names[entry - 1 + _SPELLS] if entry else 0
            info = element * _ELEMENT_SLOTS
            if element and scope >= 0 and table[info + _HOME] == scope:
                sensitive = table[info + _SENSITIVE]
                role = table[info + _ROLE]
                if kind == _OBJECT_KIND and table[info + _CONTAINER]:
                    scopes[node * 2] = scope
                elif kind == _OBJECT_KIND and table[info + _HOLDER]:
                    scopes[node * 2] = element
                if not (kind == _OBJECT_KIND and table[info + _CONTAINER]) and scope == 0:
                    found[TELLS] |= ELEMENTS
                if table[info + _ONLY]:
                    if names[entry - 1 + _COMMON]:  # of one given twice, the last spelling counts
                        common |= 1 << element
                        present &= ~(1 << element)
                    else:
                        present |= 1 << element
                        common &= ~(1 << element)
                if role in (_MESSAGE_TYPE, _RESULT):
                    _meaning(data, first, after, element, role, kind, values, letters, word, found)
                    if role == _RESULT:
                        result_common = 2 if names[entry - 1 + _COMMON] else 1
                    else:
                        named = 1
                elif role in (_UE, _ORIGINATOR):
                    text_at = text_end = 0
                    if kind == _STRING_KIND and after - first > 2:
                        text_at, text_end = first + 1, after - 1
                        for at in range(text_at, text_end):
                            if data[at] == 92:
                                found[ODD] = 1
                                return
                    if role == _UE:
                        found[UE_AT], found[UE_END] = text_at, text_end
                        named = 1
                    else:
                        originator_at, originator_end = text_at, text_end
        scopes[node * 2 + 1] = sensitive
        if kind > 2:
            shape = mix(shape, _value_class(data, first, after, kind, sensitive))
    if found[ODD]:
        return
    if found[UE_AT] == found[UE_END]:
        found[UE_AT], found[UE_END] = originator_at, originator_end
    if present or (common and named):
        found[TELLS] |= REGISTRATION
    if result_common == 1 or (result_common == 2 and named):
        found[TELLS] |= RESULT
    found[SHAPE] = shape if shape > 1 else 2
