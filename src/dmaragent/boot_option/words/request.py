"""Why a region on the command line cannot be read."""

EXAMPLE = "0xbdf3e000-0xbdf5dfff=00:1d.0 or 0xbdf3e000+128K=00:1d.0"
"""Regions as the command line accepts them."""


def address_expected() -> str:
    """Return what the beginning of a region must be."""
    return "a region begins with its address in bytes"


def last_byte_expected() -> str:
    """Return what must follow the ``-`` of a region."""
    return "'-' must be followed by the address of the last byte"


def prefix_expected(expected: str, digits: str) -> str:
    """Return that ``0x`` is missing from what is `expected`; `digits`: what is there instead."""
    hint = f"; write 0x{digits} if this is the hexadecimal address" if digits else ""
    return f"{expected}, with 0x{hint}"


def last_byte_before_first(base: int, limit: int) -> str:
    """Refuse a region that ends before it begins."""
    return f"the last byte 0x{limit:x} is before the first, 0x{base:x}"


def sign_expected() -> str:
    """Return what must follow the address of a region."""
    return f"expected '-' or '+' here, as in {EXAMPLE}"


def address_too_high(limit: int) -> str:
    """Refuse a region that ends beyond all physical addresses."""
    return f"0x{limit:x} needs more than the 52 bits of a physical address"


def devices_expected() -> str:
    """Return what must follow the addresses of a region."""
    return "expected '=' and the devices here, as in =00:1d.0"


def size_too_large() -> str:
    """Refuse a size that no region can have."""
    return "the size needs more than 52 bits"


def size_expected() -> str:
    """Return what must follow the ``+`` of a region."""
    return "'+' must be followed by a size in bytes, such as 0x20000 or 128K"


def function_expected(device: str) -> str:
    """Refuse the name of a device that can be several functions."""
    return f"{device!r} has no function number; write it as in 0000:0a:00.0"
