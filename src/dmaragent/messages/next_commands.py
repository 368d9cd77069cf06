"""The next commands after a message."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.rmrr_option import write_option
from dmaragent.boot_option.rmrr_writer import WantedRegion
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.view import LinuxState
from dmaragent.messages.findings import findings_of
from dmaragent.messages.host_match import HostMatch, RangeMatch
from dmaragent.messages.model import XEN_DECIDES, MessageSeverity
from dmaragent.readings import Missing

_RESOLVE = "dmaragent resolve GUEST"
_MOST_OTHERS = 3
"""How many devices are explained although the message does not name them."""


def next_commands(match: HostMatch, inventory: Inventory) -> tuple[str, ...]:
    """Return the commands for `match`; none if it is about another host's IOMMU."""
    if match.other_iommu:
        return ()
    message = match.recognised.message
    return (
        *((_RESOLVE,) if _RESOLVE in message.advice else ()),
        *(f"dmaragent explain {sbdf}" for sbdf in _devices_to_explain(match, inventory)),
        *_option_commands(match, inventory),
        *(("dmaragent check",) if findings_of(message.id, match.vendor) is not None else ()),
    )


def _devices_to_explain(match: HostMatch, inventory: Inventory) -> tuple[SBDF, ...]:
    """Return the devices in the message, otherwise those of its group or regions."""
    named = [device.sbdf for device in match.devices]
    others = [sbdf for sbdf, _ in match.locked if sbdf not in named]
    if not named and not others and match.group is not None:
        others = list(match.group.devices[:1])
    if not named and match.recognised.message.weight is MessageSeverity.REFUSAL:
        topology = inventory.host.topology
        unknown = isinstance(topology.functions, Missing)
        others += [sbdf for sbdf in _owners(match.spans) if unknown or sbdf in topology.known]
    return (*named, *others[:_MOST_OTHERS])


def _owners(spans: tuple[RangeMatch, ...]) -> tuple[SBDF, ...]:
    """Return the devices that own the regions of `spans`, each once."""
    owners = (owner.sbdf for place in spans for region in place.regions for owner in region.owners)
    return tuple(dict.fromkeys(sbdf for sbdf in owners if sbdf is not None))


def _option_commands(match: HostMatch, inventory: Inventory) -> Iterator[str]:
    """Yield the commands that print Xen's option for the forgotten pages, if Xen would accept it."""
    pages = match.forgotten
    xen_decides = (
        match.recognised.message.printer in XEN_DECIDES
        or inventory.linux.state is LinuxState.UNDER_XEN
    )
    if pages is None or not xen_decides:
        return
    xen = inventory.host.xen
    on = OptionHost(inventory=inventory, release=None if xen is None else xen.release)
    base, limit = pages.start, pages.end - 1
    for device in match.devices:
        if device.presence is not Presence.ABSENT and _is_written(match, on, pages, device.sbdf):
            yield f"dmaragent boot-option {base:#x}-{limit:#x}={device.sbdf}"


def _is_written(match: HostMatch, on: OptionHost, pages: AddressRange, sbdf: SBDF) -> bool:
    """Return whether Xen would accept an option for `pages`, as far as is known."""
    base, limit = pages.start, pages.end - 1
    if match.vendor is IommuVendor.AMD:
        from dmaragent.boot_option.ivmd_model import (  # noqa: PLC0415 - 20 ms, for AMD hosts only
            DeviceSpan,
            WantedIvmd,
        )
        from dmaragent.boot_option.ivmd_option import write_ivmd  # noqa: PLC0415 - likewise

        span = DeviceSpan(sbdf, sbdf)
        return bool(write_ivmd(on, [WantedIvmd(base, limit, (span,))]).written)
    wanted = WantedRegion(base=base, limit=limit, devices=(sbdf,))
    return bool(write_option(on, [wanted]).written)
