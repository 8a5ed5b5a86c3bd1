# SPDX-License-Identifier: GPL-2.0-only
"""The value of the field under the cursor, as it is shown: escaped, so that a shell or an editor
it is pasted into gets no control characters."""

from __future__ import annotations

from analyzer.views.copies.model import Copied, CopyError, Subject


def copied(subject: Subject) -> Copied:
    if subject.field is None:
        raise CopyError("the cursor is not in the packet detail")
    name, colon, value = subject.field.text.strip().strip("[]").partition(": ")
    return Copied(value if colon else name)
