# SPDX-License-Identifier: GPL-2.0-only
"""Reading a capture in a thread: the screens learn of progress a few times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from analyzer.capture import CaptureError
from analyzer.views.escape import escape
from analyzer.views.tui.capture_view import CaptureView

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.settings import Settings

_RECORDS: Final = 4096
"""Records between two looks at the clock, at most: of a stream, as many as have come."""


def read_capture(
    view: CaptureView,
    settings: Settings | None,
    report: Callable[[], None],
    cancelled: Callable[[], bool],
) -> None:
    """Read what `view` is about to its end; runs in a worker thread and never raises."""
    try:
        _read(view, settings, report, cancelled)
    except CaptureError as error:
        view.error = escape(str(error), 500)
    except Exception as error:
        view.error = f"Reading failed: {type(error).__name__}: {escape(str(error), 300)}"
    view.reading = False
    report()


def _read(
    view: CaptureView,
    settings: Settings | None,
    report: Callable[[], None],
    cancelled: Callable[[], bool],
) -> None:
    from analyzer import session as engine  # Polars: half a second, so not before the first paint

    session = engine.Session(settings, tell=view.told.append)
    session.open(view.intake)
    view.told.extend(session.keeper.told)
    session.keeper.told.clear()
    view.session = session
    for share in session.read(_RECORDS):
        if cancelled():
            return
        if view.pace.due:
            view.progress = _share_read(session, share)
            report()


def _share_read(session: Session, share: float) -> float:
    """How far the rows are: a file is read in large windows, long before its records are."""
    rows = len(session.messages)
    if len(session.files) > 1 or not rows or (share == 1.0 and session.closed):
        return share
    return min(share, int(session.messages["offset"][rows - 1]) / (session.files[0].size or 1))
