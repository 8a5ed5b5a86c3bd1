# SPDX-License-Identifier: GPL-2.0-only
"""The HTML report as a browser takes it: our elements alone, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import HOSTILE, named, report
from rules.conversation import Conversation

from analyzer.baseline import read
from analyzer.session import Session
from analyzer.views.escape import escape
from analyzer.views.html.findings import MOST_ROWS
from analyzer.views.html.ladders import MOST_LADDERS, MOST_STEPS
from analyzer.views.html.markup import element
from analyzer.views.html.style import POLICY, SCRIPT, STYLE

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")

TAGS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title style body main script h1 h2 h3 p dl dt dd ul li b span code pre
        mark a article header div section table thead tbody tr th td label input output figure
        figcaption svg rect details summary""",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        """lang charset http-equiv content name class id href hidden type checked value placeholder
        aria-label aria-hidden role scope tabindex open viewbox preserveaspectratio x y width
        height""",
    )
)
VOID = {"meta", "input"}


class Page(HTMLParser):
    """What is in a page; `cards` are the texts of its findings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def assert_ours(self) -> None:
        """Elements and attributes are those the report makes, and nothing is loaded or run."""
        assert set(self.tags) <= TAGS
        assert {name for _, name, _ in self.attributes} <= ATTRIBUTES
        assert self.texts["style"] == [STYLE]
        assert self.texts["script"] == [SCRIPT]
        ids = [value for _, name, value in self.attributes if name == "id"]
        assert len(ids) == len(set(ids))
        targets = {value for _, name, value in self.attributes if name == "href"}
        assert targets <= {f"#{id}" for id in ids}


@pytest.fixture(scope="module")
def field_day() -> Session:
    session = Session()
    session.open([FIELD_DAY])
    session.read_all()
    return session


@pytest.fixture(scope="module")
def field_page(field_day: Session) -> Page:
    return Page(report("html", field_day))


def test_head_and_sums(field_day: Session, field_page: Page) -> None:
    assert field_page.texts["h1"] == ["msgshark check: failed"]
    heads = field_page.texts["h2"]
    assert heads == [
        "Messages over time",
        "Findings",
        "UEs",
        "Response times",
        "Exchanges with errors or warnings",
        "Rules",
    ]
    counts = field_day.findings.summary()
    assert field_page.texts["li"] == [
        f"{counts['error']}✖ errors",
        f"{counts['warning']}▲ warnings",
        f"{counts['note']}· notes",
        "0ignored",
        "315CoAP messages",
        "150exchanges",
    ]


def test_a_card_tells_what_the_text_tells(field_page: Page) -> None:
    first, second = field_page.texts["article"][:2]
    for told in (
        "✖ error",
        "frame 50",
        "exchange 23",
        "meter-0020@iot.example",
        "MSG-24538-6.3.1.1.1-METHOD",
        "TS 24.538 6.3.1.1.1",
        "Registration sent with PUT",
        "seen PUT; expected POST",
        "0000  44 03 4f",
        "Fix: Send the registration with code 0.02 (POST).",
    ):
        assert told in first
    assert field_page.texts["mark"][0] == "03"
    assert "Explained by✖ error frame 64, MSG-24538-6.3.1.1.1.a-NOT-CONFIRMABLE" in second


def test_every_exchange_with_an_error_or_warning_is_drawn(
    field_day: Session, field_page: Page
) -> None:
    field_page.assert_ours()
    wanted = {f.exchange for f in field_day.findings if f.severity > 1 and f.exchange}
    ids = {value for _, name, value in field_page.attributes if name == "id"}
    assert {f"exchange-{id}" for id in wanted} == {id for id in ids if id.startswith("exchange-")}
    linked = {value for _, name, value in field_page.attributes if name == "href"}
    assert {f"#exchange-{id}" for id in wanted} <= linked


def test_a_ladder_tells_times_copies_losses_and_findings() -> None:
    talk = Conversation().con("GET", path="/a", mid=7).wait(1.99).again().wait(100)
    talk.con().rst()
    (ladder,) = Page(report("html", talk.session())).texts["details"]
    for told in (
        "Exchange 1, GET, /a",
        "192.0.2.1:40000192.0.2.2:5683",
        "1 · 0.000000 s",
        "⋮ 2.000 s",
        "2 · 2.000000 s",
        "→ CON, MID:7, GET, /a, [Retransmission]",
        "COAP-7252-4.2-CON-UNANSWERED",
        "No ACK, no response within 93 s",
    ):
        assert told in ladder


def test_the_way_of_an_arrow_is_in_its_class() -> None:
    session = Conversation().con("GET", max_age=1).ack("2.05").session()
    arrows = [
        value
        for tag, name, value in Page(report("html", session)).attributes
        if (tag, name) == ("div", "class") and value.startswith("arrow")
    ]
    assert arrows == ["arrow right f0 t1", "arrow reply left f0 t1"]


def test_nothing_found() -> None:
    page = Page(report("html", Conversation().con("GET").ack("2.05").session()))
    page.assert_ours()
    assert page.texts["h1"] == ["msgshark check: passed"]
    assert "Nothing was found." in page.texts["p"]


def test_no_packets() -> None:
    session = Session()
    session.close()
    page = Page(report("html", session))
    page.assert_ours()
    assert "no packets" in page.texts["dd"]


def test_a_baseline_is_named(tmp_path: Path) -> None:
    session = Conversation().con("GET", max_age=1).ack("2.05").session()
    path = tmp_path / "known.json"
    path.write_text(report("json", session))
    page = Page(report("html", session, baseline=read(str(path))))
    assert "Nothing new was found." in page.texts["p"]
    assert str(path) in page.texts["dd"]
    assert "1known" in page.texts["li"]


# Hostile bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text(name: str) -> None:
    session = named(name, path="/" + name.encode("utf-8", "replace").decode())
    text = report("html", session)
    page = Page(text)
    page.assert_ours()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufffe]", text)
    text.encode()
    ues = {session.ue_of(finding) for finding in session.findings} - {""}
    assert {escape(ue, 80) for ue in ues} <= set(page.texts["code"])


def test_credentials_stay_hidden() -> None:
    secret = "k3y-of-the-meter"
    body = {"Message Type": "REG", "UE Service ID": 5, "UE Credential Information": secret}
    talk = Conversation().con("POST", path="/reg", payload=json.dumps(body).encode()).ack("2.05")
    text = report("html", talk.session())
    assert "MSG-24538" in text
    assert secret not in text
    assert secret.encode().hex(" ")[:20] not in text


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_content_or_the_value_of_an_attribute(content: str, value: str) -> None:
    page = Page(element("p", content, title=value))
    assert page.tags == ["p"]
    assert page.texts["p"] == [escape(content)]
    assert page.attributes == [("p", "title", escape(value))]


def test_nothing_is_loaded() -> None:
    """The policy forbids it, and there is nothing to forbid."""
    assert POLICY.startswith("default-src 'none'; ")
    assert "unsafe" not in POLICY
    for source in (STYLE, SCRIPT):
        assert not re.search(r"url\(|@import|https?:|//|fetch|innerHTML|eval", source)


# Bounds -----------------------------------------------------------------------------------------


def test_rows_are_bounded() -> None:
    talk = Conversation()
    for number in range(MOST_ROWS + 5):
        source = f"192.0.{number >> 7}.{(number & 127) + 1}:40000"
        talk.con("POST", payload=b"x", max_age=60, source=source)
    session = talk.session()
    text = report("html", session, alone=True)
    page = Page(text)
    page.assert_ours()
    assert len(page.texts["article"]) == MOST_ROWS
    assert f"{len(session.findings) - MOST_ROWS:,} more; --format json lists all." in text
    assert len(page.texts["details"]) == MOST_LADDERS
    assert "more; msgshark exchanges --format ladder has all." in text
    assert len(text) < 4_000_000


def test_a_long_exchange_is_cut() -> None:
    talk = Conversation().con("GET", path="/a", observe=0, max_age=1, token=b"a")
    talk.ack("2.05", observe=1)
    for number in range(2, 70):
        talk.non("2.05", by="server", observe=number, token=b"a")
    page = Page(report("html", talk.session()))
    (ladder,) = page.texts["details"]
    assert f"{70 - MOST_STEPS} more messages" in ladder
    assert ladder.count("→") + ladder.count("←") == MOST_STEPS


def test_many_endpoints_share_a_lane() -> None:
    talk = Conversation().non(
        "GET", path="/a", destination="224.0.1.187:5683", token=b"m", block2=0
    )
    for number in range(1, 12):
        talk.non(
            "2.05",
            source=f"192.0.2.{100 + number}:5683",
            destination="192.0.2.1:40000",
            token=b"m",
            max_age=[b"\1", b"\2"],
        )
    page = Page(report("html", talk.session()))
    page.assert_ours()
    assert any("others" in ladder for ladder in page.texts["details"])


# In a browser -----------------------------------------------------------------------------------

in_a_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


def browse(page: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Open a page in a browser without a screen, as any user and where shared memory is small."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    switches = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--enable-logging=stderr", f"--user-data-dir={folder}/profile"),
    )
    done = subprocess.run(
        [str(BROWSER), *switches, *arguments, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


@in_a_browser
def test_a_browser_has_nothing_to_say(field_day: Session, tmp_path: Path) -> None:
    """The style and the script are what the policy allows, and the script does its work."""
    done = browse(report("html", field_day), tmp_path, "--dump-dom")
    assert "CONSOLE" not in done.stderr
    assert '<button type="button">' in done.stdout
    assert '<div class="filter">' in done.stdout


@in_a_browser
def test_a_printed_page_holds_everything_and_no_controls(
    field_day: Session, field_page: Page, tmp_path: Path
) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    sheet = tmp_path / "report.pdf"
    browse(report("html", field_day), tmp_path, f"--print-to-pdf={sheet}")
    texts = []
    for page in pdfium.PdfDocument(sheet):
        width, height = page.get_size()
        text = page.get_textpage()
        for index in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(index)
            assert 0 <= left < right <= width
            assert 0 <= bottom < top <= height
        texts.append(re.sub(r"\s+", "", text.get_text_range()))
    printed = "".join(texts)
    for tag in ("h2", "th", "h3", "summary"):  # ladders are open
        for told in field_page.texts[tag]:
            assert re.sub(r"\s+", "", told) in printed, told
    assert "→CON,MID:20433,PUT" in printed
    assert "UE,rule,text" not in printed
