"""Fixes on AMD: for a device that a region (IVMD) blocks on Linux, for a Xen without its IOMMU.

Pure.  The order is that of the harm: the firmware's own setting, then a copy of the table, then
doing without.  Which regions Xen refuses is found by cutting them out and predicting again.
"""

from collections.abc import Iterator

from dmaragent.inventory import Inventory
from dmaragent.iommu.amd import read_ivrs
from dmaragent.iommu.model import IommuTable
from dmaragent.linux.vfio import NO_ONE_TO_ONE
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.region_coverage import HostCoverage, coverage_of
from dmaragent.readings import Missing
from dmaragent.remedies.devices import amd_words as words
from dmaragent.remedies.devices.words import ROOT_SHELL
from dmaragent.remedies.remedy import DeviceRemedy, Safety
from dmaragent.remedies.table_override import OverrideReader, TableOverride, table_override
from dmaragent.xen.hypervisor.ivrs_acceptance import predict_ivrs, working_releases
from dmaragent.xen.hypervisor.ivrs_behaviour import RELEASES
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdFate, IvrsPrediction
from dmaragent.xen.reserved_list.predicted import memory_map_of
from fwtables import EncodeError, encode
from fwtables.without_regions import without_regions

_MOST_SHOWN = 3
"""Devices without a region that are named."""
_MOST_TRIES = 16
"""Regions that are cut out, one after the other, until Xen accepts the table."""


def region_remedies(device: DeviceContext) -> Iterator[DeviceRemedy]:
    """Yield the ways out for a device with a region, in the order in which to try them."""
    inventory = device.inventory
    coverage = coverage_of(inventory, (device.sbdf,))
    yield _setup(coverage)
    reader = OverrideReader.XEN if device.on_xen else OverrideReader.LINUX
    override = table_override(inventory, _regions_of(device), reader)
    if override is not None:
        yield _override(inventory, override)
    if not device.on_xen:
        yield from _without(device, coverage)


def xen_off_remedies(device: DeviceContext) -> Iterator[DeviceRemedy]:
    """Yield what lets Xen use the IOMMU again, if a region of the table is why it does not."""
    inventory, table = device.inventory, device.inventory.iommu
    prediction = inventory.xen.ivrs
    if isinstance(table, Missing) or prediction is None or device.on_linux:
        return
    if not any(fate.fate is IvmdFate.REFUSED for fate in prediction.fates):
        return
    newer = _mended_by(inventory, table, prediction)
    if newer:
        yield DeviceRemedy(
            safety=Safety.SAFE,
            side="Xen",
            title=words.update_xen_to(newer),
            explanation=words.update_xen(newer),
            cost=words.UPDATE_XEN_COST,
        )
    yield _setup(coverage_of(inventory, ()))
    override = table_override(inventory, refused_by_xen(inventory), OverrideReader.XEN)
    if override is not None:
        yield _override(inventory, override)


def refused_by_xen(inventory: Inventory) -> tuple[int, ...]:
    """Return the regions without which Xen accepts the table; empty: none, or that is unknown."""
    table, host = inventory.iommu, inventory.host
    if isinstance(table, Missing) or not table.is_ivrs:
        return ()
    whole, numbers = table.decoded, [region.number for region in table.regions]
    cut: list[int] = []
    for _ in range(_MOST_TRIES + 1):
        refused = _first_refused(inventory, table)
        if refused is None:
            return tuple(sorted(cut))
        kept = [number for number in numbers if number not in cut]
        cut.append(kept[refused])
        try:
            content = encode(without_regions(whole, cut))
        except EncodeError:
            return ()
        shorter = read_ivrs(content, host.topology)
        if isinstance(shorter, Missing):
            return ()
        table = shorter
    return ()


def _first_refused(inventory: Inventory, table: IommuTable) -> int | None:
    """Return the place of the region because of which Xen switches AMD-Vi off; None: none."""
    host = inventory.host
    prediction = predict_ivrs(
        table,
        host.topology,
        memory_map_of(host),
        inventory.xen.list.release,
        host.xen_command_line,
    )
    for place, region in enumerate(table.regions):
        for fate in prediction.fates:
            if fate.source == region.source and fate.fate is IvmdFate.REFUSED:
                return place
    return None


def _mended_by(inventory: Inventory, table: IommuTable, prediction: IvrsPrediction) -> str:
    """Return the newer releases of Xen that keep their IOMMU with this table; empty: none."""
    host = inventory.host
    release = inventory.xen.list.release
    steps = working_releases(table, host.topology, memory_map_of(host), host.xen_command_line)
    if release is not None:
        now = RELEASES.steps_of(release)[-1]
        steps = [step for step in steps if RELEASES.steps.index(step) > RELEASES.steps.index(now)]
    return RELEASES.words(steps) if steps and prediction.iommu_disabled else ""


def _regions_of(device: DeviceContext) -> set[int]:
    """Return the regions that hold the device, or another of its group."""
    group = device.group
    mates = {device.sbdf} if group is None else {device.sbdf, *group.devices}
    by_device = device.facts.by_device
    held = {region.number for mate in mates for region, _ in by_device.held_by(mate)}
    named = device.named_regions if device.on_xen else ()
    return held | {region.number for region in named}


def _setup(coverage: HostCoverage) -> DeviceRemedy:
    return DeviceRemedy(
        safety=Safety.FIRMWARE,
        side="",
        title=words.SETUP,
        explanation=words.setup(preboot=coverage.preboot, board=coverage.board),
        cost=words.setup_cost(preboot=coverage.preboot, board=coverage.board_short),
        known_missing=coverage.setup_last,
    )


def _override(inventory: Inventory, override: TableOverride) -> DeviceRemedy:
    regions = [region for region in inventory.all_regions if region.number in override.regions]
    return DeviceRemedy(
        safety=Safety.FIRMWARE,
        side="Xen" if override.reader is OverrideReader.XEN else "Linux",
        title=words.override(regions),
        explanation=words.override_effect(override.needs, override.risks, override.edit),
        lines=override.lines,
        where=ROOT_SHELL,
        cost=words.OVERRIDE_COST,
    )


def _without(device: DeviceContext, coverage: HostCoverage) -> Iterator[DeviceRemedy]:
    """Yield the use of another device, if there may be one, or of an older kernel."""
    release = device.kernel_release
    old_kernel = release is not None and release < NO_ONE_TO_ONE
    title = words.WITHOUT_OLD if old_kernel else words.WITHOUT
    cost = words.WITHOUT_OLD_COST if old_kernel else words.WITHOUT_COST
    if coverage.all_blocked:
        if old_kernel:
            return
        title, cost = words.ALL_COVERED, words.ALL_COVERED_COST
    yield DeviceRemedy(
        safety=Safety.FIRMWARE,
        side="Linux",
        title=title,
        explanation=words.ALL_COVERED_EFFECT
        if coverage.all_blocked
        else words.without(
            coverage.free[:_MOST_SHOWN],
            len(coverage.free),
            old_kernel=old_kernel,
        ),
        lines=tuple(f"dmaragent explain {sbdf}" for sbdf in coverage.free[:_MOST_SHOWN]),
        where=ROOT_SHELL if coverage.free else "",
        cost=cost,
    )
