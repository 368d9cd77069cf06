"""Checking Xen's ``rmrr=`` option for one host, and writing one for regions.

Pure.  The rules that check an option also read back what is written, after the ranges that are
already on the host's command line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option.mistakes import bytes_meant, decimal_words, memory_doubt, mistakes
from dmaragent.boot_option.model import (
    FIRST_RELEASE,
    CheckedOption,
    JudgedRange,
    OptionHost,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.boot_option.notes import checked_notes, page_numbers, written_notes
from dmaragent.boot_option.rmrr_writer import RmrrText, WantedRegion, write_ranges
from dmaragent.boot_option.table_regions import gives, regions_with
from dmaragent.boot_option.unquoted import unquoted
from dmaragent.boot_option.words import check as words
from dmaragent.host.memory_map import ram_in
from dmaragent.inventory import Region
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.acceptance import predict_table
from dmaragent.xen.hypervisor.behaviour import behaviour_of
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.rmrr_option import (
    UserRange,
    device_at,
    parse_rmrr_option,
    places_taken,
)


def check_option(on: OptionHost, text: str | None) -> CheckedOption:
    r"""Check `text`; None: the host's own command line.

    People paste a text as it is in GRUB's file.  Xen does not get its quotation marks, nor the
    backslash of ``\;``.
    """
    own = text is None
    line = (on.command_line or "") if text is None else unquoted(text, "rmrr")
    ranges = tuple(_judged_ranges(on, line))
    if on.iommu_off:
        ranges = tuple(_while_off(on, judged, own=own) for judged in ranges)
    if own:
        ranges = tuple(_as_listed(on, judged, ranges) for judged in ranges)
    return CheckedOption(
        on=on,
        text=line,
        own=own,
        ranges=ranges,
        notes=tuple(checked_notes(on, text, line, ranges)),
    )


def write_option(on: OptionHost, wanted: Sequence[WantedRegion]) -> WrittenOption:
    """Return the option for those regions of `wanted` that Xen accepts on this host."""
    line = on.command_line or ""
    before = parse_rmrr_option(line, on.release)
    wanted = tuple(dict.fromkeys(wanted))
    never = _never_helps(on)
    refused: dict[WantedRegion, str] = dict.fromkeys(wanted, never) if never else {}
    while True:
        kept = [region for region in wanted if region not in refused]
        done = write_ranges(kept, places_taken(line, on.release), on.longest_word)
        bad, unknown = _read_back(on, line, len(before), done)
        if not bad:
            break
        refused |= bad
    refused |= {region.wanted: region.refusal for region in done if region.refusal}
    written = [region for region in done if region.ranges]
    return WrittenOption(
        on=on,
        written=tuple(written),
        refused=tuple(
            RefusedRegion(wanted=region, reason=refused[region])
            for region in wanted
            if region in refused
        ),
        unknown=unknown,
        present=len(before),
        notes=(*page_numbers(wanted), *written_notes(on, written)),
    )


def _never_helps(on: OptionHost) -> str:
    """Return why no range helps on this host; empty: a range can help."""
    if on.release is not None and on.release.series < FIRST_RELEASE:
        return words.release_without_option(on.release)
    if on.amd:
        return words.amd_reads_ivmd()
    return words.iommu_off() if on.iommu_off and not _known_to_be_off(on) else ""


def _known_to_be_off(on: OptionHost) -> bool:
    """Return whether Xen's own command line or the table is why: each range is refused for that."""
    table, line = on.table, on.command_line or ""
    if table is None:
        return False
    prediction = predict_table(table, on.host.topology, on.memory_map, on.release, line)
    return bool(prediction.iommu_disabled)


def _read_back(
    on: OptionHost, line: str, before: int, written: Sequence[RmrrText]
) -> tuple[dict[WantedRegion, str], frozenset[WantedRegion]]:
    """Return why Xen would not read regions as written after `line`, and of which that is unknown."""
    ranges = [(region.wanted, pages) for region in written for pages in region.ranges]
    behind = " ".join(pages.word for _, pages in ranges)
    judged_ranges = list(_judged_ranges(on, f"{line} {behind}"))[before:]
    bad: dict[WantedRegion, str] = {}
    unknown = {
        wanted
        for (wanted, _), judged in zip(ranges, judged_ranges, strict=True)
        if judged.taken is None
    }
    for (wanted, pages), judged in zip(ranges, judged_ranges, strict=True):
        ram = ram_in(on.memory_map, judged.read.range)
        if judged.taken is False:
            about_digits = set(decimal_words(judged.read.text))  # the program wrote these digits
            advice = (one for one in judged.advice if one not in about_digits)
            bad.setdefault(wanted, "; ".join((judged.reason, *advice)))
        elif on.listed is not None and (same := _listed_overlap(on.listed, judged.read)):
            bad.setdefault(wanted, same)
        elif judged.read.devices != pages.devices:
            bad.setdefault(wanted, words.changed_by_an_error_before())
        elif ram is not None:
            bad.setdefault(wanted, words.wanted_in_ram(ram))
    return bad, frozenset(unknown)


def _listed_overlap(listed: frozenset[AddressRange], read: UserRange) -> str:
    """Return which entry of the running Xen's list has pages of `read`; empty: none."""
    for entry in sorted(listed):
        if read.range is not None and entry.overlaps(read.range):
            return words.reserved_already(entry)
    return ""


def _judged_ranges(on: OptionHost, line: str) -> Iterator[JudgedRange]:
    """Yield whether Xen accepts each range of `line`; with a table, also by the rules of its setup."""
    table = on.table
    if table is None:
        for user in parse_rmrr_option(line, on.release):
            read = _without_table(on, user, line)
            yield _judged(on, read, False if read.accepted is False else None)
        return
    prediction = predict_table(table, on.host.topology, on.memory_map, on.release, line)
    for user in prediction.options:
        never = bool(user.accepted) and _never_reported(user)
        yield _judged(on, user, False if never else user.accepted)


def _without_table(on: OptionHost, user: UserRange, line: str) -> UserRange:
    """Return `user` as far as the release and the memory map decide; the table is unknown."""
    behaviour = behaviour_of(on.release)
    if user.accepted is not False and not behaviour.rmrr_option:
        return user._replace(accepted=False, reason=words.behaviour_without_option(behaviour.name))
    if user.accepted is not False and on.amd:
        return user._replace(accepted=False, reason=words.amd_reads_ivmd())
    if user.accepted is False or not user.devices or user.start_pfn is None or user.end_pfn is None:
        return user
    frames = frames_of(user.start_pfn, user.end_pfn, on.memory_map, line)
    if frames.exist is False:
        return user._replace(accepted=False, reason=frames.reason)
    return user


def _never_reported(user: UserRange) -> bool:
    """Return whether the first device of `user` is 00:00.0, which ends Xen's list of devices."""
    first = user.devices[0]
    return (first.bus, first.device, first.function) == (0, 0, 0)


def _while_off(on: OptionHost, judged: JudgedRange, *, own: bool) -> JudgedRange:
    """Return `judged` for a host whose running Xen does not use the IOMMU.

    That decides about its `own` command line only: another may have the IOMMU on.
    """
    if own and judged.taken is not False:
        user = judged.read._replace(accepted=False, reason=words.iommu_off())
        return _judged(on, user, taken=False)
    if judged.taken:
        return replace(judged, taken=None, reason=words.iommu_off_now())
    return judged


def _as_listed(on: OptionHost, judged: JudgedRange, every: Sequence[JudgedRange]) -> JudgedRange:
    """Return `judged`, one of `every` range, as the running hypervisor's own list decides."""
    listed, pages = on.listed, judged.read.range
    if listed is None or pages is None or judged.taken == (pages in listed):
        return judged
    if pages in listed and _listed_for_another(on, judged, pages, every):
        return judged
    if pages in listed and judged.taken is None:
        return replace(judged, taken=True, reason=words.listed_by_running_xen())
    if pages in listed:
        return replace(judged, taken=True, reason=words.listed_against_the_rules())
    if judged.taken is False:
        return judged
    unknown = judged.reason if judged.taken is None else None
    return replace(
        judged,
        taken=False,
        reason=words.not_listed_by_running_xen(unknown),
        advice=(*judged.advice, words.xl_dmesg_shows_why()),
    )


def _listed_for_another(
    on: OptionHost, judged: JudgedRange, pages: AddressRange, every: Sequence[JudgedRange]
) -> bool:
    """Return whether the entry `pages` of Xen's list need not be there for the range `judged`.

    A region of the table or another range can have the same pages: Xen keeps only the first.
    """
    same = (other for other in every if other is not judged and other.read.range == pages)
    if on.region_lists(pages) or any(other.taken is not False for other in same):
        return True
    reported = (on.listed_for(device) for device in judged.read.devices)
    return any(own is not None and pages not in own for own in reported)


def _judged(on: OptionHost, user: UserRange, taken: bool | None) -> JudgedRange:  # noqa: FBT001 - the verdict
    advice = list(mistakes(user, on.memory_map))
    if taken is False:
        advice += [sentence for sentence in (_table_words(on, user),) if sentence]
    else:
        ram = ram_in(on.memory_map, user.range)
        if ram is not None:
            advice.append(words.checked_in_ram(ram))
        elif doubt := memory_doubt(on.memory_map, user.range):
            advice.append(doubt)
        absent = _absent_devices(on, user)
        if absent:
            advice.append(words.devices_absent(absent))
    return JudgedRange(
        read=user,
        taken=taken,
        reason=user.reason,
        advice=tuple(advice),
        mistaken=bytes_meant(user, on.memory_map) is not None,
    )


def _absent_devices(on: OptionHost, user: UserRange) -> str:
    functions = on.host.topology.functions
    if isinstance(functions, Missing):
        return ""
    return ", ".join(str(sbdf) for sbdf in user.devices if sbdf not in functions)


def _table_words(on: OptionHost, user: UserRange) -> str:
    """Return which region of the table has pages of `user`, and what that means; empty: none."""
    pages = user.range
    regions = [] if pages is None else list(regions_with(on.inventory, pages))
    if not regions or pages is None:
        return ""
    devices = user.devices or tuple(_named_devices(user.text))
    if not devices:
        return words.in_table(regions[0].number, whole=_has_all(regions[0], pages))
    for region in regions:
        if gives(region, devices):
            dropped = region.xen.listed is False
            whole = _has_all(region, pages)
            return words.given_by_table(region.number, dropped=dropped, whole=whole)
    return words.given_to_other_devices(regions[0].number, whole=_has_all(regions[0], pages))


def _named_devices(text: str) -> Iterator[SBDF]:
    """Yield the devices of a range that Xen refuses before it reads them, as far as they are."""
    at = text.find("=")
    while at >= 0 and text[at : at + 1] in {"=", ","}:
        found = device_at(text, at + 1)
        if found is None:
            return
        _, device, at = found
        yield device


def _has_all(region: Region, pages: AddressRange) -> bool:
    """Return whether the whole pages of `region` contain `pages`."""
    return region.first // PAGE * PAGE <= pages.start and pages.end <= (region.last | PAGE - 1) + 1
