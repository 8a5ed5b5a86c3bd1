# SPDX-License-Identifier: GPL-2.0-only
"""The demo as it is played: the server and the cast, in one event loop, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from analyzer.demo.cast import CAST, Part
from analyzer.demo.loopback import ue_address
from analyzer.demo.server import Server
from analyzer.demo.ue import UE

_PAUSE: Final = 0.8
"""Seconds from one UE that misbehaves to the next, at first: all of them soon."""

_ROUND: Final = 30.0
"""Seconds from one registration of such a UE to its next: one of them every few seconds."""

_FIRST_ROUND: Final = 10.0
"""Seconds until the first round begins."""


async def play(server_address: str, cue: Callable[[], Awaitable[None]]) -> None:
    """Open all endpoints, await the cue, and play for ever. Raises OSError where an endpoint
    cannot be opened."""
    addresses = {part.service_id: ue_address(number) for number, part in enumerate(CAST)}
    server = Server({addresses[part.service_id]: part.service_id for part in CAST}, server_address)
    async with contextlib.AsyncExitStack() as stack:
        await server.open()
        stack.push_async_callback(server.close)
        scenes = []
        due = turns(sum(part.goes_on is None for part in CAST))
        for number, part in enumerate(CAST):
            address = addresses[part.service_id]
            ue = UE(address, part.service_id, 4 + number % 5, server_address)
            await ue.open()
            stack.push_async_callback(ue.close)
            server.fail(address, part.quirk, part.on_answer, part.forgetful)
            if part.on_arrival is not None:
                ue.endpoint.incoming[server_address] = part.on_arrival
            if part.goes_on is None:
                scenes.append(_misbehave(ue, part, *next(due)))
            else:
                scenes.append(_behave(ue, part, part.goes_on))
        await cue()
        await asyncio.gather(*scenes)


async def _behave(ue: UE, part: Part, go_on: Callable[[UE, Part], Awaitable[None]]) -> None:
    await ue.register(part.body)
    while True:
        await go_on(ue, part)


def turns(count: int) -> Iterator[tuple[float, float]]:
    """When each of so many UEs has its first turn, and its first one in the rounds; seconds."""
    for turn in range(1, count + 1):
        yield turn * _PAUSE, _FIRST_ROUND + turn * _ROUND / count


async def _misbehave(ue: UE, part: Part, first: float, again: float) -> None:
    """Register, and once in each round; where an answer takes longer, leave rounds out."""
    clock = asyncio.get_running_loop().time
    began = clock()
    await asyncio.sleep(first)
    while True:
        await ue.register(part.body, part.ask)
        while began + again <= clock():
            again += _ROUND
        await asyncio.sleep(began + again - clock())
