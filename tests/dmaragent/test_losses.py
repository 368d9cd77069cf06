"""Every reading lost: each answer stays as it was or becomes unknown, on every recorded machine.

Of a machine with many readings a part is tried here, the same each time, and those that mattered
when all were tried.  ``make losses`` tries all of all machines, and pairs.
"""

import zlib
from collections.abc import Iterator

import pytest

from dmaragent.collect import ledger
from dmaragent.collect.ledger import LedgerEntry, Operation
from dmaragent.question.context import Question, context_of
from dmaragent.readings import MissingKind
from support.losses import (
    Losing,
    Loss,
    entry_of,
    kinds_made_unknown,
    recorded_answers,
    turned,
    with_losses,
)
from support.machines import MACHINES, NAMES

pytestmark = pytest.mark.slow  # every reading of machines is lost in turn


_MOST = 60
"""Losses of a machine that are tried by chance of their names."""

WHOLE = (
    "lenovo-laptop",
    "qemu-amd-bookworm",
    "qemu-amd-own-table",
    "qemu-amd-trixie",
    "qemu-q35-ovmf",
    "qemu-q35-rmrr",
    "qemu-q35-seabios",
    "xen-amd-bookworm",
    "xen-amd-trixie",
    "xen-pv-dom0",
)
"""Machines of which everything was recorded: nothing that is unknown may come in."""
GUESTS = {"resolve", "hotplug"}
WHY = "why"
MAY_MAKE_UNKNOWN: dict[LedgerEntry, set[str]] = {
    ledger.ACPI_TABLES: {"Xen", "Linux", WHY, *GUESTS},
    ledger.ACPI_TABLE: {"Xen", "Linux", WHY, *GUESTS},
    # what a device is, and what is above it
    ledger.UDEV_PCI: {"Xen", "Linux", WHY, *GUESTS},
    ledger.PCI_DEVICES: {"Xen", "Linux", WHY, *GUESTS},
    ledger.PCI_DEVICE: {"Xen", "Linux", WHY, *GUESTS},
    ledger.PCI_CONFIG: {"Xen", "Linux", WHY, *GUESTS},
    # gfx_passthru needs a display controller of Intel
    ledger.PCI_VENDOR: {*GUESTS},
    # Linux gives groups away, and says itself which regions they have
    ledger.IOMMU_GROUPS: {"Linux", WHY},
    ledger.IOMMU_GROUP_DEVICES: {"Linux", WHY},
    ledger.IOMMU_GROUP_REGIONS: {"Linux", WHY},
    # VFIO makes groups without an IOMMU, and only their name shows it
    ledger.IOMMU_GROUP_NAME: {"Linux"},
    # Xen from 4.19 on switches VT-d off for a region in RAM
    ledger.MEMORY_MAP: {"Xen", *GUESTS},
    ledger.MEMORY_MAP_ENTRY: {"Xen", *GUESTS},
    # without a table, the processor tells the vendor and the release what Linux does on Arm
    ledger.CPU: {"Xen", *GUESTS},
    ledger.KERNEL_RELEASE: {"Linux", WHY},
    # an option can keep Linux from remapping interrupts, if its log does not show that it does
    ledger.COMMAND_LINE: {"Linux", WHY},
    # the log has the memory map, where sysfs has none
    ledger.BOOT_LOG: {"Xen", *GUESTS},
    # Xen's own word on regions and capabilities
    ledger.XEN_RDM: {"Xen", *GUESTS},
    ledger.XEN_RDM_DEVICES: {"Xen", *GUESTS},
    ledger.XL_INFO: {"Xen", *GUESTS},
}
"""Reviewed: the answers that the loss of a reading may make unknown, and no others."""


LARGE = {"synthetic-am5-desktop", "synthetic-wujie14xa"}
"""Machines one of whose IVMDs is for 4,096 devices: minutes each, in ``make losses`` alone."""


@pytest.fixture(scope="module", params=[name for name in NAMES if name not in LARGE])
def losing(request: pytest.FixtureRequest) -> Losing:
    return Losing(MACHINES / request.param)


def chosen(losing: Losing) -> Iterator[Loss]:
    """Yield a part of the losses: the same each time, and all of a reading that a host has once."""
    every = losing.losses()
    step = max(1, len(every) // _MOST)
    for loss in every:
        once = "{}" not in entry_of(loss.request).path
        if once or zlib.crc32(str(loss).encode()) % step == 0:
            yield loss


def test_no_answer_turns_on_a_lost_reading(losing: Losing) -> None:
    tried = 0
    for loss in chosen(losing):
        after = losing.verdicts(loss)
        if after is None:
            continue
        tried += 1
        assert turned(losing.before, after) == {}, str(loss)
        allowed = MAY_MAKE_UNKNOWN.get(entry_of(loss.request), set())
        assert kinds_made_unknown(losing.before, after) <= allowed, str(loss)
    assert tried


def test_no_answer_turns_on_a_lost_memory_map(losing: Losing) -> None:
    """The boot log has the map too, so both are lost."""
    lost = [
        loss
        for loss in losing.losses()
        if entry_of(loss.request) in (ledger.MEMORY_MAP, ledger.BOOT_LOG)
        and loss.request.operation is not Operation.READ
        and loss.kind == MissingKind.NOT_COLLECTED.value
    ]
    after = losing.verdicts(*lost) if lost else None
    if after is not None:
        assert turned(losing.before, after) == {}


def test_a_whole_machine_has_no_gap() -> None:
    for name in WHOLE:
        host = with_losses(recorded_answers(MACHINES / name))
        gaps = context_of(host, Question()).inventory.gaps
        assert (gaps.xen, gaps.linux, gaps.without_unit) == ((), (), ""), name


def test_the_ledger_says_of_each_reading_whether_it_may_be_empty() -> None:
    assert ledger.IOMMU_GROUPS.may_be_empty
    assert not ledger.IOMMU_GROUP_DEVICES.may_be_empty
    assert not ledger.ACPI_TABLE.may_be_empty
