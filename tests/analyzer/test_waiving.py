# SPDX-License-Identifier: GPL-2.0-only
"""What the user ignores of what was found, on the screen and in `check`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from analyzer.annotations.model import Waiver
from analyzer.checking import Check
from analyzer.cli import msgshark
from analyzer.identity import Identities
from analyzer.profiles.spec import Ignore
from analyzer.session import Session
from analyzer.waiving import Hidden, Waived

FIELD_DAY = Path(__file__).parents[2] / "captures" / "field-day.pcapng"
RETRANSMISSION = "COAP-7252-4.2-RETRANSMISSION"


@cache
def session() -> Session:
    found = Session()
    found.open([FIELD_DAY])
    found.read_all()
    return found


def waived(*waivers: Waiver) -> list[int]:
    known = Waived(session(), waivers)
    return [finding.id for finding in session().findings if known.has(finding)]


def test_by_rule_ue_endpoint_and_the_finding_itself() -> None:
    findings, identities = session().findings, Identities(session())
    of_rule = [f for f in findings if f.rule.id == RETRANSMISSION]
    assert len(of_rule) > 1
    one = of_rule[0]
    assert waived(Waiver(Ignore(RETRANSMISSION))) == [f.id for f in of_rule]
    ue = session().ue_of(one)
    assert waived(Waiver(Ignore(RETRANSMISSION, ue=ue))) == [
        f.id for f in of_rule if session().ue_of(f) == ue
    ]
    source = session().endpoints[session().messages.cell("source", one.row)]
    by_address = waived(Waiver(Ignore(endpoint=source.address)))
    assert one.id in by_address
    assert by_address == waived(Waiver(Ignore(endpoint=f"{source.address}:*")))
    alone = waived(Waiver(Ignore(RETRANSMISSION), identities.of(one)))
    assert one.id in alone
    assert {identities.of(findings[id - 1]) for id in alone} == {identities.of(one)}
    assert waived(Waiver(Ignore("COAP-NONE"))) == []


def test_what_is_left_is_as_severe_as_what_is_not_hidden() -> None:
    hidden, findings = Hidden(session()), session().findings
    waivers = (Waiver(Ignore("MSG-*")),)
    assert hidden.left(()) == 0
    assert hidden.left(waivers) == len(findings)
    assert hidden.take_in(waivers)
    assert hidden.left(waivers) == 0
    assert not hidden.take_in(waivers)
    assert hidden.ids == {f.id for f in findings if f.rule.id.startswith("MSG-")}
    assert hidden.rows
    for row, severity in hidden.rows.items():
        kept = [int(f.severity) for f in findings if f.row == row and f.id not in hidden.ids]
        assert severity == max(kept, default=0)
    for exchange, severity in hidden.exchanges.items():
        of = [f for f in findings if f.exchange == exchange and f.id not in hidden.ids]
        assert severity == max((int(f.severity) for f in of), default=0)
    assert hidden.take_in(())
    assert not hidden.ids
    assert not hidden.rows


@given(st.lists(st.sampled_from(["COAP-*", "MSG-*", RETRANSMISSION, "*CLEARTEXT"]), max_size=3))
def test_the_screen_hides_what_check_omits(rules: list[str]) -> None:
    waivers = tuple(Waiver(Ignore(rule)) for rule in rules)
    hidden = Hidden(session())
    hidden.take_in(waivers)
    check = Check.of(session(), waivers=waivers)
    assert {f.id for f in check.findings} == {f.id for f in session().findings} - hidden.ids
    assert check.summary()["ignored"] == session().findings.ignored + len(hidden.ids)
    assert sum(hidden.by_severity().values()) == len(hidden.ids)


def checked(*options: str) -> tuple[int, dict[str, int]]:
    done = CliRunner().invoke(msgshark, ["check", "-T", "json", *options, str(FIELD_DAY)])
    return done.exit_code, json.loads(done.stdout)["summary"]


def test_check_takes_what_the_screen_wrote(tmp_path: Path) -> None:
    keeper = session().keeper
    keeper.annotations.waive(Waiver(Ignore("MSG-*", reason="Known")))
    from analyzer.annotations.document import Document, written

    record = tmp_path / "known.toml"
    record.write_text(written(Document(keeper.heads(), keeper.annotations)))
    keeper.annotations.heed(keeper.annotations.waivers)
    _, before = checked()
    _, after = checked("--ignore-from", str(record))
    assert after["error"] < before["error"]
    assert after["ignored"] == sum(before.values()) - sum(after.values()) + after["ignored"]
    profile = tmp_path / "profile.toml"
    profile.write_text('extends = "rel17"\n[[ignore]]\nrule = "*"\n')
    code, nothing = checked("--ignore-from", str(profile))
    assert (code, nothing["error"], nothing["note"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "No such file or directory; give a CAPTURE.msgshark.toml"),
        (b"\xff", "not UTF-8; "),
        (b"[[", "not TOML"),
        (b"[[ignore]]\nrule = 1", "'rule' is not a string; "),
    ],
)
def test_a_bad_record_is_one_line_and_code_2(tmp_path: Path, data: bytes | None, why: str) -> None:
    path = tmp_path / "known.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Exception, match=r".") as refusal:
        msgshark.main(["check", "--ignore-from", str(path), "x"], standalone_mode=False)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)
