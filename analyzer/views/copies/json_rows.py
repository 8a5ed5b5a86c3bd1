# SPDX-License-Identifier: GPL-2.0-only
"""The row as `msgshark messages`, `exchanges` and `findings` print it with `--format json`."""

from __future__ import annotations

import io

from analyzer.message_content import MASK
from analyzer.views import json
from analyzer.views.copies.model import MASKED, NO_PACKET, Copied, CopyError, Subject
from analyzer.views.listed import listed
from dissectors.fields import Table


def copied(subject: Subject) -> Copied:
    session, out = subject.view.opened, io.StringIO()
    if subject.ue:
        raise CopyError("a UE is in no table")
    if subject.of == Table.EXCHANGES:
        json.write_exchanges(session, out, [subject.exchange])
    else:
        found = subject.finding
        row = found.id - 1 if subject.of == Table.FINDINGS and found else subject.row
        if row < 0:
            raise CopyError(NO_PACKET)
        asked = listed(session, subject.of, [row])
        json.write_rows(asked._replace(secrets=subject.view.unmasked), out)
    text = out.getvalue().rstrip("\n")
    return Copied(text, (MASKED,) if f'"{MASK}"' in text else ())
