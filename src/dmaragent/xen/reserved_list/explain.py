"""Explain Xen's list: why it is empty, or differs from the prediction."""

from collections.abc import Iterator, Mapping

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.iommu.model import Difference, IommuTable, Source
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor import words as hypervisor_words
from dmaragent.xen.hypervisor.behaviour import behaviours_of
from dmaragent.xen.hypervisor.command_line import iommu_switched_off
from dmaragent.xen.hypervisor.prediction import Acceptance, RegionAcceptance, XenPrediction
from dmaragent.xen.hypervisor.rmrr_option import parse_rmrr_option
from dmaragent.xen.reserved_list import words
from dmaragent.xen.reserved_list.model import ListEntry, Origin, XenView


def listing_differences(
    host: Host,
    entries: tuple[ListEntry, ...],
    table: IommuTable,
    fates: Mapping[Source, RegionAcceptance],
    regions: Mapping[Source, XenView],
) -> Iterator[Difference]:
    """Yield the differences between the hypervisor's list and the prediction from the table."""
    options_known = host.xen is not None and host.xen.command_line is not None
    named = (
        _devices_by_range(host) if any(entry.origin in _NOT_OF_TABLE for entry in entries) else {}
    )
    for entry in entries:
        if entry.origin is Origin.OPTION:
            sentence = words.listed_by_option(entry.range)
            yield Difference(None, sentence, named.get(entry.range))
        elif entry.origin is Origin.UNEXPLAINED:
            causes = [
                *([] if options_known else [words.MAYBE_OPTION]),
                *_console(host),
                words.MAYBE_OTHER_RULE,
            ]
            sentence = words.listed_unexplained(entry.range, causes)
            yield Difference(None, sentence, named.get(entry.range))
    for region in table.regions:
        number = region.number
        fate, view = fates.get(region.source), regions[region.source]
        if fate is None or not entries:
            continue
        if fate.fate is Acceptance.LISTED and not view.listed:
            yield Difference(number, words.PREDICTED_AND_NOT_LISTED)
        elif fate.fate is not Acceptance.LISTED and view.listed:
            yield Difference(number, words.listed_all_the_same(fate.reason))
    in_table = [entry.region for entry in entries if entry.region is not None]
    if in_table != sorted(in_table, reverse=True):
        yield Difference(None, words.ORDER_DIFFERS)


def _console(host: Host) -> Iterator[str]:
    """Yield the XHCI debug console as a possible cause, if this Xen lists its memory."""
    behaviours = behaviours_of(host.running_release)
    if any(behaviour.lists_console for behaviour in behaviours):
        page_more = all(behaviour.console_page_more for behaviour in behaviours)
        yield words.maybe_console(page_more=page_more)


def rounding_differences(prediction: XenPrediction, table: IommuTable) -> Iterator[Difference]:
    """Yield the regions whose bytes in the table are not whole pages, as Xen lists them."""
    regions = {region.source: region for region in table.regions}
    for number, fate in enumerate(prediction.fates, 1):
        region = regions.get(fate.source)
        if fate.fate is not Acceptance.LISTED or fate.entry is None or region is None:
            continue
        mine = fate.entry.range
        if (mine.start, mine.end - 1) != (region.first, region.last):
            yield Difference(number, words.rounded_to_pages(mine))


def refused_option_differences(
    prediction: XenPrediction, listed: frozenset[AddressRange] | None = None
) -> Iterator[Difference]:
    """Yield the ranges of `rmrr=` that Xen does not or may not accept.

    `listed` is what the hypervisor lists; None: unknown. It settles what may be accepted.
    """
    for option in prediction.options:
        if option.accepted is None and option.range not in (listed or ()):
            sentence = words.option_unknown(option.text, option.reason)
            if listed is not None:
                sentence = words.option_not_listed(option.text)
            yield Difference(None, sentence, frozenset(option.devices) or None)
        if option.accepted is False:
            sentence = words.option_not_accepted(option.text, option.reason)
            yield Difference(None, sentence, frozenset(option.devices) or None)


_NOT_OF_TABLE = frozenset({Origin.OPTION, Origin.UNEXPLAINED})


def _devices_by_range(host: Host) -> Mapping[AddressRange, frozenset[SBDF]]:
    """Return, by range, the devices for which Xen reports it or `rmrr=` names it."""
    devices: dict[AddressRange, set[SBDF]] = {}
    reported = host.xen.device_reserved_memory if host.xen else None
    if reported is not None and not isinstance(reported, Missing):
        for sbdf, own in reported.items():
            for reserved in own or ():
                devices.setdefault(reserved.range, set()).add(sbdf)
    for option in parse_rmrr_option(host.xen_command_line, host.running_release):
        if option.range is not None and option.devices:
            devices.setdefault(option.range, set()).update(option.devices)
    return {place: frozenset(own) for place, own in devices.items()}


def iommu_known_off(host: Host) -> bool:
    """Return whether Xen's IOMMU is certainly off, so that Xen lists nothing."""
    off = host.xen is not None and host.xen.iommu_enabled is False
    return off or bool(iommu_switched_off(host.xen_command_line, host.running_release))


def why_empty(
    host: Host, table: IommuTable | None, prediction: XenPrediction | None
) -> Iterator[str]:
    """Yield the reasons why Xen's list is empty, so that strategy=host reserves nothing."""
    switch = iommu_switched_off(host.xen_command_line, host.running_release)
    whole = table is not None and table.whole
    explained = False
    for why, holds in (
        (prediction.iommu_disabled if prediction else "", bool(prediction)),
        (hypervisor_words.switched_off(switch), bool(switch) and prediction is None),
        (
            words.NO_RMRR,
            prediction is not None and not prediction.fates and whole,
        ),
        (
            words.NO_RMRR_DECODED,
            prediction is not None and not prediction.fates and not whole,
        ),
        (words.NONE_ACCEPTED, _accepts_none(prediction)),
        (
            words.IOMMU_OFF,
            host.xen is not None and host.xen.iommu_enabled is False,
        ),
    ):
        if why and holds:
            explained = True
            yield why
    if not explained:
        yield words.EMPTY_UNEXPLAINED


def _accepts_none(prediction: XenPrediction | None) -> bool:
    return (
        prediction is not None
        and bool(prediction.fates)
        and not prediction.iommu_disabled
        and all(fate.fate is not Acceptance.LISTED for fate in prediction.fates)
    )
