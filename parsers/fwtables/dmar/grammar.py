"""The format of the DMAR table: the only definition of it, and nothing else.

One construct per structure of the specification (Intel VT-d, revision 4.1,
chapter 8), fields under the specification's names and in its order.  Each
grammar covers the fixed part of its structure.  The lists that follow it
(remapping structures, device scope entries, path entries) are walked in
``decoding.py``: construct's ``GreedyRange`` would end a list at its first damaged
element and not say so.
"""

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct

# VT-d 8.1: what follows the header of a DMAR table.
DMAR = Struct(
    "host_address_width" / Int8ul,  # the width in bits, less one
    "flags" / Int8ul,
    "reserved" / Bytes(10),
)

# VT-d 8.2: every remapping structure begins so.
STRUCTURE_HEADER = Struct(
    "type" / Int16ul,
    "length" / Int16ul,  # this header included
)

# VT-d 8.3: DMA remapping hardware unit definition.
DRHD = Struct(
    "flags" / Int8ul,
    "size" / Int8ul,  # bits 3:0 = N: 2^N pages of 4 KiB hold the registers
    "segment_number" / Int16ul,
    "register_base_address" / Int64ul,
)

# VT-d 8.4: reserved memory region reporting.
RMRR = Struct(
    "reserved" / Bytes(2),
    "segment_number" / Int16ul,
    "base_address" / Int64ul,
    "limit_address" / Int64ul,  # the region's last byte
)

# VT-d 8.5: root port ATS capability reporting.
ATSR = Struct(
    "flags" / Int8ul,
    "reserved" / Bytes(1),
    "segment_number" / Int16ul,
)

# VT-d 8.6: remapping hardware static affinity.
RHSA = Struct(
    "reserved" / Bytes(4),
    "register_base_address" / Int64ul,  # of the DRHD meant
    "proximity_domain" / Int32ul,
)

# VT-d 8.7: ACPI name-space device declaration.  The name fills the rest.
ANDD = Struct(
    "reserved" / Bytes(3),
    "acpi_device_number" / Int8ul,
)

# VT-d 8.8: SoC integrated address translation cache reporting.
SATC = Struct(
    "flags" / Int8ul,
    "reserved" / Bytes(1),
    "segment_number" / Int16ul,
)

# VT-d 8.9: SoC integrated device property reporting.
SIDP = Struct(
    "reserved" / Bytes(2),
    "segment_number" / Int16ul,
)

# VT-d 8.3.1: a device scope entry, without its path.
DEVICE_SCOPE = Struct(
    "type" / Int8ul,
    "length" / Int8ul,  # path included
    "flags" / Int8ul,  # reserved before revision 4.0 and outside SIDP
    "reserved" / Bytes(1),
    "enumeration_id" / Int8ul,
    "start_bus_number" / Int8ul,
)

# VT-d 8.3.1: one step of a path.
PATH_ENTRY = Struct(
    "device" / Int8ul,
    "function" / Int8ul,
)
