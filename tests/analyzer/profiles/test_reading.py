# SPDX-License-Identifier: GPL-2.0-only
"""Transmission profiles as files: those that come with msgshark, the user's own, and refusals."""

from __future__ import annotations

import json
import tomllib
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.profiles.reading import SHIPPED, ProfileError, load, read, schema
from analyzer.profiles.toml import MOST_BYTES
from analyzer.profiles.transmission import DEFAULT, LONGEST, TIMERS, Transmission, parameters

ROOT = Path(__file__).parents[3]


def parameters_of(transmission: Transmission) -> dict[str, float]:
    return {p.name: getattr(transmission, field) for field, p in parameters().items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ours.toml"


def refusal(path: Path, text: str | bytes) -> str:
    """Why a file is refused, without its path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProfileError) as error:
        read(str(path))
    reason = str(error.value)
    assert reason.startswith(f"{path}:")
    assert "\n" not in reason
    return reason.removeprefix(f"{path}:")


def taken(path: Path) -> tuple[Transmission | None, str]:
    """The profile in a file, or None and why it is refused."""
    try:
        return read(str(path)), ""
    except ProfileError as error:
        return None, str(error)


# Those that come with msgshark -----------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_that_comes_with_msgshark(name: str) -> None:
    """Its file is as a user's has to be, and the resource of the package is that file."""
    resource = files("analyzer.profiles") / f"{name}.toml"
    transmission = load(name)
    assert transmission == read(str(resource))
    assert transmission.name == name
    assert transmission.description
    assert "\n" not in transmission.description


def test_a_wheel_contains_what_profiles_are_read_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["analyzer.profiles"]
    folder = ROOT / "analyzer" / "profiles"
    data = [f.name for f in folder.iterdir() if f.suffix != ".py" and f.is_file()]
    assert {f"{name}.toml" for name in SHIPPED} | {"transmission.schema.json"} <= set(data)
    assert all(any(fnmatch(name, pattern) for pattern in patterns) for name in data)


def test_default_and_strict_are_the_parameters_of_the_rfc() -> None:
    assert parameters_of(load("default")) == parameters_of(load("strict")) == parameters_of(DEFAULT)
    assert [name for name in SHIPPED if load(name).strict] == ["strict"]


def test_slow_is_slower_and_fast_faster() -> None:
    for timer in ("max_transmit_wait", "exchange_lifetime", "non_lifetime"):
        lan, default, slow = (getattr(load(name), timer) for name in ("lan", "default", "nb-iot"))
        assert lan < default < slow


def test_the_schema_knows_the_parameters_there_are() -> None:
    known = schema()["properties"]["parameters"]["properties"]
    assert list(known) == [parameter.key for parameter in parameters().values()]
    for field, parameter in parameters().items():
        limits = known[parameter.key]
        assert limits["minimum"] <= getattr(DEFAULT, field) <= limits["maximum"]


# The user's own --------------------------------------------------------------------------------


def test_what_a_file_does_not_set_is_as_the_rfc_has_it(path: Path) -> None:
    path.write_text("[parameters]\nack_timeout = 15\nmax_retransmit = 2.0\n")
    expected = Transmission(ack_timeout_s=15, max_retransmit_count=2, name="ours")
    assert read(str(path)) == expected
    assert type(read(str(path)).max_retransmit_count) is int


@pytest.mark.parametrize("text", ["", "# nothing\n", "[parameters]\n", "parameters = {}\r\n"])
def test_an_empty_file_is_the_default(path: Path, text: str) -> None:
    path.write_text(text)
    assert read(str(path)) == DEFAULT._replace(name="ours")


def test_a_file_may_name_itself_and_be_strict(path: Path) -> None:
    path.write_text('name = "meters"\ndescription = "All of them"\nstrict = true\n')
    assert load(str(path)) == DEFAULT._replace(
        name="meters", description="All of them", strict=True
    )


def test_a_file_in_this_folder_needs_no_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("meters", "lan"):
        Path(name).write_text("[parameters]\nack_timeout = 7\n")
    assert load("meters").ack_timeout_s == load("./lan").ack_timeout_s == 7
    assert load("lan").ack_timeout_s == 0.5, "a name comes before a file"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.floats(limits["minimum"], limits["maximum"])
            if limits["type"] == "number"
            else st.integers(limits["minimum"], limits["maximum"])
            for key, limits in schema()["properties"]["parameters"]["properties"].items()
        },
    )
)
@settings(max_examples=50, deadline=None)
def test_what_is_taken_is_what_was_written_and_fits_64_bits(
    tmp_path_factory: pytest.TempPathFactory, given: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.toml"
    path.write_text(
        "[parameters]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in given.items())
    )
    transmission, reason = taken(path)
    if transmission is None:
        assert reason.endswith(" days long, a year is the most")
        return
    assert parameters_of(transmission) == parameters_of(DEFAULT) | {
        key.upper(): value for key, value in given.items()
    }
    assert all(0 <= timer.of(transmission) <= LONGEST for timer in TIMERS)


# Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-1", "-1"),
        ("0", "0"),
        ("0.0000001", "1e-07"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("1e400", "inf"),
        ("1e300", "1e+300"),
        ("9223372036854775807", "9223372036854775807"),
        ("0x" + "f" * 5000, "inf"),
        ("true", "true"),
        ('"2 s"', "'2 s'"),
        ("2020-01-01", "2020-01-01"),
        ("[2]", "an array"),
        ("{ s = 2 }", "a table"),
    ],
    ids=lambda value: value[:20],
)
def test_a_value_that_makes_no_sense(path: Path, value: str, shown: str) -> None:
    reason = refusal(path, f"[parameters]\nmax_latency = 5\nack_timeout = {value}\n")
    expected = "a number of seconds from 0.001 to 86400"
    assert reason == f"3: ack_timeout: {shown} is not {expected}"


@pytest.mark.parametrize("value", ["1000", "-1", "2.5", "nan"])
def test_a_count_that_makes_no_sense(path: Path, value: str) -> None:
    reason = refusal(path, f"[parameters]\nmax_retransmit = {value}\n")
    assert reason == f"2: max_retransmit: {value} is not a whole number from 0 to 20"


def test_a_factor_below_one(path: Path) -> None:
    reason = refusal(path, "[parameters]\nack_random_factor = 0.5\n")
    assert reason == "2: ack_random_factor: 0.5 is not a number from 1 to 10"


def test_values_that_make_no_sense_together(path: Path) -> None:
    """Each is within its limits; the timers that follow are not."""
    text = "[parameters]\nmax_latency = 5\nmax_retransmit = 20\nack_timeout = 86400\n"
    reason = refusal(path, text)
    assert reason.startswith("4: ack_timeout: 86400 makes MAX_TRANSMIT_SPAN ")
    path.write_text(text.replace("20", "2"))
    assert read(str(path)).max_retransmit_count == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[parameters]\nack_timout = 4", "2: ack_timout: unknown; did you mean ack_timeout?"),
        ("[parameters]\nACK_TIMEOUT = 4", "2: ACK_TIMEOUT: unknown; did you mean ack_timeout?"),
        ("ack_timeout = 4", "1: ack_timeout: belongs below [parameters]"),
        ("[parameter]", "1: parameter: unknown; did you mean parameters?"),
        ("parameters = 4", "1: parameters: 4 is not a table: [parameters]"),
        ('strict = "yes"', "1: strict: 'yes' is not true or false"),
        ("name = 5", "1: name: 5 is not 1 to 40 characters in quotes"),
        (
            "[parameters]\nexchange_lifetime = 300",
            "2: exchange_lifetime: cannot be set, it is MAX_TRANSMIT_SPAN + MAX_RTT",
        ),
    ],
)
def test_a_key_that_there_is_not(path: Path, text: str, reason: str) -> None:
    assert refusal(path, text) == reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('description = "nat_window = 0"\n[parameters]\n# nat_window\nnat_window = 0', 4),
        ("[parameters]\n'nat_window' = 0\nack_timeout = 0", 2),
        ("strict = true\nparameters.nat_window = 0", 2),
        ("\n\nparameters = { nat_window = 0 }", 3),
        ('\n[parameters]\n"nat\\u005fwindow" = 0', 3),
        ('description = """\nnat_window = 0\n"""\n[parameters]\r\nnat_window = 0', 5),
    ],
)
def test_the_line_of_a_key_is_told(path: Path, text: str, line: int) -> None:
    assert refusal(path, text).startswith(f"{line}: nat_window: 0 is not ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[parameters]\nack_timeout == 5\n", "2: not TOML: Invalid value (column 14)"),
        ("strict = true\n[parameters", "2: not TOML: Expected ']' at the end of a table "),
        ("strict = true\nstrict = true", "2: not TOML: Cannot overwrite a value "),
        (b"# ok\n# \xff", "2: not UTF-8"),
        (b"\0", "1: not TOML: "),
        ("a = " + "1" * 5000, " not TOML: a number of too many digits"),
        ("a = " + "[" * 3000, " nested too deep"),
        (".".join("a" * 9000) + " = 1", " nested too deep"),
        ("#" * (MOST_BYTES + 1), " larger than 64 KiB"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "bytes",
)
def test_a_file_that_is_no_profile(path: Path, text: str | bytes, reason: str) -> None:
    assert refusal(path, text).startswith(reason)


@given(st.text() | st.text("[]{}='\"\n.#1ae_ ", max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_does_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    transmission, reason = taken(path)
    assert transmission is not None or reason.startswith(f"{path}:")


def test_of_many_flaws_the_first_is_told(path: Path) -> None:
    text = "[parameters]\n" + "".join(f"a{number} = 1\n" for number in range(6000))
    assert refusal(path, text).startswith("2: a0: unknown; known: ack_timeout, ")
    assert refusal(path, "parameters.nat_window = 0\nx = 1\n").startswith("1: nat_window: 0 is not")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "no.toml", "No such file")):
        with pytest.raises(ProfileError, match=f"{path}: {reason}"):
            load(str(path))
    with pytest.raises(ProfileError, match="larger than 64 KiB"):
        load("/dev/zero")


@pytest.mark.parametrize(("wanted", "meant"), [("nbiot", "nb-iot"), ("Strict", "strict")])
def test_an_unknown_name_and_what_was_meant(wanted: str, meant: str) -> None:
    with pytest.raises(
        ProfileError, match=f"no transmission profile {wanted}; did you mean {meant}"
    ):
        load(wanted)


@pytest.mark.parametrize("wanted", ["", "qqq", "x" * 5000, "\0"], ids=["empty", "", "long", "nul"])
def test_an_unknown_name_lists_the_known(wanted: str) -> None:
    with pytest.raises(ProfileError, match="There are default, strict, nb-iot, lan"):
        load(wanted)
