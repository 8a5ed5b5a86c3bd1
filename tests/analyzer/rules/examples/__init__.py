# SPDX-License-Identifier: GPL-2.0-only
"""A bad and a good conversation for each rule of the catalogue, one module per rule module.

They are the proof that a rule fires and that it can be kept, and what `msgshark explain` draws.
`python tests/analyzer/regenerate.py` writes them as the data it reads.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import NamedTuple

from ..conversation import Conversation


class Example(NamedTuple):
    """`bad` breaks the rule; `good` is the same done right: it breaks neither this rule nor any
    other at warning or above. `options` are those of the command line, by name:
    `{"spec_profile": "rel17"}`. `beside` are rules that cannot but be broken too, at warning or
    above, each with the reason; of `bad`, its causes and what it is a cause of need none."""

    bad: Conversation
    good: Conversation
    options: Mapping[str, str] = {}
    beside: Mapping[str, str] = {}


def modules() -> dict[str, dict[str, Example]]:
    """The examples of each rule module, by rule."""
    return {
        name: importlib.import_module(f"{__name__}.{name}").EXAMPLES
        for _, name, _ in pkgutil.iter_modules(__path__)
    }
