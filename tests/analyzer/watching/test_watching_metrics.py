# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import socket
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from reports import HOSTILE
from rules.conversation import Conversation

from analyzer.session import Session
from analyzer.watching.metrics import LOOPBACK, Exporter, MetricsError, Place, served
from analyzer.watching.tally import BUCKETS, Tally

FIELD_DAY = Path(__file__).parents[3] / "captures" / "field-day.pcapng"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(place: Place) -> tuple[str, Samples]:
    """The text, and samples by name and labels, as Prometheus reads them."""
    with urllib.request.urlopen(f"http://{place}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return text, {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9464", Place("127.0.0.1", 9464)),
        (":9464", Place("127.0.0.1", 9464)),
        ("0.0.0.0:80", Place("0.0.0.0", 80)),
        ("[::1]:9464", Place("::1", 9464)),
    ],
)
def test_places(text: str, place: Place) -> None:
    assert Place.of(text) == place
    assert str(Place("::1", 1)) == "[::1]:1"


@pytest.mark.parametrize("text", ["", "x", "65536", "-1", "1.5", "host:", "host:x", "²", "1" * 99])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="write 9464 or HOST:9464"):
        Place.of(text)


def test_a_scrape_tells_what_was_read() -> None:
    session = Session()
    session.open([FIELD_DAY])
    tally = Tally(session)
    with served(Place(LOOPBACK, 0)) as exporter:
        _, before = scrape(exporter.place)
        assert not any(name.startswith("msgshark") for name, _ in before)
        exporter.tell(tally)
        for _ in session.read():
            exporter.add()
        text, samples = scrape(exporter.place)
    session.release()
    named = {name: value for (name, labels), value in samples.items() if not labels}
    assert named["msgshark_packets_total"] == 315
    assert named["msgshark_backlog_bytes"] == 0
    assert named["msgshark_response_time_seconds_count"] == sum(tally.figures().times.counts) > 100
    assert named["msgshark_last_packet_timestamp_seconds"] == pytest.approx(
        (session.last_time or 0) / 1e9
    )
    exchanges = {state: n for (name, state), n in samples.items() if name == "msgshark_exchanges"}
    assert exchanges[(("state", "unanswered"),)] == 1
    assert sum(exchanges.values()) == len(session.exchanges)
    assert samples["msgshark_lost_packets_total", (("where", "file"),)] == 0
    found = {rule: n for (name, rule), n in samples.items() if name == "msgshark_findings_total"}
    assert sum(found.values()) == len(session.findings)
    buckets = [n for (name, _), n in samples.items() if name.endswith("_seconds_bucket")]
    assert buckets == sorted(buckets)
    assert len(buckets) == len(BUCKETS) + 1
    assert "meter-" not in text  # field day's UEs


def test_names_from_packets_are_no_labels(tmp_path: Path) -> None:
    talk = Conversation()
    for name in HOSTILE:
        path = name.encode("utf-8", "surrogatepass")
        talk.con("POST", options=[(11, path)], payload=path).raw(path).wait(300)
    capture = tmp_path / "hostile.pcap"
    capture.write_bytes(talk.pcap())
    session = Session()
    session.open([capture])
    exporter = Exporter()
    exporter.tell(Tally(session))
    session.read_all()
    session.release()
    exporter.add()
    for metric in exporter.collect():
        for sample in metric.samples:
            assert all(
                value.isascii()
                and value.replace("-", "").replace(".", "").replace("_", "").isalnum()
                for label, value in sample.labels.items()
                if label != "le"
            )


def test_a_scrape_while_another_thread_reads_is_whole() -> None:
    session = Session()
    session.open([FIELD_DAY])
    exporter = Exporter()
    exporter.tell(Tally(session))
    errors: list[Exception] = []
    done = threading.Event()

    def collect() -> None:
        try:
            while not done.is_set():
                for metric in exporter.collect():
                    assert metric.samples or metric.name
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=collect)
    thread.start()
    for _ in session.read(1):
        exporter.add()
    done.set()
    thread.join()
    exporter.tell(None)
    session.release()
    assert errors == []
    assert list(exporter.collect()) == []


def test_a_port_that_is_taken_says_so() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MetricsError, match="already in use"), served(Place(LOOPBACK, port)):
            pass


def test_the_port_is_free_again_afterwards() -> None:
    with served(Place(LOOPBACK, 0)) as exporter:
        place = exporter.place
    with served(place) as again:
        assert again.place == place


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with (
        pytest.raises(MetricsError, match=r"pip install 'msgshark\[metrics\]'"),
        served(Place(LOOPBACK, 0)),
    ):
        pass
