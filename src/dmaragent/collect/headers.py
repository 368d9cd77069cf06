"""The headers of a bundle's members: tarfile's, byte for byte, at a fraction of its time.

All members of one bundle differ in name and size alone; a large host's are 25,000.  tarfile
makes one header of them, and every other is that one with its own name, size and sum.
"""

import tarfile

# POSIX.1-2018, pax, ustar Interchange Format: where a header has its fields, and their lengths.
_NAME = 100
_SIZE_AT, _SIZE_END = 124, 136
_SUM_AT, _SUM_END = 148, 155
_PREFIX_AT, _PREFIX = 345, 155
_DIGITS = _SIZE_END - _SIZE_AT - 1


class Headers:
    """Makes headers of files that are for their owner alone, all of one time."""

    def __init__(self, taken: int) -> None:
        """Take the `taken` time, in seconds since 1970."""
        self._taken = taken
        blank = self._member("", 0).tobuf(tarfile.USTAR_FORMAT)
        self._before_size = blank[_NAME:_SIZE_AT]
        self._after_size = blank[_SIZE_END - 1 : _SUM_AT]
        self._after_sum = blank[_SUM_END:_PREFIX_AT]
        self._end = bytes(tarfile.BLOCKSIZE - _PREFIX_AT - _PREFIX)
        self._sum = int(blank[_SUM_AT:_SUM_END].rstrip(b"\0"), 8) - _DIGITS * ord("0")
        """Of a header without name and size."""

    def header(self, name: str, size: int) -> bytes:
        """Give the plain header, or where that has no room for the name, one that has."""
        prefix, short = _split(name)
        if not name.isascii() or len(short) > _NAME or len(prefix) > _PREFIX or size >> 33:
            return self._member(name, size).tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        first, digits, last = short.encode("ascii"), b"%011o" % size, prefix.encode("ascii")
        total = self._sum + sum(first) + sum(digits) + sum(last)
        return b"".join(
            (
                first.ljust(_NAME, b"\0"),
                self._before_size,
                digits,
                self._after_size,
                b"%06o\0" % total,
                self._after_sum,
                last.ljust(_PREFIX, b"\0"),
                self._end,
            )
        )

    def _member(self, name: str, size: int) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, self._taken, 0o600
        return member


def _split(name: str) -> tuple[str, str]:
    """Part a name that is too long at the first slash behind which it is not."""
    if len(name) <= _NAME:
        return "", name
    at = name.find("/", len(name) - _NAME - 1)
    return ("", name) if at < 0 else (name[:at], name[at + 1 :])
