"""Damage: the faults of a table's bytes, as values.

Bad firmware (a region below 1 MiB, an absent device) is not damage: its bytes are clear.  Damage
means that bytes contradict the specification, or each other.
"""

from enum import Enum
from typing import NamedTuple


class DamageKind(Enum):
    """The stable name of a kind of damage, for programs; its value is the name in JSON.

    A name has the place (table, structure, scope, device entry) and the fault.  `Damage.reason` is
    a sentence with the numbers.
    """

    EMPTY = "empty"
    NOT_A_TABLE = "not-a-table"
    ANOTHER_TABLE = "another-table"
    TRUNCATED_HEADER = "truncated-header"
    TABLE_LENGTH_TOO_SHORT = "table-length-too-short"
    TABLE_LENGTH_TOO_LONG = "table-length-too-long"
    CHECKSUM = "checksum"
    TRAILING_BYTES = "trailing-bytes"
    STRUCTURE_LENGTH_ZERO = "structure-length-zero"
    STRUCTURE_LENGTH_BELOW_HEADER = "structure-length-below-header"
    STRUCTURE_LENGTH_BELOW_MINIMUM = "structure-length-below-minimum"
    STRUCTURE_PAST_END = "structure-past-end"
    STRUCTURE_TRAILING_BYTES = "structure-trailing-bytes"
    SCOPE_LENGTH_ZERO = "scope-length-zero"
    SCOPE_LENGTH_TOO_SMALL = "scope-length-too-small"
    SCOPE_LENGTH_ODD = "scope-length-odd"
    SCOPE_PAST_STRUCTURE = "scope-past-structure"
    ENTRY_LENGTH_UNKNOWN = "entry-length-unknown"
    ENTRY_PAST_STRUCTURE = "entry-past-structure"


class Damage(NamedTuple):
    """One fault of a table's bytes.

    `offset` counts bytes from the start of the input; `field` is the specification's name of the
    field at that offset; `kind` is for programs, `reason` is one sentence for people.
    """

    offset: int
    field: str
    kind: DamageKind
    reason: str

    def __str__(self) -> str:
        return f"offset 0x{self.offset:x}, {self.field}: {self.reason}"


def count_bytes(count: int) -> str:
    """Return ``1 byte`` or ``2 bytes``, for a sentence."""
    return f"{count} byte" + "s" * (count != 1)
