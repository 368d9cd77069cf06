"""Releases of Xen as tests write them: (4, 17) or, with the point, (4, 17, 7)."""

from dmaragent.releases import Release

Numbers = tuple[int, int] | tuple[int, int, int] | None
"""None: unknown."""


def as_release(numbers: Numbers) -> Release | None:
    return None if numbers is None else Release(*numbers)
