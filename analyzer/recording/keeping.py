# SPDX-License-Identifier: GPL-2.0-only
"""What libpcap calls for each packet: machine code that appends it to a buffer as a pcapng block.

Python would take a microsecond a packet and more, and the kernel's ring fills meanwhile. The code
is LLVM's language, which llvmlite turns into a function while the interface is being opened, in a
twentieth of a second and without anything to keep. As C:

    void keep(struct sink *sink, const struct pcap_pkthdr *head, const u_char *data) {
        uint64_t total = (head->caplen + 35) & ~3;  // fixed fields, data, padding, length again
        if (sink->room - sink->used < total) { sink->refused++; return; }
        uint64_t time = head->ts.tv_sec * 1000000000 + head->ts.tv_usec * sink->ns_per_tick;
        uint32_t *block = sink->buffer + sink->used;
        block[total / 4 - 2] = 0;  // padding, if there is any
        block[0] = 6; block[1] = total; block[2] = sink->interface;
        block[3] = time >> 32; block[4] = time; block[5] = head->caplen; block[6] = head->len;
        memcpy(block + 7, data, head->caplen);
        block[total / 4 - 1] = total;
        sink->used += total; sink->packets++;
    }

Source: draft-ietf-opsawg-pcapng section 4.3 (Enhanced Packet Block), pcap_loop(3PCAP).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

OVERHEAD: Final = 35
"""Bytes of a block beyond those of its packet, at most."""

SUPPORTED: Final = sys.byteorder == "little" and ctypes.sizeof(ctypes.c_long) == 8
"""Whether pcap_pkthdr and pcapng are laid out here as the code has them."""

_CODE: Final = """
%sink = type { ptr, i64, i64, i64, i64, i64, i64 }
%head = type { i64, i64, i32, i32 }

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define void @keep(ptr %sink, ptr %head, ptr %data) {
  %room.at = getelementptr %sink, ptr %sink, i32 0, i32 1
  %used.at = getelementptr %sink, ptr %sink, i32 0, i32 2
  %packets.at = getelementptr %sink, ptr %sink, i32 0, i32 3
  %refused.at = getelementptr %sink, ptr %sink, i32 0, i32 4
  %ns.at = getelementptr %sink, ptr %sink, i32 0, i32 5
  %interface.at = getelementptr %sink, ptr %sink, i32 0, i32 6
  %ticks.at = getelementptr %head, ptr %head, i32 0, i32 1
  %captured.at = getelementptr %head, ptr %head, i32 0, i32 2
  %wire.at = getelementptr %head, ptr %head, i32 0, i32 3

  %captured = load i32, ptr %captured.at
  %captured.wide = zext i32 %captured to i64
  %unpadded = add i64 %captured.wide, 35
  %total = and i64 %unpadded, -4
  %room = load i64, ptr %room.at
  %used = load i64, ptr %used.at
  %free = sub i64 %room, %used
  %fits = icmp uge i64 %free, %total
  br i1 %fits, label %append, label %refuse

refuse:
  %refused = load i64, ptr %refused.at
  %refused.more = add i64 %refused, 1
  store i64 %refused.more, ptr %refused.at
  ret void

append:
  %seconds = load i64, ptr %head
  %ticks = load i64, ptr %ticks.at
  %ns.per.tick = load i64, ptr %ns.at
  %ns.whole = mul i64 %seconds, 1000000000
  %ns.rest = mul i64 %ticks, %ns.per.tick
  %time = add i64 %ns.whole, %ns.rest
  %time.shifted = lshr i64 %time, 32
  %time.high = trunc i64 %time.shifted to i32
  %time.low = trunc i64 %time to i32
  %interface = load i64, ptr %interface.at
  %interface.narrow = trunc i64 %interface to i32
  %wire = load i32, ptr %wire.at
  %total.narrow = trunc i64 %total to i32

  %buffer = load ptr, ptr %sink
  %block = getelementptr i8, ptr %buffer, i64 %used
  %end = getelementptr i8, ptr %block, i64 %total
  %padding = getelementptr i8, ptr %end, i64 -8
  %length.again = getelementptr i8, ptr %end, i64 -4
  %block.1 = getelementptr i32, ptr %block, i64 1
  %block.2 = getelementptr i32, ptr %block, i64 2
  %block.3 = getelementptr i32, ptr %block, i64 3
  %block.4 = getelementptr i32, ptr %block, i64 4
  %block.5 = getelementptr i32, ptr %block, i64 5
  %block.6 = getelementptr i32, ptr %block, i64 6
  %block.7 = getelementptr i32, ptr %block, i64 7
  store i32 0, ptr %padding, align 4
  store i32 6, ptr %block, align 4
  store i32 %total.narrow, ptr %block.1, align 4
  store i32 %interface.narrow, ptr %block.2, align 4
  store i32 %time.high, ptr %block.3, align 4
  store i32 %time.low, ptr %block.4, align 4
  store i32 %captured, ptr %block.5, align 4
  store i32 %wire, ptr %block.6, align 4
  call void @llvm.memcpy.p0.p0.i64(ptr %block.7, ptr %data, i64 %captured.wide, i1 false)
  store i32 %total.narrow, ptr %length.again, align 4

  %used.more = add i64 %used, %total
  store i64 %used.more, ptr %used.at
  %packets = load i64, ptr %packets.at
  %packets.more = add i64 %packets, 1
  store i64 %packets.more, ptr %packets.at
  ret void
}
"""


class Sink(ctypes.Structure):
    """Where packets of one interface go: a buffer of `room` bytes, `used` so far."""

    buffer: int
    room: int
    used: int
    packets: int
    refused: int
    ns_per_tick: int
    interface: int
    _fields_ = (
        ("buffer", ctypes.c_void_p),
        ("room", ctypes.c_int64),
        ("used", ctypes.c_int64),
        ("packets", ctypes.c_int64),
        ("refused", ctypes.c_int64),
        ("ns_per_tick", ctypes.c_int64),
        ("interface", ctypes.c_int64),
    )


_engines: Final[list[Any]] = []
"""They own the code."""


def keep() -> int:
    """The address of the function; loads llvmlite."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    module = binding.parse_assembly(_CODE)
    machine = binding.Target.from_default_triple().create_target_machine(opt=2)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    address: int = engine.get_function_address("keep")
    return address
