# SPDX-License-Identifier: GPL-2.0-only
"""Watching a gateway: findings as they happen, and figures for Prometheus."""
