# SPDX-License-Identifier: GPL-2.0-only
"""Text for the clipboard of the terminal, or a file where it is too long for that."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyzer.views.escape import escape

if TYPE_CHECKING:
    from textual.app import App

    from analyzer.views.tui.capture_view import CaptureView

MOST_COPIED: Final = 50_000
"""Characters: terminals and tmux drop a longer OSC 52 sequence without a word."""

_MOST_NAMES: Final = 1000


def copy(app: App[None], view: CaptureView, text: str, what: str, name: str) -> str:
    """Copy a text, or write it to a new file in the current folder, named after the capture and
    `name`, which a browser downloads; what was done, in a sentence. Raises OSError where it cannot
    be written."""
    if len(text) <= MOST_COPIED:
        app.copy_to_clipboard(text)
        return f"{what} copied, {len(text):,} characters: the terminal has them if it knows OSC 52"
    if app.is_web:
        file = f"{_capture(view)}-{name}"
        app.deliver_text(StringIO(text), save_filename=file)
        return f"{what} is too long for the clipboard: downloaded as {escape(file, 200)}"
    path = _written(view, text, name)
    return f"{what} is too long for the clipboard: written to {escape(str(path), 200)}"


def _capture(view: CaptureView) -> str:
    paths = [path for path in view.intake.paths if os.path.isfile(path)]
    return Path(paths[0]).stem if paths else "msgshark"


def _written(view: CaptureView, text: str, name: str) -> Path:
    """The file, which was not there before."""
    capture = _capture(view)
    stem, suffix = os.path.splitext(name)
    for number in range(_MOST_NAMES):
        again = f"-{number}" if number else ""
        path = Path(f"{capture}-{stem}{again}{suffix}")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"there are {_MOST_NAMES} files like {path.name}")
