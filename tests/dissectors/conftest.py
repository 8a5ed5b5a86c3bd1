# SPDX-License-Identifier: GPL-2.0-only
"""Property tests without a time limit per example: a busy machine is no defect."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("dissectors", deadline=None)
settings.load_profile("dissectors")
