"""The header that every ACPI system description table begins with: its only definition."""

from construct import Bytes, Int8ul, Int32ul, Struct

# ACPI 6.5, 5.2.6: the header every system description table begins with.
TABLE_HEADER = Struct(
    "signature" / Bytes(4),
    "length" / Int32ul,  # of the whole table, header included
    "revision" / Int8ul,
    "checksum" / Int8ul,  # all bytes of the table add up to 0 modulo 256
    "oem_id" / Bytes(6),
    "oem_table_id" / Bytes(8),
    "oem_revision" / Int32ul,
    "creator_id" / Bytes(4),
    "creator_revision" / Int32ul,
)
