# SPDX-License-Identifier: GPL-2.0-only
"""JSON Schemas of MSGin5G messages, read by `dissectors.msgin5g.schema`."""
