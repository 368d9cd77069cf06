"""Fast readers and writers, derived from the grammars.

Interpreting a construct takes some 40 µs a structure.  The grammars of this package are fixed
sequences of integers and byte strings, which :class:`struct.Struct` can pack.  :func:`derive`
makes one from the other at import.  ``tests/fwtables/test_layout.py`` tests that both readings
are equal.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import make_dataclass
from functools import cache
from struct import Struct as Packer
from typing import Any, NamedTuple, TypeVar

from construct import Bytes, Construct, FormatField, Renamed

from fwtables.damage import count_bytes
from fwtables.errors import EncodeError

_Value = TypeVar("_Value")


class Layout(NamedTuple):
    """The fixed part of one structure: its field names in order and their packer."""

    names: tuple[str, ...]
    packer: Packer
    size: int
    """The length of the fixed part in bytes."""
    offsets: tuple[int, ...]
    widths: tuple[int, ...]
    limits: tuple[int | None, ...]
    """By field: one more than its largest integer, or None for bytes."""

    def field_at(self, offset: int) -> str:
        """Return the name of the field with byte `offset` of the structure."""
        reached = [name for name, at in zip(self.names, self.offsets, strict=True) if at <= offset]
        return reached[-1]

    def offset_of(self, name: str) -> int:
        """Return where in the structure the field `name` begins."""
        return self.offsets[self.names.index(name)]

    def pack(self, values: object, where: str) -> bytes:
        """Pack the fields of a mapping or an object.

        Raises:
            EncodeError: a value does not fit its field; `where` names the structure.

        """
        packed = []
        for name, limit, width in zip(self.names, self.limits, self.widths, strict=True):
            value = values[name] if isinstance(values, dict) else getattr(values, name)
            if limit is None:
                if not isinstance(value, bytes) or len(value) != width:
                    raise EncodeError(f"must be {count_bytes(width)} long", f"{where}.{name}")
            elif not isinstance(value, int) or not 0 <= value < limit:
                raise EncodeError(f"{value} does not fit {count_bytes(width)}", f"{where}.{name}")
            packed.append(value)
        return self.packer.pack(*packed)


def located_from(
    offset: int, values: Iterable[_Value], length_of: Callable[[_Value], int]
) -> Iterator[tuple[int, _Value]]:
    """Yield each of `values` with its offset; the first is at `offset`, the next ones follow it."""
    for value in values:
        yield offset, value
        offset += length_of(value)


def maker(cls: type[_Value], names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], _Value]:
    """Return a function that makes a `cls`, a frozen dataclass with slots, from its fields' values.

    `names` are the names of all its fields, in the order of the values.  ``cls(…)`` takes four times
    as long, because it sets each field with ``object.__setattr__``.  The function fills a value of a
    class that has the same slots and is not frozen, and then changes the class of that value.

    Raises:
        TypeError: `names` are not the fields of `cls`.

    """
    unfrozen = _unfrozen(names)

    def make(values: tuple[Any, ...]) -> Any:
        made = unfrozen(*values)
        made.__class__ = cls
        return made

    make(names)
    return make


@cache
def _unfrozen(names: tuple[str, ...]) -> Any:
    """Return a class with the slots `names`, which is not frozen."""
    # A docstring of its own, because dataclasses takes longer to write one than to make the class.
    namespace = {"__slots__": names, "__doc__": "A value before it changes its class."}
    return make_dataclass(
        "_Unfrozen", names, repr=False, eq=False, match_args=False, namespace=namespace
    )


def derive(structure: Construct) -> Layout:
    """Derive the layout of `structure`: a construct ``Struct`` of integers and ``Bytes(n)``.

    Raises:
        TypeError: a field's size or format is not fixed.

    """
    names: list[str] = []
    formats: list[str] = []
    offsets: list[int] = []
    widths: list[int] = []
    limits: list[int | None] = []
    offset = 0
    for field in structure.subcons:
        inner = field.subcon if isinstance(field, Renamed) else field
        if isinstance(inner, FormatField):
            order, code = inner.fmtstr[0], inner.fmtstr[1:]
            if order != "<" and inner.length > 1:
                raise TypeError(f"{field.name}: ACPI tables are little-endian")
            limits.append(1 << 8 * inner.length)
        elif isinstance(inner, Bytes) and isinstance(inner.length, int):
            code = f"{inner.length}s"
            limits.append(None)
        else:
            raise TypeError(f"{field.name}: {inner!r} has no fixed size")
        names.append(field.name)
        formats.append(code)
        offsets.append(offset)
        widths.append(inner.length)
        offset += inner.length
    packer = Packer("<" + "".join(formats))
    return Layout(tuple(names), packer, packer.size, tuple(offsets), tuple(widths), tuple(limits))
