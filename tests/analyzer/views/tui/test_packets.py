# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rules.conversation import Conversation
from textual.pilot import Pilot

from analyzer.views.detail import packet as packet_module
from analyzer.views.detail.nodes import Node
from analyzer.views.places import Page, Place
from analyzer.views.tui.places import Visit
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from tui.conftest import FIELD_DAY, REGISTRATION, opened, text_of


def screen_of(pilot: Pilot[None]) -> PacketsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PacketsScreen)
    return screen


def node(screen: PacketsScreen, start: str) -> Node:
    """The first line of the tree that begins so."""
    stack = list(screen.detail.nodes)
    while stack:
        found = stack.pop(0)
        if found.text.startswith(start):
            return found
        stack[:0] = found.children
    raise AssertionError(f"no line {start!r}")


async def visit(pilot: Pilot[None], frame: int) -> PacketsScreen:
    pilot.app.screen.post_message(Visit(Place(Page.PACKETS, frame)))
    await pilot.pause()
    await pilot.pause()
    return screen_of(pilot)


def lit_bytes(screen: PacketsScreen) -> bytes:
    assert screen.hex.lit is not None
    return screen.detail.data[slice(*screen.hex.lit)]


async def frame_of_ue(pilot: Pilot[None], address: str) -> int:
    """The first packet from an address."""
    screen = screen_of(pilot)
    session = screen.view.opened
    for row in range(len(session.messages)):
        if session.endpoints[int(session.messages["source"][row])].address == address:
            return int(session.messages["frame"][row])
    raise AssertionError(address)


async def test_moving_in_the_list() -> None:
    async with opened(FIELD_DAY) as pilot:
        rows = screen_of(pilot).list
        await pilot.press("j", "down", "k")
        assert rows.cursor == 1
        await pilot.press("G")
        assert rows.cursor == rows.count - 1
        await pilot.press("g", "pagedown")
        page = rows.cursor
        assert page > 3
        await pilot.press("ctrl+d", "ctrl+u", "pageup")
        assert rows.cursor == 0
        await pilot.press("end", "home", "k")
        assert rows.cursor == 0
        await pilot.click(rows, offset=(10, 5))
        assert rows.cursor == 3


async def test_rows_read_as_wireshark_writes_them() -> None:
    async with opened(REGISTRATION, size=(200, 50)) as pilot:
        lines = text_of(pilot).split("\n")
        assert "No.     Time Source" in lines[2]
        request, response = lines[3], lines[4]
        assert "127.0.1.1 127.0.0.1   MSGin5G" in request
        assert ", POST, TKN:" in request
        assert "/msgin5g/registration, Registration meter-0001@iot.example" in request
        assert "ACK, MID:" in response
        assert "2.01 Created" in response


async def test_time_formats_cycle() -> None:
    async with opened(REGISTRATION) as pilot:
        rows = screen_of(pilot).rows
        assert rows.cells(2)[2][0][0].startswith("0.40")
        await pilot.press("t")
        assert rows.cells(2)[2][0][0].count(":") == 2
        await pilot.press("t")
        assert rows.cells(2)[2][0][0].startswith("0.40")
        assert rows.cells(1)[2] != rows.cells(2)[2]
        await pilot.press("t")
        assert rows.view.time_format == "relative"


async def test_a_response_jumps_to_its_request_and_back() -> None:
    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        assert node(screen, "[Response in: 2]").place == Place(Page.PACKETS, 2)
        await pilot.press("r")
        assert screen.list.cursor == 1
        assert node(screen, "[Request in: 1]")
        assert node(screen, "[Response time: ")
        await pilot.press("r")
        assert screen.list.cursor == 0
        await pilot.press("ctrl+o")
        assert screen.list.cursor == 1
        await pilot.press("left_square_bracket")
        assert screen.list.cursor == 0
        await pilot.press("right_square_bracket")
        assert screen.list.cursor == 1


async def test_a_link_in_the_tree_is_followed() -> None:
    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        screen.fields.focus()
        screen.fields.reveal(node(screen, "[Response in"))
        await pilot.press("enter")
        await pilot.pause()
        assert screen.list.cursor == 1


async def test_the_selected_field_lights_its_bytes() -> None:
    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        for words, wanted in (
            ("Uri-Path: registration", b"\x0cregistration"),
            ("Message Type", b'"Message Type": "REG"'),
            ("UE Service ID", b'"UE Service ID": "meter-0001@iot.example"'),
            ("Source port", screen.detail.data[34:36]),
            ("Message ID", screen.detail.data[44:46]),
        ):
            screen.fields.reveal(node(screen, words))
            await pilot.pause()
            assert lit_bytes(screen) == wanted


async def test_a_byte_selects_the_field_it_belongs_to() -> None:
    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        screen.hex.focus()
        screen.hex._point(screen.detail.data.index(b"meter-0001"))
        await pilot.pause()
        assert screen.fields.selected is not None
        assert screen.fields.selected.text.startswith("UE Service ID")
        await pilot.press("g")
        assert screen.fields.selected.text.startswith("Destination: ")


async def test_every_packet_is_shown_in_full() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = screen_of(pilot)
        for row in screen.rows.rows:
            detail = packet_module.packet_detail(screen.view, int(row))
            texts = [n.text for n in detail.nodes]
            assert not [text for text in texts if "Cannot show" in text]
            assert "Constrained Application Protocol" in texts[4]
            for zone, size in ((z, len(detail.data)) for z in detail.shown.zones):
                assert 0 <= zone.start <= size


async def test_a_hostile_name_is_shown_escaped() -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        screen = await visit(pilot, await frame_of_ue(pilot, "127.0.1.14"))
        screen.fields.reveal(node(screen, "UE Service ID"))
        await pilot.pause()
        for key in "123":
            await pilot.press(key)
            shown = text_of(pilot)
            assert "\x1b" not in shown
            assert "\u202e" not in shown
            assert "\x07" not in shown
        await pilot.press("1")
        assert r"meter-0014\x1b[2J\x1b[31m\x1b]0;owned\x07 [bold red]" in text_of(pilot)


async def test_credentials_are_masked_until_asked_for() -> None:
    async with opened(REGISTRATION, size=(200, 60)) as pilot:
        screen = screen_of(pilot)
        assert node(screen, "A-KID: ").text == "A-KID: ••••"
        data, (first, after) = screen.detail.data, screen.detail.shown.secrets[-1]
        secret = data[first:after].decode()[1:9]
        assert secret not in text_of(pilot)
        await pilot.press("X")
        assert secret in node(screen, "A-KID: ").text
        assert "credentials shown" in text_of(pilot)
        await pilot.press("X")
        assert secret not in text_of(pilot)


async def test_next_finding_stops_at_errors_and_warnings() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = screen_of(pilot)
        seen = []
        for _ in range(5):
            await pilot.press("f")
            seen.append(screen.list.cursor)
            assert screen.fields.selected is not None
            assert screen.fields.selected.place is not None
            assert screen.fields.selected.place.page == Page.FINDINGS
        assert seen == sorted(set(seen))
        await pilot.press("F")
        assert screen.list.cursor == seen[-2]


async def test_a_finding_in_the_tree_leads_to_its_explanation() -> None:
    async with opened(FIELD_DAY) as pilot:
        screen = screen_of(pilot)
        await pilot.press("f")
        selected = screen.fields.selected
        assert selected is not None
        assert selected.place is not None
        screen.fields.focus()
        await pilot.press("enter")
        await pilot.pause()
        findings = pilot.app.screen
        assert isinstance(findings, FindingsScreen)
        assert findings.here == selected.place
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert screen_of(pilot) is screen


async def test_panes_cycle_and_fill_the_screen() -> None:
    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        await pilot.press("tab")
        assert pilot.app.focused is screen.fields
        await pilot.press("backslash")
        await pilot.pause()
        assert screen.fields.is_maximized
        assert screen.fields.size.width > 90
        await pilot.press("tab")
        assert screen.hex.is_maximized
        await pilot.press("backslash", "shift+tab", "shift+tab")
        assert screen.maximized is None
        assert screen.list.has_focus


async def test_what_cannot_be_shown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("no\x1b[31m luck")

    async with opened(REGISTRATION) as pilot:
        screen = screen_of(pilot)
        monkeypatch.setattr(packet_module, "coap_node", broken)
        await pilot.press("j", "k")
        error = node(screen, "[Cannot show CoAP: RuntimeError: no")
        assert r"\x1b" in error.text
        assert screen.detail.shown.secrets


async def test_what_found_no_request_names_the_nearest_and_leads_there(tmp_path: Path) -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    talk.con("GET", token=b"ab", mid=9).non("2.05", token=b"ab", mid=10)
    path = tmp_path / "orphan.pcap"
    path.write_bytes(talk.pcap())
    async with opened(path) as pilot:
        screen = await visit(pilot, 2)
        nearest = node(screen, "[Nearest: ")
        assert nearest.text == (
            "[Nearest: same Message ID 0x1a2b, acknowledged from 192.0.2.9:5683 instead of "
            "192.0.2.2:5683 (frame 1)]"
        )
        assert nearest.place == Place(Page.PACKETS, 1)
        assert node(await visit(pilot, 1), "[Nearest: ").place == Place(Page.PACKETS, 2)
        screen = await visit(pilot, 5)
        assert node(screen, "[Why: Token and endpoints; ")


async def test_a_finding_about_a_missing_answer_names_the_nearest(tmp_path: Path) -> None:
    talk = Conversation().con("GET", mid=0x1A2B).ack(source="192.0.2.9:5683").wait(3).again(0)
    path = tmp_path / "orphan.pcap"
    path.write_bytes(talk.pcap())
    async with opened(path, size=(160, 50)) as pilot:
        await pilot.press("3")
        screen = pilot.app.screen
        assert isinstance(screen, FindingsScreen)
        told = {}
        for index in range(len(screen.rows)):
            await pilot.pause()
            told[screen.rows[index].rule.id] = "Nearest" in text_of(pilot)
            await pilot.press("j")
        assert told["COAP-7252-4.2-CON-UNANSWERED"]
        assert not told["COAP-7252-4.2-RETRANSMISSION"]
