# SPDX-License-Identifier: GPL-2.0-only
"""The web server: textual-serve's, with a gate in front, a process of its own for each page that is
open, and an end for all of them."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from analyzer.serving.gate import HEADERS, Gate

TOKEN_VARIABLE: Final = "MSGSHARK_TOKEN"

_WIDEST, _HIGHEST = 1000, 500
_MOST_SENT: Final = 1 << 20
"""Octets of a message of the page: keys, or what was pasted."""

_PATIENCE: Final = 5.0
"""Seconds that a session has to end when asked to."""

_STRAY: Final = (ValueError, TypeError, LookupError, AssertionError, ConnectionError)
"""What comes of messages that our page never sends, and of one that goes away."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Session(AppService):
    """The app of one page, a process; the page closes when it ends, and it ends with the page."""

    def __init__(self, command: Sequence[str], **remote: Any) -> None:
        super().__init__("", **remote)
        self._argv = command

    async def _open_app_process(
        self, width: int = 80, height: int = 24
    ) -> asyncio.subprocess.Process:
        environment = self._build_environment(*_within(width, height))
        environment.pop(TOKEN_VARIABLE, None)
        self._process = process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl+C is for the server, which asks it to end
        )
        self._stdin = process.stdin
        return process

    async def set_terminal_size(self, width: int, height: int) -> None:
        await super().set_terminal_size(*_within(width, height))

    async def run(self) -> None:
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """End the process, whatever it does."""
        process = self._process
        if process is None:
            return
        try:
            await asyncio.wait_for(super().stop(), _PATIENCE)
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except (TimeoutError, OSError):
            if process.returncode is None:
                process.kill()
                await process.wait()


class Serving(Server):
    """Serves the app that a command starts; at most `most` pages at a time."""

    def __init__(self, command: Sequence[str], host: str, port: int, gate: Gate, most: int) -> None:
        super().__init__("", host, port, "msgshark", templates_path=Path(__file__).parent)
        self._argv = command
        self._gate = gate
        self._most = most
        self._sessions: set[Session] = set()

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._let_in)
        app.on_response_prepare.append(_guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """The address is printed once it is known."""

    async def on_shutdown(self, app: web.Application) -> None:
        await asyncio.gather(*(session.stop() for session in self._sessions))

    @web.middleware
    async def _let_in(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        cookie = f"msgshark-{self.port}"  # cookies know no ports
        asked = request.query.get("token") if request.path == "/" else None
        brought = request.cookies.get(cookie, "") if asked is None else asked
        reason = self._gate.refusal(request.headers, brought)
        if reason:
            return web.Response(status=403, text=f"{reason}\n")
        if asked is None:
            return await handler(request)
        # The token is kept in the cookie, and goes from the address and the history.
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(cookie, asked, httponly=True, samesite="Lax")
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        if len(self._sessions) >= self._most:
            raise web.HTTPServiceUnavailable(text=self._full)
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=_MOST_SENT)
        session = Session(
            self._argv,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,
            download_manager=self.download_manager,
        )
        self._sessions.add(session)
        width, height = (to_int(request.query.get(name, ""), 80) for name in ("width", "height"))
        try:
            await websocket.prepare(request)
            await session.start(width, height)
            await self._process_messages(websocket, session)
        except _STRAY:
            pass
        finally:
            await session.stop()
            self._sessions.discard(session)
            await websocket.close()
        return websocket

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        if len(self._sessions) >= self._most:
            return web.Response(status=503, text=f"{self._full}\n")
        page = (Path(__file__).parent / "page.html").read_text("utf-8")
        size = to_int(request.query.get("fontsize", ""), 16)
        text = page.replace("{host}", request.host).replace("{font_size}", str(size))
        return web.Response(text=text, content_type="text/html")

    @property
    def _full(self) -> str:
        pages = "1 page is" if self._most == 1 else f"{self._most} pages are"
        return f"{pages} open, no more are served: close one, or use --sessions"

    # Running ------------------------------------------------------------------------------------

    def run(self, began: Callable[[str], None]) -> None:
        """Serve until a signal ends it; `began` is told the address. Raises OSError where it cannot
        be bound."""
        asyncio.run(self._run(began))

    async def _run(self, began: Callable[[str], None]) -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=_PATIENCE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            self.port = runner.addresses[0][1]
            began(f"http://{_named(self.host)}:{self.port}/?token={self._gate.token}")
            await ended.wait()
        finally:
            await runner.cleanup()


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _within(width: int, height: int) -> tuple[int, int]:
    return max(1, min(int(width), _WIDEST)), max(1, min(int(height), _HIGHEST))


def _named(host: str) -> str:
    """The host of an address that others can use."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def command(arguments: Sequence[str], python: str) -> list[str]:
    """What starts the app of a page; the folder it is started from is not searched for modules."""
    return [python, "-P", "-c", "from analyzer.cli import main; main()", "open", *arguments]
