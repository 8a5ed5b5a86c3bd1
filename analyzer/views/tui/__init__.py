# SPDX-License-Identifier: GPL-2.0-only
"""The terminal user interface: packets, exchanges and findings of a capture, on Textual.

`app` composes and routes; `screens` hold one page each; `widgets` know nothing of captures;
`rows` and `detail` turn what the session knows into lines of inked text for them.
"""
