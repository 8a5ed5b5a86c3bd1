# SPDX-License-Identifier: GPL-2.0-only
"""msgshark in Python: the README's lines run, settings and words are the command line's."""

from __future__ import annotations

import doctest
import inspect
import random
import re
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from rules.conversation import Conversation

import analyzer
from analyzer import CaptureError, cli, open_capture
from analyzer.live_options import captures_live
from dissectors import CoAP, RegistrationRequest

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "captures"
FIELD_DAY = CAPTURES / "field-day.pcapng"
SECTION = re.search(r"\n## In Python\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)


def readme_blocks() -> list[str]:
    assert SECTION
    return re.findall(r"```python\n(.*?)```", SECTION[1], re.DOTALL)


# README ---------------------------------------------------------------------------------------


def test_the_session_in_readme_shows_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    session = readme_blocks()[0]
    test = doctest.DocTestParser().get_doctest(session, {}, "README", "README.md", 0)
    told: list[str] = []
    result = doctest.DocTestRunner().run(test, out=told.append)
    assert result.attempted == 6
    assert not result.failed, "".join(told)


def run_pytest(folder: Path, recipe: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_recipe.py").write_text(recipe)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    return subprocess.run(
        [*command, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_the_recipe_in_readme_passes_and_fails_with_the_reason(tmp_path: Path) -> None:
    recipe = readme_blocks()[1]
    done = run_pytest(tmp_path, recipe)
    assert done.returncode == 0, done.stdout
    done = run_pytest(tmp_path, recipe.replace("registration.pcapng", "field-day.pcapng"))
    assert done.returncode == 1
    assert "Registration sent with PUT" in done.stdout


def test_the_section_is_short() -> None:
    assert SECTION
    assert len(SECTION[0].strip().splitlines()) <= 30 + 1  # the next heading


# Contract -------------------------------------------------------------------------------------


def test_importing_the_package_loads_nothing() -> None:
    script = "import sys, analyzer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = {name for name in done.stdout.split() if name.startswith(("analyzer", "dissectors"))}
    assert loaded == {"analyzer"}


def test_what_is_public() -> None:
    assert set(analyzer.__all__) <= set(dir(analyzer))
    with pytest.raises(AttributeError, match="open_captures"):
        analyzer.open_captures  # noqa: B018


@click.command()
@captures_live
def live(**options: object) -> None:
    """Takes what is captured live."""


def _options(command: click.Command) -> dict[str, object]:
    """Defaults of the options of a command, by their long names."""
    return {
        option.opts[-1].lstrip("-").replace("-", "_"): option.default
        for option in command.params
        if isinstance(option, click.Option)
    }


def test_settings_are_those_of_the_command_line() -> None:
    parameters = {name: p.default for name, p in _keywords().items()}
    options = _options(cli.msgshark.commands["messages"])
    options["ports"] = options.pop("d")
    how_to_print = ("format", "e", "E", "V", "x", "frames", "display_filter")
    files = ("r", "follow", "spool_size", "o")
    for unasked in (*how_to_print, *files, *_options(live)):  # ... and what is no file yet
        del options[unasked]
    assert {name: value or None for name, value in parameters.items()} == {
        name: value if isinstance(value, str) and value else None for name, value in options.items()
    }


def _keywords() -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(open_capture).parameters
    return {n: p for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}


def test_settings_reach_the_judge() -> None:
    with open_capture(FIELD_DAY, ignore="COAP-*") as less:
        assert less.ignored > 0
        assert not less.findings["rule"].str.starts_with("COAP-").any()
    with open_capture(FIELD_DAY, ignore=["COAP-*", "MSG-*"], spec_profile="rel18") as none:
        assert none.findings.is_empty()
        assert repr(none).endswith("field-day.pcapng: no findings>")


def test_what_is_switched_on(tmp_path: Path) -> None:
    path = tmp_path / "onem2m.pcap"
    path.write_bytes(Conversation().con("GET", options=[(283, b"r1")]).ack("2.05").pcap())
    unknown = "COAP-7252-5.4.1-CRIT-UNKNOWN"
    for switch, known in (((), False), ("onem2m", True), (["ocf", "onem2m"], True)):
        with open_capture(path, switch=switch) as capture:
            assert (unknown not in capture.findings["rule"]) is known
            assert capture.coap(1).values("oneM2M-RQI") == ["r1"]


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"spec_profile": "rel19"}, ["--spec-profile", "rel19"]),
        ({"transmission": "nbiot"}, ["--transmission", "nbiot"]),
        ({"transmission": "no/such.toml"}, ["--transmission", "no/such.toml"]),
        ({"ignore": "COAP-NONE"}, ["--ignore", "COAP-NONE"]),
        ({"switch": "lwm2"}, ["--switch", "lwm2"]),
        ({"spec_profile": "onem2m"}, ["--spec-profile", "onem2m"]),
    ],
)
def test_wrong_settings_are_told_in_the_same_words(
    settings: dict[str, Any], arguments: list[str]
) -> None:
    with pytest.raises(CaptureError) as refused:
        open_capture(FIELD_DAY, **settings)
    told = CliRunner().invoke(cli.msgshark, ["check", *arguments, str(FIELD_DAY)]).output
    assert str(refused.value) in " ".join(told.split())


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none(port: int) -> None:
    with pytest.raises(CaptureError, match=f"port {port} is none"):
        open_capture(FIELD_DAY, ports=[port])


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    text = tmp_path / "a.pcap"
    text.write_text("no capture\n" * 9)
    for path in (text, tmp_path / "none", tmp_path):
        with pytest.raises(CaptureError) as refused:
            open_capture(path)
        told = CliRunner().invoke(cli.msgshark, ["check", str(path)]).output
        assert str(refused.value) in told
    with pytest.raises(CaptureError, match="no capture is named"):
        open_capture([])


# Tables and packets ---------------------------------------------------------------------------


def test_several_files_are_one_capture() -> None:
    both = [CAPTURES / "registration.pcapng", str(FIELD_DAY)]
    alone = [len(open_capture(path).messages) for path in both]
    capture = open_capture(iter(both))
    assert len(capture.messages) == sum(alone)
    assert capture.messages is capture.messages


def test_a_packet_is_whole_and_knows_its_time() -> None:
    with open_capture(FIELD_DAY) as capture:
        packet = capture.packet(13)
        row = capture.messages.filter(frame=13).row(0, named=True)
        assert isinstance(packet[CoAP].payload, RegistrationRequest)
        assert packet[CoAP].message_id == capture.coap(13).message_id == row["message_id"]
        assert (len(packet), packet.wirelen) == (row["length"], row["length"])
        assert float(packet.time) == row["time"].replace(tzinfo=UTC).timestamp()


def test_a_message_on_another_port_is_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "other.pcap"
    talk = Conversation(server="192.0.2.2:9999").con("GET", path="/a").ack("2.05", payload=b"1")
    path.write_bytes(talk.pcap())
    capture = open_capture(path, ports=[9999])
    assert capture.coap(1).values("Uri-Path") == ["a"]
    assert bytes(capture.coap(2).payload) == b"1"


def test_member_names_of_the_profile_reach_the_layer(tmp_path: Path) -> None:
    profile, path = tmp_path / "own.toml", tmp_path / "own.pcap"
    profile.write_text('[elements.ue_service_id]\naliases = ["subscriber"]\n')
    body = b'{"messageType": "REG", "subscriber": "a@b"}'
    talk = Conversation().con("POST", path="/r", payload=body, options=[(12, b"\x32")])
    path.write_bytes(talk.pcap())
    assert open_capture(path, spec_profile=profile).coap(1).payload.ue_service_id == "a@b"
    assert open_capture(path).coap(1).payload.ue_service_id is None


def test_a_frame_without_a_message_and_a_closed_capture() -> None:
    with open_capture(FIELD_DAY) as capture:
        pass
    with pytest.raises(CaptureError, match="frame 1 is gone"):
        capture.packet(1)
    with pytest.raises(CaptureError, match="no CoAP in frame 0"):
        capture.coap(0)
    assert len(capture.findings) > 0


@pytest.mark.parametrize("seed", range(8))
def test_hostile_packets_raise_nothing(tmp_path: Path, seed: int) -> None:
    """Damage in every other packet; the walk and the layers see the same message."""
    data = bytearray((CAPTURES / "coap-tour.pcapng").read_bytes())
    rolled = random.Random(seed)
    for _ in range(400):
        data[rolled.randrange(400, len(data))] = rolled.randrange(256)
    path = tmp_path / "damaged.pcapng"
    path.write_bytes(data)
    with open_capture(path) as capture:
        assert len(capture.exchanges) + len(capture.findings) > 0
        for frame, length in capture.messages.select("frame", "payload_length").iter_rows():
            packet = capture.packet(frame)
            assert len(bytes(packet)) > 0
            assert len(capture.coap(frame).message.payload) == length
