# SPDX-License-Identifier: GPL-2.0-only
"""The formats in which something is copied: each is declared here once, its module loaded when it
is asked for. The menu of the screen and its keys come from COPIES."""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple, Protocol

from analyzer.views.copies.model import Copied, CopyError, Subject
from analyzer.views.escape import escape


class Form(NamedTuple):
    """`key` chooses it in the menu; `extension` is that of a file with it."""

    name: str
    title: str
    key: str
    extension: str

    def of(self, subject: Subject) -> Copied:
        """The text of a subject. Raises CopyError, which says why there is none."""
        module: _Module = import_module(f"analyzer.views.copies.{self.name}")
        return module.copied(subject)


class _Module(Protocol):
    """What the module of a format has."""

    def copied(self, subject: Subject) -> Copied: ...


COPIES: Final = (
    Form("summary", "Summary line", "s", "txt"),
    Form("field_value", "Value of the field", "v", "txt"),
    Form("json_rows", "JSON", "j", "json"),
    Form("display_filter", "Display filter", "f", "txt"),
    Form("hex_dump", "Hex dump", "x", "txt"),
    Form("hex_stream", "Hex stream", "h", "txt"),
    Form("c_array", "C array", "c", "c"),
    Form("scapy_expression", "Scapy expression", "p", "py"),
    Form("coap_client", "coap-client command", "l", "sh"),
    Form("aiocoap_client", "aiocoap-client command", "a", "sh"),
    Form("issue", "Issue (Markdown)", "i", "md"),
    Form("mermaid_ladder", "Ladder (Mermaid)", "m", "mmd"),
)
"""In the order of the menu."""


class Offer(NamedTuple):
    """A format with its text, or why there is none."""

    form: Form
    copied: Copied | None
    reason: str = ""


def offer(form: Form, subject: Subject) -> Offer:
    """What a format has of a subject; never raises, whatever the packet is."""
    try:
        return Offer(form, form.of(subject))
    except CopyError as error:
        return Offer(form, None, str(error))
    except Exception as error:
        return Offer(form, None, f"{type(error).__name__}: {escape(str(error), 100)}")
