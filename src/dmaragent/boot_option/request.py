"""Reading the regions on the command line: ``0xBASE-0xLIMIT=SBDF,…`` or ``0xBASE+SIZE=…``.

Pure.  Addresses are in bytes and need ``0x``, so that a page number is not mistaken for one.
"""

import re

from dmaragent.addresses import SBDF
from dmaragent.boot_option.ivmd_model import DeviceSpan, WantedIvmd
from dmaragent.boot_option.rmrr_writer import WantedRegion
from dmaragent.boot_option.words import ivmd
from dmaragent.boot_option.words import request as words
from dmaragent.host.device_names import parse_device_name

_MOST_ADDRESS = (1 << 52) - 1
"""The physical addresses of x86-64: Intel SDM volume 3, 4.1.4, MAXPHYADDR is at most 52."""
_ADDRESS = re.compile(r"0[xX]([0-9a-fA-F]+)")
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG](?:i?[bB])?|[bB]?)")
_OF_UDEV = "pci-"
"""How udev begins the name of a device."""
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30}
_MOST_DIGITS = 16
"""Digits of a size after its zeros: 52 bits need no more, and Python refuses thousands of digits."""


class RequestError(ValueError):
    """A region cannot be read; `position` is the character in question, from 1."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{text!r}, character {position}: {reason}")
        self.position = position


def read_wanted(text: str) -> WantedRegion:
    """Return the region for ``rmrr=`` that `text` describes.

    Raises:
        RequestError: it is not a region; the message has the place and the reason.

    """
    base, limit, at = _addresses(text)
    if text[at : at + 1] != "=":
        raise RequestError(text, at + 1, words.devices_expected())
    return WantedRegion(base=base, limit=limit, devices=_devices(text, at + 1))


def read_wanted_ivmd(text: str) -> WantedIvmd:
    """Return the region for ``ivmd=`` that `text` describes: its devices may be ranges, or all.

    Raises:
        RequestError: it is not a region; the message has the place and the reason.

    """
    base, limit, at = _addresses(text)
    if at == len(text):
        return WantedIvmd(base=base, limit=limit, devices=())
    if text[at] != "=":
        raise RequestError(text, at + 1, ivmd.devices_expected())
    return WantedIvmd(base=base, limit=limit, devices=_device_spans(text, at + 1))


def _addresses(text: str) -> tuple[int, int, int]:
    """Return the first and the last byte of the region `text`, and where its addresses end."""
    base, at = _address(text, 0, words.address_expected())
    mark, second = text[at : at + 1], at + 2
    if mark == "-":
        limit, at = _address(text, at + 1, words.last_byte_expected())
        if limit < base:
            raise RequestError(text, second, words.last_byte_before_first(base, limit))
    elif mark == "+":
        size, end = _size(text, at + 1)
        limit, at = base + size - 1, end
    else:
        raise RequestError(text, at + 1, words.sign_expected())
    if limit > _MOST_ADDRESS:
        raise RequestError(text, second, words.address_too_high(limit))
    return base, limit, at


def _address(text: str, at: int, expected: str) -> tuple[int, int]:
    match = _ADDRESS.match(text, at)
    if match is None:
        bare = re.match(r"[0-9a-fA-F]*", text[at:])
        digits = bare[0] if bare else ""
        raise RequestError(text, at + 1, words.prefix_expected(expected, digits))
    return int(match[1], 16), match.end()


def _size(text: str, at: int) -> tuple[int, int]:
    match = _SIZE.match(text, at)
    if match is None:
        raise RequestError(text, at + 1, words.size_expected())
    number = match[1].lower()
    digits = number.removeprefix("0x").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        raise RequestError(text, at + 1, words.size_too_large())
    size = int(digits or "0", 16 if number.startswith("0x") else 10)
    if size == 0:
        raise RequestError(text, at + 1, words.size_expected())
    return size << _UNITS[match[2][:1].lower()], match.end()


def _device(text: str) -> SBDF:
    """Return the device that `text` names, in any program's spelling.

    Raises:
        ValueError: it is not a device, or its function is missing.

    """
    device = parse_device_name(text).sbdf
    if device is None:
        raise ValueError(words.function_expected(text))
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


def _device_spans(text: str, at: int) -> tuple[DeviceSpan, ...]:
    spans = []
    for part in text[at:].split(","):
        try:
            spans.append(_device_span(part))
        except _SpanError as error:
            raise RequestError(text, at + 1 + error.at, str(error)) from error
        at += len(part) + 1
    return tuple(spans)


class _SpanError(ValueError):
    """A device or a range of devices cannot be read; `at` is the character in question, from 0."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


def _device_span(text: str) -> DeviceSpan:
    """Return the device or the range of devices `text`; names of udev contain a ``-``, too.

    Raises:
        _SpanError: it is neither.

    """
    begin = 0
    try:
        device = _device(text)
    except ValueError as error:
        reason = str(error)
    else:
        return DeviceSpan(device, device)
    for dash in (at for at, sign in enumerate(text) if sign == "-"):
        try:
            first = _device(text[:dash])
        except ValueError as error:
            if dash == text.find("-") and not text.startswith(_OF_UDEV):
                raise _SpanError(str(error), 0) from error
            continue
        try:
            return DeviceSpan(first, _device(text[dash + 1 :]))
        except ValueError as error:
            reason, begin = str(error), dash + 1
    raise _SpanError(reason, begin)
