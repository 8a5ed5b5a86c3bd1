# SPDX-License-Identifier: GPL-2.0-only
"""Fuzz one target, guided by coverage: `python tests/fuzz TARGET --seconds 600 --work FOLDER`.

Needs atheris (`pip install -e ".[fuzz]"`). What it finds interesting is kept in the work folder;
an input that fails is written there and ends the run. `--adopt FOLDER` then takes into the corpus
the smallest of its inputs that reach code no other does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
PATHS = (TESTS.parent, TESTS, TESTS / "dissectors", TESTS / "analyzer")
sys.path[:0] = [str(path) for path in PATHS]

MAX_LENGTH = {
    **{"records": 2048, "link": 256, "options": 512, "layers": 512},
    **{"associations": 128, "oscore": 128, "protected": 128},
}
"""Bytes of an input at most: enough for what the target tells apart. 1024 unless listed."""


def arguments() -> argparse.Namespace:
    from fuzz.targets import NAMES

    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz (60)")
    parser.add_argument("--work", type=Path, help="folder for what is found")
    parser.add_argument("--adopt", type=Path, help="folder with inputs to take into the corpus")
    return parser.parse_args()


def fuzz(name: str, seconds: int, work: Path) -> None:
    """Never returns: libFuzzer ends the process, with 77 or so where an input failed."""
    import atheris

    with atheris.instrument_imports(include=["dissectors", "analyzer"]):
        from fuzz.targets import target

        run = target(name)
    work.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_LENGTH.get(name, 1024)}",
        f"-artifact_prefix={work}/failed-",
        "-timeout=20",
        "-print_final_stats=1",
    ]
    folders = [str(work), str(TESTS / "fuzz" / "corpus" / name)]
    atheris.Setup([sys.argv[0], *options, *folders], run)
    atheris.Fuzz()


def main() -> None:
    given = arguments()
    if given.adopt:
        from fuzz.corpus import adopt

        print(f"{adopt(given.target, given.adopt)} inputs in the corpus of {given.target}")
        return
    fuzz(given.target, given.seconds, given.work or Path("fuzz-work") / given.target)


if __name__ == "__main__":
    main()
