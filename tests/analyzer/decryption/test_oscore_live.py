# SPDX-License-Identifier: GPL-2.0-only
"""aiocoap's client and server with OSCORE over loopback: what both of them sealed is what is read.

Both read their context from a directory of aiocoap, and so does the analyzer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiocoap
import peers
import pytest
from aiocoap import credentials, oscore, resource
from aiocoap.oscore_sitewrapper import OscoreSiteWrapper
from beside_tshark import Given, differences, shown, write_contexts
from peers import PATIENCE, Counter, Text, aiocoap_endpoint, free_port, recorded
from scapy.layers.inet import UDP
from scapy.utils import rdpcap
from tshark import INSTALLED

from analyzer.decryption.oscore import Contexts, Reason, Unprotected, Unprotector
from analyzer.messages import UNWRAPPED
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_files import read_contexts
from analyzer.session import Session
from analyzer.settings import Settings
from dissectors.coap import numbers
from dissectors.coap.message import dissect

if lack := peers.missing():
    pytest.skip(lack, allow_module_level=True)

Clear = tuple[int, list[tuple[int, bytes]], bytes]
TRANSPORTS = ("oscore", "udp6")
LONG = b"0123456789abcdef" * 150


class End(oscore.FilesystemSecurityContext):  # type: ignore[misc]
    """A context that keeps what it seals, by its ciphertext."""

    sealed: dict[bytes, Clear]

    def protect(self, message: Any, *more: Any, **other: Any) -> Any:
        outer, asked = super().protect(message, *more, **other)
        self.sealed[outer.payload] = clear(message)
        return outer, asked


def clear(message: Any) -> Clear:
    """Code, options and payload; the order of notifications is not aiocoap's to say, nor what
    else the outer message says."""
    outside = (numbers.OBSERVE, numbers.URI_HOST, numbers.URI_PORT)
    options = [(int(o.number), o.encode()) for o in message.opt.option_list()]
    return int(message.code), [o for o in options if o[0] not in outside], message.payload


def end(folder: Path, own: str, other: str, secret: str, sealed: dict[bytes, Clear]) -> End:
    folder.mkdir()
    settings = {"sender-id_hex": own, "recipient-id_hex": other, "secret_hex": secret}
    (folder / "settings.json").write_text(json.dumps(settings))
    context = End(str(folder))
    context.sealed = sealed
    return context


@asynccontextmanager
async def server_at(port: int, context: End) -> AsyncIterator[None]:
    site = resource.Site()
    site.add_resource(["text"], Text(LONG))
    site.add_resource(["count"], Counter(0.1))
    known = credentials.CredentialsMap()
    known[":client"] = context
    async with aiocoap_endpoint(port, OscoreSiteWrapper(site, known)):
        yield


async def talk(port: int, known: End, unknown: End) -> None:
    """Blocks in both directions, an error, an observation; and a client the server knows not."""
    uri = f"coap://127.0.0.1:{port}"

    async def ask(client: Any, code: Any, path: str, **more: Any) -> Any:
        message = aiocoap.Message(code=code, uri=f"{uri}/{path}", **more)
        return await asyncio.wait_for(client.request(message).response, PATIENCE)

    async with aiocoap_endpoint(transports=TRANSPORTS) as client:
        client.client_credentials[f"{uri}/*"] = known
        assert (await ask(client, aiocoap.GET, "text")).payload == LONG
        assert (await ask(client, aiocoap.PUT, "text", payload=LONG[:1500])).code.is_successful()
        assert (await ask(client, aiocoap.GET, "nowhere")).code == aiocoap.NOT_FOUND
        message = aiocoap.Message(code=aiocoap.GET, uri=f"{uri}/count", observe=0)
        pending = client.request(message)
        await asyncio.wait_for(pending.response, PATIENCE)
        seen = 0
        async with asyncio.timeout(PATIENCE):
            async for _ in pending.observation:
                seen += 1
                if seen == 3:
                    break
        pending.observation.cancel()
    async with aiocoap_endpoint(transports=TRANSPORTS) as stranger:
        stranger.client_credentials[f"{uri}/*"] = unknown
        with pytest.raises(oscore.NotAProtectedMessage):
            await ask(stranger, aiocoap.GET, "text")


async def test_what_both_ends_sealed_is_read(tmp_path: Path) -> None:
    sealed: dict[bytes, Clear] = {}
    port = free_port()
    secret = "0102030405060708090a0b0c0d0e0f10"
    server = end(tmp_path / "server", "01", "", secret, sealed)
    client = end(tmp_path / "client", "", "01", secret, sealed)
    stranger = end(tmp_path / "stranger", "63", "01", secret, {})
    with recorded(tmp_path / "live.pcap", (port,)):
        async with server_at(port, server):
            await talk(port, client, stranger)
    unprotector = Unprotector(Contexts(read_contexts(str(tmp_path / "client"))))
    unread, told = dict(sealed), list[Unprotected]()
    for frame, packet in enumerate(rdpcap(str(tmp_path / "live.pcap")), 1):
        udp = packet[UDP]
        data = bytes(udp.payload)
        time = int(packet.time * 1_000_000_000)
        result = unprotector.take(data, udp.sport, udp.dport, time, frame, False)
        if result is None:
            assert dissect(data).first(numbers.OSCORE) is None
            continue
        told.append(result)
        if result.reason is None:
            outer = dissect(data)
            inner = aiocoap.Message.decode(result.message)
            assert clear(inner) == sealed[outer.payload]
            assert result.message[2:4] == data[2:4]
            assert inner.token == outer.token
            unread.pop(outer.payload, None)
            assert (result.replay_of, result.reused_with, result.backwards) == (0, 0, 0)
    assert unread == {}
    assert len(sealed) >= 16  # blocks of 1024 in both directions, an error, notifications
    assert {result.reason for result in told} == {None, Reason.NO_CONTEXT}
    if INSTALLED:
        contexts = read_contexts(str(tmp_path / "client"))
        write_contexts(tmp_path, contexts)
        secrets = Secrets(oscore=contexts)
        session = Session(Settings(ports=frozenset({port}), secrets=secrets))
        session.open([tmp_path / "live.pcap"])
        session.read_all()
        unwrapped = sum(bool(flags & UNWRAPPED) for flags in session.messages["flags"].tolist())
        assert unwrapped >= len(sealed)
        theirs = shown(tmp_path / "live.pcap", tmp_path, Given(coap=[port]))
        assert differences(session, theirs).keys() == {"OSCORE notification"}
