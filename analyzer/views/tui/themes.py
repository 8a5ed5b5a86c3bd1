# SPDX-License-Identifier: GPL-2.0-only
"""msgshark's own colours, dark, light and of high contrast; any other Textual theme may be chosen
instead."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="msgshark",
    primary="#5ab0f6",
    secondary="#8fa8ff",
    accent="#4fd6be",
    foreground="#d3deea",
    background="#0c141d",
    surface="#101b27",
    panel="#182635",
    success="#7fd88f",
    warning="#f0b95f",
    error="#ff6b7a",
    dark=True,
    variables={
        "border": "#2b3f54",
        "border-blurred": "#1f2f40",
        "footer-background": "#101b27",
        "footer-key-foreground": "#5ab0f6",
        "scrollbar": "#2b3f54",
        "scrollbar-background": "#101b27",
    },
)

LIGHT: Final = Theme(
    name="msgshark-light",
    primary="#0b63b8",
    secondary="#4a4fc4",
    accent="#00776a",
    foreground="#1c2733",
    background="#eef2f6",
    surface="#fbfcfd",
    panel="#dfe7ef",
    success="#1d7a36",
    warning="#9a5b00",
    error="#c0182d",
    dark=False,
    variables={
        "border": "#a9bacb",
        "border-blurred": "#c9d5e0",
        "footer-background": "#dfe7ef",
        "footer-key-foreground": "#0b63b8",
        "scrollbar": "#a9bacb",
        "scrollbar-background": "#e6ecf2",
    },
)

HIGH_CONTRAST: Final = Theme(
    name="msgshark-high-contrast",
    primary="#6fd0ff",
    secondary="#c4b5ff",
    accent="#5cf2d6",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#7dff8a",
    warning="#ffd24a",
    error="#ff8f8f",
    dark=True,
    variables={
        "border": "#9a9a9a",
        "border-blurred": "#808080",
        "footer-background": "#000000",
        "footer-key-foreground": "#6fd0ff",
        "scrollbar": "#9a9a9a",
        "scrollbar-background": "#000000",
    },
)

THEMES: Final = (DARK, LIGHT, HIGH_CONTRAST)
