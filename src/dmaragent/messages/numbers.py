"""Numbers in messages: errors by number and by text, VT-d's fault reasons, AMD-Vi's flags."""

from collections.abc import Mapping
from functools import cache

from dmaragent.messages.errno_words import TRANSLATIONS

_BEGINNING = 3
"""How many letters of an error's text are the key of the index."""

ERRORS = {
    1: ("EPERM", "Operation not permitted"),
    2: ("ENOENT", "No such file or directory"),
    3: ("ESRCH", "No such process"),
    5: ("EIO", "Input/output error"),
    6: ("ENXIO", "No such device or address"),
    7: ("E2BIG", "Argument list too long"),
    9: ("EBADF", "Bad file descriptor"),
    11: ("EAGAIN", "Resource temporarily unavailable"),
    12: ("ENOMEM", "Cannot allocate memory"),
    13: ("EACCES", "Permission denied"),
    14: ("EFAULT", "Bad address"),
    16: ("EBUSY", "Device or resource busy"),
    17: ("EEXIST", "File exists"),
    18: ("EXDEV", "Invalid cross-device link"),
    19: ("ENODEV", "No such device"),
    22: ("EINVAL", "Invalid argument"),
    25: ("ENOTTY", "Inappropriate ioctl for device"),
    28: ("ENOSPC", "No space left on device"),
    38: ("ENOSYS", "Function not implemented"),
    75: ("EOVERFLOW", "Value too large for defined data type"),
    95: ("EOPNOTSUPP", "Operation not supported"),
    98: ("EADDRINUSE", "Address already in use"),
    110: ("ETIMEDOUT", "Connection timed out"),
}
"""Errors of Linux and of Xen, which have the same numbers, with the C library's texts."""
FAULT_REASONS = {
    0x01: "the IOMMU has no entry for the device's bus",
    0x02: "the IOMMU has no entry for the device: no driver set it up, or the device uses the "
    "address of another",
    0x03: "the IOMMU's entry for the device is wrong",
    0x04: "the address is beyond what the IOMMU translates",
    0x05: "the page is not mapped for writing",
    0x06: "the page is not mapped for reading",
}
"""The meaning of VT-d's fault reasons.  Source: Linux drivers/iommu/intel/dmar.c,
``dma_remap_fault_reasons``, which names them in order."""

_INTERRUPT, _PRESENT, _WRITE, _PERMISSION, _RESERVED_BIT, _TRANSLATION = 8, 16, 32, 64, 128, 256


def fault_flag_words(flags: int) -> str:
    """Return the meaning of the `flags` of AMD-Vi's IO_PAGE_FAULT, as a clause.

    Source: Xen amd/iommu_init.c, ``parse_event_log_entry``, which names them; Linux
    amd/amd_iommu_types.h, EVENT_FLAG_I and EVENT_FLAG_RW.
    """
    if is_interrupt(flags):
        return "this was an interrupt, not an access to memory"
    access = "write" if is_write(flags) else "read"
    if flags & _TRANSLATION:
        return "the device only requested the translation (ATS)"
    if not flags & _PRESENT:
        return f"a {access}, and no page is mapped at the address"
    if flags & _RESERVED_BIT:
        return f"a {access}, and the page table's entry is invalid"
    if flags & _PERMISSION:
        return f"a {access}, and the page is mapped without the right to it"
    return f"a {access} of a mapped page"


def is_interrupt(flags: int) -> bool:
    """Return whether a fault with these `flags` was of an interrupt."""
    return bool(flags & _INTERRUPT)


def is_write(flags: int) -> bool:
    """Return whether a fault with these `flags` was of a write."""
    return bool(flags & _WRITE)


def error_number(words: str) -> int | None:
    """Return the number of the error that `words` begin with; None: unknown.

    They are the text of a C library in any of its languages, or a name such as ``EPERM``.  More
    text can follow.
    """
    folded = words.casefold()  # people also type them
    for known, number in _by_beginning().get(folded[:_BEGINNING], ()):
        if folded.startswith(known):
            return number
    return None


@cache
def _by_beginning() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return the texts of errors with their numbers, by the first letters, the longest first."""
    known = {words.casefold(): number for number, (_, words) in ERRORS.items()}
    known |= {name.casefold(): number for number, (name, _) in ERRORS.items()}
    for number, text in TRANSLATIONS.items():
        known |= {" ".join(words.split()).casefold(): number for words in text.split(";")}
    by_beginning: dict[str, tuple[tuple[str, int], ...]] = {}
    for words, number in sorted(known.items(), key=lambda pair: -len(pair[0])):
        key = words[:_BEGINNING]
        by_beginning[key] = (*by_beginning.get(key, ()), (words, number))
    return by_beginning


def error_name(number: int) -> str:
    """Return the name of an error, such as ``EPERM``, or ``error 77`` for an unknown one."""
    return ERRORS[number][0] if number in ERRORS else f"error {number}"
