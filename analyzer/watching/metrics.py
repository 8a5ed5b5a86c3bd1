# SPDX-License-Identifier: GPL-2.0-only
"""Figures for Prometheus, over HTTP on a port of this machine.

Labels hold words that msgshark knows, rules and states, and nothing that came in a packet.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from analyzer.exchanges.model import State
from analyzer.profiles.transmission import SECOND
from analyzer.watching.tally import BUCKETS, Tally

if TYPE_CHECKING:
    from prometheus_client import Metric

    from analyzer.rules.catalogue import Severity
    from analyzer.watching.tally import Figures, Times

LOOPBACK: Final = "127.0.0.1"


class MetricsError(Exception):
    """Figures cannot be served; the one-line message says why and what to do next."""


class Place(NamedTuple):
    """Where to serve; `port` 0 is one that is free."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Of `9464`, `0.0.0.0:9464` or `[::1]:9464`. Raises ValueError."""
        host, _, port = text.rpartition(":")
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536):
            raise ValueError(f"{text!r} is no port; write 9464 or HOST:9464")
        return cls(host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Exporter:
    """What a scrape gets: the figures of a tally, which another thread adds to meanwhile."""

    def __init__(self) -> None:
        self.place = Place(LOOPBACK, 0)
        """Where it serves."""
        self._lock = threading.Lock()
        self._tally: Tally | None = None

    def tell(self, tally: Tally | None) -> None:
        """Count with this one, or with none any more."""
        with self._lock:
            self._tally = tally

    def add(self) -> None:
        """Count what a step of reading added."""
        with self._lock:
            if self._tally is not None:
                self._tally.add()

    def collect(self) -> Iterable[Metric]:
        """For prometheus_client, in the thread of a scrape."""
        with self._lock:
            figures = None if self._tally is None else self._tally.figures()
        return [] if figures is None else list(_metrics(figures))


@contextmanager
def served(place: Place) -> Iterator[Exporter]:
    """Serve the figures of an exporter. Raises MetricsError."""
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
    except ImportError:
        raise MetricsError(
            "--metrics needs the library prometheus_client; pip install 'msgshark[metrics]'"
        ) from None
    exporter, registry = Exporter(), CollectorRegistry()
    registry.register(exporter)
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(place.port, place.host, registry)
    except (OSError, UnicodeError) as failure:
        reason = getattr(failure, "strerror", None) or "no such host"
        raise MetricsError(
            f"metrics cannot be served at {place} ({reason}); choose another --metrics [HOST:]PORT"
        ) from None
    exporter.place = place._replace(port=server.server_port)
    try:
        yield exporter
    finally:
        exporter.tell(None)
        server.shutdown()
        server.server_close()
        thread.join()


def _metrics(figures: Figures) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    yield CounterMetricFamily("msgshark_packets", "Packets read.", value=figures.packets)
    messages = CounterMetricFamily(
        "msgshark_messages",
        "CoAP messages, by type, class of the code, and role as it was known when they came.",
        labels=["type", "code", "role"],
    )
    for kind, count in figures.messages.items():
        messages.add_metric([*kind], count)
    yield messages
    exchanges = GaugeMetricFamily(
        "msgshark_exchanges", "Exchanges so far, by the state they are in.", labels=["state"]
    )
    for state in State:
        exchanges.add_metric([state.label], figures.exchanges.get(state, 0))
    yield exchanges
    yield _histogram(figures.times)
    yield _by_rule("msgshark_findings", "Findings, each once.", figures.findings)
    yield _by_rule(
        "msgshark_breaches",
        "Breaches of rules, of which a finding may count many.",
        figures.breaches,
    )
    lost = CounterMetricFamily(
        "msgshark_lost_packets", "Packets lost while capturing, by where.", labels=["where"]
    )
    for where, count in figures.lost.items():
        lost.add_metric([where], count)
    yield lost
    yield GaugeMetricFamily(
        "msgshark_backlog_bytes", "Captured and not read yet.", value=figures.backlog
    )
    if figures.last_time is not None:
        yield GaugeMetricFamily(
            "msgshark_last_packet_timestamp_seconds",
            "Capture time of the last packet, since 1970.",
            value=figures.last_time / SECOND,
        )


def _by_rule(name: str, help: str, counts: Mapping[tuple[str, Severity], int]) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, help, labels=["rule", "severity"])
    for (rule, severity), count in counts.items():
        family.add_metric([rule, severity.label], count)
    return family


def _histogram(times: Times) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    bounds = [*map(str, BUCKETS), "+Inf"]
    buckets: list[Any] = list(zip(bounds, accumulate(times.counts), strict=True))
    return HistogramMetricFamily(
        "msgshark_response_time_seconds",
        "Response times of certain pairings whose request was sent once before its answer.",
        buckets=buckets,
        sum_value=times.total / SECOND,
    )
