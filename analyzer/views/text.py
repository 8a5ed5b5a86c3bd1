# SPDX-License-Identifier: GPL-2.0-only
"""Plain text for people, one line an entry; packet text goes through `escape`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from analyzer import report, spec_report
from analyzer.candidates import Candidates
from analyzer.profiles.spec import SpecProfile
from analyzer.profiles.transmission import MILLISECOND, SECOND, Transmission
from analyzer.relations import Confidence
from analyzer.rules.catalogue import Rule
from analyzer.views.escape import escape
from analyzer.views.info import info, is_msgin5g
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.response_times import By, Spread
    from analyzer.session import Session
    from dissectors.fields import Field

WIDTH: Final = 96
_UNSURE: Final = (Confidence.RELAXED, Confidence.LOW, Confidence.AMBIGUOUS)
_MOST_GAPS: Final = 8
_MOST_NOTIFICATIONS: Final = 100
_COUNTS: Final = f"{'requests':>8} {'lost':>6} {'resent':>7}"
_TIMES: Final = "".join(f"{name:>11}" for name in ("min", "median", "p95", "p99", "max"))


def write_messages(session: Session, out: TextIO, rows: Iterable[int] | None = None) -> None:
    """A line a message, of these rows or all, as tshark prints packets."""
    candidates = Candidates(session)
    for row in report.visible_messages(session) if rows is None else rows:
        out.write(message_line(session, row, candidates) + "\n")


def message_line(session: Session, row: int, candidates: Candidates) -> str:
    """Frame, seconds since the first packet, endpoints, protocol, bytes on the wire, info."""
    cells = session.messages.row(row)
    source = session.endpoints[cells["source"]]
    destination = session.endpoints[cells["destination"]]
    text = "".join(piece for piece, _ in info(session, cells))
    candidate = candidates.of_orphan(row)
    if candidate:
        text += f", nearest: {candidate.sentence}"
    protocol = "MSGin5G" if is_msgin5g(cells) else "CoAP"
    time = (cells["time"] - (session.first_time or 0)) / SECOND
    return (
        f"{cells['frame']:>5} {time:>11.6f} {source!s:>21} → {destination!s:<21} "
        f"{protocol:<7} {cells['wire']:>4} {text}"
    )


def write_findings(findings: Iterable[Finding], out: TextIO) -> None:
    """A line a finding: frame, severity, rule, what is wrong; see findings_text for people."""
    for found in findings:
        times = f" ({found.count} times)" if found.count > 1 else ""
        head = f"{found.frame or '-':>5} {found.severity.label:<7} {found.rule.id:<42}"
        out.write(f"{head} {escape(found.text, 500)}{times}\n")


def write_fields(fields: Iterable[tuple[Field, Sequence[str]]], out: TextIO) -> None:
    """A line a field: name, type, the commands that have it, a few words."""
    shown = [(field, " ".join(commands)) for field, commands in fields]
    columns = [[f.name for f, _ in shown], [_type(f) for f, _ in shown], [c for _, c in shown]]
    names, types, places = (max(map(len, column), default=0) for column in columns)
    for field, commands in shown:
        head = f"{field.name:<{names}}  {_type(field):<{types}}  {commands:<{places}}"
        out.write(f"{head}  {field.help}\n")


def _type(field: Field) -> str:
    return f"{field.type}, ..." if field.repeated else field.type


def write_exchanges(session: Session, out: TextIO, ids: Iterable[int] | None = None) -> None:
    """A line an exchange, of these ids or all."""
    for entry in report.exchange_entries(session, ids):
        out.write(_exchange_line(entry) + "\n")
        for line in _notification_lines(entry["observation"] or {}):
            out.write(f"{'':6}{line}\n")


def _exchange_line(entry: dict[str, Any]) -> str:
    time = entry["response_time"]
    took = "" if time is None else f" in {time * 1000:.3f} ms"
    answer = f"{entry['response_code']}{took}" if entry["response_code"] else entry["state"]
    how = ", ".join(filter(None, (entry["matched_by"], entry["confidence"])))
    if entry["confidence"] in _UNSURE:
        how += f": {entry['reason']}"
    frames = ",".join(str(f) for f in entry["response_frames"][:8])
    extras = [f"{entry['client']} → {entry['server']}"]
    if entry["retransmission_frames"]:
        extras.append(_retransmissions(entry))
    if entry["ue_service_id"]:
        extras.append(escape(entry["ue_service_id"], 80))
    if entry["operation"] not in (None, entry["id"]):
        extras.append(f"part of #{entry['operation']}")
    for body in entry["bodies"]:
        blocks = plural(len(body["frames"]), "block")
        extras.append(f"{body['of']} body whole: {body['length']} bytes in {blocks}")
    if entry["nearest"]:
        extras.append(f"nearest: {entry['nearest']['sentence']}")
    uri = escape(entry["uri"], 80) if entry["uri"] else ""
    arrow = f" → {frames}" if frames else ""
    return (
        f"#{entry['id']:<4} frame {entry['request_frame']}{arrow}  {entry['method']} {uri}  "
        f"{answer}{f' [{how}]' if how else ''}  {'; '.join(extras)}"
    )


def _notification_lines(observed: dict[str, Any]) -> Iterator[str]:
    """The notifications of an observation, and how it ended."""
    sent = observed.get("notifications", [])
    for number, one in enumerate(sent[:_MOST_NOTIFICATIONS]):
        gap = "" if one["gap"] is None else f"  {one['gap']:+.3f} s"
        value = "no Observe" if one["observe"] is None else f"Observe {one['observe']}"
        order = "" if one["order"] in ("first", "newer", "unnumbered") else f"  {one['order']}"
        stale = "  stale before" if one["in_time"] is False else ""
        branch = "├" if number < len(sent) - 1 or observed["ended"] else "└"
        kind = f"{one['type']} " if one["type"] else ""
        yield (f"{branch} frame {one['frame']}  {kind}{one['code']}  {value}{gap}{order}{stale}")
    if len(sent) > _MOST_NOTIFICATIONS:
        branch = "├" if observed["ended"] else "└"
        yield f"{branch} ... {len(sent) - _MOST_NOTIFICATIONS} more"
    if observed.get("ended"):
        yield f"└ frame {observed['ended_in']}  {observed['ended']}"


def _retransmissions(entry: dict[str, Any]) -> str:
    """`2 retransmissions after 2.10, 4.30 s`; copies of responses are counted alone."""
    times, copies = entry["times"], len(entry["retransmission_frames"])
    gaps = times["retransmission_gaps"]
    words = [plural(len(gaps), "retransmission")] if gaps else []
    if gaps:
        more = ", …" if len(gaps) > _MOST_GAPS else ""
        words[0] += f" after {', '.join(f'{gap:.2f}' for gap in gaps[:_MOST_GAPS])}{more} s"
    if copies > len(gaps):
        words.append(f"{plural(copies - len(gaps), 'retransmission')} of responses")
    if times["ambiguous"]:
        words.append("which one was answered is unknown")
    return ", ".join(words)


def write_times(groups: Sequence[Spread], total: Spread, by: By, out: TextIO) -> None:
    """A line a group and one for all of them; times in ms."""
    names = [escape(group.name, 60) or "(none)" for group in groups]
    width = max(map(len, [by.heading, "all", *names]))
    out.write(f"{by.heading:<{width}} {_COUNTS}{_TIMES}  left out\n")
    for name, group in zip([*names, "all"], [*groups, total], strict=True):
        counts = f"{group.requests:>8} {group.lost:>6} {group.retransmitted:>7}"
        times = (group.least, group.median, group.p95, group.p99, group.most)
        shown = "".join(f"{_milliseconds(time):>11}" for time in times)
        out.write(f"{name:<{width}} {counts}{shown}  {group.left_out:>8}\n")
    out.write("Times in ms, of certain pairings whose request was sent once before its answer.\n")


def _milliseconds(time: float | None) -> str:
    return "-" if time is None else f"{time / MILLISECOND:.3f}"


def write_rules(rules: Iterable[Rule], out: TextIO) -> None:
    """A line a rule: severity, id, reference, title, and severities other spec profiles have."""
    for rule in rules:
        told = spec_report.severities_of(rule).items()
        others = ", ".join(
            f"{name} {other}" for name, other in told if other != rule.severity.label
        )
        reference = f"{rule.severity.label:<8} {rule.id:<42} {rule.reference:<26}"
        out.write(f"{reference} {rule.title}{f' ({others})' if others else ''}\n")


def write_spec_profiles(profiles: Iterable[SpecProfile], out: TextIO) -> None:
    """A line a spec profile, name and description, then a line a switch."""
    for profile in profiles:
        out.write(f"{profile.name:<9} {profile.description}\n")
    out.write('\nSwitches: --switch NAME, or switches = ["NAME"] in a profile\n')
    for name, description in spec_report.switches_told():
        out.write(f"{name:<15} {description}\n")


def write_spec_profile(profile: SpecProfile, out: TextIO) -> None:
    """One spec profile: what it is made of, a line an entry."""
    for line in spec_report.lines(profile):
        out.write(escape(line, 2000) + "\n")


def write_transmissions(transmissions: Iterable[Transmission], out: TextIO) -> None:
    """A line a transmission profile: name and description."""
    for transmission in transmissions:
        out.write(f"{transmission.name:<9} {transmission.description}\n")


def write_transmission(transmission: Transmission, out: TextIO) -> None:
    """One transmission profile: its parameters, and the timers that follow, a line each."""
    entry = report.transmission_entry(transmission)
    out.write(escape(f"{entry['name']}: {entry['description']}".rstrip(": ")) + "\n")
    severity = "errors" if entry["strict"] else "warnings"
    out.write(f"A breach of these parameters: {severity}\n")
    out.write("\nParameters\n")
    for line in entry["parameters"]:
        out.write(_timing_line(line, line["unit"], line["meaning"]))
    out.write("\nTimers that follow\n")
    for line in entry["timers"]:
        out.write(_timing_line(line, "s", line["meaning"]))
        out.write(f"    = {line['formula']}\n")


def _timing_line(line: dict[str, Any], unit: str, meaning: str) -> str:
    value = f"{line['value']:.9f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")
    return f"  {line['name']:<22}{value:>8}  {line['clause'] or 'msgshark':<15} {meaning}\n"
