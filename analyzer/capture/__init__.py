# SPDX-License-Identifier: GPL-2.0-only
"""Capture files: what was recorded, record by record, before anyone asks what it means."""

from analyzer.capture.model import (
    CaptureError,
    Interface,
    KeyLogText,
    Notice,
    NoticeKind,
    RecordBatch,
)
from analyzer.capture.reading import BATCH, CaptureFile
from analyzer.capture.records import NO_INTERFACE, NO_TIME, ROW
from analyzer.capture.source import Intake, Source, SourceInterface
from analyzer.capture.spool import SpoolLimits
from analyzer.capture.store import Stop

__all__ = [
    "BATCH",
    "NO_INTERFACE",
    "NO_TIME",
    "ROW",
    "CaptureError",
    "CaptureFile",
    "Intake",
    "Interface",
    "KeyLogText",
    "Notice",
    "NoticeKind",
    "RecordBatch",
    "Source",
    "SourceInterface",
    "SpoolLimits",
    "Stop",
]
