# SPDX-License-Identifier: GPL-2.0-only
"""A bad and a good conversation of each rule, read as any capture is read.

They are written from tests/analyzer/rules/examples, where each is proved to break its rule or to
keep it. A rule of another package has none.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from analyzer import ladders
from analyzer.findings import Finding
from analyzer.ladders import Ladder
from analyzer.profiles import reading
from analyzer.profiles.spec import SpecProfile
from analyzer.profiles.spec_reading import shipped
from analyzer.profiles.transmission import DEFAULT, SECOND
from analyzer.report import worst_first
from analyzer.rules.catalogue import Rule, load
from analyzer.session import Session
from analyzer.settings import Settings

if TYPE_CHECKING:
    from analyzer.secrets.model import Secrets

_START: Final = 1_700_000_000 * SECOND
_NANOSECONDS: Final = 0xA1B23C4D  # magic of pcap files with these
_LONGEST: Final = 1 << 18


class Packet(NamedTuple):
    """`time` in ns since the first packet; `length` on the wire, of which `data` was captured."""

    time: int
    data: bytes
    length: int

    @classmethod
    def of(cls, entry: Sequence[Any]) -> Self:
        """From time, bytes in hex, and the length where not all was captured."""
        time, digits, *length = entry
        data = bytes.fromhex(digits)
        return cls(time, data, *(length or [len(data)]))


class Conversation(NamedTuple):
    """What was captured on one interface, in the order of the file."""

    link_type: int
    packets: tuple[Packet, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        return cls(entry["link_type"], tuple(map(Packet.of, entry["packets"])))

    def pcap(self) -> bytes:
        """The capture file, with nanoseconds."""
        file = struct.pack("<IHHiIII", _NANOSECONDS, 2, 4, 0, 0, _LONGEST, self.link_type)
        for packet in self.packets:
            seconds, rest = divmod(_START + packet.time, SECOND)
            file += struct.pack("<IIII", seconds, rest, len(packet.data), packet.length)
            file += packet.data
        return file


class Example(NamedTuple):
    """`bad` breaks the rule, `good` is the same done right; `options` are those of the command
    line under which it is so, by name: `{"spec_profile": "rel17"}`; `transmission`,
    `registration_path`, `server_uri` and `oscore_file` are the others."""

    bad: Conversation
    good: Conversation
    options: Mapping[str, str] = {}

    @property
    def command_line(self) -> str:
        """`--spec-profile rel17`; nothing where it takes no option."""
        named = ((f"--{name.replace('_', '-')}", value) for name, value in self.options.items())
        return " ".join(f"{option} {value}" for option, value in named)


class Illustration(NamedTuple):
    """A conversation as it was judged: all its messages in one ladder, which tells of the rule
    alone, and the first breach of the rule, if there is one."""

    session: Session
    ladder: Ladder
    finding: Finding | None


def example(rule: str) -> Example | None:
    """The example of a rule, by its id; None where it has none."""
    for file in resources.files("analyzer.rules").joinpath("examples").iterdir():
        text = file.read_text(encoding="utf-8")
        if f'"{rule}":' in text:
            entry = json.loads(text)[rule]
            bad, good = Conversation.of(entry["bad"]), Conversation.of(entry["good"])
            return Example(bad, good, entry.get("options", {}))
    return None


@contextmanager
def judged(conversation: Conversation, options: Mapping[str, str]) -> Iterator[Session]:
    """A session that has read a conversation, under options of the command line. Raises OSError
    where no temporary file can be written."""
    session = Session(_settings(options))
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path = os.path.join(folder, "example.pcap")
        with open(path, "wb") as file:
            file.write(conversation.pcap())
        try:
            session.open([path])
            session.read_all()
            yield session
        finally:
            session.release()


def _settings(options: Mapping[str, str]) -> Settings:
    profile, transmission = options.get("spec_profile"), options.get("transmission")
    return Settings(
        registration_path=options.get("registration_path", ""),
        server_uri=options.get("server_uri", ""),
        profile=shipped(profile) if profile else SpecProfile(),
        timers=reading.load(transmission) if transmission else DEFAULT,
        secrets=_secrets() if "oscore_file" in options else None,
    )


def _secrets() -> Secrets:
    """The OSCORE context of the test vectors of RFC 8613 C.1, with which examples are protected."""
    from analyzer.secrets.model import Secrets
    from analyzer.secrets.oscore_context import Context

    secret, salt = bytes(range(1, 17)), bytes.fromhex("9e7ca92223786340")
    return Secrets(oscore=(Context("RFC 8613 C.1", secret, salt, b"", b"\x01"),))


@contextmanager
def illustrated(
    rule: Rule, conversation: Conversation, options: Mapping[str, str]
) -> Iterator[Illustration]:
    """A conversation, judged and drawn. What never came is told where the rule is about that.
    Raises OSError as `judged` does."""
    with judged(conversation, options) as session:
        found = [finding for finding in session.findings if finding.rule.id == rule.id]
        ladder = ladders.whole(session, found)
        if not rule.absence or rule.spec == "capture":
            ladder = ladder._replace(endings=())
        yield Illustration(session, ladder, worst_first(found)[0] if found else None)


class Explanation(NamedTuple):
    """A rule with its example, judged and drawn; None where there is none, or nowhere to read it
    from. `follows` are rules whose breach a breach of this one explains."""

    rule: Rule
    follows: Sequence[Rule] = ()
    example: Example | None = None
    bad: Illustration | None = None
    good: Illustration | None = None


@contextmanager
def explained(rule: Rule) -> Iterator[Explanation]:
    """A rule explained; its conversations can be read while the context lasts."""
    follows = [other for other in load().values() if rule.id in other.causes]
    plain = Explanation(rule, follows, example(rule.id))
    with ExitStack() as stack:
        if plain.example is not None:
            try:
                bad, good = (
                    stack.enter_context(illustrated(rule, conversation, plain.example.options))
                    for conversation in (plain.example.bad, plain.example.good)
                )
            except OSError:  # no folder takes a temporary file
                pass
            else:
                plain = plain._replace(bad=bad, good=good)
        yield plain
