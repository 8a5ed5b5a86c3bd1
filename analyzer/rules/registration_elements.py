# SPDX-License-Identifier: GPL-2.0-only
"""Information elements of the registration request, TS 24.538 clause 6.3.1.1.1 d).

The constraints stand in `dissectors/msgin5g/schemas/registration_request.json`, each annotated with
the rule it stands for; here the rules get their catalogue entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from analyzer.events import RegistrationRequested
from analyzer.profiles.spec import SpecProfile
from analyzer.rules.catalogue import Breach, E, N, Scope, W, declare, predicate
from analyzer.rules.context import Context
from analyzer.rules.registration_request import GOOD_BODY, SPEC
from analyzer.subjects import Message
from dissectors.msgin5g.constraints import PROFILE_RULE
from dissectors.msgin5g.elements import MessageType, elements, normalise
from dissectors.msgin5g.payload import members
from dissectors.msgin5g.schema import Violation, violations

_MOST_SHOWN: Final = 80

declare(
    "MSG-24538-6.3.1.1.1.d1-NO-MESSAGE-TYPE",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)1)",
    title="Message Type names no registration",
    what="The Message Type element is missing or has a value that is no registration.",
    why="Message Type tells the server what to do (d)1)); without it a registration cannot be told "
    "from any other message.",
    bad='{"UE Service ID": "meter-1@example", "UE Credential Information": {...}}',
    good=GOOD_BODY,
    fix='Send the member "Message Type" with the value "REG" (TS 24.538 clause 7.1).',
)

declare(
    "MSG-24538-6.3.1.1.1.d2-UE-SERVICE-ID",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)2)",
    title="UE Service ID missing or unusable",
    what="The UE Service ID element is missing, empty, or not a string.",
    why="It names the UE that registers (d)2)); without it the server can verify nothing.",
    bad='{"Message Type": "REG", "UE Service ID": 17, ...}',
    good=GOOD_BODY,
    fix="Provision the UE Service ID before registering and send it as a string.",
)

declare(
    "MSG-24538-6.3.1.1.1.d3-CREDENTIAL",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)3)",
    profiles="rel18=-",
    title="UE Credential Information missing",
    what="The UE Credential Information element is missing, or is an object without an "
    "authentication type.",
    why="The server verifies the UE by it (6.3.1.2.1), so it shall say the authentication type "
    "(d)3)). Stage 2 dropped the element in Rel-18.",
    bad='{"Message Type": "REG", "UE Service ID": "meter-1@example"}',
    good=GOOD_BODY,
    fix="Send the authentication type and what belongs to it, e.g. AKMA and the A-KID.",
)

declare(
    "MSG-24538-6.3.1.1.1.d4-CLIENT-PORTS",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)4)",
    profiles="rel17=W rel18=W",
    title="Client Ports are no ports",
    what="MSGin5G Client Ports holds something else than integers from 1 to 65535.",
    why="The server sends device triggers to these ports (d)4)); a wrong one makes the UE deaf.",
    bad='"MSGin5G Client Ports": [70000]',
    good='"MSGin5G Client Ports": [5683]',
    fix="Send the listening ports as JSON integers, not as text.",
)

declare(
    "MSG-24538-6.3.1.1.1.d4-PAIR",
    N,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)4)",
    title="MSGin5G UE ID and Client Ports not together",
    what="Only one of MSGin5G UE ID and MSGin5G Client Ports is there.",
    why="d)4) offers the two together for device triggering; one alone triggers nothing.",
    bad='{..., "MSGin5G Client Ports": [5683]}',
    good='{..., "MSGin5G UE ID": "msisdn-4917...", "MSGin5G Client Ports": [5683]}',
    fix="Send both, or neither.",
)

declare(
    "MSG-24538-6.3.1.1.1.d5-AVAILABILITY",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)5)",
    profiles="rel17=W rel18=W",
    title="Communication Availability is no object",
    what="MSGin5G Client Communication Availability is not a JSON object.",
    why="It contains the elements of d)5); anything else cannot carry them.",
    bad='"MSGin5G Client Communication Availability": "daily"',
    good='"MSGin5G Client Communication Availability": {"Scheduled communication time": "02:00", '
    '"Communication duration time": 600}',
    fix="Send an object with at least the scheduled time and the duration, or leave it out.",
)

declare(
    "MSG-24538-6.3.1.1.1.d5i-SCHEDULED-TIME",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)5)i)",
    profiles="rel17=N rel18=N",
    title="Scheduled communication time missing",
    what="Communication Availability has no Scheduled communication time.",
    why="The server cannot know when the UE becomes available (d)5)i)) and sends into the void.",
    bad='{"Communication duration time": 600}',
    good='{"Scheduled communication time": "02:00", "Communication duration time": 600}',
    fix="Add the time when the UE becomes available.",
)

declare(
    "MSG-24538-6.3.1.1.1.d5ii-DURATION",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)5)ii)",
    profiles="rel17=N rel18=N",
    title="Communication duration time missing",
    what="Communication Availability has no Communication duration time, or one that is not a "
    "positive duration.",
    why="The server has to know how long the UE listens (d)5)ii)).",
    bad='{"Scheduled communication time": "02:00", "Communication duration time": 0}',
    good='{"Scheduled communication time": "02:00", "Communication duration time": 600}',
    fix="Add the duration, in seconds or as a text such as PT10M.",
)

declare(
    "MSG-24538-6.3.1.1.1.d5iii-INDICATOR",
    N,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)5)iii)",
    title="Interval without an indicator",
    what="Periodic communication interval is there, Periodic communication indicator is not.",
    why="The interval belongs to the indicator (d)5)iv)); alone its meaning is open.",
    bad='{..., "Periodic communication interval": 3600}',
    good='{..., "Periodic communication indicator": true, "Periodic communication interval": 3600}',
    fix="Send the indicator with the interval.",
)

declare(
    "MSG-24538-6.3.1.1.1.d5iv-INTERVAL",
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)5)iv)",
    profiles="rel17=N rel18=N",
    title="Periodic communication interval missing",
    what="The indicator says that the client communicates periodically, and there is no Periodic "
    "communication interval.",
    why="The server needs the interval to know the next time (d)5)iv)).",
    bad='{..., "Periodic communication indicator": true}',
    good='{..., "Periodic communication indicator": true, "Periodic communication interval": 3600}',
    fix="Add the interval, or leave the indicator out when the client is not periodic.",
)

declare(
    "MSG-24538-6.3.1.1.1.d-ELEMENT-TYPE",
    W,
    Scope.MESSAGE,
    SPEC,
    "6.3.1.1.1 d)",
    title="Element of a type that cannot carry its meaning",
    what="The JSON type of an element cannot express what the element is for, e.g. null or a "
    "number where a text belongs.",
    why="No published text fixes the types yet; a server that reads the element will stumble.",
    bad='"MSGin5G UE ID": false',
    good='"MSGin5G UE ID": "msisdn-4917012345"',
    fix="Send the element as one of the types named, or leave an optional one out.",
)

declare(
    "MSG-24538-6.3.1.1.1.d-UNKNOWN-ELEMENT",
    N,
    Scope.CONVERSATION,
    SPEC,
    "6.3.1.1.1 d)",
    title="Unknown element",
    what="A member of the body is no information element of any release msgshark knows. Told once "
    "per spelling and capture.",
    why="It may be an extension, a later release, or a misspelt element that the server misses.",
    bad='{..., "MSGin5G Client Port": [5683]}',
    good=GOOD_BODY,
    fix="Compare the spelling with the elements of d); ignore this note for an extension you know.",
)

declare(
    "MSG-24538-6.3.1.1.1-KEY-SPELLING",
    N,
    Scope.CONVERSATION,
    SPEC,
    "6.3.1.1.1 d)",
    title="Element under another name",
    what="A member was taken for an information element by an alias. Told once per spelling and "
    "capture.",
    why="JSON member names are not published; msgshark accepts known variants, a peer may not.",
    bad='{"Message Type": "REG", "ueSvcId": "meter-1@example", ...}',
    good=GOOD_BODY,
    fix="Use one spelling on both sides; the clause's own words are the safest.",
)


declare(
    PROFILE_RULE,
    E,
    Scope.MESSAGE,
    SPEC,
    "6.3.1",
    title="Element not as the profile has it",
    what="The spec profile in use requires an element that no clause requires, and it is missing; "
    "or it names JSON types for an element of a registration response, which has another.",
    why="Whoever wrote the profile relies on it; msgshark spec-profile prints what it says.",
    bad='{"Message Type": "REG", "UE Service ID": "meter-1@example", ...} where the profile has '
    'segment_size.presence = "required"',
    good='{..., "MSGin5G Client Supported Maximum MSGin5G segment size": 2048}',
    fix="Send the element as the profile has it, or change the profile.",
)


@predicate()
def information_elements(event: RegistrationRequested, context: Context) -> Iterator[Breach]:
    """Judge the body of a registration by its schema, then what a schema cannot say."""
    message = event.message
    if message.cut or not message.document.is_object:
        return  # a breach of d) as a whole: registration_request.payload
    judged: set[str] = set()
    profile, name = context.profile, "registration_request"
    for violation in violations(name, message.elements.values, profile.demands[name]):
        judged.add(violation.path)
        yield violation_breach(violation, message)
    if not profile.settings.registration_like:
        yield from _message_type(message)
    for path, value, types in wrong_types(message, profile, name, judged):
        yield type_breach(message, path, value, types, "MSG-24538-6.3.1.1.1.d-ELEMENT-TYPE")
    yield from _spellings(message)


def violation_breach(violation: Violation, message: Message) -> Breach:
    """A constraint broken, in words, with the bytes of the element concerned."""
    if violation.missing:
        titles = " and ".join(elements()[name].title for name in violation.missing)
        text, seen = f"{titles} missing", "missing"
    else:
        text = f"{_title(violation.path)}: {violation.expected} expected"
        seen = shown(message, violation.path)
    within = message.elements.spans.get(violation.path)
    return Breach(
        text, message, seen=seen, expected=violation.expected, within=within, rule=violation.rule
    )


def _message_type(message: Message) -> Iterator[Breach]:
    """A value that speaks of registering, in a release in which clause 7.1 fixes it."""
    element = elements()["message_type"]
    if message.elements.values.get("message_type") != MessageType.REG:
        return
    published = dict(element.values)[MessageType.REG]
    if normalise(str(_as_written(message, "message_type"))) not in published:
        yield Breach(
            f"{element.title} is not {MessageType.REG.value}",
            message,
            seen=shown(message, "message_type"),
            expected=MessageType.REG.value,
            within=message.elements.spans.get("message_type"),
            rule="MSG-24538-6.3.1.1.1.d1-NO-MESSAGE-TYPE",
        )


def wrong_types(
    message: Message, profile: SpecProfile, name: str, judged: set[str]
) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Elements, by path, whose JSON type is none of those allowed and that no other rule judged."""
    for path, value in _leaves(message.elements.values):
        element = elements().get(path.rpartition(".")[2])
        if element is None or path in judged:
            continue
        types = profile.types(name, element)
        if element.values and types != element.types:
            value = _as_written(message, path)  # not its meaning: true is a success
        if not any(_is(kind, value) for kind in types):
            yield path, value, types


def _as_written(message: Message, path: str) -> Any:
    """The value of an element as the body has it."""
    root, span = message.document.root, message.elements.spans[path]
    return next((v.python() for v in members(root) if v.span == span), None) if root else None


def type_breach(
    message: Message, path: str, value: Any, types: tuple[str, ...], rule: str
) -> Breach:
    """An element of a type that is not allowed."""
    return Breach(
        f"{_title(path)} is {_type_name(value)}, which cannot carry its meaning",
        message,
        seen=shown(message, path),
        expected=" or ".join(types),
        within=message.elements.spans.get(path),
        rule=rule,
    )


def _spellings(message: Message) -> Iterator[Breach]:
    for value in message.elements.unknown:
        yield Breach(
            f'Member "{value.key}" is no information element',
            message,
            seen=f'"{value.key}"',
            expected="the elements of d)",
            within=value.span,
            group=value.key,
            rule="MSG-24538-6.3.1.1.1.d-UNKNOWN-ELEMENT",
        )
    for element, value in message.elements.aliased:
        yield Breach(
            f'Member "{value.key}" taken for {element.title}',
            message,
            seen=f'"{value.key}"',
            expected=f'"{element.spelling}"',
            within=value.span,
            group=value.key,
            rule="MSG-24538-6.3.1.1.1-KEY-SPELLING",
        )


def _leaves(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every element with its dotted path; those with elements inside as well."""
    for name, value in values.items():
        here = f"{path}.{name}" if path else name
        yield here, value
        if isinstance(value, dict) and name in elements():
            yield from _leaves({k: v for k, v in value.items() if k in elements()}, here)


def _is(kind: str, value: object) -> bool:
    """JSON type names of JSON Schema; an integer is a number, a boolean neither."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list)


def _type_name(value: object) -> str:
    names = ("string", "boolean", "integer", "number", "object", "array")
    return "null" if value is None else next(name for name in names if _is(name, value))


def _title(path: str) -> str:
    element = elements().get(path.rpartition(".")[2])
    return element.title if element else path


def shown(message: Message, path: str) -> str:
    """The member as the body has it, shortened; credentials are not shown."""
    element = elements().get(path.split(".")[0])
    if element is not None and element.secret:
        return "(credential, not shown)"
    span = message.elements.spans.get(path)
    if span is None:
        return ""
    text = message.payload[span[0] : span[1]].decode("utf-8", "replace")
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
