# SPDX-License-Identifier: GPL-2.0-only
"""Places in a capture that a line of a view is about or leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""First byte and byte after the last."""


class Page(StrEnum):
    """The screens on keys 1, 2, 3, ...: the modes of the app."""

    PACKETS = "packets"
    EXCHANGES = "exchanges"
    FINDINGS = "findings"
    UES = "ues"

    @property
    def heading(self) -> str:
        """As the name of a tab."""
        return "UEs" if self is Page.UES else self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Place:
    """A packet by its frame, or an exchange, a finding or a UE (ue_standings) by its id.

    `span` are bytes of the CoAP message to light up, `branch` names a branch of the detail tree
    to select.
    """

    page: Page
    number: int
    span: Span | None = None
    branch: str = ""
