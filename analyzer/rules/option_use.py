# SPDX-License-Identifier: GPL-2.0-only
"""Which options may stand where, how often, and whether they are needed. RFC 7252 clause 5.4."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from analyzer import facts
from analyzer.events import Seen
from analyzer.rules.catalogue import Breach, E, N, Scope, Severity, W, defect_rule, rule
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Flaw, Option
from dissectors.coap.values import describe_value
from dissectors.coap.wire import Defect

DEFAULT_MAX_AGE: Final = 60

_URI: Final = frozenset({numbers.URI_HOST, numbers.URI_PORT, numbers.URI_PATH, numbers.URI_QUERY})

defect_rule(
    Defect.CRITICAL_UNKNOWN,
    "COAP-7252-5.4.1-CRIT-UNKNOWN",
    W,
    "RFC 7252",
    "5.4.1",
    title="Unknown critical option",
    what="An option with an odd number that is not registered, or from the experimental range. "
    "Those of oneM2M are known where the switch onem2m is on.",
    why="Odd numbers are critical: a receiver that does not know the option must refuse the "
    "message, a CON request with 4.02 Bad Option (clause 5.4.1). It works only between endpoints "
    "that agreed on it.",
    bad="40 01 12 34 d0 0c  option 25",
    good="40 01 12 34 d0 0d  option 26: unknown too, but even, so it is ignored",
    fix="Check the number. If both sides know the option, this needs no action (`--switch onem2m` "
    "for those of oneM2M); if a receiver may ignore it, choose an even number. A wrong length in "
    "an option before it shows like this too.",
    says="Option {number}{named} is critical and not registered",
    expected="a registered option, or an elective one",
)

defect_rule(
    Defect.ELECTIVE_UNKNOWN,
    "COAP-7252-5.4.1-ELEC-UNKNOWN",
    N,
    "RFC 7252",
    "5.4.1",
    title="Unknown elective option",
    what="An option with an even number that is not registered.",
    why="Even numbers are elective: a receiver that does not know the option ignores it (clause "
    "5.4.1). The message works, the option has no effect there.",
    bad="40 01 12 34 d0 0d  option 26",
    good="40 01 12 34 b1 61  Uri-Path `a`",
    fix="Check the number; if both sides know the option, nothing needs to be done.",
    says="Option {number}{named} is elective and not registered: a receiver may ignore it",
    expected="a registered option",
)

defect_rule(
    Defect.EXPERIMENTAL,
    "COAP-7252-12.2-EXPERIMENTAL",
    W,
    "RFC 7252",
    "12.2",
    title="Experimental option",
    what="An option with a number from 65000 to 65535.",
    why="These numbers are for experiments and not for use in the field (clause 12.2): two "
    "products may give one number two meanings.",
    bad="40 01 12 34 e0 fc db  option 65000",
    good="40 01 12 34 b1 61  Uri-Path `a`",
    fix="Register a number with IANA before the product ships: 2048 to 64999 takes an expert "
    "review only.",
    says="Option {number} is for experiments",
    expected="an option number below 65000",
)

defect_rule(
    Defect.RESERVED_LOCATION,
    "COAP-7252-5.10.7-RESERVED-LOC",
    W,
    "RFC 7252",
    "5.10.7",
    title="Reserved Location option",
    what="One of the options 128, 132, 136 and 140.",
    why="They are kept for future Location-* options (clause 5.10.7). A client that sees one and "
    "does not know it cannot trust the location it was given.",
    bad="60 41 12 34 d0 73  2.01 with option 128",
    good="60 41 12 34 81 61  2.01 with Location-Path `a`",
    fix="Give the location by Location-Path and Location-Query; take another number for another "
    "purpose.",
    says="Option {number} is reserved for future Location options",
    expected="Location-Path, Location-Query",
)

defect_rule(
    Defect.REPEATED,
    "COAP-7252-5.4.5-REPEATED",
    E,
    "RFC 7252",
    "5.4.5",
    title="Option repeated",
    what="An option that may stand once in a message stands there again. Of Q-Block2, a response "
    "may have one, a request several.",
    why="Each one after the first counts as not recognised (clause 5.4.5): a critical one refuses "
    "the message, an elective one is ignored. Receivers that take the last instead act on another "
    "value.",
    bad="40 01 12 34 d1 04 32 01 28  Accept 50 and Accept 40",
    good="40 01 12 34 d1 04 32  Accept 50",
    fix="Set the option instead of adding it, and look for code that adds it in two layers.",
    says="{option} stands in the message again",
    expected="{option} once",
)

defect_rule(
    Defect.ETAG_REPEATED,
    "COAP-7252-5.10.6.1-ETAG-REPEATED-RESP",
    E,
    "RFC 7252",
    "5.10.6.1",
    title="More than one ETag in a response",
    what="A response carries two or more ETag options.",
    why="A response has one representation, so at most one entity-tag (clause 5.10.6.1); only "
    "requests list several. A cache keeps the first and ignores the rest.",
    bad="60 45 12 34 41 01 01 02  ETag 01 and ETag 02",
    good="60 45 12 34 41 01  ETag 01",
    fix="Send the entity-tag of the representation in the payload, or in a 2.03 that of the stored "
    "one that is still valid; do not copy the list of the request.",
    says="A further ETag in a response",
    expected="at most one ETag",
)


@rule(
    "COAP-7252-5.4.4-DEFAULT",
    N,
    Scope.MESSAGE,
    "RFC 7252",
    "5.4.4",
    when=facts.DEFAULT_VALUE,
    title="Option with its default value",
    what="Max-Age is 60, Uri-Port the destination port, or Uri-Host the destination address. The "
    "two Uri options are not looked at where an address translator shows in the capture, or the "
    "switch behind-nat is on.",
    why="Leaving the option out says the same (clause 5.4.4) in fewer bytes, which counts on a "
    "narrow radio link.",
    bad="60 45 12 34 d1 01 3c  Max-Age 60",
    good="60 45 12 34 d1 01 1e  Max-Age 30",
    fix="Leave the option out when its value is the default.",
)
def default_value(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    for option in message.coap.options:
        if _is_default(message, option, context.profile.translated):
            yield Breach(
                f"{option.name} {describe_value(option.number, option.value)} is the default",
                message,
                seen=option.value.hex(),
                expected=f"no {option.name}",
                span=option.span,
            )


def _is_default(message: Message, option: Option, translated: bool) -> bool:
    """The option says what its absence says."""
    addressed = message.is_request and not (translated or message.translated)
    match option.number:
        case numbers.MAX_AGE:
            return message.is_response and int.from_bytes(option.value, "big") == DEFAULT_MAX_AGE
        case numbers.URI_PORT if addressed:
            return int.from_bytes(option.value, "big") == message.destination.port
        case numbers.URI_HOST if addressed:
            return _address(option.value) == message.destination.address
    return False


def _address(host: bytes) -> str:
    """An IP literal as it is written normally; `""` for a name."""
    try:
        return str(ipaddress.ip_address(host.decode().strip("[]")))
    except ValueError:
        return ""


defect_rule(
    Defect.CONTEXT_REQUEST,
    "COAP-7252-5.4-CONTEXT-REQ",
    E,
    "RFC 7252",
    "5.4",
    title="Response option in a request",
    what="A request carries an option that only responses may have: Max-Age, Location-Path or "
    "Location-Query. Not judged behind OSCORE.",
    why="Each option is defined for requests, responses or both (clauses 5.4 and 5.10). Where it "
    "has no meaning, a receiver treats it as not recognised.",
    bad="40 01 12 34 d1 01 1e  GET with Max-Age 30",
    good="60 45 12 34 d1 01 1e  2.05 with Max-Age 30",
    fix="Leave the option out. To ask for a fresh answer use an ETag; to name a resource use "
    "Uri-Path.",
    says="{option} in a request ({code})",
    expected="{option} in responses only",
)


def _uri_in_registration(message: Message, flaw: Flaw, context: Context) -> Severity | None:
    """TS 24.538 clause 6.3.1.2.1 b) lets a server repeat the Uri options in its response."""
    return W if flaw.detail in _URI and context.is_registration(message) else None


defect_rule(
    Defect.CONTEXT_RESPONSE,
    "COAP-7252-5.4-CONTEXT-RESP",
    E,
    "RFC 7252",
    "5.4",
    title="Request option in a response",
    what="A response carries an option that only requests may have: Uri-*, Proxy-*, Accept, "
    "If-Match, If-None-Match, Hop-Limit, No-Response or EDHOC. A warning for Uri-* in the response "
    "to an MSGin5G registration, where TS 24.538 clause 6.3.1.2.1 b) allows it. Not judged behind "
    "OSCORE; Request-Tag has a rule of its own.",
    why="Where an option has no meaning, a receiver treats it as not recognised (clause 5.4); most "
    "of these are critical, and a client must reject a response with an unknown critical option: "
    "the answer is lost.",
    bad="60 45 12 34 b1 61  2.05 with Uri-Path `a`",
    good="60 45 12 34 c0 ff 31  2.05 with Content-Format",
    fix="Build the response from scratch instead of from the request's options. The place of a "
    "created resource goes into Location-Path.",
    says="{option} in a response ({code})",
    expected="{option} in requests only",
    adjust=_uri_in_registration,
    but_for=frozenset({numbers.REQUEST_TAG}),
)

defect_rule(
    Defect.CONTEXT_METHOD,
    "COAP-7252-5.4-CONTEXT-METHOD",
    W,
    "RFC 7252",
    "5.4",
    title="Option without meaning here",
    what="An option stands in a request whose method, or in a response whose class, gives it no "
    "meaning: ETag in PUT, Q-Block1 in GET, Size1 in 2.05. Observe and Block1 have rules of their "
    "own. Not judged behind OSCORE.",
    why="Nothing defines what the option says there, so receivers differ: most ignore it, some "
    "refuse the message when it is critical (clause 5.4).",
    bad="40 03 12 34 41 01  PUT with ETag",
    good="40 03 12 34 11 01  PUT with If-Match",
    fix="Leave the option out, or use the one made for the purpose: If-Match for a conditional "
    "PUT.",
    says="{option} has no meaning in {code}",
    expected="no {option} here",
    but_for=frozenset({numbers.OBSERVE, numbers.BLOCK1}),
)
