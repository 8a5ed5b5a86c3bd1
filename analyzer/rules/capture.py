# SPDX-License-Identifier: GPL-2.0-only
"""Facts about the capture itself: what the tap saw twice, half, late or not at all.

None of them is a fault of a sender. They tell what other findings rest on: a note here explains
why a rule stayed silent there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer import facts
from analyzer.capture_events import CaptureDuplicate, ClockStep, FlowEnded, IcmpError
from analyzer.events import Seen, Unacknowledged, Unanswered
from analyzer.profiles.transmission import MILLISECOND, SECOND
from analyzer.rules.catalogue import Breach, N, Scope, predicate, rule
from analyzer.rules.context import Context
from analyzer.subjects import Flow, Message
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

_LEAST_DATAGRAMS: Final = 2
_NO_RESPONSE: Final = numbers.OPTIONS_BY_NAME["No-Response"].number


@rule(
    "COAP-CAP-DUP",
    N,
    Scope.MESSAGE,
    "capture",
    "",
    title="Recorded twice",
    what="One datagram stands in the capture twice: same addresses, ports and bytes, and either "
    "the same IPv4 identification within DUP_WINDOW (1 s by default), or, within "
    "DUP_WINDOW_UNNUMBERED (0.005 s by default), another interface, MAC address, VLAN or TTL.",
    why="A mirror port, the `any` interface or merged files record a packet on its way in and on "
    "its way out. Such a copy is no retransmission; it is hidden from pairing, statistics and "
    "every other rule.",
    bad="One CON as frames 1 and 2, 1 ms apart, both with IP identification 0x4a01.",
    good="One CON as frames 1 and 2, 2.4 s apart, IP identifications 0x4a01 and 0x4a0f.",
    fix="Nothing is wrong on the wire. For an easier capture, record on one interface and mirror "
    "one direction of each link.",
)
def recorded_twice(event: CaptureDuplicate, context: Context) -> Iterator[Breach]:
    message, original = event.message, event.original
    yield Breach(
        f"{message.source} to {message.destination}: frame {message.frame} is a second record of "
        f"the datagram in frame {original}",
        message,
        seen=f"{event.gap / MILLISECOND:.3f} ms later",
        expected="one record of each datagram",
        frames=(original,),
        group=message.flow,
    )


@rule(
    "COAP-CAP-CUT",
    N,
    Scope.MESSAGE,
    "capture",
    "",
    when=facts.CUT,
    title="Message not captured whole",
    what="The end of a CoAP message is missing: the capture was taken with a snapshot length, or "
    "the rest came in later IP fragments.",
    why="Nothing past the cut can be judged: missing options, a missing payload or an element not "
    "found there prove nothing, so the rules about them stay silent.",
    bad="A frame of 128 bytes of which 96 were captured.",
    good="A frame of 128 bytes, captured whole.",
    fix="Capture again with a snapshot length of 0 or 262144 (`-s 0`). Where fragments are the "
    "reason, capture where the datagram is whole, or make the message fit one packet.",
)
def cut(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if not message.cut:
        return
    place = message.place
    missing = place.wire - place.captured
    seen = f"{missing} bytes of {place.wire} not captured"
    if not missing:
        seen = "the first of several fragments" if place.fragmented else "an incomplete packet"
    yield Breach(
        f"{message.source} to {message.destination}: only the first {place.coap_length} bytes of "
        "the message can be read",
        message,
        seen=seen,
        expected="the whole datagram",
        group=message.flow,
    )


ONE_WAY: Final = "COAP-CAP-ONEWAY"


@rule(
    ONE_WAY,
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    absence=True,
    title="Only one direction captured",
    what="Messages wait for an answer, nothing at all was seen in the other direction, and yet "
    "their sender repeats none of them. Not for requests that ask for silence (No-Response).",
    why="A sender that is not answered retransmits. One that does not was answered, so the tap "
    "misses that direction: an asymmetric route, a mirror port for one direction, or a filter. "
    "What seems unanswered here is told once, by this note.",
    bad="Three CON from 10.0.0.2 to 10.0.0.1, each sent once, no packet from 10.0.0.1.",
    good="A CON sent five times without an answer: its sender got none, and that is said.",
    fix="Capture both directions: on an endpoint itself, or with a mirror port set to both; check "
    "the capture filter for a source or destination.",
)
def one_way_unacknowledged(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    if event.one_way and not sent.icmp:
        yield from _one_way(sent.message, context, "repeats nothing, as if answered")


@predicate()
def one_way_unanswered(event: Unanswered, context: Context) -> Iterator[Breach]:
    """NON requests: nobody repeats them, so the sender's behaviour proves less."""
    request, sent = event.exchange.request, event.exchange.transmission
    silenced = request.coap.uint(_NO_RESPONSE)  # RFC 7967: the client wants no answer
    if event.one_way and not sent.confirmable and not sent.icmp and not silenced:
        yield from _one_way(request, context, "asks by NON; answers may be missing")


def _one_way(message: Message, context: Context, behaviour: str) -> Iterator[Breach]:
    surely_repeated = context.timers.first_timeout
    if message.destination.multicast or context.now - message.time < surely_repeated:
        return
    yield Breach(
        f"No packet from {message.destination} to {message.source} was captured, and "
        f"{message.source} {behaviour}",
        message,
        seen="one direction",
        expected="both directions",
        group=(message.flow, message.source),
        rule=ONE_WAY,
    )


@rule(
    "COAP-CAP-MIDSTART",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    when=facts.BEGINS_LATE,
    absence=True,
    title="Capture begins in the middle",
    what="The first message between two endpoints is a response, an ACK, a RST or a later block, "
    "and what it belongs to was not captured.",
    why="What came before the capture cannot be paired or judged. Rules that need it report notes "
    "instead of errors for the first EXCHANGE_LIFETIME (247 s by default) of these endpoints.",
    bad="First frame of a pair: ACK 2.05 with Message ID 0x1234, and no request.",
    good="First frame of a pair: CON GET with Message ID 0x1234.",
    fix="Start the capture before the devices, or restart the client once it runs.",
)
def begins_in_the_middle(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.frame != message.flow.first_frame or not message.coap.readable:
        return
    what = _continues(message)
    if what:
        yield Breach(
            f"First message between {message.source} and {message.destination}: {what}",
            message,
            seen=what,
            expected="a request, a ping or block 0",
        )


def _continues(message: Message) -> str:
    """What earlier message this one must follow; `""` when it may be a first one."""
    if message.is_request:
        for number in (numbers.BLOCK1, numbers.BLOCK2):
            value = message.coap.uint(number)
            if value is not None and value >> 4:
                return f"{numbers.option_name(number)} with block number {value >> 4}"
        return ""
    if message.exchange is not None:
        return ""
    if message.type in (Type.ACK, Type.RST):
        return f"an {Type(message.type).name} to a message that was not captured"
    return "a response to a request that was not captured" if message.is_response else ""


@rule(
    "COAP-CAP-CLOCK",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Capture time goes backwards",
    what="A frame is stamped more than 1 ms before one that stands earlier in the file.",
    why="Response times and retransmission gaps around it are unreliable. A step of more than "
    "EXCHANGE_LIFETIME (247 s by default) is taken for the start of another capture in the same "
    "file: what is open then is closed, and nothing is paired across it.",
    bad="Frame 3 at 5.000 s, frame 4 at 4.200 s.",
    good="Frame 3 at 5.000 s, frame 4 at 5.001 s.",
    fix="Merge files by time (`mergecap` does, `cat` and `mergecap -a` do not); let NTP slew the "
    "clock of the capturing host instead of stepping it.",
)
def clock_step(event: ClockStep, context: Context) -> Iterator[Breach]:
    segment = event.step > context.timers.exchange_lifetime
    meaning = "; a new capture begins here" if segment else ""
    yield Breach(
        f"Frame {event.frame} is stamped {event.step / SECOND:.3f} s before an earlier frame"
        + meaning,
        seen=f"{event.step / SECOND:.3f} s back",
        expected="frames in the order of their time",
        frame=event.frame,
        group=segment,
    )


@rule(
    "COAP-CAP-ICMP",
    N,
    Scope.EXCHANGE,
    "capture",
    "",
    title="ICMP error about a message",
    what="An ICMP or ICMPv6 error quotes a CoAP message of this capture.",
    why="The network, or the host at the other end, says why nobody will answer: no program on "
    "that port, no route, a firewall, a packet too big. It explains an unanswered message better "
    "than any timer.",
    bad="CON POST to 10.0.0.1:5683, then ICMP `port unreachable` from 10.0.0.1.",
    good="CON POST to 10.0.0.1:5683, then its ACK.",
    fix="Port unreachable: start the server, or correct address and port. Host or network "
    "unreachable, prohibited: routing or firewall. Too big: send smaller messages, in blocks.",
)
def icmp_error(event: IcmpError, context: Context) -> Iterator[Breach]:
    if event.transmission is None:
        return
    message = event.transmission.message
    yield Breach(
        f"{event.reporter} says `{event.text}` about the message from {event.source} to "
        f"{event.destination}",
        message,
        seen=f"{event.reporter} {event.text}",
        expected="an answer, or no error",
        frames=(event.frame,),
        group=event.transmission,
    )


@rule(
    "COAP-CAP-NONCOAP",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    absence=True,
    title="Not CoAP on a CoAP port",
    what="A CoAP port is used by two or more datagrams, and not one of them can be read as CoAP.",
    why="Something else runs there: a port scan, another protocol, a test tool that sends random "
    "bytes. Its format errors are told once per rule, not datagram by datagram.",
    bad="Three RTP packets to port 5683.",
    good="A GET to port 5683, and its answer.",
    fix="Find out which program sends from the address shown. If it means to speak CoAP, the "
    "findings beside this one tell what is wrong with its first bytes.",
)
def not_coap(event: FlowEnded, context: Context) -> Iterator[Breach]:
    flow = event.flow
    datagrams = flow.datagrams
    if flow.readable or flow.opaque or datagrams < _LEAST_DATAGRAMS or not _on_coap_port(flow):
        return
    yield Breach(
        f"{flow}: none of {datagrams} datagrams can be read as CoAP",
        seen=f"{datagrams} datagrams, none readable",
        expected="CoAP",
        frame=flow.first_frame,
    )


def _on_coap_port(flow: Flow) -> bool:
    """Confirmed by its port alone, or failed on the port of CoAP over DTLS."""
    ports = (flow.first.port, flow.second.port)
    return flow.confirmed or (numbers.COAPS_PORT in ports and flow.failures > 0)


@rule(
    "COAP-CAP-NATLEG",
    N,
    Scope.EXCHANGE,
    "capture",
    "",
    when=facts.NAT_LEG,
    title="Both sides of an address translator",
    what="The same CoAP bytes pass twice within NAT_WINDOW (0.5 s by default), with one address or "
    "port changed and a lower TTL.",
    why="The capture holds a message before and after a router that translates addresses. Both "
    "legs are shown; what they say is the same message, and statistics count it twice.",
    bad="10.0.0.2:40000 to 192.0.2.1:5683, then the same bytes from 203.0.113.7:61001, TTL 63.",
    good="10.0.0.2:40000 to 192.0.2.1:5683, once.",
    fix="Nothing is wrong on the wire. Filter on one side of the translator (`ip.addr`) to see "
    "each message once.",
)
def address_translated(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    first = message.nat_leg_of
    if first is None:
        return
    yield Breach(
        f"{message.source} to {message.destination} is the other leg of {first.source} to "
        f"{first.destination}",
        message,
        seen=f"the bytes of frame {first.frame}, TTL {message.place.ttl} instead of "
        f"{first.place.ttl}",
        expected="one leg",
        frames=(first.frame,),
        group=message.flow,
    )
