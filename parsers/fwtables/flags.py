"""The names of the bits that are set in a flags field."""

from enum import IntFlag


def bit_names(flags: type[IntFlag] | None, value: int) -> tuple[str, ...]:
    """Return the names that `flags` has for the bits set in `value`, lowest first.

    A bit without a name is ``reserved bit N``, so that every set bit is named.
    """
    known = {int(flag): str(flag.name) for flag in flags or ()}
    bits = (bit for bit in range(value.bit_length()) if value >> bit & 1)
    return tuple(known.get(1 << bit, f"reserved bit {bit}") for bit in bits)
