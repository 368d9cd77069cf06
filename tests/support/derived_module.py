"""Writes ``parsers/fwtables/derived.py``: the layouts that the grammar has."""

import sys

from construct import Bytes, Construct, FormatField, Renamed

from fwtables import grammar
from fwtables.constants import StructureType

_HEAD = '''\
"""The layout of each fixed part: written by ``make docs`` from :mod:`fwtables.grammar`."""

from fwtables.constants import StructureType
from fwtables.layout import Layout

'''


def codes(structure: Construct) -> dict[str, str]:
    """Return the fields of a construct ``Struct`` of integers and ``Bytes(n)``, in ``struct``'s codes.

    Raises:
        TypeError: it holds something whose size or format is not fixed.

    """
    fields = {}
    for field in structure.subcons:
        inner = field.subcon if isinstance(field, Renamed) else field
        if isinstance(inner, FormatField):
            order, code = inner.fmtstr[0], inner.fmtstr[1:]
            if order != "<" and inner.length > 1:
                raise TypeError(f"{field.name}: ACPI tables are little-endian")
            fields[field.name] = code
        elif isinstance(inner, Bytes) and isinstance(inner.length, int):
            fields[field.name] = f"{inner.length}s"
        else:
            raise TypeError(f"{field.name}: {inner!r} has no fixed size")
    return fields


def module() -> str:
    """Return the text of the module."""
    named = {
        "TABLE_HEADER": grammar.TABLE_HEADER,
        "TABLE": grammar.TABLE_HEADER + grammar.DMAR,
        "STRUCTURE_HEADER": grammar.STRUCTURE_HEADER,
        "DEVICE_SCOPE": grammar.DEVICE_SCOPE,
        "PATH_ENTRY": grammar.PATH_ENTRY,
    }
    lines = [_HEAD]
    for name, structure in named.items():
        lines += [f"{name} = Layout.of(\n", *_fields(structure, 1), ")\n"]
    lines.append("BODIES = {\n")
    for kind in StructureType:
        fields = _fields(getattr(grammar, kind.name), 2)
        lines += [f"    StructureType.{kind.name}: Layout.of(\n", *fields, "    ),\n"]
    what = "By structure type: the fixed part after the structure's type and length."
    return "".join([*lines, "}\n", f'"""{what}"""\n'])


def _fields(structure: Construct, depth: int) -> list[str]:
    begin = "    " * depth
    return [f'{begin}{name}="{code}",\n' for name, code in codes(structure).items()]


if __name__ == "__main__":
    sys.stdout.write(module())
