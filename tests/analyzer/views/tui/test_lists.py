# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from textual.pilot import Pilot

from analyzer.views.tui.screens.exchanges import ExchangesScreen
from analyzer.views.tui.screens.findings import FindingsScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from tui.conftest import CAPTURES, FIELD_DAY, opened, text_of


def findings_of(pilot: Pilot[None]) -> FindingsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, FindingsScreen)
    return screen


async def test_an_exchange_shows_its_packets_and_leads_to_its_request() -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        await pilot.press("2", *"jjjjjj")
        screen = pilot.app.screen
        assert isinstance(screen, ExchangesScreen)
        session = screen.view.opened
        assert screen.list.cursor == 6
        shown = [screen.rows.frame(index) for index in range(screen.packets.count)]
        assert shown[0] == int(session.exchanges["request_frame"][6])
        assert len(shown) == 1 + int(session.exchanges["retransmissions"][6])
        assert "[Retransmission]" in text_of(pilot)
        await pilot.press("tab", "j", "enter")
        await pilot.pause()
        packets = pilot.app.screen
        assert isinstance(packets, PacketsScreen)
        assert packets.rows.frame(packets.list.cursor) == shown[1]
        await pilot.press("ctrl+o", "shift+tab", "enter")  # to the ladder
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert packets.rows.frame(packets.list.cursor) == shown[0]


async def test_exchanges_of_every_kind_have_a_row() -> None:
    async with opened(CAPTURES / "coap-tour.pcapng", size=(200, 50)) as pilot:
        await pilot.press("2")
        screen = pilot.app.screen
        assert isinstance(screen, ExchangesScreen)
        rows = [screen.list.source.cells(index) for index in range(screen.list.count)]
        assert all(len(row) == len(screen.list.source.columns) for row in rows)
        methods = {row[6][0][0] for row in rows}
        assert {"GET", "PUT", "POST", "DELETE", "Ping"} <= methods


async def test_findings_come_worst_first_or_by_frame() -> None:
    async with opened(FIELD_DAY) as pilot:
        await pilot.press("3")
        rows = findings_of(pilot).rows
        severities = [rows[index].severity for index in range(len(rows))]
        assert severities == sorted(severities, reverse=True)
        await pilot.press("j", "j")
        chosen = rows[2].id
        await pilot.press("s", "s", "enter")
        await pilot.pause()
        frames = [rows[index].frame for index in range(len(rows)) if rows[index].frame]
        assert frames == sorted(frames)
        assert rows[findings_of(pilot).list.cursor].id == chosen


async def test_a_finding_is_explained() -> None:
    async with opened(FIELD_DAY, size=(200, 50)) as pilot:
        await pilot.press("3")
        screen = findings_of(pilot)
        rule = screen.rows[0].rule
        shown = text_of(pilot)
        for text in (rule.id, rule.title, rule.reference, "What", "Why", "Fix", "Bad", "Good"):
            assert text in shown


async def test_a_finding_jumps_to_its_packet_with_the_bytes_lit() -> None:
    async with opened(FIELD_DAY) as pilot:
        await pilot.press("3")
        screen = findings_of(pilot)
        spans = 0
        for index in (0, 3, 10):
            finding = screen.rows[index]
            await pilot.press("3")
            screen.list.cursor = index
            await pilot.press("enter")
            await pilot.pause()
            packets = pilot.app.screen
            assert isinstance(packets, PacketsScreen)
            assert int(packets.rows.rows[packets.list.cursor]) == finding.row
            if finding.span:
                at = packets.detail.coap_at
                assert packets.hex.lit == (at + finding.span[0], at + finding.span[1])
                spans += 1
            else:
                assert packets.fields.selected is not None
                assert finding.rule.id in packets.fields.selected.text
        assert spans
