# SPDX-License-Identifier: GPL-2.0-only
"""What the screen remembers from one run to the next: small JSON files in the user's state folder.

None of it is needed: where it cannot be read or written, or is not what it should be, the program
goes on as on its first day. What a user configures or writes about a capture does not belong here.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_MOST: Final = 1_000_000
"""Octets of a file that are read: ours are far smaller."""


def folder() -> Path:
    """Where the files lie; it need not exist."""
    from platformdirs import user_state_path

    return user_state_path("msgshark", appauthor=False)


def recall(name: str) -> Json:
    """What was kept under a name (`filters`, `columns`, `panes`, ...), None for nothing. Whoever
    asks checks its shape: users edit files, and versions differ."""
    try:
        with (folder() / f"{name}.json").open("rb") as file:
            value: Json = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return None
    return value


def texts(name: str) -> list[str]:
    """A list of texts kept under a name; whatever else lies there is left out."""
    value = recall(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def keep(name: str, value: Json) -> None:
    """Keep a value under a name; another run sees the old or the new one, never half of it."""
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        file, path = tempfile.mkstemp(prefix=f".{name}-", dir=folder())
        try:
            with os.fdopen(file, "w", encoding="utf-8") as out:
                json.dump(value, out)
            os.replace(path, folder() / f"{name}.json")
        except OSError:
            with suppress(OSError):
                os.unlink(path)
            raise


def keep_first(name: str, text: str, most: int) -> list[str]:
    """Put a text before all others of a list, which keeps the `most` last ones; that list."""
    kept = [text, *(other for other in texts(name) if other != text)][:most]
    keep(name, list(kept))
    return kept
