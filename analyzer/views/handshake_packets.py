# SPDX-License-Identifier: GPL-2.0-only
"""Packets of handshakes in full as text: the tree that the screen shows, and the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from analyzer.views.detail.handshake import handshake_detail
from analyzer.views.detail_text import hex_lines, tree_lines
from analyzer.views.handshakes_text import head

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.session import Session


def write_packets(
    session: Session, flows: Iterable[SecuredFlow], out: TextIO, tree: bool, octets: bool
) -> None:
    """Each flow by its ends and how it came out, then its packets in the order of the capture."""
    for flow in flows:
        out.writelines(f"{line}\n" for line in head(flow))
        out.write("\n")
        for step in {step.frame: step for step in flow.security.steps}.values():
            detail = handshake_detail(session, flow, step)
            if tree:
                out.writelines(f"{line}\n" for line in tree_lines(detail))
                out.write("\n")
            for source in detail.sources if octets else ():
                out.write(f"{source.title}, packet {step.frame}:\n")
                out.writelines(f"{line}\n" for line in hex_lines(source.data, source.secrets))
                out.write("\n")
