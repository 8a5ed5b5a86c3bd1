# SPDX-License-Identifier: GPL-2.0-only
"""What a user prefers on the screen: declared once, read from a TOML file.

A file that is broken, wholly or in part, is no reason to stop: what can be used is used, and
`problems` say the rest. Commands without a screen never read it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from analyzer.colour_rules import MOST_RULES, Written
from analyzer.profiles.toml import Kind, ProfileError, nearest, read_document, shown
from analyzer.secrets.psk import may_be_key
from analyzer.views.times import TimeFormat

FILE: Final = "preferences.toml"


class Preference(NamedTuple):
    """One preference: the key in the file, its type in words, what it is where the file does not
    say, and what it means."""

    name: str
    type: str
    default: str
    help: str
    example: str
    """TOML that sets it."""


PREFERENCES: Final = (
    Preference(
        "theme",
        "text",
        "the one chosen last",
        "Colours of the screen: msgshark, msgshark-light, msgshark-high-contrast, or any of "
        "Textual's; the command palette shows them",
        'theme = "msgshark-light"',
    ),
    Preference(
        "time_format",
        "text",
        TimeFormat.RELATIVE.value,
        "How lists write times: " + ", ".join(TimeFormat),
        f'time_format = "{TimeFormat.ABSOLUTE}"',
    ),
    Preference(
        "colour_rules",
        "path",
        "no file",
        "A file of Wireshark's colour rules (colorfilters); those below come first",
        'colour_rules = "~/.config/wireshark/colorfilters"',
    ),
    *(
        Preference(
            f"{kind}_files",
            "path, or list of paths",
            "no file",
            f"{what} that are read besides those of --{kind}-file",
            f'{kind}_files = ["~/{example}"]',
        )
        for kind, what, example in (
            ("psk", "Files of pre-shared keys", "keys/ues.psk"),
            ("keylog", "Key logs", "keys/server.keys"),
            ("oscore", "Files of OSCORE contexts", "keys/contexts.toml"),
        )
    ),
    Preference(
        "keys",
        "table",
        "the keys of msgshark keys",
        "Other keys, by the names of msgshark keys; several with commas between",
        '[keys]\n"app.quit" = "q,f10"',
    ),
    Preference(
        "colours",
        "tables",
        "no rules",
        "Colours of packets by display filters, the first that passes wins. Colours are #rrggbb or "
        "names; what is left out stays as it is",
        '[[colours]]\nname = "Slow"\nfilter = "coap.response_time > 2"\n'
        'foreground = "#1c2733"\nbackground = "#f0b95f"',
    ),
)
"""In the order of the file, where tables come last."""

_NAMES: Final = tuple(preference.name for preference in PREFERENCES)
_KIND: Final = Kind("preferences", "preferences", (), "", "preferences")
_MOST_SAID: Final = 100


class Preferences(NamedTuple):
    """What a file says; `theme` and `colour_rules` are "" where it does not. `problems` are one
    line each, and not escaped."""

    path: str = ""
    theme: str = ""
    time_format: TimeFormat = TimeFormat.RELATIVE
    colour_rules: str = ""
    psk_files: tuple[str, ...] = ()
    keylog_files: tuple[str, ...] = ()
    oscore_files: tuple[str, ...] = ()
    keys: Mapping[str, str] = MappingProxyType({})
    colours: tuple[Written, ...] = ()
    problems: tuple[str, ...] = ()


def usual_path() -> Path:
    """Where the file lies; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path("msgshark", appauthor=False) / FILE


def load(path: str | None = None) -> Preferences:
    """The preferences in a file, or in the usual one if there is one. Never raises."""
    wanted = str(usual_path()) if path is None else path
    if path is None and not os.path.lexists(wanted):
        return Preferences()
    if not os.path.isfile(wanted):  # a pipe would be waited for
        reason = "is no file" if os.path.lexists(wanted) else "No such file or directory"
        return Preferences(wanted, problems=(f"{wanted}: {reason}",))
    try:
        document = read_document(wanted, _KIND, lambda document: ())
    except ProfileError as error:
        return Preferences(wanted, problems=(str(error),))
    return _taken(wanted, document)


class _RefusedError(Exception):
    """Why a value is not taken."""


def _taken(path: str, document: dict[str, Any]) -> Preferences:
    """What can be used of a document."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in document.items():
        take = _TAKE.get(name)
        if take is None:
            near = nearest(name, _NAMES)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(_NAMES)}"
            problems.append(f"no preference {_short(name)}; {hint}")
            continue
        try:
            values[name] = take(value, problems)
        except _RefusedError as refused:
            problems.append(f"{name}: {refused}")
    return Preferences(path, **values, problems=tuple(problems))


def _text(value: Any, problems: list[str]) -> str:
    if not isinstance(value, str):
        raise _RefusedError(f"{shown(value)} is no text")
    return value


def _time_format(value: Any, problems: list[str]) -> TimeFormat:
    text = _text(value, problems)
    if text not in list(TimeFormat):
        near = nearest(text, TimeFormat)
        hint = f"did you mean {near}? " if near else ""
        raise _RefusedError(f"no {_short(text)}; {hint}There are {', '.join(TimeFormat)}")
    return TimeFormat(text)


def _path(value: Any, problems: list[str]) -> str:
    return os.path.expanduser(_text(value, problems))


def _secret_files(value: Any, problems: list[str]) -> tuple[str, ...]:
    """Names of files; what may be a key is never shown."""
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise _RefusedError('no list of names; write ["FILE", "FILE"]')
    paths = tuple(map(os.path.expanduser, names))
    if any(may_be_key(path) and not os.path.exists(path) for path in paths):
        raise _RefusedError("it names files, and one of these may be a key; write that into a file")
    return paths


def _keys(value: Any, problems: list[str]) -> Mapping[str, str]:
    """Keys by binding; `app.quit` without quotes is a table in a table to TOML."""
    if not isinstance(value, dict):
        raise _RefusedError(f'{shown(value)} is no table; write [keys] and "app.quit" = "f10"')
    found = {}
    for name, keys in _flat(value, ""):
        if isinstance(keys, str) and keys.strip(", "):
            found[name] = keys
        else:
            problems.append(f"keys: {_short(name)}: {shown(keys)} is no key")
    return found


def _flat(table: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _colours(value: Any, problems: list[str]) -> tuple[Written, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _RefusedError("no tables; write [[colours]] before each rule")
    rules = []
    for number, table in enumerate(value[:MOST_RULES], 1):
        where = f"colours: rule {number}"
        unknown = [key for key in table if key not in Written._fields]
        for key in unknown:
            near = nearest(key, Written._fields) or ", ".join(Written._fields)
            problems.append(f"{where}: no {_short(key)}; did you mean {near}?")
        texts = {key: text for key, text in table.items() if isinstance(text, str)}
        problems += [
            f"{where}: {key}: {shown(other)} is no text"
            for key, other in table.items()
            if key not in texts and key not in unknown
        ]
        wanted = {key: text for key, text in texts.items() if key not in unknown}
        rule = Written(**{"name": f"rule {number}", "filter": "", **wanted})
        if not rule.filter.strip() or not (rule.foreground or rule.background):
            problems.append(f"{where}: name a filter, and a foreground or a background")
        else:
            rules.append(rule)
    return tuple(rules)


_TAKE: Final[dict[str, Callable[[Any, list[str]], Any]]] = {
    "theme": _text,
    "time_format": _time_format,
    "colour_rules": _path,
    "psk_files": _secret_files,
    "keylog_files": _secret_files,
    "oscore_files": _secret_files,
    "keys": _keys,
    "colours": _colours,
}


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SAID else text[:_MOST_SAID] + "…"


# Written ----------------------------------------------------------------------------------------


def commented() -> str:
    """A file that prefers nothing: each preference as a comment that says what it does."""
    head = f"Preferences of msgshark, its file {FILE}. Take away the # before what you want."
    parts = [_wrapped(head)]
    for preference in PREFERENCES:
        meaning = f"{preference.help} ({preference.type}; {preference.default})."
        lines = "\n".join(f"# {line}" for line in preference.example.splitlines())
        parts.append(f"{_wrapped(meaning)}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, 98, initial_indent="# ", subsequent_indent="# ")


def told(preferences: Preferences, name: str) -> str:
    """What a preference is now, in words."""
    value = getattr(preferences, name)
    if isinstance(value, Mapping):
        return ", ".join(f"{binding} = {keys}" for binding, keys in value.items())
    if isinstance(value, tuple):
        return ", ".join(
            one if isinstance(one, str) else f"{one.name}: {one.filter}" for one in value
        )
    return str(value)
