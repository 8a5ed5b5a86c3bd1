# SPDX-License-Identifier: GPL-2.0-only
# mypy: disable-error-code="import-untyped, import-not-found, misc"
"""The scene of ``oscore.pcapng``: UEs that register under OSCORE, on aiocoap.

The server is 127.0.0.5, the UEs are 127.0.5.1 to 127.0.5.4. The contexts are those of
``oscore-context.toml``, and one more that is not in it. How the messages to ``/akma`` are written
is not public: the names of TS 33.535 Annex D in CBOR are a guess.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiocoap
import cbor2
from aiocoap import credentials, oscore, resource
from aiocoap.oscore_sitewrapper import OscoreSiteWrapper

from analyzer.demo.server import JSON, MESSAGE_PATH, REGISTRATION_PATH, decode, encode
from analyzer.demo.ue import registration
from analyzer.secrets.oscore_context import Context
from analyzer.secrets.oscore_files import read_contexts

SERVER: Final = "127.0.0.5"
CONTEXTS: Final = Path(__file__).with_name("oscore-context.toml")
STRANGER: Final = Context("meter-0003", b"nobody but both", b"", b"\x03", b"\xa3")
CBOR: Final = 60
PATIENCE: Final = 10.0
PAUSE: Final = 0.3
AIOCOAP_NAMES: Final = {"ChaCha20-Poly1305": "ChaCha20/Poly1305"}


class Registration(resource.Resource):
    """Registers whoever asks."""

    async def render_post(self, request: Any) -> Any:
        name = (decode(request.payload) or {})["UE Service ID"]
        answer = {"UE Service ID": name, "Registration result": "success"}
        return aiocoap.Message(
            code=aiocoap.CREATED,
            payload=encode(answer),
            content_format=JSON,
            location_path=(*REGISTRATION_PATH, name),
        )


class Mailbox(resource.Resource):
    """Takes messages of UEs."""

    async def render_post(self, request: Any) -> Any:
        return aiocoap.Message(code=aiocoap.CHANGED)


class Bootstrap(resource.Resource):
    """Agrees on a context by AKMA."""

    async def render_post(self, request: Any) -> Any:
        answer = {"N2": bytes(range(8)), "UE-SID": b"\x01"}
        return aiocoap.Message(
            code=aiocoap.CREATED, payload=cbor2.dumps(answer), content_format=CBOR
        )


class End(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):
    """One end of a context; it keeps its sequence number as long as it lives."""

    is_signing = False
    responses_send_kid = False
    echo_recovery = None
    sender_sequence_number = 0

    def __init__(self, context: Context, own: bytes, other: bytes) -> None:
        name = context.algorithm.name
        self.alg_aead = oscore.algorithms[AIOCOAP_NAMES.get(name, name)]
        self.hashfun = oscore.hashfunctions[oscore.DEFAULT_HASHFUNCTION]
        self.sender_id, self.recipient_id = own, other
        self.id_context = context.id_context
        self.recipient_replay_window = oscore.ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()
        self.derive_keys(context.master_salt, context.master_secret)

    @classmethod
    def client(cls, context: Context) -> End:
        """Return the UE's end."""
        return cls(context, context.client_id, context.server_id)

    @classmethod
    def server(cls, context: Context) -> End:
        """Return the server's end."""
        return cls(context, context.server_id, context.client_id)

    def post_seqnoincrease(self) -> None:
        """Nothing is kept beyond its life."""


@contextlib.asynccontextmanager
async def aiocoap_at(address: str, port: int, site: Any = None) -> AsyncIterator[Any]:
    """Run an aiocoap endpoint that speaks OSCORE at an address."""
    context = await aiocoap.Context.create_server_context(
        site, bind=(address, port), transports=["oscore", "udp6"]
    )
    try:
        yield context
    finally:
        await context.shutdown()


@contextlib.asynccontextmanager
async def server_with(contexts: list[End]) -> AsyncIterator[None]:
    """Run the server; it knows these ends."""
    site = resource.Site()
    site.add_resource(REGISTRATION_PATH, Registration())
    site.add_resource(MESSAGE_PATH, Mailbox())
    site.add_resource(("akma",), Bootstrap())
    known = credentials.CredentialsMap()
    for number, context in enumerate(contexts):
        known[f":{number}"] = context
    async with aiocoap_at(SERVER, 5683, OscoreSiteWrapper(site, known)):
        yield


async def post(client: Any, path: tuple[str, ...], payload: bytes, content_format: int) -> Any:
    """Send a POST and return its answer."""
    uri = f"coap://{SERVER}/{'/'.join(path)}"
    message = aiocoap.Message(
        code=aiocoap.POST, uri=uri, payload=payload, content_format=content_format
    )
    answer = await asyncio.wait_for(client.request(message).response, PATIENCE)
    await asyncio.sleep(PAUSE)
    return answer


async def register(client: Any, context: End, name: str, **more: Any) -> Any:
    """Register under OSCORE."""
    client.client_credentials[f"coap://{SERVER}/*"] = context
    members = registration(f"{name}@iot.example", **more)
    return await post(client, REGISTRATION_PATH, encode(members), JSON)


async def by_akma(context: Context) -> None:
    """The context is agreed on first; then a registration and a message."""
    ue = End.client(context)
    async with aiocoap_at("127.0.5.1", 40001) as client:
        wish = {"A-KID": "rid0001.key@5gc.example", "N1": bytes(8), "AF-SID": b"\xa1"}
        await post(client, ("akma",), cbor2.dumps(wish), CBOR)
        await register(client, ue, context.name)
        said = {"Message Type": "MSG", "Originating UE Service ID": "meter-0001@iot.example"}
        await post(client, MESSAGE_PATH, encode({**said, "Payload": "energy=1873.4 kWh"}), JSON)


async def once(number: int, context: Context) -> None:
    """One registration."""
    async with aiocoap_at(f"127.0.5.{number}", 40000 + number) as client:
        await register(client, End.client(context), context.name)


async def forgetful(context: Context) -> None:
    """It loses its sequence number, begins at 0 again, and the server takes that for a replay."""
    await once(4, context)
    async with aiocoap_at("127.0.5.4", 40014) as client:
        with contextlib.suppress(oscore.NotAProtectedMessage):
            await register(client, End.client(context), context.name, MSGin5G_Client_Ports=[5683])


async def play() -> None:
    """Register the UEs, one after the other."""
    akma, plain, lossy = read_contexts(str(CONTEXTS))
    async with server_with([End.server(context) for context in (akma, plain, STRANGER, lossy)]):
        await by_akma(akma)
        await once(2, plain)
        await once(3, STRANGER)
        await forgetful(lossy)
