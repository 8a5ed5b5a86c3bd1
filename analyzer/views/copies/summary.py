# SPDX-License-Identifier: GPL-2.0-only
"""The row in a line, as the command that lists its table prints it."""

from __future__ import annotations

import io

from analyzer.candidates import Candidates
from analyzer.views import text
from analyzer.views.copies.model import NO_PACKET, Copied, CopyError, Subject
from analyzer.views.escape import escape
from dissectors.fields import Table


def copied(subject: Subject) -> Copied:
    if subject.ue:
        return Copied(escape(subject.ue))
    session, out = subject.view.opened, io.StringIO()
    if subject.of == Table.EXCHANGES:
        text.write_exchanges(session, out, [subject.exchange])
    elif subject.finding is not None and subject.of == Table.FINDINGS:
        text.write_findings([subject.finding], out)
    elif subject.row >= 0:
        out.write(text.message_line(session, subject.row, Candidates(session)))
    else:
        raise CopyError(NO_PACKET)
    return Copied(out.getvalue().strip())
