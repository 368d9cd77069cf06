"""``gfx_passthru``: libxl looks for Intel's graphics among the guest's devices.

Pure.  Source: libxl_dm.c, ``libxl__detect_gfx_passthru_kind`` and
``libxl__build_device_model_args_new``; libxl_pci.c, ``libxl__is_igd_vga_passthru``.
"""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.xlcfg import whole_number
from dmaragent.host.topology import PciFunction
from dmaragent.policy.decisions import Decider, Decision, SourceRule, refused, undecided
from dmaragent.policy.host_facts import HostFacts, may_have_class
from dmaragent.policy.settings import GRAPHICS_KIND
from dmaragent.policy.words import building as words
from dmaragent.releases import Release

GRAPHICS_RULE = SourceRule(
    "libxl_dm.c, libxl__build_device_model_args_new", "ERROR_FAIL", of_regions=False
)
MESSAGE = "unable to detect required gfx_passthru_kind"
_INTEL = 0x8086
_VGA, _OTHER_DISPLAY = 0x030000, 0x038000
GRAPHICS_BY_CLASS = (4, 10)
"""The first release that looks at the class; before, at a list of device IDs: 5e6e39a1d6."""
GRAPHICS_OF_BOTH_CLASSES = (4, 20)
"""The first release that accepts a display controller of another class than VGA: 4191619e08."""


def graphics_refusal(
    guest: GuestConfig, devices: Sequence[SBDF], host: HostFacts, release: Release
) -> Iterator[Decision]:
    """Yield that libxl of `release` finds no graphics for an HVM guest with ``gfx_passthru``.

    `devices` are the addresses that libxl looks at, before it knows the device of a name.
    """
    if guest.is_traditional or release.series < GRAPHICS_KIND:
        return
    if not _must_be_found(guest.gfx_passthru):
        return
    place = guest.places.get("gfx_passthru", "")
    found = {_is_intels_graphics(sbdf, host, release) for sbdf in devices}
    if None in found and True not in found:
        yield undecided(words.GRAPHICS_UNKNOWN, rule=GRAPHICS_RULE, place=place)
    elif True not in found:
        decision = refused(Decider.LIBXL, words.GRAPHICS_NOT_INTELS, GRAPHICS_RULE)
        yield decision._replace(shown=MESSAGE, place=place)


def _must_be_found(text: str | None) -> bool:
    """Return whether the setting requires graphics of a kind that it does not name."""
    if text is None:
        return False
    return text.lower() in ("default", "true") or bool(whole_number(text))


def _is_intels_graphics(sbdf: SBDF, host: HostFacts, release: Release) -> bool | None:
    """Return whether a function is what libxl looks for; None: unknown."""
    if host.functions is None:
        return None
    function = host.functions.get(sbdf)
    if function is None or function.vendor_id not in (None, _INTEL):
        return False
    classes = (_VGA, _OTHER_DISPLAY) if release.series >= GRAPHICS_OF_BOTH_CLASSES else (_VGA,)
    if not any(may_have_class(function, code) for code in classes):
        return False
    certain = function.interface_known and function.class_code is not None
    by_class = release.series >= GRAPHICS_BY_CLASS
    return True if certain and by_class and function.vendor_id is not None else None


def display_vendors(functions: Mapping[SBDF, PciFunction] | None) -> Mapping[SBDF, int | None]:
    """Return the vendor of each function that is, or may be, a display controller."""
    return {
        sbdf: function.vendor_id
        for sbdf, function in (functions or {}).items()
        if any(may_have_class(function, code) for code in (_VGA, _OTHER_DISPLAY))
    }
