# SPDX-License-Identifier: GPL-2.0-only
"""The handshakes of a protected flow on the screen, from wherever one asks for them."""

from __future__ import annotations

from pathlib import Path

from rules.handshakes import Handshakes
from textual.pilot import Pilot

from analyzer.settings import Settings
from analyzer.statistics.model import Part
from analyzer.views.inks import plain
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.handshake import HandshakeScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.statistics import StatisticsScreen

from .conftest import opened, text_of, until

HANDSHAKES = Path(__file__).parents[2] / "decryption" / "handshakes"
WRONG, GOOD = str(HANDSHAKES / "coap-wrong-key.pcap"), str(HANDSHAKES / "psk-ccm8.pcap")
SETTINGS = Settings(dtls_ports=frozenset({15684}))
WIDE = (200, 50)


async def shown(pilot: Pilot[int]) -> HandshakeScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, HandshakeScreen))
    screen = pilot.app.screen
    assert isinstance(screen, HandshakeScreen)
    await until(pilot, lambda: screen.list.count > 0 and screen._loaded)
    await pilot.pause(0.2)
    return screen


def lines(screen: HandshakeScreen) -> list[str]:
    return [plain(screen.rows.cells(index)[-1]).rstrip() for index in range(len(screen.rows))]


async def test_a_page_without_messages_says_what_is_protected() -> None:
    async with opened(WRONG, settings=SETTINGS, size=(80, 24)) as pilot:
        await until(pilot, lambda: "No CoAP" in text_of(pilot))
        text = text_of(pilot)
        assert "No CoAP that can be read: 17 packets, 17 of DTLS in 1 protected flow" in text
        assert 'Handshake never finished, identity "ue-1"' in text
        assert "l shows it, message by message" in text
        assert "0 of them UDP" not in text
        assert "--psk-file" not in text
        await pilot.press("l")
        screen = await shown(pilot)
        assert screen.rows.messages == 21
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PacketsScreen))


async def test_it_says_how_keys_are_given_where_they_are_missing() -> None:
    async with opened(GOOD, settings=SETTINGS, size=(80, 24)) as pilot:
        await until(pilot, lambda: "No CoAP" in text_of(pilot))
        text = text_of(pilot)
        assert 'Handshake finished, identity "ue-1"' in text
        assert "2 messages in 1 flow were not evaluated: no keys were given" in text
        assert "Keys: --psk-file FILE" in text


async def test_the_ladder_of_a_flow_in_the_statistics() -> None:
    async with opened(WRONG, GOOD, settings=SETTINGS, size=WIDE) as pilot:
        await until(pilot, lambda: "2 protected flows" in text_of(pilot))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(pilot.app.screen, StatisticsScreen))
        statistics = pilot.app.screen
        assert isinstance(statistics, StatisticsScreen)
        assert statistics.part is Part.PROTECTED
        await until(pilot, lambda: statistics.list.count == 2 and statistics._shown is not None)
        await until(pilot, lambda: "l Ladder" in text_of(pilot))
        await pilot.press("l")
        screen = await shown(pilot)
        told = lines(screen)
        assert any("│◀─ ServerHello, [Retransmission of frame 4] ─" in line for line in told)
        assert any("mostly the two ends" in line for line in told)
        await pilot.press("l")
        await until(pilot, lambda: pilot.app.screen is statistics)


async def test_each_step_shows_its_fields_and_its_bytes() -> None:
    async with opened(WRONG, settings=SETTINGS, size=WIDE) as pilot:
        await until(pilot, lambda: "No CoAP" in text_of(pilot))
        await pilot.press("l")
        screen = await shown(pilot)
        for _ in range(4):
            await pilot.press("down")
        await pilot.pause(0.3)
        step = screen.rows.step(screen.list.cursor)
        assert step is not None
        assert (step.frame, step.name) == (4, "ServerKeyExchange")
        node = screen.fields.selected
        assert node is not None
        assert node.text == "Handshake Protocol: Server Key Exchange"
        assert screen.hex.lit == node.span
        assert node.span is not None
        first, after = node.span
        assert screen.hex.data[first] == 12  # server_key_exchange
        assert b"\x00\x04hint" in screen.hex.data[first:after]
        assert "Hint: hint" in text_of(pilot)
        await pilot.press("enter")
        assert screen.fields.has_focus


async def test_a_finding_leads_to_its_handshake_and_back() -> None:
    async with opened(WRONG, GOOD, settings=SETTINGS, size=WIDE) as pilot:
        await until(pilot, lambda: "2 protected flows" in text_of(pilot))
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, FindingsScreen))
        findings = pilot.app.screen
        assert isinstance(findings, FindingsScreen)
        rules = [findings.rows[index].rule.id for index in range(len(findings.rows))]
        findings.list.go_to(rules.index("COAP-CAP-HANDSHAKE-UNFINISHED"))
        await pilot.press("l")
        screen = await shown(pilot)
        step = screen.rows.step(screen.list.cursor)
        assert step is not None
        assert step.again == 4
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is findings)


async def test_names_from_a_network_are_text(tmp_path: Path) -> None:
    path = tmp_path / "hostile.pcap"
    talk = Handshakes().hellos().keys(b"[bold]\x1b[31m\n\xff\xe2\x80\xaeue[/]").later(90)
    path.write_bytes(talk.pcap())
    async with opened(str(path), size=WIDE) as pilot:
        await until(pilot, lambda: not pilot.app.view.reading)
        await pilot.press("5", "V", "l")
        screen = await shown(pilot)
        text = text_of(pilot) + "".join(lines(screen))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[bold]" in text


async def test_a_number_leads_to_the_packet() -> None:
    async with opened(WRONG, settings=SETTINGS, size=WIDE) as pilot:
        await until(pilot, lambda: "No CoAP" in text_of(pilot))
        await pilot.press("l")
        screen = await shown(pilot)
        assert screen.go_to_number("12") == ""
        step = screen.rows.step(screen.list.cursor)
        assert step is not None
        assert step.frame == 12
        assert screen.go_to_number("1") == ""
        assert isinstance(pilot.app, MsgsharkApp)
