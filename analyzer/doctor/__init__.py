# SPDX-License-Identifier: GPL-2.0-only
"""What this machine gives msgshark: software, compiled code, terminal, ways to capture.

Nothing here imports a heavy library, changes the machine, or raises for what it finds.
"""
