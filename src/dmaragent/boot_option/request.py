"""Reading the regions that a user asks for: ``0xBASE-0xLIMIT=SBDF,…`` or ``0xBASE+SIZE=…``.

Pure.  Addresses are in bytes and need ``0x``, so that nobody gives a page number by mistake.
"""

import re

from dmaragent.addresses import SBDF
from dmaragent.boot_option.rmrr_writer import WantedRegion
from dmaragent.host.device_names import parse_device_name

_MOST_ADDRESS = (1 << 52) - 1
"""The physical addresses of x86-64: Intel SDM volume 3, 4.1.4, MAXPHYADDR is at most 52."""
_ADDRESS = re.compile(r"0[xX]([0-9a-fA-F]+)")
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG](?:i?[bB])?|[bB]?)")
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30}
_EXAMPLE = "0xbdf3e000-0xbdf5dfff=00:1d.0 or 0xbdf3e000+128K=00:1d.0"

_MOST_DIGITS = 16
"""Of a size: 52 bits take as many, and Python reads no number of thousands of them."""


class RequestError(ValueError):
    """A region cannot be read; `position` is the character it fails at, from 1."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{text!r}, character {position}: {reason}")
        self.position = position


def read_wanted(text: str) -> WantedRegion:
    """Read one region.

    Raises:
        RequestError: it is none; the message says where and why.

    """
    base, at = _address(text, 0, "a region begins with its address in bytes")
    mark, second = text[at : at + 1], at + 2
    if mark == "-":
        limit, at = _address(text, at + 1, "after '-' comes the address of the last byte")
        if limit < base:
            raise RequestError(text, second, f"the last byte 0x{limit:x} is before 0x{base:x}")
    elif mark == "+":
        size, end = _size(text, at + 1)
        limit, at = base + size - 1, end
    else:
        raise RequestError(text, at + 1, f"'-' or '+' comes here, as in {_EXAMPLE}")
    if limit > _MOST_ADDRESS:
        raise RequestError(text, second, f"0x{limit:x} is beyond 52 bits, so it is no address")
    if text[at : at + 1] != "=":
        raise RequestError(text, at + 1, "'=' and the devices come here, as in =00:1d.0")
    return WantedRegion(base=base, limit=limit, devices=_devices(text, at + 1))


def _address(text: str, at: int, expected: str) -> tuple[int, int]:
    found = _ADDRESS.match(text, at)
    if found is None:
        bare = re.match(r"[0-9a-fA-F]+", text[at:])
        hint = f"; write 0x{bare[0]} if it is one in hexadecimal" if bare else ""
        raise RequestError(text, at + 1, f"{expected}, with 0x{hint}")
    return int(found[1], 16), found.end()


def _size(text: str, at: int) -> tuple[int, int]:
    found = _SIZE.match(text, at)
    if found is not None and len(found[1].lower().removeprefix("0x").lstrip("0")) > _MOST_DIGITS:
        raise RequestError(text, at + 1, "the size is beyond 52 bits")
    size = 0 if found is None else int(found[1], 0 if found[1][:2] in ("0x", "0X") else 10)
    if found is None or size == 0:
        raise RequestError(text, at + 1, "after '+' comes a size in bytes, as 0x20000 or 128K")
    return size << _UNITS[found[2][:1].lower()], found.end()


def _device(text: str) -> SBDF:
    """Read one device, in any program's spelling.

    Raises:
        ValueError: it is none, or its function is missing.

    """
    device = parse_device_name(text).sbdf
    if device is None:
        raise ValueError(f"{text!r} does not name the function, as in 0000:0a:00.0")
    return device


def _devices(text: str, at: int) -> tuple[SBDF, ...]:
    devices = []
    for part in text[at:].split(","):
        try:
            devices.append(_device(part))
        except ValueError as error:
            raise RequestError(text, at + 1, str(error)) from error
        at += len(part) + 1
    return tuple(devices)
