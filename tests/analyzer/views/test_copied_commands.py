# SPDX-License-Identifier: GPL-2.0-only
"""Commands as they are copied, run by a shell: what a listener on loopback gets is the request."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from generated import read
from rules.conversation import Conversation

from analyzer.endpoints import endpoint
from analyzer.session import Session
from analyzer.views.copies import aiocoap_client, coap_client
from analyzer.views.copies.model import CopyError, Subject
from analyzer.views.copies.request import Request, request_of
from analyzer.views.session_view import SessionView
from dissectors.coap.message import Message, Option, dissect
from dissectors.fields import Table

CAPTURES = sorted((Path(__file__).parents[3] / "captures").glob("*.pcapng"))
LIBCOAP = "coap-client-notls"
AIOCOAP = str(Path(sys.executable).with_name("aiocoap-client"))
PATIENCE = 10.0
HOSTILE = b"'; touch /tmp/owned; $(id) `id` \\ \" % \x00\xff\x1b[2J\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(PATIENCE)
        yield listening


def sent(command: str, listener: socket.socket) -> Message:
    """The request that a command sends first; it is answered 4.04."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdin=quiet, stdout=quiet, stderr=quiet
    ) as it:
        try:
            data, client = listener.recvfrom(1 << 16)
            found = dissect(data)
            answer = bytes([0x60 | len(found.token), 0x84]) + data[2:4] + found.token
            listener.sendto(answer, client)
            it.wait(PATIENCE)
        finally:
            it.kill()
    return found


def requests(session: Session, port: int) -> Iterator[Request]:
    """Those of a capture, one of each shape, sent to a port of loopback."""
    view, shapes = SessionView(session), set()
    view.unmasked = True
    for row in range(len(session.messages)):
        try:
            request = request_of(Subject(view, Table.MESSAGES, row))
        except CopyError:
            continue
        message = request.message
        if message.reliable:  # the listener is one of UDP
            continue
        shape = message.code, tuple((o.number, len(o.value)) for o in message.options)
        if shape not in shapes:
            shapes.add(shape)
            yield request._replace(server=endpoint(b"\x7f\0\0\1", port))


def odd_requests() -> Session:
    talk = Conversation()
    options = [
        (11, HOSTILE),
        (11, b""),
        (11, b".."),
        (15, HOSTILE),
        (15, b"a=b&c"),
        (2049, HOSTILE),
    ]
    talk.con("POST", token=b"a", options=options, payload=HOSTILE)
    talk.con("FETCH", token=b"b", options=[(11, b"x;y" * 60), (4, b"")], payload=b"\0")
    talk.non("GET", token=b"c", path="/a/b", observe=0, accept=[50, 60])
    talk.con("iPATCH", token=b"d", path="/ä/%", uri_host="näme", content_format=0, payload=b"@x")
    talk.con("DELETE", token=b"e", path="/" + "long" * 40, if_match=[b"1", b""])
    talk.con("GET", token=b"f", options=[(12, b"\0\x32"), (17, b"")])
    return talk.session()


def wire(message: Message, left: Sequence[Option] = ()) -> tuple[object, ...]:
    options = [(o.number, o.value) for o in message.options if o not in left]
    return message.type, message.code, options, message.payload


@pytest.mark.skipif(shutil.which(LIBCOAP) is None, reason=f"{LIBCOAP} is not installed")
def test_coap_client_sends_the_request(listener: socket.socket) -> None:
    port, tried = listener.getsockname()[1], 0
    for session in (odd_requests(), *map(read, CAPTURES)):
        for request in requests(session, port):
            try:
                words, left = coap_client.command(request)
            except CopyError:
                continue
            command = coap_client.shell(words).replace("coap-client", LIBCOAP, 1)
            assert wire(sent(command, listener)) == wire(request.message, left), command
            tried += 1
    assert tried > 20


def test_aiocoap_client_sends_the_request(listener: socket.socket) -> None:
    """A second each: what was made up, and a capture."""
    port, tried = listener.getsockname()[1], 0
    for session in (odd_requests(), read(CAPTURES[0])):
        for request in requests(session, port):
            try:
                command, left = aiocoap_client.piped(request)
            except CopyError:
                continue
            command = command.replace("aiocoap-client", AIOCOAP, 1)
            assert wire(sent(command, listener)) == wire(request.message, left), command
            tried += 1
            if tried == 8:
                return
    raise AssertionError(f"only {tried} requests")
