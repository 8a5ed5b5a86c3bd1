# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from pathlib import Path

from test_secrets_stay_secret import CAPTURE, PSK, clean

from analyzer.secrets.reading import read
from analyzer.settings import Settings
from tui.conftest import opened, text_of


async def test_the_screen_shows_none(tmp_path: Path) -> None:
    path = tmp_path / "ues.psk"
    path.write_text(f"ue-1:{PSK.hex()}\n")
    path.chmod(0o644)
    secrets, warnings = read([str(path)])
    secrets.warnings = tuple(warnings)
    settings = Settings(dtls_ports=frozenset({15684}), secrets=secrets)
    assert clean(repr(settings).encode())
    async with opened(str(CAPTURE), settings=settings, size=(200, 50)) as pilot:
        told = [notification.message for notification in pilot.app._notifications]
        assert any("others may read these secrets" in message for message in told)
        assert len(pilot.app.view.opened.messages) == 2
        seen = text_of(pilot)
        for key in ("2", "3", "4", "5", "V"):
            await pilot.press(key)
            await pilot.pause(0.3)
            seen += text_of(pilot)
        assert "GET" in seen
        assert clean(seen.encode())
        assert clean("\n".join(told).encode())


async def test_the_status_line_says_how_much_was_not_read() -> None:
    settings = Settings(dtls_ports=frozenset({15684}))
    async with opened(str(CAPTURE), settings=settings, size=(200, 50)) as pilot:
        assert "│ 2 not read" in text_of(pilot).split("\n")[-2]
