# SPDX-License-Identifier: GPL-2.0-only
"""What the options of live capture mean, and which mean nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from analyzer import cli, live_options
from analyzer.live_options import Live, captures_live
from analyzer.recording import filters, interfaces
from analyzer.recording.interfaces import NetworkInterface
from analyzer.recording.remote import RemoteRecording
from analyzer.recording.wish import LARGEST_SNAP, UNLIMITED, Limits, Means, RecordingError, Wish

FILE = str(Path(__file__).parents[2] / "captures" / "registration.pcapng")


def parsed(*words: str) -> Live | None:
    """What a command is given of these options; fails with their one line."""
    given: list[Any] = []

    @click.command()
    @captures_live
    def command(live: Live | None) -> None:
        given.append(live)

    done = CliRunner().invoke(command, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    live: Live | None = given[0]
    return live


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two interfaces, of Ethernet and of one that opening alone would tell."""
    found = [NetworkInterface(1, "eth0", link_type=1), NetworkInterface(2, "ppp0")]
    monkeypatch.setattr(interfaces, "interfaces", lambda: found)
    monkeypatch.setattr(interfaces, "link_types", lambda names: {1} if "eth0" in names else {None})


def wish(*words: str, ports: tuple[int, ...] = (), spool: int = 0) -> Wish:
    live = parsed(*words)
    assert live is not None
    return live.wish(ports, spool)


def test_nothing_live() -> None:
    assert parsed() is None


def test_every_letter() -> None:
    asked = "-i 1 -i ppp0 -f udp -s 96 -p -c 7 -a duration:1.5 -a filesize:10 -a files:2"
    asked += " -b packets:5 -b filesize:3 -b files:4 -w a.pcapng --recorder dumpcap"
    assert wish(*asked.split()) == Wish(
        ("eth0", "ppp0"),
        "udp",
        96,
        False,
        "a.pcapng",
        Limits(duration=1.5, filesize=10_000, files=2, packets=7),
        Limits(filesize=3000, files=4, packets=5),
        Means.DUMPCAP,
    )


def test_what_is_not_asked_for() -> None:
    plain = wish("-i", "eth0")
    assert plain == Wish(("eth0",), filters.default_filter([1]))
    assert (plain.snap_length, plain.stop, plain.rotate) == (LARGEST_SNAP, UNLIMITED, UNLIMITED)
    assert wish("-i", "eth0", "-f", "").filter == ""


def test_the_default_filter_has_the_ports_and_tunnels_asked_for() -> None:
    text = wish("-i", "eth0", "--tunnel", "gtp-u", ports=(9999,)).filter
    assert text == filters.default_filter([1], [9999], ["gtp-u"])
    assert "vlan" in text
    assert "vlan" not in wish("-i", "ppp0").filter


def test_a_spool_has_a_limit_and_a_file_none() -> None:
    assert wish("-i", "eth0", spool=500).stop.filesize == 500
    assert wish("-i", "eth0", "-a", "filesize:2", spool=500).stop.filesize == 2000
    assert wish("-i", "eth0", "-w", "a", spool=500).stop == UNLIMITED
    assert wish("-i", "eth0", "-b", "filesize:2", "-b", "files:2", spool=500).stop == UNLIMITED


def test_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    live = parsed("--ssh", "anna@gw", "-i", "wlan7", "-c", "3", "--remote-sudo")
    assert live is not None
    monkeypatch.setattr(RemoteRecording, "start", lambda self: None)
    remote = live.start(live.wish((9999,)))
    assert isinstance(remote, RemoteRecording)
    assert remote.host == "anna@gw"
    assert remote.wish.interfaces == ("wlan7",)  # which this machine does not know
    assert "udp port 9999" in remote.wish.filter
    assert remote.wish.stop == Limits(packets=3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-f udp", "-f is for live capture; add -i IFACE"),
        ("-f=", "-f is for live capture"),
        ("-p", "-p is for live capture"),
        ("-s 5", "-s is for live capture"),
        ("-c 5", "-c is for live capture"),
        ("-w a", "-w is for live capture"),
        ("-b filesize:5", "-b is for live capture"),
        ("-a duration:5", "-a is for live capture"),
        ("--ssh gw", "--ssh is for live capture"),
        ("--tunnel gre", "--tunnel is for live capture"),
        ("--recorder own", "--recorder is for live capture"),
        ("-i eth0 -a hours:5", "'hours:5' is no limit; write duration:S|filesize:KB|files:N"),
        ("-i eth0 -a duration", "'duration' is no limit"),
        ("-i eth0 -a duration:0", "'duration:0' is no limit"),
        ("-i eth0 -a packets:1.5", "'packets:1.5' is no limit"),
        ("-i eth0 -a packets:-1", "'packets:-1' is no limit"),
        ("-i eth0 -b filesize:١", "'filesize:١' is no limit"),
        ("-i eth0 -b files:3", "add -b filesize:KB"),
        ("-i eth0 -a files:3", "add -b filesize:KB"),
        ("-i eth0 -w -", "a recording is a file"),
        ("-i eth0 -f udp --tunnel gre", "put the tunnel into -f"),
        ("-i eth0 --remote-sudo", "--remote-sudo is for --ssh"),
        ("-i eth0 --ssh=-oProxyCommand=x", "is no host"),
        ("-i eth0 -i lo --ssh gw", "takes one interface"),
        ("-i eth0 --ssh gw -b filesize:5", "not --ssh"),
        ("-i eth0 --ssh gw --recorder own", "not --ssh"),
        ("-i eth0 -s 300000", "not in the range"),
    ],
)
def test_what_means_nothing_says_what_to_write(words: str, told: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        parsed(*words.split())
    assert told in refused.value.format_message()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-i nosuch", "no interface nosuch; there are eth0, ppp0"),
        ("-i 9", "no interface 9"),
        ("-i eth0 -f udp.port==5683", "is no capture filter: "),
        ("-i eth0 -f host=1", "see pcap-filter"),
    ],
)
def test_what_there_is_not(words: str, told: str) -> None:
    with pytest.raises(RecordingError) as refused:
        wish(*words.split())
    assert told in str(refused.value)


@pytest.mark.parametrize("words", [["-i", "eth0", FILE], ["-i", "eth0", "--follow"]])
def test_files_and_interfaces_are_not_read_together(words: list[str]) -> None:
    done = CliRunner().invoke(cli.msgshark, ["check", *words])
    assert "-i captures live; leave out" in done.output


def test_every_command_that_captures_live_or_files_says_so() -> None:
    for name in ("open", "messages", "findings", "exchanges", "times", "check", "watch"):
        letters = {word for option in cli.msgshark.commands[name].params for word in option.opts}
        assert {"-i", "-f", "-s", "-p", "-c", "-a", "-b", "-w", "--ssh", "--follow"} <= letters
        taken = [word for option in cli.msgshark.commands[name].params for word in option.opts]
        assert len(taken) == len(set(taken))


def test_interfaces_are_completed() -> None:
    offered = live_options._interface_names(None, None, "")
    assert {"lo", "any"} <= {item.value for item in offered}
    assert [item.value for item in live_options._interface_names(None, None, "an")] == ["any"]
