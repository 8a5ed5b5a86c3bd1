# SPDX-License-Identifier: GPL-2.0-only
"""What the user does to a live capture: stop it, begin anew, save it, leave it.

A recording that nobody named a file for lies in a spool: before it is left, the user says what
becomes of it; where nobody can be asked, it is kept and its path is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from analyzer.annotations.keeping import discard as forget
from analyzer.capture import Stop
from analyzer.recording.saving import discard
from analyzer.recording.wish import RecordingError, Started, Wish
from analyzer.views.escape import escape
from analyzer.views.tui.live import Start
from analyzer.views.tui.screens.leave import FATES, Fate, LeaveScreen
from analyzer.views.tui.screens.save import SaveScreen

if TYPE_CHECKING:
    from analyzer.views.tui.app import MsgsharkApp
    from analyzer.views.tui.capture_view import CaptureView

_ALARM: Final = 60  # seconds


class Control:
    """The live capture on screen, in the hands of the user."""

    def __init__(self, app: MsgsharkApp, start: Start) -> None:
        self._app = app
        self._start = start
        self._parting = Lock()  # whoever ends the process waits until all is kept
        self.parting: list[str] = []
        """What to print once the screen is gone."""

    @property
    def _view(self) -> CaptureView:
        return self._app.view

    def _in_thread(self, work: Callable[[], None]) -> None:
        self._app.run_worker(work, thread=True, group="recording", exit_on_error=False)

    # Stop and begin -----------------------------------------------------------------------------

    def stop(self) -> None:
        """End the capture; all that was captured is still read."""
        recording = self._view.recording
        if recording is None:
            self._view.intake.stop.request()
        elif not recording.ended:
            self._in_thread(recording.stop)

    def restart(self) -> None:
        """Record anew what was asked for, once the user said what becomes of this recording."""
        recording = self._view.recording
        if recording is None:
            self._app.notify("Only a recording can be started again")
            return
        wish, fates = recording.wish, FATES
        if wish.path and not wish.rotates:
            fates = {Fate.SAVE: FATES[Fate.SAVE], Fate.DISCARD: f"Overwrite {escape(wish.path)}"}
        self._settle(lambda: self.begin(wish, self.alarm), fates)

    def begin(self, wish: Wish, failed: Callable[[str], None]) -> None:
        """Record and show it; `failed` is told why it does not start."""

        def work() -> None:
            try:
                recording = self._start(wish)
            except RecordingError as error:
                self._app.call_from_thread(failed, str(error))
                return
            intake = replace(self._view.intake, paths=(), recorder=recording, stop=Stop())
            self._app.call_later(self._app.show_capture, intake)

        self._in_thread(work)

    def open(self, path: str | None) -> None:
        """Show a file instead, once the user said what becomes of a recording; None is no file."""
        if path is not None:
            intake = replace(
                self._view.intake, paths=(path,), follow=False, recorder=None, stop=Stop()
            )
            self._settle(lambda: self._app.call_later(self._app.show_capture, intake))

    def alarm(self, reason: str, title: str = "Recording") -> None:
        """Say for long what nobody may miss."""
        text = escape(reason, 500)
        self._app.notify(text, title=title, severity="error", markup=False, timeout=_ALARM)

    # Save and leave -----------------------------------------------------------------------------

    def save(self) -> None:
        """Ask for a file and write the recording to it."""
        if self._view.recording is None:
            self._app.notify("Only a recording can be saved; Ctrl+S exports packets")
        else:
            self._app.push_screen(SaveScreen(self._view))

    def quit(self) -> None:
        """Leave the app; asked for twice, the recording is kept."""
        if isinstance(self._app.screen, LeaveScreen):
            self._app.screen.action_fate(Fate.KEEP)
        else:
            self._settle(self._app.exit)

    def end(self, code: int) -> None:
        """Leave at once, and keep everything."""
        self._app.save_annotations()
        self._in_thread(lambda: self._leave(Fate.KEEP, lambda: self._app.exit(return_code=code)))

    def give_up(self, reason: str) -> None:
        """Leave a screen that is of no use any more, and keep everything."""
        self._say(reason)
        self.end(1)

    def _settle(self, then: Callable[[], object], fates: Mapping[Fate, str] = FATES) -> None:
        """Let the user say what becomes of the recording, then go on."""
        count = self._view.unsaved if fates is FATES else self._view.statistics.kept
        if not count:
            self._in_thread(lambda: self._leave(Fate.KEEP, then))
            return
        packets = "1 packet was" if count == 1 else f"{count:,} packets were"

        def chosen(fate: Fate | None) -> None:
            if fate is Fate.SAVE:
                self._in_thread(lambda: self._stop_and_save(then))
            elif fate is not None:
                self._in_thread(lambda: self._leave(fate, then))

        self._app.push_screen(
            LeaveScreen(f"{packets} recorded. What becomes of it?", fates), chosen
        )

    def _stop_and_save(self, then: Callable[[], object]) -> None:
        """In a thread: what comes in meanwhile is saved, too."""
        if self._view.recording is not None:
            self._view.recording.stop()

        def saved(done: bool | None) -> None:
            if done:
                self._in_thread(lambda: self._leave(Fate.KEEP, then))

        self._app.call_from_thread(self._app.push_screen, SaveScreen(self._view), saved)

    def _leave(self, fate: Fate, then: Callable[[], object]) -> None:
        """In a thread."""
        self._part(fate)
        self._app.call_from_thread(then)

    def close(self) -> None:
        """The app has ended: what nobody decided on is kept."""
        self._part(Fate.KEEP)

    def _part(self, fate: Fate) -> None:
        """Stop the recording and do with its files as the user wants; whoever keeps a spool of
        which all was saved, or in which nothing is, has no use for it."""
        self._app.save_annotations()  # before what they are about is gone
        with self._parting:
            self._part_once(fate)

    def _part_once(self, fate: Fate) -> None:
        recording = self._view.recording
        if recording is None or self._view.left:
            return
        self._view.left = True
        recording.stop()
        spooled = not recording.wish.path
        if spooled and (fate is Fate.DISCARD or not self._view.unsaved):
            self._discard(recording)
        else:
            self._say(f"the recording is in {_listed(recording.files)}")

    def _say(self, text: str) -> None:
        if text not in self.parting:
            self.parting.append(text)

    def _discard(self, recording: Started) -> None:
        try:
            discard(recording.files)
            forget(recording.files)
        except OSError as error:
            reason = error.strerror or "unknown error"
            path = escape(str(error.filename), 300)
            self._say(f"the recording could not be removed ({reason}): {path}")


def _listed(paths: Sequence[str]) -> str:
    """`a.pcapng`, `a.pcapng and 3 files after it`."""
    first = escape(paths[0], 400) if paths else "no file"
    more = len(paths) - 1
    return first + (f" and {more} file{'' if more == 1 else 's'} after it" if more > 0 else "")
