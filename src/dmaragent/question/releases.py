"""Releases of Xen: as users name them, and spans with the same behaviour."""

from collections.abc import Iterator

from dmaragent.errors import DmaragentError
from dmaragent.policy.graphics import GRAPHICS_BY_CLASS, GRAPHICS_OF_BOTH_CLASSES
from dmaragent.policy.hvmloader import hvmloader_memory
from dmaragent.policy.settings import (
    GRAPHICS_KIND,
    PASSTHROUGH,
    PVH_AND_TYPE,
    STUB_DOMAIN_OF_QEMU_XEN,
    WITHOUT_TRADITIONAL,
    documented_default,
)
from dmaragent.question import words
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE, behaviours_of
from dmaragent.xen.toolstack.libxl import FIRST_RELEASE, XLCFG_ERAS, toolstack_behaviours

_FIRSTS_OF_XL = (
    *(PVH_AND_TYPE, PASSTHROUGH, STUB_DOMAIN_OF_QEMU_XEN, WITHOUT_TRADITIONAL),
    *(GRAPHICS_KIND, GRAPHICS_BY_CLASS, GRAPHICS_OF_BOTH_CLASSES),
    *(era.first for era in XLCFG_ERAS),
)
"""The first releases whose xl reads a configuration differently, or libxl another device model."""


def release_spans(*, amd: bool = False) -> tuple[tuple[str, Release], ...]:
    """Return spans of releases with the same toolstack and hypervisor behaviour, and one of each.

    `amd`: the hypervisor's behaviour is that for AMD's table, not that for Intel's.
    """
    behaviours = _amd_behaviours if amd else _intel_behaviours
    spans: list[tuple[object, Release, Release]] = []
    for minor in range(FIRST_RELEASE[1], NEWEST_RELEASE[1] + 1):
        release = Release(4, minor)
        does = (
            toolstack_behaviours(release),
            hvmloader_memory(release),
            behaviours(release),
            documented_default(release),
            [release.series >= first for first in _FIRSTS_OF_XL],
        )
        if spans and spans[-1][0] == does:
            spans[-1] = (does, spans[-1][1], release)
        else:
            spans.append((does, release, release))
    return tuple(
        (str(last) if first == last else f"{first} to {last}", last) for _, first, last in spans
    )


def rules_of(release: Release, *, amd: bool = False) -> object:
    """Return a key of what the hypervisor of `release` does with the table: equal, if alike."""
    return _amd_behaviours(release) if amd else behaviours_of(release)


def _intel_behaviours(release: Release) -> object:
    return tuple(dict.fromkeys(behaviour.for_guests for behaviour in behaviours_of(release)))


def _amd_behaviours(release: Release) -> object:
    from dmaragent.xen.hypervisor.ivrs_behaviour import (  # noqa: PLC0415 - for AMD hosts only
        ivrs_behaviours_of,
    )

    return tuple(behaviour._replace(name="") for behaviour in ivrs_behaviours_of(release))


def not_modelled(*releases: Release) -> Iterator[str]:
    """Yield a sentence for each of `releases` that is newer than all that are modelled."""
    newest = "{}.{}".format(*NEWEST_RELEASE)
    for release in dict.fromkeys(releases):
        if release.series > NEWEST_RELEASE:
            yield words.release_not_modelled(release, newest)


def read_release(option: str, text: str) -> Release:
    """Return the release of Xen in the value of `option`.

    Raises:
        DmaragentError: it is not a release, or one without reserved device memory for guests.

    """
    try:
        release = Release.parse(text)
    except ValueError as error:
        raise DmaragentError(f"{option}: {error}") from error
    if release.series < FIRST_RELEASE:
        first = "{}.{}".format(*FIRST_RELEASE)
        raise DmaragentError(
            f"{option}: {words.before_reserved_memory(release)}",
            words.use_release_with_reserved_memory(first),
        )
    return release
