# SPDX-License-Identifier: GPL-2.0-only
"""Recording: a child process that writes packets to capture files, which the rest reads as they
grow. What it loses the kernel counts, and it tells."""
