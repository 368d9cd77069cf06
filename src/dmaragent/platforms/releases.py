"""Releases of Xen as people and hosts write them: 4.17, 4.17.7."""

import re
from dataclasses import dataclass
from typing import Self

_RELEASE = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,3})|\.x)?")
_POINT = re.compile(r"\.([0-9]{1,3})(?![0-9])")


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A release of Xen or of its tools; `point` is None where only its series is known."""

    major: int
    minor: int
    point: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``4.17``, ``4.17.x`` or ``4.17.7``.

        Raises:
            ValueError: `text` is none of these.

        """
        found = _RELEASE.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a release of Xen like 4.17 or 4.16.1")
        major, minor, point = found.groups()
        return cls(int(major), int(minor), None if point is None else int(point))

    @classmethod
    def running(cls, series: tuple[int, int], extra: str | None) -> Self:
        """Make it of what a hypervisor says of itself; `extra` is like ``.7`` or ``.5-1.fc37``."""
        point = _POINT.match(extra or "")
        return cls(*series, int(point[1]) if point else None)

    @property
    def series(self) -> tuple[int, int]:
        """Major and minor alone."""
        return self.major, self.minor

    def __str__(self) -> str:
        point = "" if self.point is None else f".{self.point}"
        return f"{self.major}.{self.minor}{point}"
