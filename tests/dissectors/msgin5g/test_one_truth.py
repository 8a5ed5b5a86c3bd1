# SPDX-License-Identifier: GPL-2.0-only
"""One truth for bodies: scanner, compiled scanner, elements, layers and both validators agree.

Held over thousands of bodies from `near_valid`; a failure names the body.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from coap.compiled import compile_kernel
from jsonschema import Draft202012Validator

from dissectors import json_scan
from dissectors.json_scan import Error
from dissectors.kernel import rows
from dissectors.msgin5g.constraints import schema
from dissectors.msgin5g.elements import elements
from dissectors.msgin5g.layer import MSGin5G, layer_of
from dissectors.msgin5g.payload import MAX_DEPTH, members, read_elements, read_json
from dissectors.msgin5g.schema import is_valid, violations

from .near_valid import MUTATIONS, REQUEST, RESPONSE, VALID, bodies, near_valid, valid_body

SCHEMAS = (REQUEST, RESPONSE)


@cache
def read(data: bytes) -> Any:
    """Python's reading by RFC 8259, with what msgshark makes of numbers and surrogates."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    def in_range(digits: str) -> float:
        return max(-sys.float_info.max, min(float(digits), sys.float_info.max))

    def integer(digits: str) -> float:
        return int(digits) if len(digits) <= 300 else in_range(digits)

    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("byte order mark")
    value = json.loads(
        data.decode(), parse_constant=refuse, parse_int=integer, parse_float=in_range
    )
    return without_surrogates(value)


def without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [without_surrogates(item) for item in value]
        case dict():
            return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    return value


# What goes in ----------------------------------------------------------------------------------


def test_the_generator_makes_what_it_says() -> None:
    """Every error, every mutation, every element; the same for the same seed."""
    choose, errors, named = Random(1), set(), set()
    for data in bodies(1, 4000):
        document = read_json(data)
        errors.add(document.error)
        named |= {path.rpartition(".")[2] for path in read_elements(document).spans}
    assert errors == set(Error)
    assert named >= elements().keys()
    for mutation in MUTATIONS:
        made = [VALID[REQUEST](choose) for _ in range(20)]
        assert any(str(mutation(choose, tree)) != before for tree in made for before in [str(tree)])
    assert list(bodies(2, 20)) == list(bodies(2, 20)) != list(bodies(3, 20))


# Scanner ---------------------------------------------------------------------------------------


def scanned(scan: Any, window: bytes, start: int, end: int) -> tuple[list[int], list[int]]:
    """Head and node rows, unused ones included."""
    size = end - start + 1
    head, nodes = rows(json_scan.HEAD_SLOTS), rows(size * json_scan.NODE_SLOTS)
    scan(memoryview(window), start, end, MAX_DEPTH, head, nodes, rows(size))
    return head.tolist(), nodes.tolist()


def test_compiled_and_uncompiled_scan_the_same() -> None:
    """Inside a window of the file; what surrounds the body does not matter."""
    pytest.importorskip("numba", reason="numba is optional")
    compiled = compile_kernel(json_scan.scan)
    for data in bodies(10, 3000):
        window = b'"\\' + data + b'"}'
        found = scanned(json_scan.scan, window, 2, 2 + len(data))
        assert scanned(compiled, window, 2, 2 + len(data)) == found, data
        assert found[0][json_scan.ERROR] == read_json(data).error, data


def test_verdict_and_values_are_pythons() -> None:
    for data in bodies(11, 3000):
        document = read_json(data)
        try:
            expected = read(data)
        except ValueError:
            assert document.error != Error.NONE, data
            continue
        assert document.error == Error.NONE, data
        if document.deep_at < 0 and document.root is not None:
            assert document.root.python() == expected, data


def test_spans_are_the_bytes_of_their_values() -> None:
    for data in bodies(12, 1500):
        document = read_json(data)
        if document.error != Error.NONE or document.root is None or document.deep_at >= 0:
            continue
        for value in members(document.root):
            assert read(data[value.start : value.end]) == value.python(), data
            start, end = value.span
            if value.key is not None:
                assert list(read(b"{" + data[start:end] + b"}")) == [value.key], data


# Layers ----------------------------------------------------------------------------------------


def test_layers_show_the_elements_and_keep_the_bytes() -> None:
    for number, data in enumerate(bodies(20, 2500)):
        if not data:
            continue  # no bytes are a layer to be built, to Scapy
        document = read_json(data)
        found = read_elements(document)
        layer: Any = (layer_of(data, bool(number & 1)) or MSGin5G)(data)
        assert bytes(layer) == bytes(layer.copy()) == data, data
        assert len(layer.defects) == (document.error != Error.NONE) + len(document.duplicates), data
        assert set(layer.spans.values()) >= set(found.spans.values()), data
        for field in layer.fields_desc:
            element = getattr(getattr(field, "fld", None), "element", None)
            if element is None or element.inside or element.open or document.duplicates:
                continue
            value = layer.getfieldval(field.name)
            if element.name in found.values and not found.twice and not element.container:
                assert element.meaning(plain(value)) == found.values[element.name], data
            elif element.name not in found.spans:
                assert value is None, data


def plain(value: Any) -> Any:
    """A field's value as JSON has it: NULL is null."""
    return None if repr(value) == "NULL" else value


def test_a_valid_body_written_anew_holds_the_same_elements() -> None:
    choose = Random(21)
    for number in range(900):
        kind = list(VALID)[number % 3]
        data = valid_body(choose, kind)
        layer: Any = (layer_of(data, kind != RESPONSE) or MSGin5G)(data)
        layer.clear_cache()
        assert read(bytes(layer)) == read(data), data


def test_any_body_written_anew_is_json() -> None:
    choose = Random(22)
    for _ in range(1500):
        data = near_valid(choose)
        layer: Any = (layer_of(data, True) or MSGin5G)(data)
        layer.clear_cache()
        assert read_json(bytes(layer)).is_object, data


def test_a_message_type_that_is_not_there_is_not_shown() -> None:
    layer: Any = layer_of(b'{"MSGin5G Client Ports":[1]}', True)(b'{"MSGin5G Client Ports":[1]}')
    assert layer.message_type is None
    layer.msgin5g_client_ports = [2]
    assert bytes(layer) == b'{"MSGin5G Client Ports":[2]}'


# Schemas ---------------------------------------------------------------------------------------


def verdicts(name: str, values: Any) -> tuple[bool, bool, bool, bool]:
    """Reference, compiled validator, ours, and whether we name nothing that is violated."""
    reference, compiled = validators(name)
    listed = list(violations(name, values))
    return (
        reference.is_valid(values),
        compiled.is_valid(values),
        is_valid(name, values),
        not listed,
    )


@cache
def validators(name: str) -> tuple[Any, Any]:
    return Draft202012Validator(schema(name)), jsonschema_rs.Draft202012Validator(schema(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_both_validators_judge_thousands_of_bodies_alike(name: str) -> None:
    seen = set()
    for data in bodies(30, 5000):
        values = read_elements(read_json(data)).values
        judged = verdicts(name, values)
        assert len(set(judged)) == 1, (judged, data)
        seen.add(judged[0])
    assert seen == {True, False}


@pytest.mark.parametrize("name", SCHEMAS)
def test_valid_bodies_are_valid(name: str) -> None:
    choose = Random(31)
    for _ in range(1000):
        data = valid_body(choose, name)
        assert is_valid(name, read_elements(read_json(data)).values), data


def test_what_the_compiled_validator_cannot_hold_is_left_to_the_reference() -> None:
    class Unheld:
        def is_valid(self, values: Any) -> bool:
            raise ValueError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dissectors.msgin5g.schema._compiled", lambda name, demands: Unheld())
        assert is_valid(RESPONSE, {"ue_service_id": "a", "registration_result": "success"})
        assert not is_valid(RESPONSE, {"ue_service_id": "a"})
