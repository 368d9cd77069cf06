"""One setting for all hosts as text and as JSON: the lines to write, their cost, their risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dmaragent.fleet import setting_words as words
from dmaragent.fleet.records import NoData
from dmaragent.fleet.setting_choice import Found, OneSetting, RegionOnHost, Trials
from dmaragent.fleet.text import (
    MOST_CLASSES,
    classes_head,
    grouped,
    more_classes_line,
    without_text,
)
from dmaragent.fleet.words import more_reasons, verdict_line
from dmaragent.guests.config import GuestType
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph

if TYPE_CHECKING:
    from dmaragent.present.json.schema import fleet as schema

_INDENT = 2


def settings_text(
    found: Sequence[OneSetting], without: Sequence[NoData], *, details: bool
) -> Iterator[str]:
    """Yield for each guest the setting, its cost and its risk, or the hosts that prevent it."""
    for number, one in enumerate(found):
        if number:
            yield ""
        yield from _setting_lines(one, details=details)
    yield from without_text(without, details=details)


def _setting_lines(one: OneSetting, *, details: bool) -> Iterator[str]:
    yield from paragraph(visible(f"{one.name}: {_headline(one)}"), hang=_INDENT)
    if one.no_room is not None:
        return
    yield from _lines(words.BEST if one.found is Found.NONE else words.LINES, one)
    if one.low_memory is not None:
        yield from paragraph(f"{words.low_memory(one.low_memory)}.", indent=_INDENT, hang=_INDENT)
    if one.lowest is not None:
        region, host = one.lowest
        reason = words.reason_of_hole(region, host, one.request.bar_room)
        yield from paragraph(visible(f"{reason}."), indent=_INDENT, hang=_INDENT)
    yield from _listed_hosts(one, details=details)
    if one.less_memory is not None:
        fewer = one.less_memory.hosts(Verdict.STARTS) > one.hosts(Verdict.STARTS)
        yield ""
        yield from _lines(
            words.MORE_WITH_LESS_MEMORY if fewer else words.LESS_MEMORY, one.less_memory
        )
    if one.found is not Found.NONE and one.request.guest.type is GuestType.HVM:
        yield ""
        yield from paragraph(f"{words.PROMISED}.")
        if one.request.bar_room is not None:
            yield from paragraph(f"{words.UNCLEARABLE}.")


def _listed_hosts(one: OneSetting, *, details: bool) -> Iterator[str]:
    """Yield the hosts that prevent the setting, those that are unknown, and those at risk."""
    for verdict in (Verdict.REFUSED, Verdict.UNDECIDED):
        of_verdict = one.with_verdict(verdict)
        if of_verdict:
            yield ""
            yield verdict_line(verdict, one.hosts(verdict), len(of_verdict))
            yield from _class_lines(of_verdict, details=details)
    for harm in sorted((harm for harm in Harm if harm), reverse=True):
        at_risk = [(of, trial) for of, trial in one.trials if trial.harm is harm]
        if at_risk:
            yield ""
            yield words.risk(harm, sum(len(of.hosts) for of, _ in at_risk))
            yield from _class_lines(at_risk, details=details)


def _headline(one: OneSetting) -> str:
    starts, unknown = one.hosts(Verdict.STARTS), one.hosts(Verdict.UNDECIDED)
    without = one.request.without
    hosts = starts + unknown + one.hosts(Verdict.REFUSED) + without
    if one.no_room is not None:
        return words.no_room(one.request.bar_room or 0, *one.no_room)
    if one.found is Found.FOUND:
        at_risk = sum(len(of.hosts) for of, trial in one.trials if trial.harm)
        changed = bool(one.lines)
        return words.starts_everywhere(hosts, len(one.trials), at_risk, changed=changed)
    if one.found is Found.NONE:
        return words.no_setting(starts, hosts)
    return words.unknown_setting(starts, hosts, unknown, without)


def _lines(title: str, one: OneSetting) -> Iterator[str]:
    """Yield the lines to write, whole: they are copied."""
    if one.lines:
        yield title
        yield from (visible(f"    {line}") for line in one.lines)


def _class_lines(found: Trials, *, details: bool) -> Iterator[str]:
    alike = grouped((of, trial, trial.reasons) for of, trial in found)
    shown = alike if details else alike[:MOST_CLASSES]
    for classes, trial in shown:
        yield from classes_head(classes)
        reasons = trial.reasons if details else trial.reasons[:1]
        for reason in reasons:
            yield from paragraph(visible(reason), indent=2 * _INDENT, hang=_INDENT)
        if len(trial.reasons) > len(reasons):
            yield f"    {more_reasons(len(trial.reasons) - len(reasons))}"
    yield from more_classes_line([of for classes, _ in alike[len(shown) :] for of in classes])


# JSON -------------------------------------------------------------------------------------


def setting_objects(found: Sequence[OneSetting]) -> list[schema.OneSetting]:
    """Return the settings as the fleet document has them."""
    return [
        {
            "guest": one.name,
            "source": one.request.guest.source,
            "found": one.found.value,
            **_setting(one),
            "bar_room": one.request.bar_room,
            "lowest_region": _region(one.lowest),
            "no_room": _region(one.no_room),
            "tried": len(one.trials),
            "starts": one.hosts(Verdict.STARTS),
            "prevented_by": _classes(one.with_verdict(Verdict.REFUSED)),
            "unknown": _classes(one.with_verdict(Verdict.UNDECIDED)),
            "risks": _classes([(of, trial) for of, trial in one.trials if trial.harm]),
            "less_memory": None if one.less_memory is None else _setting(one.less_memory),
        }
        for one in found
    ]


def _setting(one: OneSetting) -> schema.Setting:
    return {
        "mmio_hole": one.setting.hole,
        "memory": one.setting.memory,
        "low_memory": one.low_memory,
        "entries": [
            {
                "device": before,
                "rdm_policy": "relaxed" if "rdm_policy=relaxed" in after else "strict",
            }
            for before, after in one.setting.entries
        ],
        "lines": list(one.lines),
    }


def _region(place: RegionOnHost | None) -> schema.RegionOnHost | None:
    if place is None:
        return None
    start, end = place.region.start, place.region.end - 1
    return {"host": place.host, "base": f"{start:#x}", "limit": f"{end:#x}"}


def _classes(found: Trials) -> list[schema.ClassResult]:
    return [
        {"label": of.label, "hosts": list(of.names), "reasons": list(trial.reasons)}
        for of, trial in found
    ]
