# SPDX-License-Identifier: GPL-2.0-only
"""Reports of `check` for tests, and names that would act on what shows them."""

from __future__ import annotations

import io
import json
from typing import Any

from rules.conversation import Conversation

from analyzer.checking import Check
from analyzer.formats import CHECK
from analyzer.session import Session

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "a\n::error::forged\r\n::add-mask::b",
    "##[command]echo",
    "%0A::stop-commands::x",
    "<script>alert(1)</script><img src=x onerror=y>",
    "]]></failure><testcase name='forged'/>&lt;",
    "a | b | c\\| d \\\\| e",
    "`x` ``y`` | `<b>`",
    "` ",
    "[click](https://evil.example) ![i](javascript:x)",
    "@everyone #1 https://evil.example www.evil.example a@evil.example",
    "**bold** _em_ ~~del~~ <!-- -->",
    "{0} {1} [text](1) {{",
    "\ud83d\u202e\ufffe\u0000 \u200b é 中",
)
"""UE Service IDs as nobody should have them."""


def report(form: str, session: Session, **options: Any) -> str:
    """What a format makes of a session."""
    out = io.StringIO()
    CHECK[form].write_check(Check.of(session, **options), out)
    return out.getvalue()


def named(ue: str, path: str = "/reg") -> Session:
    """A UE of that name, whose registrations break several rules."""
    members = {"Message Type": "REG", "UE Service ID": ue, ue or "x": 1, "MSGin5G UE ID": ue}
    talk = Conversation().non("POST", payload=json.dumps(members).encode(), path=path)
    return talk.non("2.05").wait(1).non("PUT", payload=json.dumps(members).encode()).session()
