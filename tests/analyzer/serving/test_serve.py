# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner
from serving.browser import CHROMIUM, opened

from analyzer.cli import msgshark

CAPTURES = Path(__file__).parents[3] / "captures"
FIELD_DAY = str(CAPTURES / "field-day.pcapng")
TOKEN = "a-token-for-the-tests"


class Served:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.address = process.stdout.readline().strip()
        self.base = self.address.partition("/?")[0]
        self.cookie = {"Cookie": f"msgshark-{self.base.rpartition(':')[2]}={TOKEN}"}

    def sessions(self) -> list[int]:
        """Processes of pages that are open."""
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in told.stdout.split()]


@contextmanager
def serving(home: Path, *options: str) -> Iterator[Served]:
    environment = os.environ | {
        "MSGSHARK_TOKEN": TOKEN,
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    program = Path(sys.executable).with_name("msgshark")
    process = subprocess.Popen(
        [program, "serve", "--port", "0", *options, FIELD_DAY],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield Served(process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), "--sessions", "1") as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


PATHS = ["/", "/ws", "/static/js/textual.js", "/download/x", "/none"]


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_token_nothing_is_served(
    served: Served, client: aiohttp.ClientSession, path: str
) -> None:
    for headers in ({}, {"Cookie": served.cookie["Cookie"] + "x"}):
        async with client.get(served.base + path, headers=headers) as answer:
            assert answer.status == 403
    async with client.get(f"{served.base}{path}?token={TOKEN[:-1]}") as answer:
        assert answer.status == 403


@pytest.mark.parametrize("path", PATHS)
async def test_other_names_and_other_pages_are_refused(
    served: Served, client: aiohttp.ClientSession, path: str
) -> None:
    """With the token, as a browser would bring it."""
    for lure in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        async with client.get(served.base + path, headers=served.cookie | lure) as answer:
            assert answer.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"{served.base}/ws", headers=served.cookie | lure)
    assert refused.value.status == 403
    assert served.sessions() == []


async def test_the_token_goes_from_the_address_into_a_cookie(
    served: Served, client: aiohttp.ClientSession
) -> None:
    async with client.get(served.address, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/"
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    async with client.get(f"{served.base}/", headers=served.cookie) as answer:
        page = await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search("https?://", page)


async def test_a_session_is_a_process_that_ends_with_its_page(
    served: Served, client: aiohttp.ClientSession
) -> None:
    url, headers = f"{served.base}/ws", served.cookie
    async with await _connected(client, served, "?width=9999999&height=40") as page:
        await _shown(page, "Packets")
        assert len(served.sessions()) == 1
        async with client.get(f"{served.base}/", headers=headers) as answer:
            assert answer.status == 503
            assert "--sessions" in await answer.text()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(url, headers=headers)
    await _gone(served)
    async with await _connected(client, served) as page:
        await _shown(page, "Packets")
        await page.send_json(["stdin", "q"])
        async with asyncio.timeout(30):
            while (await page.receive()).type is not aiohttp.WSMsgType.CLOSE:
                pass
    await _gone(served)


async def test_an_export_is_downloaded_and_nothing_is_written_here(
    served: Served, client: aiohttp.ClientSession
) -> None:
    async with await _connected(client, served) as page:
        await _shown(page, "2.01")
        await page.send_json(["stdin", "\x13"])  # Ctrl+S
        await _shown(page, "Export packets")
        await page.send_json(["stdin", "/../x y\r"])
        async with asyncio.timeout(30):
            while (told := await page.receive()).type != aiohttp.WSMsgType.TEXT:
                pass
        event, key = told.json()
        assert event == "deliver_file_start"
        url = f"{served.base}/download/{key}"
        async with client.get(url, headers=served.cookie) as answer:
            assert answer.headers["Content-Disposition"] == "attachment; filename=x_y"
            assert (await answer.read()).startswith(b"\x0a\x0d\x0d\x0a")
    await _gone(served)


async def test_what_no_page_of_ours_sends_ends_the_session(
    served: Served, client: aiohttp.ClientSession
) -> None:
    for text in ("nonsense", '["resize", {"width": "x"}]'):
        async with await _connected(client, served) as page:
            await page.send_str(text)
            async with asyncio.timeout(30):
                while (await page.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass
        await _gone(served)
    assert served.process.poll() is None


async def test_the_end_of_the_server_is_that_of_all_sessions(
    tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    for end in (signal.SIGINT, signal.SIGKILL):  # killed, it can tell nobody
        with serving(tmp_path) as server:
            url = f"{server.base}/ws"
            async with client.ws_connect(url, headers=server.cookie) as page:
                await _shown(page, "Packets")
                sessions = server.sessions()
                assert sessions
                server.process.send_signal(end)
                await asyncio.to_thread(server.process.wait, 30)
                for _ in range(200):
                    if not any(Path(f"/proc/{pid}").exists() for pid in sessions):
                        break
                    await asyncio.sleep(0.1)
                else:
                    raise AssertionError("sessions go on")


async def _connected(
    client: aiohttp.ClientSession, served: Served, query: str = ""
) -> aiohttp.ClientWebSocketResponse:
    """A page, once the one before has given way: its process ends first."""
    for _ in range(300):
        try:
            return await client.ws_connect(f"{served.base}/ws{query}", headers=served.cookie)
        except aiohttp.WSServerHandshakeError as error:
            if error.status != 503:
                raise
        await asyncio.sleep(0.1)
    raise AssertionError("no page is served any more")


async def _shown(page: aiohttp.ClientWebSocketResponse, text: str) -> None:
    came = b""
    async with asyncio.timeout(60):
        while text.encode() not in came:
            message = await page.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            came += message.data if isinstance(message.data, bytes) else b""


async def _gone(served: Served) -> None:
    for _ in range(300):
        if not served.sessions():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the session goes on")


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome")
async def test_a_browser_shows_packets_and_takes_keys(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        async with opened(server.address, tmp_path / "browser") as page:
            await page.until("window.came?.includes('Packets') && window.came.includes('POST')")
            await page.until("document.body.classList.contains('-first-byte')")
            assert await page.evaluate("location.search") == ""
            time.sleep(1)
            packets = await page.picture()
            await page.evaluate("window.came = ''")
            await page.evaluate("document.querySelector('textarea').focus()")
            await page.press("3")
            await page.until("window.came.includes('MSG-24538')")
            time.sleep(1)
            findings = await page.picture()
            assert len(packets) > 20_000  # a blank page has less than 10,000 octets
            assert findings != packets
            await page.press("q")
            await page.until("document.body.classList.contains('-closed')")


# The command ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the FILEs to show"),
        (["-"], "stdin can be read once only"),
        (["-i", "lo", FIELD_DAY], "msgshark record -i IFACE -w FILE"),
        (["/none.pcap"], "/none.pcap: No such file or directory"),
        (["--token", "short", FIELD_DAY], "16 letters, digits"),
        (["--token", "x" * 15 + "\n", FIELD_DAY], "16 letters, digits"),
    ],
)
def test_what_cannot_be_served_is_said(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(msgshark, ["serve", *arguments])
    assert done.exit_code
    assert told in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    monkeypatch.delitem(sys.modules, "analyzer.serving.server", raising=False)
    done = CliRunner().invoke(msgshark, ["serve", FIELD_DAY])
    assert done.exit_code
    assert "pip install 'msgshark[serve]'" in done.stderr


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = Path(sys.executable).with_name("msgshark")
        done = subprocess.run(
            [program, "serve", "--port", str(port), FIELD_DAY], capture_output=True, text=True
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"msgshark: 127.0.0.1:{port}: Address already in use; see --port and --host\n"
    )
