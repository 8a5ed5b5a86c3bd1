# SPDX-License-Identifier: GPL-2.0-only
"""Which means is chosen by rights, and what a user without them is told."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from analyzer.recording import devices, interfaces, libpcap, means, programs, ways
from analyzer.recording.interfaces import NetworkInterface
from analyzer.recording.ways import Way
from analyzer.recording.wish import Means, RecordingError, RightsError, Wish

YES, NO = Way(True, "CAP_NET_RAW is effective"), Way(False, "no CAP_NET_RAW", "use dumpcap")
DUMPCAP = Way(True, "/usr/bin/dumpcap, setuid root")
NO_DUMPCAP = Way(False, "/usr/bin/dumpcap is for the group wireshark", "sudo usermod -aG w anna")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what this machine gives."""

    def give(own: Way, dumpcap: Way, has_libpcap: bool = True) -> None:
        monkeypatch.setattr(means, "packet_sockets", lambda rights: own)
        monkeypatch.setattr(means, "dumpcap", lambda rights, starts: dumpcap)
        monkeypatch.setattr(means, "_has_libpcap", lambda: has_libpcap)

    return give


@pytest.mark.parametrize(
    ("own", "dumpcap", "has_libpcap", "expected"),
    [
        (YES, DUMPCAP, True, Means.OWN),
        (YES, NO_DUMPCAP, True, Means.OWN),
        (NO, DUMPCAP, True, Means.DUMPCAP),
        (YES, DUMPCAP, False, Means.DUMPCAP),
        (YES, NO_DUMPCAP, False, Means.SCAPY),
    ],
)
def test_the_best_there_is(
    machine: Any, own: Way, dumpcap: Way, has_libpcap: bool, expected: Means
) -> None:
    machine(own, dumpcap, has_libpcap)
    assert means.chosen(Wish(("lo",))) is expected


def test_none(machine: Any) -> None:
    machine(NO, NO_DUMPCAP)
    with pytest.raises(RightsError) as refused:
        means.chosen(Wish(("lo", "eth0")))
    assert str(refused.value) == (
        "lo and eth0 may not be captured on: this process has no CAP_NET_RAW, and /usr/bin/dumpcap "
        "is for the group wireshark; do: sudo usermod -aG w anna"
    )
    machine(NO, Way(False, "not installed", ""))
    with pytest.raises(RightsError, match="and dumpcap is not installed; do: use dumpcap"):
        means.chosen(Wish(("lo",)))


@pytest.mark.parametrize("asked", Means)
def test_what_was_asked_for_or_nothing(machine: Any, asked: Means) -> None:
    machine(YES, DUMPCAP)
    assert means.chosen(Wish(("lo",), means=asked)) is asked
    machine(NO, NO_DUMPCAP)
    with pytest.raises(RightsError, match=f"--recorder {asked} cannot be used: "):
        means.chosen(Wish(("lo",), means=asked))


def test_sudo_is_for_record_and_never_for_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "is_root", lambda: False)
    monkeypatch.setattr(ways, "own_program", lambda: "/a folder/msgshark")
    told = ways.other_ways(Wish(("lo", "eth 0")))
    assert "sudo '/a folder/msgshark' record -i lo -i 'eth 0' -w FILE" in told
    assert "setcap" not in told
    monkeypatch.setattr(ways, "is_root", lambda: True)
    assert "sudo" not in ways.other_ways(Wish(("lo",)))


def test_the_path_of_the_command_that_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "msgshark"
    program.touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "check"])
    assert programs.own_program() == str(program)
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert programs.own_program() == "msgshark"


# Interfaces -------------------------------------------------------------------------------------


def test_interfaces_of_libpcap_are_those_of_the_system() -> None:
    found = {interface.name: interface for interface in interfaces.interfaces()}
    assert set(devices.of_system()) <= set(found)
    loopback = found["lo"]
    assert (loopback.loopback, loopback.up, loopback.link_type_name) == (True, True, "Ethernet")
    assert "127.0.0.1" in loopback.addresses
    assert len({interface.number for interface in found.values()}) == len(found)


def test_without_libpcap(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise RecordingError("libpcap is not installed")

    monkeypatch.setattr(interfaces, "binding", missing)
    found = interfaces.interfaces()
    assert [interface.name for interface in found] == [*devices.of_system(), "any"]
    assert [interface.number for interface in found] == list(range(1, len(found) + 1))
    assert {i.name: i for i in found}["lo"][3:7] == (1, True, True, True)


def test_by_name_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [NetworkInterface(1, "eth0"), NetworkInterface(2, "any"), NetworkInterface(7, "lo")]
    monkeypatch.setattr(interfaces, "interfaces", lambda: known)
    assert interfaces.resolved(["7", "eth0", "lo"]) == ("lo", "eth0")
    with pytest.raises(RecordingError, match=r"no interface 3; there are eth0, any, lo$"):
        interfaces.resolved(["3"])


def test_traffic_is_counted() -> None:
    packets, octets = interfaces.traffic("lo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(10):
            sender.sendto(bytes(100), ("127.0.0.1", 9))
    now = interfaces.traffic("lo")
    assert now[0] >= packets + 20  # sent, and received
    assert now[1] >= octets + 2000
    assert interfaces.traffic("any")[0] >= now[0]
    assert interfaces.traffic("no/such") == (0, 0)


def test_link_types_without_opening() -> None:
    assert interfaces.link_types(["lo", "any"]) == {1, 276}
    assert interfaces.link_types(["nosuch"]) == {None}
    assert libpcap.LINUX_SLL2 == devices.LINUX_SLL2
