# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from analyzer.capture import Notice, NoticeKind
from analyzer.capture.model import NOTICES_PER_KIND, NoticeLog


def test_a_notice_repeated_too_often_is_only_counted() -> None:
    log = NoticeLog()
    for offset in range(1000):
        log.add(NoticeKind.UNKNOWN_BLOCK, offset, "Again.")
    log.add(NoticeKind.BAD_BLOCK, 1000, "Another.", frame=7)
    assert len(log.listed) == NOTICES_PER_KIND + 1
    assert log.counts[NoticeKind.UNKNOWN_BLOCK] == 1000
    assert log.listed[-1] == Notice(NoticeKind.BAD_BLOCK, 1000, 7, "Another.")
