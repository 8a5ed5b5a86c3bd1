# SPDX-License-Identifier: GPL-2.0-only
"""Only what is new: reports of earlier runs, whole, broken and of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports import report
from rules.conversation import Conversation

from analyzer import baseline
from analyzer.baseline import BaselineError
from analyzer.checking import Check
from analyzer.session import Session

CAPTURES = Path(__file__).parents[2] / "captures"
Step = Callable[[Conversation], Conversation]

STEPS: tuple[Step, ...] = (
    lambda talk: talk.con("GET", max_age=1),
    lambda talk: talk.ack("2.05", token=b"other"),
    lambda talk: talk.rst(),
    lambda talk: talk.again(0) if talk.frames else talk,
    lambda talk: talk.wait(100),
    lambda talk: talk.non("POST", payload=b'{"Message Type":"REG"}', path="/reg"),
    lambda talk: talk.raw(b"\x40"),
    lambda talk: talk.raw("60 01 12 34 ff"),
)


NO_PRINT = "a finding without the fingerprint"


def known(path: Path, form: str, session: Session) -> Check:
    """What is new to the report of a session."""
    path.write_text(report(form, session))
    return Check.of(session, baseline.read(path))


@pytest.mark.parametrize("form", ["json", "sarif"])
@given(st.lists(st.sampled_from(STEPS), max_size=12))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_run_has_nothing_new_to_itself(tmp_path: Path, form: str, steps: list[Step]) -> None:
    talk = Conversation()
    for step in steps:
        step(talk)
    session = talk.session()
    check = known(tmp_path / "before", form, session)
    assert not check.findings
    assert check.known == len(session.findings)
    assert not check.failed


@pytest.mark.parametrize("form", ["json", "sarif"])
@pytest.mark.parametrize("path", CAPTURES.glob("*.pcapng"), ids=lambda path: path.stem)
def test_a_capture_has_nothing_new_to_itself(tmp_path: Path, form: str, path: Path) -> None:
    session = Session()
    session.open([path])
    session.read_all()
    check = known(tmp_path / "before", form, session)
    assert not check.findings
    assert check.summary() == {
        **{"error": 0, "warning": 0, "note": 0, "ignored": 0},
        "known": len(session.findings),
    }


def test_what_is_new_is_left_and_the_rest_counted(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_text(
        report(
            "json", Conversation().non("POST", payload=b"x", content_format=0, max_age=60).session()
        )
    )
    talk = (
        Conversation()
        .con("GET", path="/ok")
        .ack("2.05")
        .non("POST", payload=b"x", content_format=0, max_age=60)
    )
    session = talk.non("2.05", token=b"zz", max_age=b"12345").session()
    check = Check.of(session, baseline.read(path))
    assert {f.rule.id for f in check.findings} == {f.rule.id for f in session.findings} - {
        "COAP-7252-5.4-CONTEXT-REQ"
    }
    assert check.findings
    assert check.known == len(session.findings) - len(check.findings) == 1
    last = report("text", session, baseline=baseline.read(path)).splitlines()[-2:]
    assert last[0] == f"1 finding known from {path}"
    assert last[1].endswith(" that are new")
    told = json.loads(report("json", session, baseline=baseline.read(path)))
    assert (told["baseline"], told["summary"]["known"]) == (str(path), 1)
    results = json.loads(report("sarif", session, baseline=baseline.read(path)))["runs"][0]
    assert {result["baselineState"] for result in results["results"]} == {"new"}
    assert f"since `{path}`" in report("markdown", session, baseline=baseline.read(path))
    assert '<property name="known" value="1"/>' in report(
        "junit", session, baseline=baseline.read(path)
    )


def refused(path: Path) -> str:
    with pytest.raises(BaselineError) as refusal:
        baseline.read(path)
    assert "msgshark check --format json" in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "not JSON"),
        (b"error: frame 1\n", 1, "not JSON"),
        (b'{\n "findings": [\n  }', 3, "not JSON"),
        (b'{\n\n "findings": "\xff"}', 3, "not UTF-8"),
        (b"[" * 100_000, 1, "nested too deeply"),
        (b"[]", 1, "neither findings nor SARIF runs"),
        (b'{"findings": {}}', 1, "findings is no array"),
        (
            b'{"findings": [\n{"fingerprint": "a"},\n{"rule": "x"}]}',
            3,
            NO_PRINT,
        ),
        (b'{"findings": [\n\n{"fingerprint": 5}]}', 3, NO_PRINT),
        (b'{"findings": [\n7]}', 2, NO_PRINT),
        (b'{"runs": [\n{"results": [\n{"ruleId": "a"}]}]}', 3, NO_PRINT),
        (b'{"runs": [\n{"results":\n 1}]}', 3, "results is no array"),
        (b'{"runs": [\n null]}', 2, "results is no array"),
    ],
)
def test_a_broken_baseline_is_refused_with_its_line(
    tmp_path: Path, data: bytes, line: int, words: str
) -> None:
    path = tmp_path / "before.json"
    path.write_bytes(data)
    message = refused(path)
    assert message.startswith(f"{path}:{line}: {words}")
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.json")
    assert "directory" in refused(tmp_path)


@given(st.binary(max_size=60) | st.from_regex(rb'\{"(findings|runs)": [\[\]{}"a-z:, ]*'))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    with suppress(BaselineError):
        assert baseline.read(path).path == str(path)
