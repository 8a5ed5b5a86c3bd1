# SPDX-License-Identifier: GPL-2.0-only
"""msgshark in Python, for notebooks and tests: `open_capture`, `Capture`, `CaptureError`.

`from analyzer import open_capture` is the way in; README, "In Python", shows it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from analyzer.capture import CaptureError
from analyzer.messages import CARRIED
from analyzer.port_options import read_ports
from analyzer.profiles import reading, spec_reading
from analyzer.profiles.toml import ProfileError
from analyzer.report import notices, visible_messages
from analyzer.rules import catalogue
from analyzer.secrets.reading import SecretsError
from analyzer.secrets.reading import read as read_secrets
from analyzer.session import Session
from analyzer.settings import Settings
from analyzer.views.escape import escape

if TYPE_CHECKING:
    import polars as pl
    from scapy.packet import Packet

    from analyzer.secrets.model import Secrets
    from dissectors.coap.layer import CoAP

Paths: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

__all__ = ["Capture", "CaptureError", "open_capture"]

_log: Final = logging.getLogger("msgshark")


def open_capture(
    paths: Paths,
    *,
    spec_profile: str | os.PathLike[str] = "seed",
    transmission: str | os.PathLike[str] = "default",
    ports: Iterable[int | str] = (),
    psk_file: Paths = (),
    keylog_file: Paths = (),
    oscore_file: Paths = (),
    switch: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    registration_path: str = "",
    server_uri: str = "",
) -> Capture:
    """Read a capture, or several merged by time, to its end, and judge it.

    The files are what the command line takes: pcap or pcapng, also compressed, and `-` for stdin.
    So are the settings (`msgshark check --help`):

    - `spec_profile`: wording and severities, by the name of a profile or its file
    - `switch`: what to switch on in it, such as `onem2m`; `msgshark spec-profile` lists them
    - `transmission`: what timing is judged by, by the name of a profile or its file
    - `ports`: UDP ports that are CoAP, whatever is seen on them, or others as `-d` has them:
      `"udp.port==9999,dtls"`
    - `psk_file`, `keylog_file`, `oscore_file`: files of keys that open what is protected
    - `ignore`: findings not wanted, as `RULE` or `RULE@ENDPOINT-or-UE`; `*` and `?` stand for any
    - `registration_path`: POSTs to this Uri-Path are registrations
    - `server_uri`: the Uri-Path that registrations have to have

    Raises CaptureError for what the command line refuses, in its words: a file that cannot be
    read as a capture, a profile or rule that there is not. A damaged capture is read as far as it
    goes, which `notices` tell; whatever its packets hold raises nothing.
    """
    several = _several(paths)
    if not several:
        raise CaptureError("no capture is named.")
    rules = [ignore] if isinstance(ignore, str) else list(ignore)
    switches = [switch] if isinstance(switch, str) else list(switch)
    numbers = tuple(ports)
    plain = [port for port in numbers if not isinstance(port, str)]
    with _refusing():
        others = read_ports([port for port in numbers if isinstance(port, str)])
        profile = spec_reading.load(os.fspath(spec_profile), catalogue.load)
        settings = Settings(
            ports=frozenset(map(_port, plain)) | frozenset(others.coap),
            registration_path=registration_path,
            server_uri=server_uri,
            profile=spec_reading.switched(profile, switches),
            ignores=tuple(spec_reading.ignored(rule, catalogue.load) for rule in rules),
            timers=reading.load(os.fspath(transmission)),
            dtls_ports=frozenset(others.dtls),
            tcp_ports=frozenset(others.tcp),
            tls_ports=frozenset(others.tls),
            secrets=_secrets(psk_file, keylog_file, oscore_file),
        )
    session = Session(settings, tell=_log.info)
    try:
        session.open(several)
        session.read_all()
    except BaseException:
        session.release()
        raise
    return Capture(session)


class Capture:
    """A capture that was read: `messages`, `exchanges` and `findings` as Polars frames, and its
    packets as Scapy layers.

    Frames are made when first asked for and stay the same object. Times in them are
    `Datetime("ns")` in UTC, without a zone, and `Duration("ns")`; frame numbers and exchange ids
    count from 1; tokens are lower-case hex, codes dotted (`2.05`); what is not there is null.
    Strings are as they came: escape them where you print them.

    The files stay open, as packets are read when asked for, until `close`, the end of a `with`
    block, or that of the object.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # Tables -------------------------------------------------------------------------------------

    @cached_property
    def messages(self) -> pl.DataFrame:
        """One row per CoAP message, in the order of the capture.

        `frame` (number of its packet), `time`, `time_relative` (since the first packet), `source`
        and `destination` (`address:port`), `type` (CON, NON, ACK, RST), `code` (`0.02`, `2.05`),
        `message_id`, `token`, `uri`, `payload_length` and `length` (bytes of the payload and of the
        packet), `interface` (from 0), `exchange` (its `id`), `role` (what it is in the exchange),
        `response_in` (frame of the response to a request), `response_to` (frame of the request of a
        response), `response_time` (of a response), `first_in` (frame of the first transmission of
        what was sent again), `message_type` (REG, MSG, ...), `ue_service_id`, and `severity` (of
        the worst finding about it).
        """
        from analyzer import frames

        return frames.messages(self._session)

    @cached_property
    def exchanges(self) -> pl.DataFrame:
        """One row per request, or ping, and all that belongs to it, in the order of the requests.

        `id`, `time` (of the request), `client` and `server` (`address:port`), `method` (POST, ...,
        ping), `uri`, `message_id`, `token`, `state` (open, acknowledged, answered, reset,
        unanswered, observing), `response_code` (`2.01`), `response_time`, `request_frame`,
        `ack_frame`, `reset_frame`, `matched_by` and `confidence` (how it was paired), `operation`
        (first exchange of the block-wise transfer or observation it belongs to), `message_type`,
        `ue_service_id`, `severity`, and lists of frames: `response_frames`,
        `retransmission_frames`, `duplicate_ack_frames`.
        """
        from analyzer import frames

        return frames.exchanges(self._session)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding, by frame; those about the capture as a whole come last.

        `rule`, `severity` (ordered: note < warning < error), `spec`, `clause`, `frame`, `frames`
        (all it is about), `exchange` (its `id`), `ue_service_id`, `message` (the reason, one
        sentence), `seen`, `expected`, `fix`, `count` (how many alike it stands for), `time` and
        `last_time` (of the first and the last of these).
        """
        from analyzer import frames

        return frames.findings(self._session)

    @property
    def ignored(self) -> int:
        """How many breaches were ignored, by `ignore` or the spec profile."""
        return self._session.findings.ignored

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What was wrong with the files, or passed over, one sentence each."""
        return tuple(notices(self._session))

    # Packets ------------------------------------------------------------------------------------

    def packet(self, frame: int) -> Packet:
        """The packet of a CoAP message as Scapy layers, from the link layer up.

        `packet[CoAP]` is the message, on whatever port, and its payload the MSGin5G layer where it
        is one; headers that Scapy does not know are Raw. It builds to the bytes as captured,
        credentials included; of a datagram that came in fragments it is the whole. `defects` are
        by the options that IANA has registered, whatever is switched on; `time` is in seconds since
        1970. A message taken out of TCP, TLS, DTLS or OSCORE is its layer alone: `CoAPTCP` (of a
        WebSocket `CoAPWebSocket`) or `CoAP`. Raises CaptureError where the frame holds no message,
        or the file no longer holds the frame.
        """
        from scapy.utils import EDecimal

        from dissectors.msgin5g.elements import speaking
        from dissectors.packet import message_layer, packet

        session, row = self._session, self._row(frame)
        cells, data = session.messages.row(row), session.packet(row)
        if not data:
            raise CaptureError(f"frame {frame} is gone; read it before the capture is closed.")
        with speaking(session.vocabulary):
            if cells["flags"] & CARRIED:
                found = message_layer(session.framing(row))(session.coap(row))
            else:
                found = packet(data, session.link_type(row), cells["coap_at"], cells["coap_length"])
        found.time = EDecimal(cells["time"]) / 10**9
        found.wirelen = cells["wire"]
        return found

    def coap(self, frame: int) -> CoAP:
        """The CoAP layer of a frame: the `CoAP` of `packet(frame)`, or its `CoAPTCP`. Raises
        CaptureError."""
        from dissectors import CoAP

        found = self.packet(frame)
        return found if isinstance(found, CoAP) else found[CoAP]

    def _row(self, frame: int) -> int:
        row = self._rows.get(frame)
        if row is None:
            raise CaptureError(f"no CoAP in frame {frame}; messages has the frames with CoAP.")
        return row

    @cached_property
    def _rows(self) -> dict[int, int]:
        """Rows of the messages by frame, of several in one the first."""
        numbers = self._session.messages["frame"].tolist()
        found: dict[int, int] = {}
        for row in visible_messages(self._session):
            found.setdefault(numbers[row], row)
        return found

    def close(self) -> None:
        """Close the files: the frames stay, packets can be read no more."""
        self._session.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(escape(path, 200) for path in self._session.paths)
        found = self._session.findings.summary().items()
        told = [
            f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in found if count
        ]
        return f"<Capture {names}: {', '.join(told) or 'no findings'}>"


@contextmanager
def _refusing() -> Iterator[None]:
    """What cannot be meant is told by the one exception."""
    try:
        yield
    except (ProfileError, SecretsError, ValueError) as error:
        raise CaptureError(str(error)) from None


def _secrets(psk: Paths, keylog: Paths, oscore: Paths) -> Secrets | None:
    """What opens protected flows; what is odd about the files is logged."""
    files = [_several(paths) for paths in (psk, keylog, oscore)]
    if not any(files):
        return None
    secrets, warnings = read_secrets(files[0], files[1], oscore_files=files[2])
    for warning in warnings:
        _log.warning(warning)
    return secrets


def _several(paths: Paths) -> list[str | os.PathLike[str]]:
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def _port(number: int) -> int:
    if not 0 < number < 65536:
        raise ValueError(f"port {number} is none; UDP ports are 1 to 65535.")
    return number
