# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.annotations.hosts import HostsError, read
from analyzer.cli import msgshark


def test_names_as_in_a_hosts_file_and_with_equals_signs(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(
        "\ufeff# ours\n127.0.0.1\tlocalhost local # loopback\n\n2001:0DB8::0001 gateway\n"
        "[2001:db8::2] = the other  gateway\r\nue-001@example = meter 12\nue#2@x = meter#2\n"
        "10.0.0.1 a=b\n"
    )
    assert read(path) == {
        "127.0.0.1": "localhost",
        "2001:db8::1": "gateway",
        "2001:db8::2": "the other gateway",
        "ue-001@example": "meter 12",
        "ue#2@x": "meter#2",
        "10.0.0.1": "a=b",
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, ": No such file or directory; give a file of names"),
        (b"10.0.0.1 a\n\xff", ":2: not UTF-8"),
        (b"10.0.0.1 a\n10.0.0.2\n", ":2: names nothing; write ADDRESS NAME, or UE = NAME"),
        (b"= a", ":1: names nothing"),
    ],
)
def test_a_bad_file_is_one_line_and_code_2(tmp_path: Path, data: bytes | None, why: str) -> None:
    path = tmp_path / "hosts"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(HostsError) as refusal:
        read(path)
    assert why in str(refusal.value)
    done = CliRunner().invoke(msgshark, ["open", "-H", str(path), "x.pcap"])
    assert done.exit_code != 0
    assert why in done.output


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_has_names_or_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(data)
    with suppress(HostsError):
        names = read(path)
        assert all(what and name and "\n" not in what + name for what, name in names.items())
