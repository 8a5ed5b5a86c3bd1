# SPDX-License-Identifier: GPL-2.0-only
"""What is remembered while a capture is read, as integers in one buffer that kernels work on.

The buffer is a row of regions. A region is a table of fixed-size rows, a hash table of entries, or
buckets. What falls into one bucket is chained by its number: the newest of a bucket, and from each
the one before it, until none, or one that a ring has forgotten. Of each region
three items at its place in the head tell where it begins, how many rows it has room for and how
many were used. Row ids count from 1 and never change: 0 is "none". Kernels (dissectors.kernel); the
buffer belongs to `memory.Memory`, which lets it grow.
"""

from __future__ import annotations

from typing import Final

from dissectors.kernel import Bytes, Rows, Text

# Items of a region in the head.
BASE, ROWS, COUNT = 0, 1, 2
REGION: Final = 3

# Regions that hold rows, by their place in the head.
NAMES: Final = 0 * REGION
ENDPOINTS: Final = 1 * REGION
SENDERS: Final = 2 * REGION
FLOWS: Final = 3 * REGION
PENDING: Final = 4 * REGION
SENT: Final = 5 * REGION
RECENT: Final = 6 * REGION
EARLY: Final = 7 * REGION
UES: Final = 8 * REGION
IDENTIFICATIONS: Final = 9 * REGION
BODIES: Final = 25 * REGION

# Regions that are hash tables.
NAME_KEYS: Final = 10 * REGION
ENDPOINT_KEYS: Final = 11 * REGION
WHEN: Final = 26 * REGION
BODY_KEYS: Final = 12 * REGION
FLOW_KEYS: Final = 13 * REGION
MID_BUCKETS: Final = 14 * REGION
TOKEN_BUCKETS: Final = 15 * REGION
CLIENT_BUCKETS: Final = 16 * REGION
RECENT_BUCKETS: Final = 17 * REGION
UE_KEYS: Final = 18 * REGION
PATH_KEYS: Final = 19 * REGION
VERDICT_KEYS: Final = 20 * REGION
INTERFACES: Final = 21 * REGION
EVENT_ROWS: Final = 22 * REGION
REPEAT_ROWS: Final = 23 * REGION
GROUP_BUCKETS: Final = 24 * REGION
SOURCE_BUCKETS: Final = 27 * REGION
REFUSED_KEYS: Final = 28 * REGION
OBSERVED_KEYS: Final = 29 * REGION
OBSERVATIONS: Final = 30 * REGION
REGIONS: Final = 31

# Single items behind the regions of the head.
SEED: Final = REGIONS * REGION
ARENA_USED: Final = SEED + 1
CLOCK: Final = SEED + 2  # the latest capture time, ns
STARTED: Final = SEED + 3  # 1: CLOCK holds a time
LAST_TIME: Final = SEED + 4
LEAST_USED: Final = SEED + 5  # flow used longest ago
LAST_USED: Final = SEED + 6
FREE_PENDING: Final = SEED + 7
FIRST_SENT: Final = SEED + 8  # numbers of the transmissions remembered: from FIRST_SENT ...
NEXT_SENT: Final = SEED + 9  # ... to before NEXT_SENT
WAITED: Final = SEED + 10  # MAX_TRANSMIT_WAIT was judged of all before this one
FIRST_RECENT: Final = SEED + 11
NEXT_RECENT: Final = SEED + 12
FIRST_EARLY: Final = SEED + 13
NEXT_EARLY: Final = SEED + 14
EXCHANGES: Final = SEED + 15
MESSAGES: Final = SEED + 16
EVENTS: Final = SEED + 17
FORGOTTEN: Final = SEED + 18
DATAGRAMS: Final = SEED + 19
STAGE: Final = SEED + 20
FLOW_SERIAL: Final = SEED + 21
REPEATS: Final = SEED + 22
TURN: Final = SEED + 23  # a change of any kind: what a reader kept is stale
# How many records were what.
RECORDS_READ: Final = SEED + 24
UDP_READ: Final = SEED + 25
COAP_READ: Final = SEED + 26
OTHER_READ: Final = SEED + 27
UNREADABLE_READ: Final = SEED + 28
FRAGMENTS_READ: Final = SEED + 29
FIRST_TIME: Final = SEED + 30
BYTES_READ: Final = SEED + 31
# Settings, ns.
DUP_WINDOW: Final = SEED + 32
DUP_WINDOW_UNNUMBERED: Final = SEED + 33
NAT_WINDOW: Final = SEED + 34
MAX_TRANSMIT_WAIT: Final = SEED + 35
EXCHANGE_LIFETIME: Final = SEED + 36
NON_LIFETIME: Final = SEED + 37
AKMA_PATH: Final = SEED + 38
CONFIGURED_PATH: Final = SEED + 39
OLDEST_EXCHANGE: Final = SEED + 40  # older ones belong to another segment of the capture
SEEN_WHEN: Final = SEED + 41  # bits of facts.FLAGS that rules on messages ask for
FRAGMENTS_DUE: Final = SEED + 43  # capture time at which fragments are looked at; 0: never
PATHS_MATTER: Final = SEED + 42  # 1: a rule looks at the path of registrations
REORDER_WINDOW: Final = SEED + 44  # a setting, ns: a response seen early waits for its request
BODIES_ENDED: Final = SEED + 45  # at the end of the capture: so many bodies are told of
FILED: Final = SEED + 46  # exchanges up to this one are in CLIENT_BUCKETS
FILED_SENT: Final = SEED + 47  # transmissions up to this one are in SOURCE_BUCKETS
ACK_TIMEOUT: Final = SEED + 48  # a setting, ns
NSTART: Final = SEED + 49  # a setting
MAX_TRANSMIT_SPAN: Final = SEED + 50  # ns
NEWEST_EMPTY: Final = SEED + 51  # of what waits, the newest Empty ACK or RST
CARRIERS_READ: Final = SEED + 52  # packets whose messages were taken out of them
HEAD: Final = SEED + 53

# An entry of a hash table: three keys and the value, 0 where the entry is free.
KEY, VALUE = 0, 3
ENTRY: Final = 4
GONE: Final = -1
"""Value of a key that was there and is not any more."""

# A name: bytes in the arena.
NAME_AT, NAME_LENGTH = 0, 1
NAME_SLOTS: Final = 2
TOO_MANY: Final = 1
"""The name of all names past MOST_NAMES."""
MOST_NAMES: Final = 1 << 20
MOST_ARENA: Final = 1 << 27
ENDPOINTS_LESS: Final = 1 << 30
"""Ids of endpoints are less than this."""

_LOW: Final = (1 << 31) - 1
_WORD: Final = (1 << 32) - 1


def mix(hash: int, value: int) -> int:
    """A hash of 62 bits, and one more value of 63 bits and a sign in it. No product leaves int64,
    where compiled code would wrap and Python would not."""
    x = hash & _LOW
    y = hash >> 31
    low = value & _LOW
    high = value >> 31 & _LOW
    p = (x ^ low) * 1540483477
    x = (p & _LOW) ^ (p >> 31)
    p = (y ^ high) * 1103515245
    y = (p & _LOW) ^ (p >> 31)
    p = (x ^ y ^ (value >> 62 & 3)) * 1812433253
    return (p & _LOW) * (_LOW + 1) + ((p >> 31) ^ x)


def hash_bytes(data: Bytes, start: int, end: int, hash: int) -> int:
    """The hash of `data[start:end]`, four bytes at a time. No product leaves int64."""
    x = hash & _LOW
    y = hash >> 31
    at = start
    while at + 4 <= end:
        word = data[at] + data[at + 1] * 0x100 + data[at + 2] * 0x10000 + data[at + 3] * 0x1000000
        p = (x ^ word) * 1540483477
        x = (p & _WORD) ^ (p >> 32)
        p = (y ^ word) * 1103515245 + 12345
        y = (p & _WORD) ^ (p >> 32)
        at += 4
    rest = (x >> 31) * 2 + (y >> 31)  # above what `mix` takes
    while at < end:
        rest = rest * 256 + data[at]
        at += 1
    low = (x & _LOW) * (_LOW + 1) + (y & _LOW)
    return mix(low, (end - start) * 0x100000000 + rest)


def ends(source: int, destination: int) -> int:
    """Two endpoints as one key."""
    return source * ENDPOINTS_LESS + destination


# Hash tables ------------------------------------------------------------------------------------


def place(seed: int, a: int, b: int, c: int) -> int:
    """A hash of three keys, whose low bits are as good as any. No product leaves int64."""
    x = ((a ^ seed) & _LOW) * 1540483477
    x = ((x ^ (x >> 31) ^ (a >> 31)) & _LOW) * 1812433253
    x = ((x ^ (x >> 31) ^ b) & _LOW) * 1103515245
    x = ((x ^ (x >> 31) ^ (b >> 31)) & _LOW) * 1597334677
    x = ((x ^ (x >> 31) ^ c) & _LOW) * 1566083941
    return (x >> 31) ^ x


def bucket(s: Rows, buckets: int, a: int, b: int, c: int) -> int:
    """Index of the item that holds the newest number of those whose keys fall together."""
    return s[buckets + BASE] + (place(s[SEED], a, b, c) & (s[buckets + ROWS] - 1))


def entry(s: Rows, table: int, a: int, b: int, c: int) -> int:
    """Index of the entry with the keys a, b, c, or of the free one where it belongs."""
    mask = s[table + ROWS] - 1
    base = s[table + BASE]
    at = place(s[SEED], a, b, c) & mask
    while True:
        found = base + at * ENTRY
        if s[found + VALUE] == 0:
            return found
        if s[found] == a and s[found + 1] == b and s[found + 2] == c:
            return found
        at = (at + 1) & mask


def value_at(s: Rows, at: int) -> int:
    """The value of an entry, 0 for none."""
    value = s[at + VALUE]
    return value if value > 0 else 0


def put_at(s: Rows, table: int, place: int, a: int, b: int, c: int, value: int) -> None:
    """Set the value, at least 1, of the entry that `entry` found for the keys."""
    if s[place + VALUE] == 0:
        s[place] = a
        s[place + 1] = b
        s[place + 2] = c
        s[table + COUNT] += 1
    s[place + VALUE] = value


def get(s: Rows, table: int, a: int, b: int, c: int) -> int:
    """The value under the keys a, b, c; 0 for none."""
    return value_at(s, entry(s, table, a, b, c))


def put(s: Rows, table: int, a: int, b: int, c: int, value: int) -> None:
    """Set the value, at least 1, under the keys."""
    put_at(s, table, entry(s, table, a, b, c), a, b, c, value)


def remove(s: Rows, table: int, a: int, b: int, c: int) -> None:
    """No value stands under the keys any more."""
    place = entry(s, table, a, b, c)
    if s[place + VALUE] != 0:
        s[place + VALUE] = GONE


def refill(entries: Rows, s: Rows, table: int) -> None:
    """Put the entries that have a value into the empty table."""
    s[table + COUNT] = 0
    for at in range(0, len(entries), ENTRY):
        if entries[at + VALUE] > 0:
            put(s, table, entries[at], entries[at + 1], entries[at + 2], entries[at + VALUE])


# Names ------------------------------------------------------------------------------------------


def name(s: Rows, arena: Text, data: Bytes, start: int, end: int) -> int:
    """The id of the bytes `data[start:end]`; 0 for no bytes, TOO_MANY when there is no room."""
    if start >= end:
        return 0
    hash = hash_bytes(data, start, end, s[SEED])
    length = end - start
    probe = 0
    while True:
        place = entry(s, NAME_KEYS, hash, length, probe)
        known = s[place + VALUE]
        if known == 0:
            break
        at = s[s[NAMES + BASE] + known * NAME_SLOTS + NAME_AT]
        same = 0
        while same < length and arena[at + same] == data[start + same]:
            same += 1
        if same == length:
            return known
        probe += 1
    if s[NAMES + COUNT] >= MOST_NAMES or s[ARENA_USED] + length > MOST_ARENA:
        return TOO_MANY
    return new_name(s, arena, data, start, end, hash, probe)


def new_name(s: Rows, arena: Text, data: Bytes, start: int, end: int, hash: int, probe: int) -> int:
    """Keep the bytes under the next id. There is room: `Memory.make_room` saw to it."""
    s[NAMES + COUNT] += 1
    id = s[NAMES + COUNT]
    row = s[NAMES + BASE] + id * NAME_SLOTS
    at = s[ARENA_USED]
    s[row + NAME_AT] = at
    s[row + NAME_LENGTH] = end - start
    for place in range(end - start):
        arena[at + place] = data[start + place]
    s[ARENA_USED] = at + end - start
    put(s, NAME_KEYS, hash, end - start, probe, id)
    return id
