# SPDX-License-Identifier: GPL-2.0-only
"""A bad and a good conversation for each rule of the catalogue, one module per rule module.

They are the proof that a rule fires and that it can be kept, and what `msgshark explain` draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..conversation import Conversation


class Example(NamedTuple):
    """`bad` breaks the rule; `good` is the same done right: it breaks neither this rule nor any
    other at warning or above. `options` are those of the command line, by name:
    `{"spec_profile": "rel17"}`."""

    bad: Conversation
    good: Conversation
    options: Mapping[str, str] = {}
