# SPDX-License-Identifier: GPL-2.0-only
"""An MSGin5G Server on aiocoap: registration, de-registration, messages, delivery reports.

It follows the text of TS 24.538 6.3.1.2.1: a registration it cannot use is answered 2.04 with the
Registration result "failure", unless a quirk for the UE's address says otherwise.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiocoap

from analyzer.demo.endpoint import Endpoint, Fault, Message

JSON: Final = 50
SERVER: Final = "127.0.0.1"
REGISTRATION_PATH: Final = ("msgin5g", "registration")
MESSAGE_PATH: Final = ("msgin5g", "message")


def encode(members: Mapping[str, Any]) -> bytes:
    """Write a JSON object as UTF-8."""
    return json.dumps(members, ensure_ascii=False).encode()


def decode(payload: bytes) -> dict[str, Any] | None:
    """Read a JSON object, or None if the payload is none."""
    try:
        value = json.loads(payload)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def member(members: Mapping[str, Any], name: str) -> Any:
    """Return a member by its name, whatever its letter case and separators."""
    wanted = _plain(name)
    return next((value for key, value in members.items() if _plain(key) == wanted), None)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


@dataclass(frozen=True)
class Quirk:
    """How the server answers the registration of one UE, where it does so in its own way.

    ``members`` changes the members of the response (None leaves one out); ``options`` are set on
    the response by their aiocoap names; ``delay`` makes it a separate response.
    """

    code: Any = None
    members: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes | None = None
    content_format: int = JSON
    options: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    always_new: bool = False


class Server:
    """The server and what it knows about its UEs."""

    def __init__(self, provisioned: Mapping[str, str], address: str = SERVER) -> None:
        self.address = address
        self.quirks: dict[str, Quirk] = {}
        self.registered: dict[str, str] = {}
        """UE Service ID to where its UE can be reached (host:port)."""
        self._provisioned = provisioned
        self._locations: dict[str, str] = {}
        self._forwarding: set[asyncio.Task[None]] = set()
        self._endpoint: Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The CoAP endpoint, for requests and faults."""
        if self._endpoint is None:
            raise RuntimeError("the server is not open")
        return self._endpoint

    async def open(self) -> None:
        """Listen on the CoAP port of the server's address."""
        self._endpoint = await Endpoint.open(self.address, aiocoap.COAP_PORT, self._answer, 8)

    async def close(self) -> None:
        """End what is being forwarded and close the endpoint."""
        for task in self._forwarding:
            task.cancel()
        await asyncio.gather(*self._forwarding, return_exceptions=True)
        await self.endpoint.close()

    def fail(
        self,
        address: str,
        quirk: Quirk | None = None,
        on_answer: Fault | None = None,
        forgetful: bool = False,
    ) -> None:
        """Fail the UE at this address.

        ``on_answer`` is a fault of what is sent to the UE; ``forgetful``: its retransmissions are
        executed again.
        """
        if quirk is not None:
            self.quirks[address] = quirk
        if on_answer is not None:
            self.endpoint.outgoing[address] = on_answer
        if forgetful:
            self.endpoint.forgetful.add(address)

    async def _answer(self, request: Message) -> Message:
        """Answer one request by its Message Type; what has none is a registration."""
        members = decode(request.payload)
        if request.code == aiocoap.GET:
            return aiocoap.Message(code=aiocoap.METHOD_NOT_ALLOWED)
        match member(members or {}, "Message Type"):
            case "DEREG":
                return self._deregister(members or {})
            case "MSG":
                self._forward(members or {})
                return _message_response(members or {})
            case "IMDN":
                self._forward(members or {})
                return aiocoap.Message(code=aiocoap.CHANGED)
            case _:
                return await self._register(request, members)

    async def _register(self, request: Message, members: dict[str, Any] | None) -> Message:
        """Register a UE, or refuse, and answer."""
        address, port = str(request.remote.hostinfo).rsplit(":", 1)
        quirk = self.quirks.get(address, Quirk())
        if quirk.delay:
            await asyncio.sleep(quirk.delay)
        service_id = self._provisioned[address]
        accepted = members is not None and _acceptable(members)
        known = service_id in self.registered and not quirk.always_new
        result = "success" if accepted else "failure"
        answer = {"UE Service ID": service_id, "Registration result": result, **quirk.members}
        payload = encode({name: value for name, value in answer.items() if value is not None})
        new = accepted and not known and request.code == aiocoap.POST
        response = aiocoap.Message(
            code=quirk.code or (aiocoap.CREATED if new else aiocoap.CHANGED),
            payload=payload if quirk.payload is None else quirk.payload,
        )
        if response.payload:
            response.opt.content_format = quirk.content_format
        if response.code == aiocoap.CREATED:
            response.opt.location_path = (*REGISTRATION_PATH, self._location(service_id))
        for name, value in quirk.options.items():
            setattr(response.opt, name, value)
        if accepted:
            self.registered[service_id] = f"{address}:{port}"
        return response

    def _location(self, service_id: str) -> str:
        """Name the registration of a UE, without its UE Service ID."""
        return self._locations.setdefault(service_id, f"r{len(self._locations) + 1}")

    def _deregister(self, members: Mapping[str, Any]) -> Message:
        """Forget the UE that names itself in a de-registration."""
        service_id = member(members, "UE Service ID")
        found = self.registered.pop(service_id, None) is not None
        response = aiocoap.Message(code=aiocoap.DELETED if found else aiocoap.NOT_FOUND)
        response.opt.content_format = JSON
        result = "success" if found else "failure"
        response.payload = encode({"UE Service ID": service_id, "Deregistration result": result})
        return response

    def _forward(self, members: Mapping[str, Any]) -> None:
        """Hand a message or a delivery report on to its recipient."""
        task = asyncio.create_task(self._deliver(members))
        self._forwarding.add(task)
        task.add_done_callback(self._forwarding.discard)

    async def _deliver(self, members: Mapping[str, Any]) -> None:
        """Send a message on to the UE it is for, a little later."""
        await asyncio.sleep(0.05)
        recipient = self.registered.get(member(members, "Recipient UE Service ID"))
        if recipient is None:
            return
        uri = "coap://" + recipient + "/" + "/".join(MESSAGE_PATH)
        message = aiocoap.Message(code=aiocoap.POST, uri=uri, payload=encode(members))
        message.opt.content_format = JSON
        await self.endpoint.request(message)


def _acceptable(members: Mapping[str, Any]) -> bool:
    """Tell whether a registration says enough about itself to be stored."""
    service_id = member(members, "UE Service ID")
    return (
        member(members, "Message Type") == "REG"
        and isinstance(service_id, str)
        and service_id != ""
        and member(members, "UE Credential Information") is not None
    )


def _message_response(members: Mapping[str, Any]) -> Message:
    """Answer a message request."""
    response = aiocoap.Message(code=aiocoap.CHANGED)
    response.opt.content_format = JSON
    response.payload = encode(
        {
            "Message Type": "MSGRESP",
            "Originating UE Service ID": member(members, "Originating UE Service ID"),
            "Message ID": member(members, "Message ID"),
        }
    )
    return response
