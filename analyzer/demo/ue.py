# SPDX-License-Identifier: GPL-2.0-only
"""An MSGin5G UE on aiocoap: what it says to its server, and how it answers.

The member names of the JSON objects are the element names of TS 24.538 6.3.1.1.1.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiocoap

from analyzer.demo.endpoint import ACK_TIMEOUT, PATIENCE, TOKEN_LENGTH, Endpoint, Message
from analyzer.demo.server import (
    JSON,
    MESSAGE_PATH,
    REGISTRATION_PATH,
    SERVER,
    decode,
    encode,
    member,
)

Members = dict[str, Any]


def credential(service_id: str) -> Members:
    """Make the UE Credential Information of a UE: the AKMA key identifier is made up."""
    key = uuid.uuid5(uuid.NAMESPACE_URL, service_id).hex[:12]
    realm = "5gc.mnc001.mcc001.3gppnetwork.org"
    return {"authentication type": "AKMA", "A-KID": f"rid0001.{key}@{realm}"}


def registration(service_id: str, **more: Any) -> Members:
    """Make a registration: the three elements it must have, then more of them.

    A name in ``more`` has underscores for spaces; the value None leaves an element out.
    """
    members: Members = {
        "Message Type": "REG",
        "UE Service ID": service_id,
        "UE Credential Information": credential(service_id),
    }
    for name, value in more.items():
        members[name.replace("_", " ")] = value
    return {name: value for name, value in members.items() if value is not None}


def availability(**more: Any) -> Members:
    """Make a Communication Availability in the same way; it is periodic."""
    members: Members = {
        "Scheduled communication time": "2026-03-02T06:00:00Z",
        "Communication duration time": 300,
        "Periodic communication indicator": "PERIODICALLY",
        "Periodic communication interval": 3600,
    }
    for name, value in more.items():
        members[name.replace("_", " ")] = value
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class Ask:
    """How a UE sends its registration: the options and the type around the payload."""

    method: Any = aiocoap.POST
    path: tuple[str, ...] = REGISTRATION_PATH
    host: str | None = None
    content_format: int | None = JSON
    confirmable: bool = True
    patience: float = PATIENCE
    ack_timeout: float = ACK_TIMEOUT


REGISTER = Ask()


class UE:
    """A UE with its own address and UE Service ID."""

    def __init__(
        self,
        address: str,
        service_id: str,
        token_length: int = TOKEN_LENGTH,
        server: str = SERVER,
    ) -> None:
        self.address = address
        self.server = server
        self.service_id = service_id
        self._token_length = token_length
        self._endpoint: Endpoint | None = None
        self.received: list[Members] = []
        """Messages and reports that the server delivered."""

    @property
    def endpoint(self) -> Endpoint:
        """The CoAP endpoint, for faults."""
        if self._endpoint is None:
            raise RuntimeError("the UE is not open")
        return self._endpoint

    async def open(self) -> None:
        """Take a port of the UE's address."""
        self._endpoint = await Endpoint.open(self.address, 0, self._answer, self._token_length)

    async def close(self) -> None:
        """Close the UE's endpoint."""
        if self._endpoint is not None:
            await self._endpoint.close()

    async def register(
        self, body: Mapping[str, Any] | bytes, ask: Ask = REGISTER
    ) -> Message | None:
        """Send a registration and return the response, None if there was none."""
        message = aiocoap.Message(code=ask.method, uri=self._uri(ask.path))
        message.payload = body if isinstance(body, bytes) else encode(body)
        message.opt.content_format = ask.content_format
        if ask.host is not None:
            message.opt.uri_host = ask.host
        return await self.endpoint.request(
            message,
            confirmable=ask.confirmable,
            patience=ask.patience,
            ack_timeout=ask.ack_timeout,
        )

    async def deregister(self) -> Message | None:
        """Take the registration back."""
        members = {
            "Message Type": "DEREG",
            "UE Service ID": self.service_id,
            "UE Credential Information": credential(self.service_id),
        }
        return await self._post(REGISTRATION_PATH, members)

    async def say(self, recipient: str, text: str, *, report: bool = False) -> Message | None:
        """Send a message to another UE, perhaps asking for a delivery report."""
        members = {
            "Message Type": "MSG",
            "Originating UE Service ID": self.service_id,
            "Recipient UE Service ID": recipient,
            "Message ID": str(uuid.uuid4()),
            "Application ID": "metering",
            "Delivery status required": report,
            "Payload": text,
        }
        return await self._post(MESSAGE_PATH, members)

    async def confirm(self, message: Mapping[str, Any]) -> Message | None:
        """Report to the sender of a message that it came."""
        members = {
            "Message Type": "IMDN",
            "Originating UE Service ID": self.service_id,
            "Recipient UE Service ID": member(message, "Originating UE Service ID"),
            "Message ID": member(message, "Message ID"),
            "Delivery Status": "success",
        }
        return await self._post(MESSAGE_PATH, members)

    async def _post(self, path: tuple[str, ...], members: Mapping[str, Any]) -> Message | None:
        message = aiocoap.Message(code=aiocoap.POST, uri=self._uri(path), payload=encode(members))
        message.opt.content_format = JSON
        return await self.endpoint.request(message)

    async def _answer(self, request: Message) -> Message:
        """Accept what the server delivers."""
        members = decode(request.payload) or {}
        self.received.append(members)
        response = aiocoap.Message(code=aiocoap.CHANGED)
        if member(members, "Message Type") == "MSG":
            response.opt.content_format = JSON
            response.payload = encode(
                {
                    "Message Type": "MSGRESP",
                    "Originating UE Service ID": self.service_id,
                    "Message ID": member(members, "Message ID"),
                }
            )
        return response

    def _uri(self, path: tuple[str, ...]) -> str:
        return f"coap://{self.server}/" + "/".join(path)
