# SPDX-License-Identifier: GPL-2.0-only
"""The registry of formats, and what is made of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from analyzer import cli
from analyzer.formats import CHECK, Format, Output, output, refuse_shared

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("form", CHECK.values(), ids=lambda form: form.name)
def test_a_format_is_complete(form: Format) -> None:
    for name, value in form._asdict().items():
        assert value, name
    assert callable(import_module(form.writer).write_check)


def test_help_has_a_line_a_format() -> None:
    shown = CliRunner().invoke(cli.msgshark, ["check", "--help"]).output
    for form in CHECK.values():
        assert f"  {form.name:<8}  {form.help}\n" in shown


def test_completion_offers_formats() -> None:
    command = cli.msgshark.commands["check"]
    (option,) = (p for p in command.params if p.name == "outputs")
    context = click.Context(command)
    assert [item.value for item in option.shell_complete(context, "")] == list(CHECK)
    (item,) = option.shell_complete(context, "sa")
    assert (item.value, item.help) == ("sarif", CHECK["sarif"].help)


def test_completion_offers_files_behind_a_format(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("out.json", ".hidden", "line\nbreak"):
        (tmp_path / name).touch()
    command = cli.msgshark.commands["check"]
    (option,) = (p for p in command.params if p.name == "outputs")
    context = click.Context(command)

    def offered(incomplete: str) -> list[str]:
        return [item.value for item in option.shell_complete(context, incomplete)]

    begun = f"json:{tmp_path}/"
    assert offered(begun) == offered(f"{begun}o") == [f"{begun}out.json", f"{begun}out/"]
    assert offered(f"{begun}.h") == [f"{begun}.hidden"]
    assert offered(f"{begun}no/such/") == offered(f"xml:{tmp_path}/") == []


def test_the_table_in_readme_is_the_registry() -> None:
    text = README.read_text()
    rows = "".join(f"| `{form.name}` | {form.help} |\n" for form in CHECK.values())
    assert rows in text


@pytest.mark.parametrize(
    ("value", "path"),
    [("sarif", "-"), ("sarif:-", "-"), ("sarif:a.b", "a.b"), ("sarif:C:\\x", "C:\\x")],
)
def test_an_output_is_a_format_and_a_file(value: str, path: str) -> None:
    assert output(value) == Output(CHECK["sarif"], path)
    assert output(value).printed is (path == "-")


@pytest.mark.parametrize("value", ["", "xml", "xml:a", ":a", "sarif:", "SARIF"])
def test_another_output_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="sarif"):
        output(value)


def test_two_outputs_have_two_places() -> None:
    refuse_shared([output("json:a"), output("sarif:b"), output("text")])
    for values in (("json", "text:-"), ("json:a", "sarif:a"), ("json", "json")):
        with pytest.raises(ValueError, match="would both be written to"):
            refuse_shared([output(value) for value in values])
