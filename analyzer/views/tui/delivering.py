# SPDX-License-Identifier: GPL-2.0-only
"""Files for the user: written where they say, or in a browser, which has no folders of this
machine, downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App

_UNSAFE: Final = re.compile(r"[^\w.+-]", re.ASCII)
_LONGEST: Final = 100


@contextmanager
def written(app: App[Any], path: str) -> Iterator[str]:
    """Where to write a file, in a thread other than the app's; raises what writing raises."""
    if not app.is_web:
        yield path
        return
    name = _UNSAFE.sub("_", os.path.basename(path))[-_LONGEST:].lstrip(".") or "file"
    with TemporaryDirectory(prefix="msgshark-") as folder:
        place = os.path.join(folder, name)
        yield place
        file = open(place, "rb")  # noqa: SIM115 - read once the folder is gone, then closed
        app.call_from_thread(
            app.deliver_binary, file, save_filename=name, mime_type="application/octet-stream"
        )
