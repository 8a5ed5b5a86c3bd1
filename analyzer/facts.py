# SPDX-License-Identifier: GPL-2.0-only
"""What one record says by itself: a row of integers, before anything is remembered.

`gathering.gather` fills it. Offsets count from the start of the batch's `data`, or of the `text`
beside it (paths and queries put together).
"""

from __future__ import annotations

from typing import Final

# Slots of a row of facts. First what the record and its lower layers say:
KIND: Final = 0  # of link.walk
TIME: Final = 1
AT: Final = 2  # of the CoAP message, and its end as captured
END: Final = 3
SOURCE_AT: Final = 4
DESTINATION_AT: Final = 5
ADDRESS_LENGTH: Final = 6
SOURCE_PORT: Final = 7
DESTINATION_PORT: Final = 8
IP_ID: Final = 9
TTL: Final = 10
LINK_HASH: Final = 11  # of the link layer's header
START: Final = 12  # of the record
CAPTURED: Final = 13
WIRE: Final = 14
INTERFACE: Final = 15
FRAME: Final = 16
PLACE: Final = 17  # of the record in its file
# ... then what the CoAP message says:
TYPE: Final = 18
CODE: Final = 19
MID: Final = 20
TOKEN: Final = 21  # up to 8 bytes as a number; a longer one by its hash
TOKEN_LENGTH: Final = 22
TOKEN_AT: Final = 23
OBSERVE: Final = 24  # -1: none
CONTENT_FORMAT: Final = 25  # -1: none, -2: no number
PAYLOAD_LENGTH: Final = 26
DEFECTS: Final = 27  # a bit for each kind
OPTIONS: Final = 28  # a bit for each row of the option registry, bit 0 for unknown ones
FLAGS: Final = 29
DATA_HASH: Final = 30
LASTING_HASH: Final = 31  # of what no repetition may change (RFC 7252 clause 5.10.5)
PAYLOAD_HASH: Final = 32
BLOCK1: Final = 52  # value of Block1 or Q-Block1, -1: none or no such value
BLOCK2: Final = 53  # of Block2 or Q-Block2
ETAG: Final = 54  # hash of the first, 0 for none
KEY: Final = 55  # hash of the method and of the options that tell one block-wise operation
PATH_AT: Final = 33  # in `text`: the path, with the query behind it, or the Proxy-Uri
PATH_END: Final = 34
URI_AT: Final = 35
URI_END: Final = 36
# ... and its body:
MESSAGE_TYPE: Final = 37  # index in messages.MESSAGE_TYPE_IDS
UE_AT: Final = 38  # UE Service ID, as it stands in the JSON text without its quotes
UE_END: Final = 39
TELLS: Final = 40  # bits of bodies.py
SHAPE: Final = 41  # hash of everything in the body that rules of its form look at
# ... and what the session made of it:
SOURCE: Final = 42  # endpoint ids
DESTINATION: Final = 43
FLOW: Final = 44
MESSAGE: Final = 45  # row of the messages table + 1
URI: Final = 46  # name ids
PATH: Final = 47
UE: Final = 48
LEG_OF: Final = 49  # row of the message of which this is the other leg + 1
TOKEN_NAME: Final = 50  # of a token of more than 8 bytes
CHECKSUM: Final = 51  # as checksum.verify judges it
FORM: Final = 56  # as in forms.py; 0: no rule is asked about it
ODD: Final = 58  # hash of values that may be wrong, 0 for none
MAX_AGE: Final = 57  # in seconds, 60 where nothing is said
CONNECTION: Final = 59  # number of the connection; negative: sent to the end that opened it
SLOTS: Final = 60

# Values of KIND besides those of link.walk.
NOTHING: Final = 32  # a frame that is no packet
OTHER_UDP: Final = 33  # a datagram that is no CoAP, by its ports and first byte
FRAGMENT: Final = 34  # of a datagram that may be UDP
CARRIER: Final = 35  # of a stream or a secured datagram: what it carried stands in rows of its own
NOTICE: Final = 36  # something to tell about a carrier

# Bits of FLAGS.
CUT: Final = 1 << 0
READABLE: Final = 1 << 1
REQUEST: Final = 1 << 2
RESPONSE: Final = 1 << 3
PROTECTED: Final = 1 << 4  # by OSCORE: what is outside wraps (gate G-OSC)
IN_BLOCKS: Final = 1 << 5  # the payload is a block of a larger body (RFC 7959)
CONTINUES: Final = 1 << 6  # a later block or an observation: the token may be used again
FRAGMENTED: Final = 1 << 7
LARGE: Final = 1 << 8  # more than fits where nothing is known of the path (clause 4.6)
LONG_TOKEN: Final = 1 << 9
DEFAULT_VALUE: Final = 1 << 10  # Max-Age 60, Uri-Port of the datagram, Uri-Host a literal
NON_ASCII: Final = 1 << 11  # a string option has more than ASCII
CLEAN: Final = 1 << 12  # parses as CoAP without a doubt
DTLS: Final = 1 << 13
DEFECT: Final = 1 << 14  # any but CUT
PING: Final = 1 << 15
LATER_BLOCK: Final = 1 << 16
JSON: Final = 1 << 17  # the body may be JSON
ODD_BODY: Final = 1 << 18  # Python has to read it
# ... which the session adds:
FIRST_OF_FLOW: Final = 1 << 19
NAT_LEG: Final = 1 << 20
PLAIN_ON_5684: Final = 1 << 21
KNOWN_PORT: Final = 1 << 22
SECURE_PORT: Final = 1 << 23
ENDS_IN_TEXT: Final = 1 << 26  # SOURCE_AT and DESTINATION_AT count in `text`
BODY_READ: Final = 1 << 25  # Python read an odd body; UE is a name already
Q_BLOCK: Final = 1 << 27  # BLOCK1 or BLOCK2 is that of RFC 9177
NOTIFIES: Final = 1 << 28  # it has an Observe option
BEGINS_LATE: Final = 1 << 24  # the first message of its flow continues something
UNWANTED: Final = 1 << 29  # No-Response: some class of responses is (RFC 7967 clause 2)
# ... and of what was taken out of a carrier (dissectors.carried):
CARRIED: Final = 1 << 30
RELIABLE: Final = 1 << 31  # of a TCP connection: neither type nor Message ID (gate G-REL)
SECURED: Final = 1 << 32  # TLS, DTLS or OSCORE protected it
UNWRAPPED: Final = 1 << 33  # OSCORE did
BEGUN: Final = 1 << 34  # the beginning of its connection was captured (gate G-START)

MOST_MESSAGE: Final = 1152
MOST_PAYLOAD: Final = 1024
"""Bytes that fit one packet where nothing is known of the path (RFC 7252 clause 4.6)."""

# What a port is known for: values of the `ports` table.
NO_PORT, COAP_PORT, COAPS_PORT, OTHER_PORT = 0, 1, 2, 3
