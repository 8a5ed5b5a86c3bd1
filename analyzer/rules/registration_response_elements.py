# SPDX-License-Identifier: GPL-2.0-only
"""Payload of the registration response, TS 24.538 clause 6.3.1.2.1 c).

A refusal (4.xx, 5.xx) is not described by the clause: what it carries is judged only where it
carries something. Constraints on the elements: `schemas/registration_response.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from analyzer.events import RegistrationAnswered, RegistrationBody
from analyzer.rules.catalogue import Breach, E, N, Scope, W, declare, predicate, rule
from analyzer.rules.context import Context
from analyzer.rules.registration_elements import (
    shown,
    type_breach,
    violation_breach,
    wrong_types,
)
from analyzer.rules.registration_request import SPEC, near
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.msgin5g.constraints import PROFILE_RULE
from dissectors.msgin5g.payload import ERROR_TEXTS
from dissectors.msgin5g.schema import violations

_Answer: TypeAlias = RegistrationAnswered | RegistrationBody
_GOOD_BODY: Final = '{"UE Service ID": "meter-1@example", "Registration result": "success"}'


@rule(
    "MSG-24538-6.3.1.2.1.c-PAYLOAD",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.2.1 c)",
    causes=("COAP-7252-5.5.1-BODY-FORMAT",),
    title="Response without a readable JSON object",
    what="The response to a registration has no payload, or one that is no JSON object.",
    why="The server shall include UE Service ID and Registration result (c)); without them the UE "
    "does not know whether it is registered.",
    bad="ACK 2.01 without payload",
    good="ACK 2.01 with " + _GOOD_BODY,
    fix="Send the two elements as a JSON object.",
)
def payload(event: _Answer, context: Context) -> Iterator[Breach]:
    message = event.message
    if not _described(message) or message.document.is_object:
        return
    data, document = message.payload, message.document
    if not data:
        text, seen, within = "The response has no payload", "no payload", None
    elif document.error:
        where = document.place(document.error_at)
        text = f"The payload is not JSON: {ERROR_TEXTS[document.error]}, {where}"
        seen = near(message, document.error_at)
        within = (document.error_at, min(document.error_at + 1, len(data)))
    else:
        seen = document.root.kind.name.lower() if document.root else "nothing"
        text, within = f"The payload is JSON, but not an object: {seen}", (0, len(data))
    yield Breach(text, message, seen=seen, expected="a JSON object", within=within)


@rule(
    "MSG-24538-6.3.1.2.1.c-CONTENT-FORMAT",
    N,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.2.1 c)",
    title="Content-Format of the response",
    what="The response has a JSON payload and no Content-Format; another one than 50 is a warning.",
    why="The clause does not ask for it, but a client that goes by Content-Format cannot read the "
    "result (RFC 7252 clause 5.5.1).",
    bad="ACK 2.01 with a JSON payload and no Content-Format",
    good="ACK 2.01 with a JSON payload and Content-Format 50",
    fix="Add Content-Format 50 to the response.",
)
def content_format(event: _Answer, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.cut or message.in_blocks or not message.document.is_object:
        return
    option = message.option(numbers.CONTENT_FORMAT)
    if option is None:
        yield Breach(
            "JSON payload without Content-Format",
            message,
            seen="absent",
            expected="50 (application/json)",
        )
    elif message.content_format != numbers.JSON:
        value = message.content_format
        yield Breach(
            f"JSON payload with Content-Format {value}",
            message,
            seen=str(value),
            expected="50 (application/json)",
            span=option.span,
            severity=W,
        )


declare(
    "MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)1)",
    title="UE Service ID missing or another one",
    what="The response has no UE Service ID, or not that of the request.",
    why="It tells which UE the result is for (c)1)); behind a gateway a wrong one registers the "
    "wrong device.",
    bad='{"Registration result": "success"}',
    good=_GOOD_BODY,
    fix="Copy the UE Service ID of the request into the response.",
)

declare(
    "MSG-24538-6.3.1.2.1.c2-RESULT",
    E,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)2)",
    title="Registration result missing or unclear",
    what="The response has no Registration result, or one that says neither success nor failure.",
    why="The UE learns from it whether it is registered (c)2)).",
    bad='{"UE Service ID": "meter-1@example", "Registration result": "maybe"}',
    good=_GOOD_BODY,
    fix="Send Registration result with the value success or failure.",
)

declare(
    "MSG-24538-6.3.1.2.1.c2-CONTRADICTION",
    W,
    Scope.EXCHANGE,
    SPEC,
    "6.3.1.2.1 c)2)",
    causes=("MSG-24538-6.3.1.2.1.d-CODE",),
    title="Result and response code contradict",
    what="Registration result says success in a 4.xx or 5.xx. Failure in a 2.xx is a note.",
    why="A client that goes by the code and one that goes by the element come to different "
    "conclusions.",
    bad="ACK 4.01 with Registration result success",
    good="ACK 2.01 with Registration result success",
    fix="Make the code and the element say the same.",
)


@predicate()
def information_elements(event: _Answer, context: Context) -> Iterator[Breach]:
    """The elements of c), by their schema and against the request and the code."""
    message = event.message
    if message.cut or message.in_blocks or not message.document.is_object:
        return
    values = message.elements.values
    profile, name = context.profile, "registration_response"
    for violation in violations(name, values, profile.demands[name]):
        if _described(message) or not violation.missing:
            yield violation_breach(violation, message)
    for path, value, types in wrong_types(message, profile, name, set()):
        if profile.constraint(name, path.rpartition(".")[2]).types:
            yield type_breach(message, path, value, types, PROFILE_RULE)
    asked = event.exchange.request.elements.text("ue_service_id")
    answered = message.elements.text("ue_service_id")
    if asked and answered and asked != answered:
        yield Breach(
            "The response names another UE than the request",
            message,
            seen=answered,
            expected=asked,
            within=message.elements.spans.get("ue_service_id"),
            frames=(event.exchange.request.frame,),
            rule="MSG-24538-6.3.1.2.1.c1-UE-SERVICE-ID",
        )
    result = values.get("registration_result")
    success = message.code >> 5 == 2
    if result in ("success", "failure") and success != (result == "success"):
        yield Breach(
            f"Registration result is {result} in a {numbers.code_name(message.code)}",
            message,
            seen=shown(message, "registration_result"),
            expected="a code and a result that agree",
            within=message.elements.spans.get("registration_result"),
            severity=N if success else None,
            rule="MSG-24538-6.3.1.2.1.c2-CONTRADICTION",
        )


def _described(message: Message) -> bool:
    """The clause says what this response carries, and all of it was captured."""
    return message.code >> 5 == 2 and not (message.cut or message.in_blocks or message.protected)
