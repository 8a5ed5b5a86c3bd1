# SPDX-License-Identifier: GPL-2.0-only
"""msgshark's engine and views: capture -> messages -> exchanges -> findings -> screen."""
