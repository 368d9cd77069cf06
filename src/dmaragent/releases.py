"""Releases of Xen as people and hosts write them: 4.17, 4.17.7."""

import re
from typing import NamedTuple, Self

# Compiled and cached by re when the first release is parsed, which saves 0.5 ms for a table.
_RELEASE = r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,3})|\.x)?"
_POINT = r"(?s)\.([0-9]{1,3})(?![0-9])(.*)"
_ANOTHER = r"(?i)(?<![a-z])(?:pre|rc|unstable|staging)(?![a-z])|\+[0-9]+-g"

_CUT_AT = 15
"""Characters that Xen reports of XEN_EXTRAVERSION, except to ``xl info`` of 4.18 and later."""


class Release(NamedTuple):
    """A release of Xen or of its tools: `major`.`minor`.`point`.

    `point` is None if only its series is known.
    """

    major: int
    minor: int
    point: int | None = None
    after: int = 0
    """If `point` is None: the point release that it comes after, as 7 for ``4.17.8-pre``."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``4.17``, ``4.17.x`` or ``4.17.7``.

        Raises:
            ValueError: `text` is not one of these.

        """
        found = re.fullmatch(_RELEASE, text)
        if not found:
            raise ValueError(f"{text!r} is not a release of Xen like 4.17 or 4.16.1")
        major, minor, point = found.groups()
        return cls(int(major), int(minor), None if point is None else int(point))

    @classmethod
    def running(cls, series: tuple[int, int], extra: str | None) -> Self:
        """Return the release of a hypervisor from its XEN_EXTRAVERSION, `extra` (xen/Makefile).

        ``.7`` is a point release.  ``.8-pre`` is between 4.17.7 and 4.17.8, ``-rc`` and
        ``-unstable`` come before the series is released, and ``.5+23-ga4e5191dc0`` contains commits
        of the next one: the point release of these is unknown.  Debian 13 has ``.5-pre``.  So is
        that of a distribution's build, as ``.3_02`` or ``.5-1.fc37``: its patches can be those of
        later point releases.  Of 15 characters, ``-pre`` may have been cut off.
        """
        found = re.match(_POINT, extra or "")
        if found is None:
            return cls(*series)
        point, other = int(found[1]), re.search(_ANOTHER, found[2])
        if not found[2].strip():
            return cls(*series, point)
        cut = len(extra or "") == _CUT_AT
        before = cut or (other is not None and not other[0].startswith("+"))
        return cls(*series, None, max(point - 1, 0) if before else point)

    @property
    def series(self) -> tuple[int, int]:
        """Major and minor alone."""
        return self.major, self.minor

    @property
    def least(self) -> int:
        """The lowest point release that it may be."""
        return self.after if self.point is None else self.point

    def covers(self, other: "Release") -> bool:
        """Return whether `other` is this release, or of this series if `point` is None."""
        return self.series == other.series and self.point in (None, other.point)

    def __str__(self) -> str:
        point = "" if self.point is None else f".{self.point}"
        return f"{self.major}.{self.minor}{point}"
