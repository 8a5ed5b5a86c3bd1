# SPDX-License-Identifier: GPL-2.0-only
"""The ladder that is drawn, else that of the exchange, as a Mermaid diagram."""

from __future__ import annotations

import io
from typing import Final

from analyzer.ladders import window
from analyzer.scopes import Scope, rows_in
from analyzer.views.copies.model import Copied, CopyError, Subject
from analyzer.views.mermaid import write_ladders
from analyzer.views.wording import plural

_MOST: Final = 200
"""Messages of a ladder that is not drawn."""


def copied(subject: Subject) -> Copied:
    ladder = subject.ladder
    if ladder is None and subject.exchange:
        session = subject.view.opened
        ladder = window(session, rows_in(session, subject.exchange, Scope.EXCHANGE), 0, _MOST)
    if ladder is None or not ladder.steps:
        raise CopyError("it belongs to no exchange")
    out = io.StringIO()
    write_ladders([ladder], out)
    more = ladder.passed + ladder.left_out
    count = plural(len(ladder.steps), "message")
    remarks = (f"{count} of {len(ladder.steps) + more:,}",) if more else ()
    return Copied(out.getvalue().rstrip("\n"), remarks)
