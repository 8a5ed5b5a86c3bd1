# SPDX-License-Identifier: GPL-2.0-only
"""What can be copied of a message, an exchange or a finding: a module a format."""
