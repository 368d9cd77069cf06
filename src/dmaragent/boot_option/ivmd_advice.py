"""Advice on a range of ``ivmd=``, and notes on the whole option.

Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option.ivmd_model import IvmdEffect, WantedIvmd
from dmaragent.boot_option.mistakes import pages_meant
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.notes import own_quoting, page_numbers, quoting
from dmaragent.boot_option.words import ivmd as words
from dmaragent.boot_option.words import notes as common_words
from dmaragent.iommu.claims import function_with_id
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.ivmd_ranges import IvmdRange
from fwtables.ivrs.constants import BlockType


def pages_of(user: IvmdRange) -> AddressRange | None:
    """Return the pages that Xen reads in `user`; None: nothing, or they wrap."""
    if user.ivmd is None or not user.ivmd.memory_length:
        return None
    start = user.ivmd.start_address
    return AddressRange(start, start + user.ivmd.memory_length)


def devices_of(user: IvmdRange) -> tuple[SBDF, SBDF] | None:
    """Return the first and the last device that Xen reads in `user`; None: all devices."""
    block = user.ivmd
    if block is None or block.type == BlockType.IVMD_ALL:
        return None
    last = block.auxiliary if block.type == BlockType.IVMD_RANGE else block.device_id
    return function_with_id(0, block.device_id), function_with_id(0, last)


def advice_on(on: OptionHost, user: IvmdRange, effect: IvmdEffect) -> tuple[list[str], bool]:
    """Return advice on `user`, and whether its numbers look like bytes instead of pages."""
    pages = pages_of(user)
    if pages is None:
        return [], False
    meant = pages_meant(pages.start // PAGE, pages.end // PAGE - 1, on.memory_map, any_number=True)
    if meant is not None:
        _, equals, after = user.text.partition("=")
        return [words.numbers_look_like_bytes(meant, equals + after)], True
    advice: list[str] = []
    devices = devices_of(user)
    if devices is None:
        return [words.for_every_device()], False
    first, last = devices
    is_range = user.ivmd is not None and user.ivmd.type == BlockType.IVMD_RANGE
    if is_range and first == last:
        advice.append(words.range_of_one(_short(first)))
    elif not is_range and effect is not IvmdEffect.NOT_READ and _absent(on, first):
        advice.append(words.absent_devices([str(first)]))
    return advice, False


def _short(sbdf: SBDF) -> str:
    return f"{sbdf.bus:02x}:{sbdf.device:02x}.{sbdf.function}"


def _absent(on: OptionHost, sbdf: SBDF) -> bool:
    functions = on.host.topology.functions
    return not isinstance(functions, Missing) and sbdf not in functions


def checked_notes(on: OptionHost, text: str | None, line: str) -> Iterator[str]:
    """Yield the notes on a checked option: quoting, limits, what was not checked."""
    if text is not None:
        yield from quoting(text)
    else:
        yield from own_quoting(line, "ivmd", words.perhaps_cut_by_grub())
    yield from _host_notes(on)


def written_notes(
    on: OptionHost,
    wanted: Sequence[WantedIvmd],
    kept: Sequence[WantedIvmd],
    unknown: Mapping[WantedIvmd, str],
) -> Iterator[str]:
    """Yield the risk of the option, how it differs from what was wanted, what was not checked."""
    if kept:
        yield words.error_switches_off()
    yield from page_numbers(wanted)
    for region in kept:
        if region.rounded:
            yield words.rounded_to_pages(str(region), region.pages)
        if region in unknown and on.ivrs is not None:
            yield words.unknown_effect(str(region), unknown[region])
        if not region.devices:
            yield words.for_every_device()
        for span in region.devices:
            if span.first == span.last and _absent(on, span.first):
                yield common_words.wanted_device_absent(span.first)
    if kept and on.command_line is None:
        yield words.command_line_unknown()
    yield from _host_notes(on)


def _host_notes(on: OptionHost) -> Iterator[str]:
    if on.intel:
        yield words.on_intel()
    elif on.ivrs is None:
        yield words.no_table_to_check_against()
    yield words.only_adds()
