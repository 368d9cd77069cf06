"""The numbers in messages: errors by number and by words, VT-d's fault reasons."""

from collections.abc import Mapping
from functools import cache

from dmaragent.messages.errno_words import TRANSLATIONS

_BEGINNING = 3
"""Letters by which the words of an error are looked up."""

ERRORS = {
    1: ("EPERM", "Operation not permitted"),
    2: ("ENOENT", "No such file or directory"),
    5: ("EIO", "Input/output error"),
    7: ("E2BIG", "Argument list too long"),
    9: ("EBADF", "Bad file descriptor"),
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
    95: ("EOPNOTSUPP", "Operation not supported"),
    98: ("EADDRINUSE", "Address already in use"),
}
"""Linux's errors and Xen's, which are the same numbers, with what the C library says of each."""
FAULT_REASONS = {
    0x01: "the IOMMU has no entry for the device's bus",
    0x02: "the IOMMU has no entry for the device: nobody set it up, or it is not the device it "
    "says it is",
    0x03: "the IOMMU's entry for the device is wrong",
    0x04: "the address is beyond what the IOMMU translates",
    0x05: "the page is not mapped for writing",
    0x06: "the page is not mapped for reading",
}
"""What VT-d's fault reasons come to.  Source: Linux drivers/iommu/intel/dmar.c,
``dma_remap_fault_reasons``, which names them in order."""


def error_number(words: str) -> int | None:
    """Return the number of the error that `words` begin with; None: none is known.

    They are a C library's, in any language it has, or a name such as ``EPERM``.  Messages may go
    on after them.
    """
    folded = words.casefold()  # people type them, too
    for known, number in _by_beginning().get(folded[:_BEGINNING], ()):
        if folded.startswith(known):
            return number
    return None


@cache
def _by_beginning() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return the words of errors with their numbers, by the first letters, the longest first."""
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
    """Return ``EPERM`` for 1, and ``error 77`` for one without a name here."""
    return ERRORS[number][0] if number in ERRORS else f"error {number}"
