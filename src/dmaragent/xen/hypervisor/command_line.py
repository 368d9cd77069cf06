"""How each release reads Xen's command line, and whether ``iommu=`` switches the IOMMU off.

Pure.  Source: Xen common/kernel.c, ``cmdline_parse`` (from 4.10 on ``parse_params``) and
``parse_bool``; drivers/passthrough/iommu.c, ``parse_iommu_param``; arch/x86/setup.c,
``__start_xen``, which cuts the line at `` -- ``.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.releases import Release
from dmaragent.xen.hypervisor import words

_FALSE = ("no", "off", "false", "disable", "0")
_TRUE = ("yes", "on", "true", "enable", "1")
_FOR_DOM0 = " -- "
"""Separates Xen's options from the kernel options of dom0."""


class OptionRules(NamedTuple):
    """How releases of Xen read their command line."""

    name: str
    first: tuple[int, int, int]
    """The first release with these rules."""
    longest_word: int = 127
    """The number of bytes read of a word: 97fd49a7e0, 4.10.0, changed ``opt[100]`` to 128."""
    undone: bool = True
    """Whether ``iommu=on`` reverts an earlier ``iommu=off``: 31dd929424, 4.10.0."""
    abbreviated: bool = False
    """Whether a boolean may be abbreviated, as in ``iommu=o``: from 532dec8e31, 4.10.0,
    until 2ddf7e3e34, 4.12.0, which is in 4.10.3 (948eb03751) and 4.11.2 (e202feb713)."""
    strips_no: bool = False
    """Whether ``iommu=no-off`` means ``iommu=off``: until 8ed20a7119, 4.12.0."""
    rmrr: bool = True
    """Whether the ``rmrr=`` option exists: 431685e8de, 4.9.0."""
    rmrr_errors: bool = True
    """Whether an error in a range of ``rmrr=`` drops the range: a52214b03a, 4.10.0.

    4.9 keeps the range with the devices before the error.  It also writes an eleventh range past
    the end of its array."""
    stops_at_large: bool = False
    """Whether Xen stops reading at a range of more than 16 pages: 2d9b369913, 4.17.0.  Before, the
    range uses one of the ten entries and ``add_user_rmrr`` ignores it."""


_RULES = (
    OptionRules(
        name="Xen 4.6 to 4.8",
        first=(4, 6, 0),
        longest_word=99,
        undone=False,
        strips_no=True,
        rmrr=False,
    ),
    OptionRules(
        name="Xen 4.9",
        first=(4, 9, 0),
        longest_word=99,
        undone=False,
        strips_no=True,
        rmrr_errors=False,
    ),
    OptionRules(name="Xen 4.10.0 to 4.10.2", first=(4, 10, 0), abbreviated=True, strips_no=True),
    OptionRules(name="Xen 4.10.3 and 4.10.4", first=(4, 10, 3), strips_no=True),
    OptionRules(name="Xen 4.11.0 and 4.11.1", first=(4, 11, 0), abbreviated=True, strips_no=True),
    OptionRules(name="Xen 4.11.2 to 4.11.4", first=(4, 11, 2), strips_no=True),
    OptionRules(name="Xen 4.12 to 4.16", first=(4, 12, 0)),
    OptionRules(name="Xen 4.17 to 4.22", first=(4, 17, 0), stops_at_large=True),
)
"""The rules, oldest first."""


def option_rules(release: Release | None) -> tuple[OptionRules, ...]:
    """Return the rules that may apply to `release`, oldest first.

    There are several if the release is unknown (None), or if its unknown point release matters,
    as for 4.10.
    """
    if release is None:
        return _RULES
    if release.point is not None:
        known = (*release.series, release.point)
        return tuple(rules for rules in _RULES if rules.first <= known)[-1:] or _RULES[:1]
    before = [rules for rules in _RULES if rules.first[:2] < release.series]
    within = [rules for rules in _RULES if rules.first[:2] == release.series]
    surely = [rules for rules in within if rules.first[2] <= release.after]
    within = [*surely[-1:], *within[len(surely) :]]
    if surely:
        return tuple(within)
    return (*(before[-1:] or _RULES[:1]), *within)


def option_words(line: str, rules: OptionRules) -> Iterator[tuple[str, str]]:
    """Yield the words of `line` as read by `rules`, each with the part that is cut off.

    Only spaces separate words: tabs and quotation marks have no meaning for Xen.
    """
    for word in line.partition(_FOR_DOM0)[0].split(" "):
        if word:
            raw = word.encode("utf-8", "surrogateescape")
            kept, rest = raw[: rules.longest_word], raw[rules.longest_word :]
            yield kept.decode("utf-8", "replace"), rest.decode("utf-8", "replace")


class IommuSwitch(NamedTuple):
    """The effect of the command line on Xen's IOMMU."""

    word: str
    """The option that switches it off; empty if none does."""
    doubt: str
    """Why the effect of `word` is unknown: releases read it differently; or empty."""
    given: str = ""
    """The whole option on the command line that has `word`, other parts included."""


def iommu_switch(line: str, release: Release | None) -> IommuSwitch:
    """Return the effect of `line` on the IOMMU by the rules that may apply to `release`.

    Xen parses the DMAR table even if the IOMMU is off, for interrupt remapping:
    drivers/passthrough/x86/iommu.c, ``acpi_iommu_init``.
    """
    switches = {rules: _switch(line, rules) for rules in option_rules(release)}
    off = [rules.name for rules, found in switches.items() if found]
    word, given = next(filter(None, reversed(switches.values())), ("", ""))
    if len(off) in (0, len(switches)):
        return IommuSwitch(word, "", given)
    on = [rules.name for rules, found in switches.items() if not found]
    return IommuSwitch(word, words.switched_off_by_release(word, off, on), given)


def iommu_switched_off(line: str, release: Release | None) -> str:
    """Return the option of `line` that certainly switches the IOMMU off; empty if none does."""
    switch = iommu_switch(line, release)
    return "" if switch.doubt else switch.word


def graphics_option(line: str, release: Release | None) -> str:
    """Return the part of ``iommu=`` that leaves the graphics' unit off, or empty if none does.

    The last one counts.  Source: ``iommu_igfx``; ``igfx=BOOLEAN`` exists from 4.12 on.
    """
    off = ""
    for rules in option_rules(release)[-1:]:
        for _, value in _iommu_values(line, rules):
            for part in value.split(","):
                name, equals, enabled = part.partition("=")
                if part in ("igfx", "no-igfx"):
                    off = part if part == "no-igfx" else ""
                elif name == "igfx" and equals and not rules.strips_no:
                    known = enabled in _TRUE or enabled in _FALSE
                    off = part if enabled in _FALSE else "" if known else off
    return off and f"iommu={off}"


def _switch(line: str, rules: OptionRules) -> tuple[str, str] | None:
    """Return the option that switches the IOMMU off by `rules`, and the word that has it, or None."""
    switch = None
    for shown, value in _iommu_values(line, rules):
        for part in value.split(","):
            enable = _enables(part, rules)
            if enable is False:
                switch = (shown if shown.startswith("no-") else f"iommu={part}"), shown
            elif enable and rules.undone:
                switch = None
    return switch


def _iommu_values(line: str, rules: OptionRules) -> Iterable[tuple[str, str]]:
    """Yield the ``iommu`` options with their values; ``no-iommu`` means ``iommu=no``."""
    for word, _ in option_words(line, rules):
        key, _, value = word.partition("=")
        if key == "iommu":
            yield word, value
        elif key == "no-iommu" and not value:
            yield word, "no"


def _enables(part: str, rules: OptionRules) -> bool | None:
    """Return whether `part` of ``iommu=`` switches the IOMMU on; None if it sets something else."""
    if rules.strips_no:
        part = part.removeprefix("no-")
    for enables, names in ((False, _FALSE), (True, _TRUE)):
        if part in names or (
            rules.abbreviated and part and any(name.startswith(part) for name in names)
        ):
            return enables
    return None
