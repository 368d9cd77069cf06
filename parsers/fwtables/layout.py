"""Fast readers and writers of the fixed parts, as :class:`struct.Struct` packs them.

Interpreting a construct costs some 40 µs a structure, and importing construct as much as starting
Python.  So the layouts are derived from the grammar beforehand, by ``make docs``, into
:mod:`fwtables.derived`; ``tests/fwtables/test_layout.py`` holds both equal.
"""

from dataclasses import dataclass
from struct import Struct as Packer
from struct import calcsize


@dataclass(frozen=True, slots=True)
class Layout:
    """The fixed part of one structure: its field names in order and their packer."""

    names: tuple[str, ...]
    packer: Packer
    size: int
    """The length of the fixed part in bytes."""
    offsets: tuple[int, ...]
    widths: tuple[int, ...]
    limits: tuple[int | None, ...]
    """By field: one more than the largest integer it holds, or None for bytes."""

    @classmethod
    def of(cls, **fields: str) -> "Layout":
        """Return the layout of `fields` in their order, each with its code in ``struct``."""
        packer = Packer("<" + "".join(fields.values()))
        widths = tuple(calcsize(f"<{code}") for code in fields.values())
        offsets = tuple(sum(widths[:number]) for number in range(len(widths)))
        limits = tuple(
            None if code.endswith("s") else 1 << 8 * width
            for code, width in zip(fields.values(), widths, strict=True)
        )
        return cls(tuple(fields), packer, packer.size, offsets, widths, limits)

    def field_at(self, offset: int) -> str:
        """Name the field that byte `offset` of the structure belongs to."""
        reached = [name for name, at in zip(self.names, self.offsets, strict=True) if at <= offset]
        return reached[-1]
