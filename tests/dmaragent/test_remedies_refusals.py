"""Every refusal and its fix: the line is put into the file, and the file is resolved again.

A refusal without a line says why there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from dmaragent.addresses import GIB, SBDF, AddressRange
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Resolution
from dmaragent.question.context import read_guests
from dmaragent.remedies import words as remedies_words
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from support.guests import DEVICE_A, DEVICE_B, answer, facts, function, region

LOW = region(0x7DFFD000, 0x3000)
LOW_HOST = facts({DEVICE_A: [LOW]})
SHARED_HOST = facts({DEVICE_A: [LOW]}, shared={DEVICE_A: [LOW]})
OFF = facts(iommu_off="VT-d is off")
MANY = [region(0xF0000000 + n * 0x10000) for n in range(130)]
FIRST_MIB = facts({DEVICE_A: [region(0xE0000)]})
OWN = facts({DEVICE_A: [region(0xFC200000)]})
SPLIT = facts({DEVICE_A: [region(0x20000000)], DEVICE_B: [region(0x30000000)]})
VIRTUAL = SBDF(0, 0, 0x14, 1)
BELOW = facts(
    {DEVICE_A: [LOW]},
    shared={DEVICE_A: [LOW]},
    functions={DEVICE_A: function(DEVICE_A), VIRTUAL: function(VIRTUAL, DEVICE_A)},
)
NOT_GRAPHICS = facts(functions={DEVICE_A: function(DEVICE_A)._replace(class_code=0x020000)})
DEVICE = 'pci = [ "00:14.0" ]'


@dataclass(frozen=True, kw_only=True)
class Case:
    """A guest that is refused: what differs from one that starts, and the first fix."""

    lines: str = ""
    devices: str = DEVICE
    memory: str = "memory = 4096"
    type: str = 'type = "hvm"'
    name: str = 'name = "g"'
    host: HostFacts = field(default_factory=facts)
    release: str = "4.22"
    documented: bool = False
    fix: tuple[str, ...] = ()
    """The lines of the first fix."""
    left: int = 0
    """The warnings that it leaves."""

    @property
    def text(self) -> str:
        parts = (self.name, self.type, self.memory, self.devices, self.lines)
        return "".join(f"{one}\n" for one in parts if one)


FIXED: Mapping[str, Case] = {
    # xl, while it reads the file
    "no name": Case(name="", fix=('name = "guest"',)),
    "a type that is none": Case(type='type = "pvm"', fix=('type = "hvm"',)),
    "a builder that is none": Case(lines='builder = "xm"', fix=('builder = "hvm"',)),
    "type and builder apart": Case(lines='builder = "generic"', fix=('builder = "hvm"',)),
    "an adapter that is none": Case(lines='vga = "vmware"', fix=('vga = "stdvga"',)),
    "a device model that is none": Case(
        lines='device_model_version = "qemu"', fix=('device_model_version = "qemu-xen"',)
    ),
    "a gfx_passthru= that is none": Case(lines='gfx_passthru = "amd"', fix=("gfx_passthru = 0",)),
    "a hole that is too small": Case(lines="mmio_hole = 100", fix=("mmio_hole = 256",)),
    "a hole that is too large": Case(lines="mmio_hole = 4000", fix=("mmio_hole = 256",)),
    "a passthrough= that is none": Case(
        lines='passthrough = "on"', fix=('passthrough = "enabled"',)
    ),
    "the same without a device": Case(
        lines='passthrough = "on"', devices="", fix=('passthrough = "default"',)
    ),
    "a blank in an entry": Case(
        devices='pci = [ "00:14.0, rdm_policy=strict" ]',
        fix=('pci = [ "00:14.0,rdm_policy=strict" ]',),
    ),
    "a key without a value": Case(
        devices='pci = [ "00:14.0,rdm_policy=strict,seize" ]',
        fix=('pci = [ "00:14.0,rdm_policy=strict,seize=1" ]',),
    ),
    "a key that is none": Case(
        devices='pci = [ "00:14.0,driver=xl" ]', fix=('pci = [ "00:14.0" ]',)
    ),
    "a key that is misspelt": Case(
        devices='pci = [ "00:14.0,rdm_polcy=strict" ]',
        fix=('pci = [ "00:14.0,rdm_policy=strict" ]',),
    ),
    "a policy that is misspelt": Case(
        devices='pci = [ "00:14.0,rdm_policy=relaxd" ]',
        fix=('pci = [ "00:14.0,rdm_policy=relaxed" ]',),
    ),
    "a policy that is none": Case(
        devices='pci = [ "00:14.0,rdm_policy=none" ]',
        fix=('pci = [ "00:14.0,rdm_policy=strict" ]',),
        release="4.13",
    ),
    "a device without its function, which is alone there": Case(
        devices='pci = [ "0000:00:14" ]', fix=('pci = [ "0000:00:14.0" ]',)
    ),
    "a slot that cannot be": Case(
        devices='pci = [ "00:14.0@20" ]', fix=('pci = [ "00:14.0" ]',), release="4.17"
    ),
    "an entry that is empty": Case(
        devices='pci = [ "00:14.0", "" ]', fix=('pci = [ "00:14.0" ]',), release="4.17"
    ),
    "a word for a flag, by the manual pages": Case(
        devices='pci = [ "00:14.0,permissive=yes" ]',
        documented=True,
        fix=('pci = [ "00:14.0,permissive=1" ]',),
    ),
    "a misspelt key with a word in capitals": Case(
        devices='pci = [ "00:14.0,permisive=Yes" ]',
        fix=('pci = [ "00:14.0,permissive=1" ]',),
        release="4.17",
    ),
    "an rdm= that the manual pages do not have": Case(
        lines='rdm = "strategy=hots, policy=strict"',
        documented=True,
        fix=('rdm = "strategy=host,policy=strict"',),
    ),
    # libxl, before it builds anything
    "populate on demand": Case(memory="memory = 394\nmaxmem = 579", fix=("maxmem = 394",)),
    "passthrough disabled": Case(
        lines='passthrough = "disabled"', fix=('passthrough = "enabled"',)
    ),
    "passthrough without an IOMMU and a device": Case(
        lines='passthrough = "enabled"', devices="", host=OFF, fix=('passthrough = "disabled"',)
    ),
    "share_pt without HAP": Case(
        lines='passthrough = "share_pt"\nhap = 0', fix=('passthrough = "enabled"',)
    ),
    "share_pt on a host without it": Case(
        lines='passthrough = "share_pt"',
        host=facts(share_pt=False),
        fix=('passthrough = "enabled"',),
    ),
    "share_pt for a PV guest": Case(
        type='type = "pv"', lines='passthrough = "share_pt"', fix=('passthrough = "enabled"',)
    ),
    "a PVH guest with a device": Case(type='type = "pvh"', fix=('type = "hvm"',)),
    "a PVH guest with passthrough": Case(
        type='type = "pvh"',
        devices="",
        lines='passthrough = "enabled"',
        fix=('passthrough = "disabled"',),
    ),
    "an adapter that the device model lacks": Case(
        lines='vga = "qxl"\ndevice_model_version = "qemu-xen-traditional"',
        release="4.17",
        fix=('vga = "stdvga"',),
    ),
    "graphics that are not there": Case(
        host=NOT_GRAPHICS, lines="gfx_passthru = 1", fix=("gfx_passthru = 0",)
    ),
    "graphics that are not there, and RAM in the way": Case(
        host=replace(NOT_GRAPHICS, devices={DEVICE_A: (LOW,)}),
        lines="gfx_passthru = 1",
        fix=("gfx_passthru = 0", "rdm_mem_boundary = 2015"),
    ),
    "too little video memory": Case(lines="videoram = 2", fix=("videoram = 8",)),
    "nothing left beside the video memory": Case(
        memory="memory = 100", lines='vga = "qxl"', fix=("memory = 192",)
    ),
    "nothing left beside the video memory, with maxmem": Case(
        memory="memory = 8\nmaxmem = 8", fix=("memory = 72", "maxmem = 72")
    ),
    "nothing left beside the video memory, with more maxmem": Case(
        memory="memory = 4\nmaxmem = 8", fix=("memory = 72", "maxmem = 72")
    ),
    "more video memory than memory": Case(lines="videoram = 8192", fix=("videoram = 8",)),
    "shadow paging that this Xen lacks": Case(
        lines="hap = 0", host=facts(shadow=False), fix=("hap = 1",)
    ),
    # libxl, while it lays the guest out
    "RAM in a strict region": Case(host=LOW_HOST, fix=("rdm_mem_boundary = 2015",)),
    "RAM in a strict region above 4 GiB": Case(
        memory="memory = 8192", host=facts({DEVICE_A: [region(6 * GIB)]}), fix=("memory = 5896",)
    ),
    "RAM in a region below 1 MiB": Case(
        host=FIRST_MIB, fix=('pci = [ "00:14.0,rdm_policy=relaxed" ]',), left=2
    ),
    "low RAM that ends below 1 MiB": Case(
        lines="rdm_mem_boundary = 0",
        host=FIRST_MIB,
        fix=("rdm_mem_boundary = 1", 'pci = [ "00:14.0,rdm_policy=relaxed" ]'),
        left=2,
    ),
    "low RAM that ends below 2 MiB": Case(
        lines="rdm_mem_boundary = 0",
        host=facts({DEVICE_A: [region(0x180000)]}),
        fix=("rdm_mem_boundary = 2", 'pci = [ "00:14.0,rdm_policy=relaxed" ]'),
        left=2,
    ),
    "too many regions, of the host": Case(
        devices="", lines='rdm = "strategy=host"', host=facts({}, listed=MANY), fix=()
    ),
    "a region where hvmloader is, of the host": Case(
        devices="", lines='rdm = "strategy=host,policy=strict"', host=OWN, release="4.14.6", fix=()
    ),
    "strategy=host for PVH": Case(
        type='type = "pvh"', devices="", lines='rdm = "strategy=host"', fix=()
    ),
    "a strict guest": Case(
        devices="",
        lines='rdm = "strategy=host,policy=strict"',
        host=SPLIT,
        release="4.14.6",
        fix=("rdm_mem_boundary = 511",),
    ),
    "a policy that was never written": Case(
        lines='rdm = "strategy=host"',
        host=LOW_HOST,
        fix=('pci = [ "00:14.0,rdm_policy=strict" ]', "rdm_mem_boundary = 2015"),
    ),
    # Xen and libxl, while the devices are assigned
    "a region that is shared": Case(
        memory="memory = 1024",
        host=SHARED_HOST,
        fix=('pci = [ "00:14.0,rdm_policy=relaxed" ]',),
        left=1,
    ),
    "a region that is shared and holds RAM": Case(
        host=SHARED_HOST,
        fix=('pci = [ "00:14.0,rdm_policy=relaxed" ]', "rdm_mem_boundary = 2015"),
        left=1,
    ),
    "the same of a physical function": Case(host=BELOW, fix=('pci = [ "00:14.1" ]',)),
    "a PV guest's region that is shared": Case(
        type='type = "pv"',
        host=SHARED_HOST,
        fix=('pci = [ "00:14.0,rdm_policy=relaxed" ]',),
        left=1,
    ),
    "a device that is given twice": Case(
        devices='pci = [ "00:14.0", "0000:00:14.0" ]', fix=('pci = [ "00:14.0" ]',)
    ),
    "all functions without a slot": Case(
        devices='pci = [ "00:14.*" ]', fix=('pci = [ "00:14.0" ]',)
    ),
    "several of these at once": Case(
        type='type = "pvh"',
        memory="memory = 394\nmaxmem = 579",
        lines='passthrough = "disabled"',
        fix=('passthrough = "enabled"', 'type = "hvm"', "maxmem = 394"),
    ),
}
PARTLY = Case(
    memory="memory = 394\nmaxmem = 579", devices='pci = [ "01:00.0" ]', fix=("maxmem = 394",)
)
"""The line ends the refusal, and another one comes to light that no line ends."""
BRIDGE = function(DEVICE_A)._replace(class_code=0x060000)
UNFIXED: Mapping[str, tuple[Case, str]] = {
    "an IOMMU that is off": (Case(host=OFF), remedies_words.NO_WORKING_IOMMU),
    "a device that is absent": (
        Case(devices='pci = [ "01:00.0" ]'),
        remedies_words.LIST_PRESENT_FUNCTION,
    ),
    "a host bridge": (
        Case(host=facts(functions={DEVICE_A: BRIDGE}, vendor=IommuVendor.INTEL)),
        remedies_words.HOST_BRIDGE_NEVER,
    ),
    "a name that xenstore alone knows": (
        Case(devices='pci = [ "name=nic" ]'),
        remedies_words.WRITE_ADDRESS_FOR_NAME,
    ),
    "an entry without a device": (
        Case(devices='pci = [ "nic" ]'),
        remedies_words.CORRECT_AS_REASON_SAYS,
    ),
    "an address that cannot be": (
        Case(devices='pci = [ "00:34.0" ]'),
        remedies_words.CORRECT_AS_REASON_SAYS,
    ),
    "a device without its function, one of several": (
        Case(devices='pci = [ "0000:00:14" ]', host=BELOW),
        "0000:00:14.0",
    ),
    "a size that cannot be": (
        Case(memory=f"memory = {1 << 50}"),
        remedies_words.CORRECT_AS_REASON_SAYS,
    ),
    "a file that xl cannot read": (Case(lines='disk = [ "'), remedies_words.CORRECT_AS_REASON_SAYS),
    "a file with DOS line ends": (Case(lines="vcpus = 2\r"), remedies_words.CORRECT_AS_REASON_SAYS),
    "too many regions, of a device": (
        Case(host=facts({DEVICE_A: MANY})),
        remedies_words.FEWER_DEVICES,
    ),
    "a region where hvmloader is": (Case(host=OWN), remedies_words.HVMLOADER_HALTS),
    "a table that is damaged": (
        Case(host=facts(incomplete="the table is damaged", next_step="read it as root")),
        "read it as root",
    ),
}


def _resolve(case: Case, lines: Sequence[str] = (), *, text: str | None = None) -> Resolution:
    """Resolve the guest of `case` with `lines` put at the end of its file, where they count."""
    whole = (case.text if text is None else text) + "".join(f"{line}\n" for line in lines)
    (one,) = read_guests(whole, "g.cfg")
    return answer(one, case.host, case.release, documented=case.documented)


def _with(case: Case, remedy: GuestRemedy) -> Resolution:
    if remedy.kind is RemedyKind.STRATEGY:
        kept = [line for line in case.text.splitlines() if not line.startswith("rdm =")]
        return _resolve(case, text="".join(f"{line}\n" for line in kept))
    return _resolve(case, remedy.lines)


@pytest.mark.parametrize("case", FIXED.values(), ids=list(FIXED))
def test_every_refusal_that_a_line_ends_has_that_line(case: Case) -> None:
    before = _resolve(case)
    helps = guest_remedies(before)

    assert before.verdict is not Verdict.STARTS
    assert helps.ranked[0].lines == case.fix
    for one in helps.ranked:
        after = _with(case, one)
        assert after.verdict is Verdict.STARTS, one
        assert len(after.reasons) == one.warnings, one
    assert helps.ranked[0].warnings == case.left


@pytest.mark.parametrize(("case", "why"), UNFIXED.values(), ids=list(UNFIXED))
def test_a_refusal_that_no_line_ends_says_why(case: Case, why: str) -> None:
    before = _resolve(case)
    helps = guest_remedies(before)

    assert before.verdict is not Verdict.STARTS
    assert helps.ranked == ()
    assert why in helps.why_none


def test_a_line_that_ends_the_first_refusal_alone_is_given_with_the_next_refusal() -> None:
    (helps,) = guest_remedies(_resolve(PARTLY)).ranked

    assert (helps.lines, helps.verdict) == (PARTLY.fix, Verdict.REFUSED)
    assert "0000:01:00.0" in helps.effect
    after = _resolve(PARTLY, helps.lines)
    assert after.reasons[0].reason in helps.effect


def test_memory_that_is_all_there_helps_as_well_as_less_of_it() -> None:
    lines = [one.lines for one in guest_remedies(_resolve(FIXED["populate on demand"])).ranked]

    assert lines == [("maxmem = 394",), ("memory = 579",)]


def _ranges(found: Resolution) -> list[AddressRange | None]:
    return [one.region for one in found.reasons]


def test_a_fix_that_leaves_dma_in_guest_ram_is_never_before_one_that_does_not() -> None:
    case = FIXED["a region that is shared and holds RAM"]
    found = guest_remedies(_resolve(case)).ranked

    assert list(found) == sorted(found, key=lambda one: one.rank)
    assert _ranges(_with(case, found[0])) == [LOW]  # that it is shared, and nothing of RAM
    assert all(one.lines[0] == 'pci = [ "00:14.0,rdm_policy=relaxed" ]' for one in found)
    assert all(len(one.lines) > 1 for one in found)


def test_a_dearer_fix_that_leaves_nothing_comes_before_a_cheaper_one_that_leaves_dma_in_ram() -> (
    None
):
    both = replace(BELOW, devices={DEVICE_A: (region(0xE0000), LOW), VIRTUAL: ()})
    case = Case(host=both, devices='pci = [ "00:14.0,rdm_policy=relaxed" ]')
    found = guest_remedies(_resolve(case)).ranked

    kinds = [one.kind for one in found]
    assert kinds == [RemedyKind.VIRTUAL_FUNCTION, RemedyKind.BOUNDARY, RemedyKind.MEMORY]
    assert found[0].warnings == 0


def test_no_more_devices_are_relaxed_than_refuse_once_ram_is_out_of_the_way() -> None:
    both = facts({DEVICE_A: [LOW], DEVICE_B: [region(0x60000000)]}, shared={DEVICE_A: [LOW]})
    case = Case(host=both, devices='pci = [ "00:14.0", "00:02.0" ]')
    first = guest_remedies(_resolve(case)).ranked[0]

    assert first.lines == (
        'pci = [ "00:14.0,rdm_policy=relaxed", "00:02.0" ]',
        "rdm_mem_boundary = 1535",
    )
    assert len(_with(case, first).reasons) == first.warnings == 1


def test_a_fix_tells_what_it_costs_and_how_it_is_undone() -> None:
    boundary, memory, policy = guest_remedies(_resolve(Case(host=LOW_HOST))).ranked

    assert (boundary.cost, boundary.undo) == ("", "remove rdm_mem_boundary=")
    assert "2073 MiB" in memory.cost
    assert "memory=" in memory.undo
    assert policy.cost
    assert "pci=" in policy.undo
