# SPDX-License-Identifier: GPL-2.0-only
"""Write what is generated: the examples of rules as the product reads them, a file a rule module
and a line a rule, and what README shows of the rules."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rules.conversation import Conversation
from rules.examples import Example, modules

from analyzer.examples import explained
from analyzer.rules import catalogue
from analyzer.views import explain, markdown
from analyzer.views.terminal import Paper

COMMAND: Final = "python tests/analyzer/regenerate.py"
FOLDER: Final = Path(catalogue.__file__).with_name("examples")
README: Final = Path(__file__).parents[2] / "README.md"
SHOWN: Final = "COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK"
"""The rule that README explains."""


def examples() -> Iterator[tuple[Path, str]]:
    """Each file of examples with what it is to hold."""
    for module, of_module in modules().items():
        lines = (f"{json.dumps(id)}: {_line(example)}" for id, example in sorted(of_module.items()))
        yield FOLDER / f"{module}.json", "{\n" + ",\n".join(lines) + "\n}\n"


def _line(example: Example) -> str:
    return json.dumps(entry(example), separators=(",", ":"))


def entry(example: Example) -> dict[str, Any]:
    """An example as plain values."""
    options: Mapping[str, Any] = {"options": dict(example.options)} if example.options else {}
    return {"bad": _conversation(example.bad), "good": _conversation(example.good), **options}


def _conversation(talk: Conversation) -> dict[str, Any]:
    return {"link_type": talk.link_type, "packets": list(_packets(talk))}


def _packets(talk: Conversation) -> Iterator[list[Any]]:
    """Time in ns since the first packet, the bytes captured, and how many there were if more."""
    for frame in talk.frames:
        captured, length = frame.captured(talk.link_type)
        more = [length] if length > len(captured) else []
        yield [frame.time - talk.frames[0].time, captured.hex(), *more]


def readme() -> str:
    """README with its generated parts, which stand between comments that name the command."""
    rules, shown = catalogue.load(), io.StringIO()
    with explained(rules[SHOWN]) as explanation:
        explain.write_text(explanation, shown, Paper())
    text = _filled(README.read_text(), f"explain {SHOWN}", f"```text\n{shown.getvalue()}```\n")
    table = io.StringIO()
    markdown.write_rules(rules.values(), table)
    return _filled(text, "rules --format markdown", table.getvalue())


def _filled(text: str, command: str, part: str) -> str:
    """With what a command prints between its comment and the next one."""
    marks = re.compile(rf"(<!-- msgshark {re.escape(command)} -->\n).*?(<!-- end -->)", re.DOTALL)
    filled, count = marks.subn(lambda match: f"{match[1]}\n{part}\n{match[2]}", text)
    assert count == 1, f"README has no place for msgshark {command}"
    return filled


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = dict(examples())
    for path in set(FOLDER.glob("*.json")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
