"""Checking Xen's ``ivmd=`` option for one AMD host, and writing one for regions.

Pure.  What is written is read back by the same rules, after what is already on the host's command
line: Xen refuses an overlap, and a refusal switches AMD-Vi off for the whole host.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import AddressRange
from dmaragent.boot_option.ivmd_advice import (
    advice_on,
    checked_notes,
    devices_of,
    pages_of,
    written_notes,
)
from dmaragent.boot_option.ivmd_model import (
    FIRST_RELEASE,
    CheckedIvmd,
    IvmdEffect,
    IvmdText,
    JudgedIvmd,
    RefusedIvmd,
    WantedIvmd,
    WrittenIvmd,
)
from dmaragent.boot_option.ivmd_writer import never_accepted, places_of, words_of
from dmaragent.boot_option.mistakes import decimal_words
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.unquoted import unquoted
from dmaragent.boot_option.words import check as check_words
from dmaragent.boot_option.words import ivmd as words
from dmaragent.xen.hypervisor import ivrs_words
from dmaragent.xen.hypervisor.ivmd_ranges import MOST_RANGES, IvmdRange, parse_ivmd_option
from dmaragent.xen.hypervisor.ivrs_acceptance import predict_ivrs
from dmaragent.xen.hypervisor.ivrs_behaviour import ivrs_behaviour_of
from dmaragent.xen.hypervisor.ivrs_blocks import stops_xen
from dmaragent.xen.hypervisor.ivrs_memory import IvmdMemory
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance, IvmdFate, IvrsPrediction
from dmaragent.xen.reserved_list.predicted import memory_map_of
from fwtables import IVMD, device_name
from fwtables.ivrs.constants import BlockType

_EFFECTS = {
    IvmdFate.ACCEPTED: IvmdEffect.ACCEPTED,
    IvmdFate.REFUSED: IvmdEffect.SWITCHES_OFF,
    IvmdFate.UNKNOWN: IvmdEffect.UNKNOWN,
}
"""By fate; the others have no effect."""
_AFTER_MEMORY = (IvmdFate.ACCEPTED, IvmdFate.NO_IOMMU)
"""The fates of a range with pages of which Xen first checks the memory."""


def check_ivmd(on: OptionHost, text: str | None) -> CheckedIvmd:
    """Check the ``ivmd=`` of `text`; None: of the host's own command line."""
    own = text is None
    line = (on.command_line or "") if text is None else unquoted(text, "ivmd")
    prediction = _predict(on, line)
    ranges = tuple(_judged(on, line, prediction))
    if on.iommu_off:
        ranges = tuple(_while_off(on, judged, own=own) for judged in ranges)
    if own:
        ranges = tuple(_as_listed(on, judged, ranges) for judged in ranges)
    return CheckedIvmd(
        on=on,
        text=line,
        own=own,
        ranges=ranges,
        iommu_disabled="" if prediction is None else prediction.iommu_disabled,
        notes=tuple(checked_notes(on, text, line)),
    )


def _predict(on: OptionHost, line: str) -> IvrsPrediction | None:
    """Return what Xen makes of the table and `line`; None: the table is unknown."""
    if on.ivrs is None:
        return None
    return predict_ivrs(on.ivrs, on.host.topology, memory_map_of(on.host), on.release, line)


def _judged(on: OptionHost, line: str, prediction: IvrsPrediction | None) -> Iterator[JudgedIvmd]:
    """Yield what Xen does with each range of ``ivmd=`` on `line`."""
    behaviour = ivrs_behaviour_of(on.release)
    fates = iter(() if prediction is None else prediction.options)
    for user in parse_ivmd_option(line, on.release):
        if not behaviour.lists_regions:
            reason = ivrs_words.no_ivmd_option(behaviour.name)
            yield JudgedIvmd(read=user, effect=IvmdEffect.NOT_READ, reason=reason)
        elif user.ivmd is not None and on.intel:
            yield _with_advice(on, user, IvmdEffect.NOT_READ, words.intel_reads_rmrr())
        elif user.ivmd is None:
            yield _with_advice(on, user, IvmdEffect.NOT_READ, user.reason)
        elif prediction is None:
            reason = _always_refused(user.ivmd)
            effect = IvmdEffect.SWITCHES_OFF if reason else IvmdEffect.UNKNOWN
            yield _with_advice(on, user, effect, reason or words.not_checked())
        else:
            yield _of_fate(on, user, next(fates), prediction)


def _always_refused(block: IVMD) -> str:
    """Return why Xen refuses `block` on every host; empty: that depends on the host."""
    if block.type == BlockType.IVMD_RANGE and block.auxiliary <= block.device_id:
        names = device_name(block.device_id), device_name(block.auxiliary)
        return ivrs_words.range_inverted(*names)
    return ivrs_words.WRAPS_TO_ZERO if stops_xen(block) else ""


def _of_fate(
    on: OptionHost, user: IvmdRange, fate: IvmdAcceptance, prediction: IvrsPrediction
) -> JudgedIvmd:
    effect = _EFFECTS.get(fate.fate, IvmdEffect.NO_EFFECT)
    reason = "" if effect is IvmdEffect.ACCEPTED else fate.reason
    undecided = prediction.undecided.get(user.source, "")
    if undecided:
        effect, reason = IvmdEffect.UNKNOWN, undecided
    elif fate.fate in _AFTER_MEMORY and memory_map_of(on.host) is None:
        effect, reason = IvmdEffect.UNKNOWN, words.memory_unknown()
    elif effect is IvmdEffect.ACCEPTED and prediction.doubt:
        effect, reason = IvmdEffect.UNKNOWN, prediction.doubt
    elif fate.fate is IvmdFate.NO_IOMMU and (doubt := _memory_doubt(on, user)):
        effect, reason = IvmdEffect.UNKNOWN, doubt
    return _with_advice(on, user, effect, reason, fate.notes)


def _memory_doubt(on: OptionHost, user: IvmdRange) -> str:
    """Return why it is unknown whether Xen refuses the memory of a range, or empty."""
    pages = pages_of(user)
    if pages is None:
        return ""
    inverted = ivrs_behaviour_of(on.release).memory_test_inverted
    return IvmdMemory(memory_map_of(on.host), inverted=inverted).check(pages).doubt


def _with_advice(
    on: OptionHost, user: IvmdRange, effect: IvmdEffect, reason: str, notes: Sequence[str] = ()
) -> JudgedIvmd:
    advice, mistaken = advice_on(on, user, effect)
    kept = [note for note in notes if note != ivrs_words.MEMORY_NOT_CHECKED]
    return JudgedIvmd(
        read=user,
        effect=effect,
        reason=reason,
        advice=(*advice, *kept),
        warnings=() if mistaken or pages_of(user) is None else tuple(decimal_words(user.text)),
        mistaken=mistaken,
    )


def _while_off(on: OptionHost, judged: JudgedIvmd, *, own: bool) -> JudgedIvmd:
    """Return `judged` for a host whose running Xen does not use the IOMMU.

    A range of its `own` command line may be why; that of another may have the IOMMU on.
    """
    if own and judged.taken is not False:
        return _with_advice(on, judged.read, IvmdEffect.NO_EFFECT, check_words.iommu_off())
    if judged.taken:
        return replace(judged, effect=IvmdEffect.UNKNOWN, reason=check_words.iommu_off_now())
    return judged


def _as_listed(on: OptionHost, judged: JudgedIvmd, every: Sequence[JudgedIvmd]) -> JudgedIvmd:
    """Return `judged`, one of `every` range, as the running hypervisor's own list decides."""
    pages = pages_of(judged.read)
    listed = None if pages is None else _is_listed(on, judged, pages, every)
    if listed is None or judged.taken is listed:
        return judged
    if listed:
        reason, effect = words.listed_by_running_xen(), IvmdEffect.ACCEPTED
        return JudgedIvmd(read=judged.read, effect=effect, reason=reason, mistaken=judged.mistaken)
    if judged.taken is False:
        return judged
    advice = (*judged.advice, words.xl_dmesg_shows_why())
    return JudgedIvmd(
        read=judged.read,
        effect=IvmdEffect.NO_EFFECT,
        reason=words.not_listed_by_running_xen(),
        advice=advice,
        warnings=judged.warnings,
        mistaken=judged.mistaken,
    )


def _is_listed(
    on: OptionHost, judged: JudgedIvmd, pages: AddressRange, every: Sequence[JudgedIvmd]
) -> bool | None:
    """Return whether the running hypervisor lists `pages` for the devices of `judged`.

    None: it is unknown, or they are listed for a region of the table or another range.
    """
    if on.listed is None or pages not in on.listed:
        return None if on.listed is None else False
    devices = devices_of(judged.read)
    if devices is not None and devices[0] == devices[1]:
        own = on.listed_for(devices[0])
        if own is not None:
            return pages in own
    same = (other for other in every if other is not judged and pages_of(other.read) == pages)
    others = on.region_lists(pages) or any(other.taken is not False for other in same)
    return None if others and judged.taken is not True else True


# Writing --------------------------------------------------------------------------------


def write_ivmd(on: OptionHost, wanted: Sequence[WantedIvmd]) -> WrittenIvmd:
    """Return the option for those regions of `wanted` that Xen accepts on this host."""
    line = on.command_line or ""
    wanted = tuple(dict.fromkeys(wanted))
    present = sum(user.ivmd is not None for user in parse_ivmd_option(line, on.release))
    never = _never_helps(on)
    refused: dict[WantedIvmd, str] = {}
    for region in wanted:
        reason = never or never_accepted(region) or _given_already(on, region, line)
        if reason:
            refused[region] = reason
    unknown: dict[WantedIvmd, str] = {}
    while True:
        kept = [region for region in wanted if region not in refused]
        bad = _without_room(kept, MOST_RANGES - present)
        if not bad:
            bad, unknown = _read_back(on, line, kept)
        if not bad:
            break
        refused |= bad
    written = tuple(IvmdText(region, words_of(region)) for region in kept)
    return WrittenIvmd(
        on=on,
        written=written,
        refused=tuple(
            RefusedIvmd(region, refused[region]) for region in wanted if region in refused
        ),
        unknown=frozenset(unknown),
        present=present,
        used=sum(map(places_of, kept)),
        notes=tuple(written_notes(on, wanted, kept, unknown)),
    )


def _never_helps(on: OptionHost) -> str:
    """Return why no range helps on this host; empty: a range can help."""
    if on.release is not None and on.release.series < FIRST_RELEASE:
        return words.release_without_option(on.release)
    if on.intel:
        return words.intel_reads_rmrr()
    before = _predict(on, on.command_line or "")
    if before is not None and before.iommu_disabled:
        return words.off_already(before.iommu_disabled)
    return check_words.iommu_off() if on.iommu_off else ""


def _given_already(on: OptionHost, region: WantedIvmd, line: str) -> str:
    """Return that all devices of `region` have its pages already; empty: not all, or unknown."""
    prediction = _predict(on, line)
    if prediction is None or prediction.doubt or not region.devices:
        return ""
    for span in region.devices:
        if span.first != span.last:
            return ""
        given = [listed.entry.range for listed in prediction.ranges_of(span.first)]
        if not any(_within(region.pages, own) for own in given):
            return ""
    return words.listed_already(region.pages)


def _within(pages: AddressRange, other: AddressRange) -> bool:
    return other.start <= pages.start and pages.end <= other.end


def _without_room(kept: Sequence[WantedIvmd], room: int) -> dict[WantedIvmd, str]:
    """Return the regions that do not fit in the `room` that is left of Xen's places."""
    for region in kept:
        needed = places_of(region)
        if needed > room:
            return {region: words.no_room(needed, max(room, 0), MOST_RANGES)}
        room -= needed
    return {}


def _read_back(
    on: OptionHost, line: str, kept: Sequence[WantedIvmd]
) -> tuple[dict[WantedIvmd, str], dict[WantedIvmd, str]]:
    """Return which regions Xen refuses or ignores after `line`, and of which that is unknown."""
    behind = [(region, word) for region in kept for word in words_of(region)]
    whole = " ".join([line, *(word for _, word in behind)])
    judged = iter(list(_judged(on, whole, _predict(on, whole))))
    for _ in parse_ivmd_option(line, on.release):
        next(judged)
    bad: dict[WantedIvmd, str] = {}
    unknown: dict[WantedIvmd, str] = {}
    for region in kept:
        for _ in range(places_of(region)):
            range_ = next(judged)
            if range_.effect is IvmdEffect.SWITCHES_OFF:
                return {region: words.would_switch_off(range_.reason)}, {}
            if range_.effect is IvmdEffect.UNKNOWN:
                unknown[region] = range_.reason
            elif range_.effect is not IvmdEffect.ACCEPTED:
                bad.setdefault(region, range_.reason)
    return bad, unknown
