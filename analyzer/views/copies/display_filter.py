# SPDX-License-Identifier: GPL-2.0-only
"""The display filter that the row passes, and no other row of its table; of a UE, its exchanges."""

from __future__ import annotations

from analyzer.filters.model import Literal
from analyzer.views.copies.model import NO_PACKET, Copied, CopyError, Subject
from dissectors.fields import Table


def copied(subject: Subject) -> Copied:
    if subject.ue:
        return Copied(f"exchange.ue_service_id == {Literal(subject.ue, True, 0)}")
    if subject.of == Table.EXCHANGES:
        return Copied(f"exchange.id == {subject.exchange}")
    if subject.of == Table.FINDINGS and subject.finding is not None:
        return Copied(f"finding.id == {subject.finding.id}")
    if subject.row < 0:
        raise CopyError(NO_PACKET)
    frame = subject.view.opened.messages.cell("frame", subject.row)
    return Copied(f"frame.number == {frame}")
