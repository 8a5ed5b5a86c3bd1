# SPDX-License-Identifier: GPL-2.0-only
"""Connections: CSM first, what each end takes, Ping and Pong, Release and Abort (RFC 8323)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.exchanges import signalling as bits
from analyzer.rules.catalogue import Breach, E, N, Scope, W, declare, predicate, rule
from analyzer.rules.context import Context
from analyzer.stream_events import OddOfConnection, PingUnanswered, PongUnasked, Signalled
from dissectors.coap import numbers, signalling
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import Option, uint
from dissectors.coap.numbers import code_name

CSM_FIRST: Final = declare(
    "COAP-8323-5.3-CSM-FIRST",
    E,
    Scope.CONVERSATION,
    "RFC 8323",
    "5.3",
    title="No CSM first",
    what="The first message that an end sends on a connection is not a CSM (7.01).",
    why="A CSM tells what its sender takes: how long messages may be, whether large blocks are. It "
    "has to come first in both directions; a peer may close a connection that begins otherwise.",
    bad="SYN, SYN ACK, ACK, then POST /register.",
    good="SYN, SYN ACK, ACK, then 7.01 CSM, then POST /register.",
    fix="Send a CSM, which may be without options, as soon as the connection stands, before the "
    "first request and without waiting for the peer's.",
)
TOO_BIG: Final = declare(
    "COAP-8323-5.3.1-TOO-BIG",
    W,
    Scope.MESSAGE,
    "RFC 8323",
    "5.3.1",
    title="Longer than the peer takes",
    what="A message is longer than the Max-Message-Size of its receiver, which is 1152 bytes "
    "unless its CSM says more.",
    why="The receiver may have no room for it: it answers 4.13 or breaks off with 7.05 Abort.",
    bad="A message of 5000 bytes to a server whose CSM says Max-Message-Size 1152.",
    good="The same body in blocks of 1024 bytes (RFC 7959).",
    fix="Transfer the body in blocks, or let the receiver announce a larger Max-Message-Size.",
)
TOKEN_OVER: Final = declare(
    "COAP-8974-2.2.1-TOKEN-OVER",
    E,
    Scope.MESSAGE,
    "RFC 8974",
    "2.2.1",
    title="Token longer than the server takes",
    what="The token of a request is longer than what the server's CSM allows by "
    "Extended-Token-Length: 8 bytes where it says nothing.",
    why="A server that does not know longer tokens takes the message for malformed and closes the "
    "connection.",
    bad="A request with a token of 12 bytes to a server whose CSM has no Extended-Token-Length.",
    good="A token of 8 bytes; or of 12 after a CSM with Extended-Token-Length 32.",
    fix="Use tokens of at most 8 bytes until the server's CSM allows more.",
)
BERT: Final = declare(
    "COAP-8323-6-BERT",
    W,
    Scope.MESSAGE,
    "RFC 8323",
    "6",
    title="Large blocks not offered",
    what="Block1 or Block2 has the size exponent 7 (BERT), though the CSM of the receiver did not "
    "offer Block-Wise-Transfer with a Max-Message-Size above 1152.",
    why="A receiver that does not know BERT takes the exponent 7 for an error: 4.00 Bad Request.",
    bad="Block1 0/1/BERT to a server whose CSM is empty.",
    good="Block1 0/1/1024; or BERT after a CSM with Block-Wise-Transfer and Max-Message-Size 8192.",
    fix="Use blocks of 1024 bytes, or let the receiver's CSM offer both.",
)
AFTER_RELEASE: Final = declare(
    "COAP-8323-5.5-AFTER-RELEASE",
    N,
    Scope.CONVERSATION,
    "RFC 8323",
    "5.5",
    title="Request after its own Release",
    what="An end that sent a Release (7.04) sends a new request on the connection.",
    why="A Release says that the sender wants to close the connection once open requests are "
    "answered. A request after it may get no answer.",
    bad="7.04 Release, then GET /a from the same end.",
    good="GET /a answered, then 7.04 Release, then FIN.",
    fix="Open a new connection for new requests; send the Release last.",
)
AFTER_ABORT: Final = declare(
    "COAP-8323-5.6-AFTER-ABORT",
    W,
    Scope.CONVERSATION,
    "RFC 8323",
    "5.6",
    title="Message after its own Abort",
    what="An end that sent an Abort (7.05) sends another message on the connection.",
    why="An Abort is the last message of its sender, which closes the connection at once; its peer "
    "ignores what comes after.",
    bad="7.05 Abort, then 2.05 Content from the same end.",
    good="7.05 Abort, then FIN or RST.",
    fix="Close the connection right after the Abort.",
)

_ODD: Final = (
    (bits.NO_CSM, CSM_FIRST),
    (bits.TOO_BIG, TOO_BIG),
    (bits.LONG_TOKEN, TOKEN_OVER),
    (bits.NO_BERT, BERT),
    (bits.AFTER_RELEASE, AFTER_RELEASE),
    (bits.AFTER_ABORT, AFTER_ABORT),
)


@predicate()
def odd_of_connection(event: OddOfConnection, context: Context) -> Iterator[Breach]:
    message, takes = event.message, event.takes
    what = code_name(message.code)
    size, token = len(message.data), len(message.token)
    largest = takes.largest or signalling.BASE[signalling.MAX_MESSAGE_SIZE]
    longest = takes.longest_token or signalling.BASE[signalling.EXTENDED_TOKEN_LENGTH]
    said = {
        bits.NO_CSM: (f"{message.source} begins with {what}, not with a CSM", what, "7.01 CSM"),
        bits.TOO_BIG: (
            f"A message of {size} bytes to {message.destination}, which takes {largest}",
            f"{size} bytes",
            f"at most {largest} bytes",
        ),
        bits.LONG_TOKEN: (
            f"A token of {token} bytes to {message.destination}, which takes {longest}",
            f"{token} bytes",
            f"at most {longest} bytes",
        ),
        bits.NO_BERT: (
            f"A block of exponent 7 (BERT) to {message.destination}, which did not offer it",
            "SZX 7",
            "SZX 6 at most",
        ),
        bits.AFTER_RELEASE: (
            f"{what} after the Release of {message.source}",
            what,
            "no new request",
        ),
        bits.AFTER_ABORT: (f"{what} after the Abort of {message.source}", what, "nothing more"),
    }
    for bit, broken in _ODD:
        if event.odd & bit:
            text, seen, expected = said[bit]
            yield Breach(text, message, rule=broken.id, seen=seen, expected=expected)


# Options of signalling messages -------------------------------------------------------------------


@rule(
    "COAP-8323-5-CRIT-SIGNAL-OPT",
    W,
    Scope.MESSAGE,
    "RFC 8323",
    "5",
    title="Unknown critical option in a signalling message",
    what="A signalling message (7.xx) has an option of an odd number that its code does not know. "
    "Their numbers are a registry apart, anew for each code.",
    why="The receiver has to break the connection off: it answers with an Abort (7.05).",
    bad="7.01 CSM with the option 3.",
    good="7.01 CSM with Max-Message-Size (2).",
    fix="Leave the option out, or give it an even number: elective options are ignored.",
)
def critical_signal_option(event: Signalled, context: Context) -> Iterator[Breach]:
    code = event.message.code
    for option in event.options:
        if option.number & 1 and option.number not in signalling.OPTIONS.get(code, {}):
            yield Breach(
                f"{code_name(code)} has the unknown critical option {option.number}",
                event.message,
                seen=f"option {option.number}",
                expected="known or elective options",
                span=option.span,
            )


@rule(
    "COAP-8323-5-SIGNAL-OPT-LEN",
    E,
    Scope.MESSAGE,
    "RFC 8323",
    "5",
    title="Length of an option in a signalling message",
    what="An option of a signalling message is shorter or longer than its definition allows, or "
    "stands there more than once though it may not.",
    why="The receiver treats it as an option that it does not know.",
    bad="7.01 CSM with Max-Message-Size in 5 bytes.",
    good="7.01 CSM with Max-Message-Size in 4 bytes at most.",
    fix="Write unsigned integers in as few bytes as hold them, and empty options without a value.",
)
def signal_option_length(event: Signalled, context: Context) -> Iterator[Breach]:
    known = signalling.OPTIONS.get(event.message.code, {})
    before = -1
    for option in event.options:
        spec, again = known.get(option.number), option.number == before
        before = option.number
        if spec is None:
            continue
        length = len(option.value)
        allowed = f"{spec.min} to {spec.max} bytes" if spec.min != spec.max else f"{spec.max} bytes"
        if not spec.min <= length <= spec.max:
            yield Breach(
                f"{spec.name} has {length} bytes",
                event.message,
                seen=f"{length} bytes",
                expected=allowed,
                span=option.span,
            )
        elif again and spec.repeat is numbers.Repeat.NEVER:
            yield Breach(
                f"{spec.name} stands there twice",
                event.message,
                seen="twice",
                expected="once",
                span=option.span,
            )


@rule(
    "COAP-8974-2.2.1-CSM-RANGE",
    E,
    Scope.MESSAGE,
    "RFC 8974",
    "2.2.1",
    title="Extended-Token-Length out of range",
    what="The Extended-Token-Length of a CSM is less than 8 or more than 65804.",
    why="Tokens of up to 8 bytes need no announcement, and longer ones than 65804 bytes cannot be "
    "written: the peer cannot tell what is meant.",
    bad="Extended-Token-Length 4.",
    good="Extended-Token-Length 32.",
    fix="Announce from 8 to 65804 bytes, or leave the option out.",
)
def token_length_range(event: Signalled, context: Context) -> Iterator[Breach]:
    if event.message.code != signalling.CSM:
        return
    for option in event.options:
        value = uint(option) if option.number == signalling.EXTENDED_TOKEN_LENGTH else None
        if value is not None and value not in signalling.TOKEN_LENGTHS:
            yield Breach(
                f"Extended-Token-Length says {value}",
                event.message,
                seen=str(value),
                expected="8 to 65804",
                span=option.span,
            )


# Ping, Abort, Empty -------------------------------------------------------------------------------


@rule(
    "COAP-8323-5.4-PONG-TOKEN",
    E,
    Scope.EXCHANGE,
    "RFC 8323",
    "5.4",
    title="Pong without its Ping",
    what="A Pong (7.03) has a token that no Ping of the connection has which still waits.",
    why="The token ties a Pong to its Ping. One that answers nothing leaves the Ping without "
    "answer, and its sender takes the peer for dead.",
    bad="7.02 Ping with token 01, then 7.03 Pong with token 02.",
    good="7.02 Ping with token 01, then 7.03 Pong with token 01.",
    fix="Return the token of the Ping, once.",
)
def pong_unasked(event: PongUnasked, context: Context) -> Iterator[Breach]:
    message = event.message
    if context.young(message.flow, message.time) and not message.begun:
        return  # its Ping may lie before the capture (gate G-START)
    token = message.token.hex() or "empty"
    yield Breach(
        f"A Pong with the token {token}, which no open Ping has",
        message,
        seen=f"token {token}",
        expected="the token of a Ping",
    )


@rule(
    "COAP-8323-5.4-PING-UNANSWERED",
    W,
    Scope.EXCHANGE,
    "RFC 8323",
    "5.4",
    causes=("COAP-8323-5.4-PONG-TOKEN",),
    absence=True,
    title="Ping without Pong",
    what="A Ping (7.02) got no Pong with its token before the capture ended.",
    why="A Ping has to be answered as soon as possible: without a Pong its sender takes the "
    "connection for broken. With the option Custody the Pong may wait for what came before it.",
    bad="7.02 Ping, and nothing more.",
    good="7.02 Ping, then 7.03 Pong with the same token.",
    fix="Answer each Ping with a Pong; look whether the peer still reads its socket.",
)
def ping_unanswered(event: PingUnanswered, context: Context) -> Iterator[Breach]:
    message = event.message
    token = message.token.hex() or "empty"
    yield Breach(
        f"{message.destination} did not answer the Ping with the token {token}",
        message,
        seen="no Pong",
        expected="7.03 Pong with the token",
    )


@rule(
    "COAP-8323-5.6-ABORT",
    N,
    Scope.CONVERSATION,
    "RFC 8323",
    "5.6",
    title="Connection broken off",
    what="An end sent an Abort (7.05): it closes the connection at once. Its payload may say why, "
    "and Bad-CSM-Option which option of the peer's CSM it does not know.",
    why="All that was asked and not answered on the connection is lost.",
    bad="7.05 Abort with `CSM missing`.",
    good="7.04 Release, then FIN.",
    fix="Do what the diagnostic text says; look at what the peer sent last.",
)
def aborted(event: Signalled, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code != signalling.ABORT:
        return
    told = _told(message.coap)
    yield Breach(
        f"{message.source} breaks the connection off{told}",
        message,
        seen=f"7.05 Abort{told}",
        expected="a connection that goes on",
    )


def _told(coap: CoapMessage) -> str:
    """Why, as far as an Abort says."""
    option: Option | None = coap.first(signalling.BAD_CSM_OPTION)
    words = [] if option is None else [f"Bad-CSM-Option {uint(option)}"]
    if coap.payload:
        words.append(f"`{coap.payload[:80].decode('utf-8', 'replace')}`")
    return f": {', '.join(words)}" if words else ""


@rule(
    "COAP-8323-3.4-EMPTY",
    N,
    Scope.MESSAGE,
    "RFC 8323",
    "3.4",
    title="Empty message on a connection",
    what="A message with the code 0.00 on a reliable transport.",
    why="It means nothing there and is ignored; some stacks send it to keep a connection open.",
    bad="00 00.",
    good="7.02 Ping, where an answer is wanted.",
    fix="Nothing has to be done. To learn whether the peer is alive, send a Ping.",
)
def empty_on_connection(event: Signalled, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.code == numbers.EMPTY:
        yield Breach(
            f"{message.source} sends an Empty message, which is ignored",
            message,
            seen="0.00",
            expected="7.02 Ping, or nothing",
            group=(message.flow, message.source),
        )
