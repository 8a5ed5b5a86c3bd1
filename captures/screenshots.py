# SPDX-License-Identifier: GPL-2.0-only
"""Make the screenshots that README shows: `python captures/screenshots.py`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from analyzer.settings import Settings
from analyzer.views.tui.app import MsgsharkApp

HERE = Path(__file__).parent
SIZE = (140, 40)

KEYS = {
    "packets": ("f", "f", "f", "f", "tab", "end", "k"),
    "exchanges": ("2", *("j",) * 8),
    "findings": ("3", *("j",) * 21),
    "ues": ("4", *("j",) * 3),
    "ladder": ("2", *("j",) * 25, "l", "w"),
    "statistics": ("5", "tab", *("right",) * 12),
    "filter": ("slash", *"coap.code >= 4.00 and msgin5g.u"),
    "handshake": ("l", *("j",) * 8),
}
"""What is pressed before each screenshot."""

_RECORDED = HERE.parent / "tests" / "analyzer" / "decryption" / "handshakes"
CAPTURES = {"handshake": _RECORDED / "coap-wrong-key.pcap"}
"""What is opened where it is not the day in the field."""


async def shoot(name: str, keys: tuple[str, ...]) -> None:
    settings = Settings(dtls_ports=frozenset({15684}))
    app = MsgsharkApp([CAPTURES.get(name, HERE / "field-day.pcapng")], settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        while app.view.reading:
            await pilot.pause(0.1)
        await pilot.pause(0.3)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.3)
        svg = app.export_screenshot(title=f"msgshark: {name}")
    (HERE / "screenshots" / f"{name}.svg").write_text(svg, encoding="utf-8")


async def main() -> None:
    with TemporaryDirectory() as folder:  # not as the user has arranged the screen
        os.environ.update(XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder)
        for name, keys in KEYS.items():
            await shoot(name, keys)


if __name__ == "__main__":
    asyncio.run(main())
