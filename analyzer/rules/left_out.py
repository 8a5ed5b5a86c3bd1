# SPDX-License-Identifier: GPL-2.0-only
"""Rules that one may look for and that are not there, each with the reason."""

from __future__ import annotations

from typing import Final

LEFT_OUT: Final = {
    "COAP-8613-7.2-PIV-REPLAY": "Every kid and Partial IV would have to be kept as long as the "
    "capture lasts; the receiver, which has the replay window, answers 4.01.",
    "COAP-8768-3-NOT-DECREMENTED": "It takes both legs of a request through a proxy, and nothing "
    "in them is certain to tell that they belong together.",
    "COAP-9175-2.2-ECHO-WRONG-SERVER": "Echo values are opaque and may be alike by chance; each "
    "one that a server ever gave out would have to be kept.",
    "COAP-9175-2.4-AMPLIFICATION": "What proved an address to the server is not seen, such as an "
    "exchange before the capture; nearly every first answer to a discovery would break it.",
    "COAP-9177-4.1-PROBE-NON": "Whether a client found out before the capture that the server "
    "knows Q-Block, or was told, is not seen.",
}
