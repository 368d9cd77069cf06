"""What is unknown of a host makes the answers that rest on it unknown, and says what settles it."""

import json
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import Explanation, explain
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import HostRequest
from dmaragent.host import join
from dmaragent.inventory import take_inventory, under_release
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.question.context import Question, context_of, read_guests
from dmaragent.readings import LINK_NOT_IN_COPY, NOT_COLLECTED, Missing, MissingKind
from dmaragent.releases import Release
from support.altered import dom0_with_hap
from support.cli import run
from support.explained import HIGH, NIC, USB, cases, grouped, made, told
from support.hosts import Function
from support.losses import Losing, Loss, Value, recorded_answers, turned, with_losses
from support.machines import MACHINES
from support.tables import rmrr, scope
from support.wording import Worded

DOM0 = MACHINES / "xen-pv-dom0"
HVM = 'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["02:00.0"]\n'


@pytest.fixture(scope="module")
def dom0() -> dict[HostRequest, Value]:
    return recorded_answers(DOM0)


@pytest.fixture(scope="module")
def dom0_hap(tmp_path_factory: pytest.TempPathFactory) -> dict[HostRequest, Value]:
    """Return the same with HAP, so that HVM guests run."""
    return recorded_answers(dom0_with_hap(tmp_path_factory.mktemp("hap") / "dom0"))


def story(
    answers: dict[HostRequest, Value], *losses: Loss, device: str = "0000:01:00.0"
) -> Explanation:
    known = context_of(with_losses(answers, *losses), Question())
    functions = {str(sbdf): sbdf for sbdf in known.host.topology.known}
    return explain(known.inventory, known.facts, known.stack, functions[device])


def resolved(answers: dict[HostRequest, Value], text: str, *losses: Loss) -> Resolution:
    known = context_of(with_losses(answers, *losses), Question())
    (guest,) = read_guests(text, "guest.cfg")
    return resolve(guest, known.facts, known.stack)


def lost(answers: dict[HostRequest, Value], path: str, value: Value) -> Loss:
    (request,) = (one for one in answers if one.path == path)
    return Loss(request, "changed", value)


# An owner that could not be resolved ------------------------------------------------------

BEHIND = Function(sbdf="0000:03:00.0", driver="nvme")
REGION_LINE = b"0x00000000fee00000 0x00000000feefffff msi\n"
GROUPS = {"g1": ["0000:00:1c.0"], "g2": ["0000:03:00.0"], "g3": ["0000:00:19.0"]}


def bridged(*, numbers: bool) -> Explanation:
    """Explain 03:00.0 behind 1c.0, whose bus numbers are readable or not; a region names it."""
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=3, subordinate_bus=3)
    host = made(
        rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x1C, 0), (0, 0))),
        functions=[NIC, bridge, BEHIND],
        kernel="6.1.0",
    )
    host = grouped(host, **GROUPS)
    for group in ("1", "2", "3"):
        del host.files[f"/sys/kernel/iommu_groups/{group}/reserved_regions"]
    if not numbers:
        path = "/sys/devices/pci0000:00/0000:00:1c.0"
        del host.files[f"{path}/config"]
        del host.files[f"{path}/secondary_bus_number"]
    return told(host, "03:00.0")


def test_a_path_through_a_bridge_that_can_be_read_is_a_no() -> None:
    assert bridged(numbers=True).linux.can is Can.NO


def test_a_path_through_a_bridge_that_cannot_be_read_is_unknown_to_both_sides() -> None:
    found = bridged(numbers=False)

    assert (found.xen.can, found.linux.can) == (Can.UNKNOWN, Can.UNKNOWN)
    assert "1c.0>00.0" in found.linux.explanation
    assert "Next: " in found.linux.explanation


def test_a_bridge_scope_whose_numbers_cannot_be_read_leaves_what_may_be_behind_unknown() -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3)
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = grouped(made(region, functions=[NIC, bridge, BEHIND], kernel="6.1.0"), **GROUPS)
    assert told(host, "03:00.0").linux.can is Can.NO
    del host.files["/sys/devices/pci0000:00/0000:00:1c.0/config"]

    assert told(host, "03:00.0").linux.can is Can.UNKNOWN
    assert told(host, "00:19.0").linux.can is Can.YES  # on the bridge's own bus


@pytest.mark.parametrize(
    ("entry", "linux"),
    [
        (scope(2, 0, (0x1C, 0)), Can.UNKNOWN),
        (scope(2, 0, (0x1C, 0), (0, 0)), Can.UNKNOWN),
        (scope(1, 0, (0x1C, 0), (0, 0)), Can.YES),
    ],
    ids=["its numbers", "the way to it", "the way to a device"],
)
def test_linux_may_take_a_device_of_another_segment_for_one_behind_a_bridge(
    entry: bytes, linux: Can
) -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3)
    other = Function(sbdf="0001:03:00.0", driver="nvme")
    region = rmrr(0xAD800000, 0xAD80FFFF, entry)
    host = made(region, functions=[NIC, bridge, other], kernel="6.1.0")
    host = grouped(host, **{**GROUPS, "g2": [other.sbdf]})
    del host.files["/sys/kernel/iommu_groups/2/reserved_regions"]
    del host.files["/sys/devices/pci0000:00/0000:00:1c.0/config"]
    host.files.pop("/sys/devices/pci0000:00/0000:00:1c.0/secondary_bus_number", None)

    found = told(host, other.sbdf)
    assert (found.linux.can, found.xen.can) == (linux, Can.NO)  # no unit serves its segment
    host.files["/sys/kernel/iommu_groups/2/reserved_regions"] = REGION_LINE
    assert told(host, other.sbdf).linux.can is Can.YES  # the kernel's list is authoritative
    del host.files["/sys/kernel/iommu_groups/2/reserved_regions"]
    assert not any(gap.concerns(found.sbdf) for gap in take_inventory(join(collect(host))).gaps.xen)


def test_no_device_with_the_bridges_own_bus_number_is_behind_it() -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3)
    other = Function(sbdf="0001:00:03.0", driver="nvme")
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = made(region, functions=[NIC, bridge, other], kernel="6.1.0")
    host = grouped(host, **{**GROUPS, "g2": [other.sbdf]})
    for part in ("config", "secondary_bus_number"):
        del host.files[f"/sys/devices/pci0000:00/0000:00:1c.0/{part}"]

    assert told(host, other.sbdf).linux.can is Can.YES


def test_a_device_on_the_bus_of_a_bridge_without_numbers_is_not_behind_it() -> None:
    """Linux's own lists of the regions of their groups are unknown too."""
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=3, subordinate_bus=3)
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = grouped(made(region, functions=[NIC, bridge, BEHIND], kernel="6.1.0"), **GROUPS)
    for path in (
        "/sys/devices/pci0000:00/0000:00:1c.0/config",
        "/sys/devices/pci0000:00/0000:00:1c.0/secondary_bus_number",
        "/sys/kernel/iommu_groups/2/reserved_regions",
        "/sys/kernel/iommu_groups/3/reserved_regions",
    ):
        del host.files[path]

    assert told(host, "03:00.0").linux.can is Can.UNKNOWN
    assert told(host, "00:19.0").linux.can is Can.YES


@pytest.mark.parametrize("byte", [b"\xff", b"\0"], ids=["ones", "zeros"])
def test_a_bridge_whose_configuration_space_does_not_answer_is_unknown(byte: bytes) -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3)
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = grouped(made(region, functions=[NIC, bridge, BEHIND], kernel="6.1.0"), **GROUPS)
    path = "/sys/devices/pci0000:00/0000:00:1c.0"
    host.files[f"{path}/config"] = byte * 64
    host.files.pop(f"{path}/secondary_bus_number", None)

    found = told(host, "03:00.0")
    assert (found.xen.can, found.linux.can) == (Can.UNKNOWN, Can.UNKNOWN)


# A gap between table and list -------------------------------------------------------------

EMPTY = json.dumps({"entries": [], "interface": "libxencall"}).encode()


def test_an_empty_list_that_nothing_explains_makes_every_device_unknown(
    dom0_hap: dict[HostRequest, Value], worded: Worded
) -> None:
    loss = lost(dom0_hap, "xen-rdm", EMPTY)
    devices = lost(dom0_hap, "xen-rdm-devices", b'{"devices": {}, "interface": "libxencall"}')

    found = story(dom0_hap, loss, devices, device="0000:02:00.0")
    assert found.xen.can is Can.UNKNOWN
    worded(found.xen.explanation)
    assert resolved(dom0_hap, HVM, loss, devices).verdict is Verdict.UNDECIDED
    assert resolved(dom0_hap, HVM).verdict is Verdict.STARTS


@pytest.mark.parametrize("place", [0, 1], ids=["of-rmrr-option", "of-table"])
def test_a_region_that_the_list_lacks_makes_its_owners_unknown(
    place: int, dom0: dict[HostRequest, Value]
) -> None:
    (request,) = (one for one in dom0 if one.path == "xen-rdm")
    value = dom0[request]
    assert isinstance(value, bytes)
    document = json.loads(value)
    kept = [entry for entry in document["entries"] if entry != document["entries"][place]]
    loss = Loss(request, "shorter", json.dumps({**document, "entries": kept}).encode())

    known = context_of(with_losses(dom0, loss), Question())
    (gap,) = known.inventory.gaps.xen
    assert gap.devices
    assert all(
        explain(known.inventory, known.facts, known.stack, sbdf).xen.can in (Can.UNKNOWN, Can.NO)
        for sbdf in gap.devices
    )


@pytest.mark.parametrize("strange", [False, True])
def test_an_entry_of_an_unknown_origin_may_be_of_any_device(
    dom0: dict[HostRequest, Value], *, strange: bool
) -> None:
    (request,) = (one for one in dom0 if one.path == "xen-rdm")
    value = dom0[request]
    assert isinstance(value, bytes)
    document = json.loads(value)
    document["entries"] += [[0x9F000, 1]] if strange else []
    losses = (
        Loss(request, "longer", json.dumps(document).encode()),
        lost(dom0, "xen-rdm-devices", NOT_COLLECTED),
    )

    known = context_of(with_losses(dom0, *losses), Question())
    gaps = known.inventory.gaps.xen
    assert [gap.devices for gap in gaps] == ([None] if strange else [])
    other = Release.parse("4.20")  # its list is predicted, so it has no such entry
    predicted = under_release(known.inventory, other)
    assert predicted == take_inventory(known.host, other)
    assert predicted.gaps.xen == ()


def test_an_empty_list_is_explained_where_xen_has_no_iommu(dom0: dict[HostRequest, Value]) -> None:
    (request,) = (one for one in dom0 if one.path == "xl-info")
    info = dom0[request]
    assert isinstance(info, bytes)
    off = b"\n".join(
        b"virt_caps : pv hvm" if line.startswith(b"virt_caps") else line
        for line in info.splitlines()
    )
    losses = (lost(dom0, "xen-rdm", EMPTY), Loss(request, "off", off))

    assert story(dom0, *losses, device="0000:02:00.0").xen.can is Can.NO


# A reading that a rule needs ---------------------------------------------------------------


@pytest.mark.parametrize("line", ["", "hap = 0", 'hap = 1\npassthrough = "share_pt"'])
def test_a_capability_that_xl_info_may_not_name_is_unknown(
    line: str, dom0: dict[HostRequest, Value]
) -> None:
    """Without a release, it may be one whose `xl info` names neither kind of paging."""
    guest = f"{HVM}{line}\n"
    (request,) = (one for one in dom0 if one.path == "xl-info")
    info = dom0[request]
    assert isinstance(info, bytes)
    unnamed = info.replace(b"xen_major", b"other").replace(b"xen_minor", b"another")
    losses = (
        Loss(request, "without a release", unnamed),
        lost(dom0, "/sys/hypervisor/version/major", NOT_COLLECTED),
    )

    assert resolved(dom0, guest).verdict is Verdict.REFUSED
    assert resolved(dom0, guest, *losses).verdict is Verdict.UNDECIDED


def test_a_dom0_whose_kernel_has_no_sys_hypervisor_answers_as_before(
    dom0: dict[HostRequest, Value],
) -> None:
    absent = Missing(MissingKind.ABSENT, "No such file or directory")
    losses = [
        Loss(request, "absent", absent)
        for request in dom0
        if request.path.startswith("/sys/hypervisor/")
    ]
    host, before = with_losses(dom0, *losses), with_losses(dom0)
    assert host.xen is not None
    assert before.xen is not None
    assert host.xen == before.xen  # the kernel's log has the guest type
    for guest in (DOM0 / "guests").glob("*.cfg"):
        found = [resolved(dom0, guest.read_text(), *lost) for lost in (losses, [])]
        assert found[0].verdict is found[1].verdict, guest.name
        assert found[0].stack == found[1].stack


def test_without_xl_info_and_entries_it_is_unknown_whether_xens_iommu_works(
    dom0: dict[HostRequest, Value],
) -> None:
    losses = (lost(dom0, "xl-info", b""), lost(dom0, "xen-rdm", EMPTY))
    assert story(dom0, *losses, device="0000:02:00.0").xen.can is Can.UNKNOWN


def test_a_group_that_lists_no_device_leaves_those_of_no_group_unknown() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g1=["0000:00:19.0"], g2=[])

    found = told(host, "00:1d.0")
    assert found.linux.can is Can.UNKNOWN
    assert "group 2" in found.linux.explanation
    host = grouped(host, g1=["0000:00:1d.0"], g2=[])
    assert told(host, "00:19.0").linux.can is Can.UNKNOWN  # the table predicts a "no"


@pytest.mark.parametrize("unread", [b"", REGION_LINE[:-1], REGION_LINE + b"0x1\n", REGION_LINE])
def test_a_group_without_regions_is_unknown_if_another_publishes_its_own(unread: bytes) -> None:
    host = grouped(made(HIGH), g1=["0000:00:19.0"], g2=["0000:00:1d.0"], g3=["0000:00:1a.0"])
    for number in ("1", "3"):
        host.files[f"/sys/kernel/iommu_groups/{number}/reserved_regions"] = REGION_LINE
    host.files["/sys/kernel/iommu_groups/2/reserved_regions"] = unread

    gaps = take_inventory(join(collect(host))).gaps.linux
    concerned = [] if unread == REGION_LINE else [(frozenset({SBDF(0, 0, 0x1D, 0)}), True)]
    assert [(gap.devices, gap.refusals) for gap in gaps] == concerned


@pytest.mark.parametrize(
    ("published", "devices"),
    [(b"", ["00:19.0", "00:1a.0"]), (REGION_LINE, [])],
    ids=["unread", "without the region"],
)
def test_a_kernel_that_may_have_relax_rmrr_leaves_the_groups_of_locked_devices_open(
    published: bytes, devices: list[str]
) -> None:
    """The region is also of a USB controller, which is relaxable in any case, in another group."""
    entries = scope(1, 0, (0x19, 0)) + scope(1, 0, (0x1D, 0))
    host = made(rmrr(0xAD800000, 0xAD80FFFF, entries), options="intel_iommu=on,relax_rmrr")
    host = grouped(host, g1=["0000:00:19.0", "0000:00:1a.0"], g2=["0000:00:1d.0"])
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = published
    host.files["/sys/kernel/iommu_groups/2/reserved_regions"] = published

    gaps = take_inventory(join(collect(host))).gaps.linux
    concerned = [frozenset(map(SBDF.parse, devices))] if devices else []
    assert [gap.devices for gap in gaps] == concerned


def test_groups_that_were_not_collected_leave_linux_unknown_and_xen_as_it_was() -> None:
    found = told(made(HIGH, functions=[NIC, USB], kernel="6.1.0"), "00:1d.0")

    assert found.linux.can is Can.UNKNOWN
    assert "iommu_groups" in found.linux.explanation
    assert found.xen.can is Can.YES
    assert cases(found.xen) == {}


@pytest.mark.parametrize(
    ("capabilities", "gaps"), [(b"control_d\n", 0), (b"", 1), (None, 0)], ids=str
)
@pytest.mark.parametrize("read", [False, True], ids=["no group was read", "a group lacks devices"])
def test_groups_are_a_gap_only_if_the_kernel_is_no_dom0(
    capabilities: bytes | None, gaps: int, *, read: bool
) -> None:
    host = made(HIGH, kernel="6.1.0")
    if read:
        host = grouped(host, g1=["0000:00:19.0"], g2=[])
    host.files["/sys/hypervisor/type"] = b"xen\n"
    if capabilities is not None:  # if they were not read, it may be a dom0
        host.files["/proc/xen/capabilities"] = capabilities

    assert len(take_inventory(join(collect(host))).gaps.linux) == gaps


def test_a_function_without_a_class_is_unknown_to_linux() -> None:
    strange = Function(sbdf="0000:00:1d.0")
    host = grouped(made(HIGH, functions=[NIC, strange], kernel="6.1.0"), g1=["0000:00:1d.0"])
    path = "/sys/devices/pci0000:00/0000:00:1d.0"
    assert told(host, "00:1d.0").linux.can is Can.YES
    del host.files[f"{path}/class"]
    del host.files[f"{path}/config"]

    assert told(host, "00:1d.0").linux.can is Can.UNKNOWN


def test_explain_and_resolve_name_their_source(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, worded: Worded
) -> None:
    (guest := tmp_path / "guest.cfg").write_text(HVM)
    for arguments in (
        ("explain", "02:00.0"),
        ("resolve", guest),
        ("hotplug", "02:00.0", "--into", guest),
    ):
        ran = run(capsys, *arguments, "--host", DOM0)
        worded(" ".join(ran.out.partition("\nSource ")[2].split()))


def test_what_may_be_a_bridge_leaves_open_what_is_behind_it() -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=3, subordinate_bus=3)
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = grouped(made(region, functions=[NIC, bridge, BEHIND], kernel="6.1.0"), **GROUPS)
    assert told(host, "03:00.0").xen.can is Can.CONDITIONS
    for part in ("class", "config"):
        del host.files[f"/sys/devices/pci0000:00/0000:00:1c.0/{part}"]

    assert told(host, "03:00.0").xen.can is Can.UNKNOWN
    assert told(host, "03:00.0").linux.can is Can.UNKNOWN


def test_a_mate_of_unknown_kind_leaves_the_group_open() -> None:
    host = made(HIGH, functions=[NIC, USB, Function(sbdf="0000:00:1f.0")], kernel="6.1.0")
    host = grouped(host, g1=["0000:00:1d.0", "0000:00:1f.0"])
    assert told(host, "00:1d.0").linux.can is Can.YES
    for part in ("class", "config"):
        del host.files[f"/sys/devices/pci0000:00/0000:00:1f.0/{part}"]

    assert told(host, "00:1d.0").linux.can is Can.UNKNOWN


@pytest.mark.parametrize("number", [b"255\n", b"0\n"])
def test_a_message_about_a_device_that_an_open_path_may_lead_to_is_in_doubt(number: bytes) -> None:
    machine = Losing(MACHINES / "qemu-q35-rmrr")
    (wrong,) = (
        Loss(loss.request, "contradicted", number)
        for loss in machine.losses()
        if loss.request.path.endswith("/0000:00:1c.0/secondary_bus_number") and loss.kind == "half"
    )
    after = machine.verdicts(wrong)

    assert after is not None
    assert turned(machine.before, after) == {}


def test_a_driver_that_a_recording_lost_is_not_the_lack_of_one() -> None:
    """The function is in an IOMMU group with others that have no driver; only it has one."""
    answers = recorded_answers(MACHINES / "qemu-amd-own-table")
    path = "/sys/devices/pci0000:00/0000:00:1f.2/driver"

    def verdict(*losses: Loss) -> Can:
        return story(answers, *losses, device="0000:00:1f.3").linux.can

    assert verdict() is Can.CONDITIONS
    assert verdict(lost(answers, path, NOT_COLLECTED)) is Can.CONDITIONS
    assert verdict(lost(answers, path, LINK_NOT_IN_COPY)) is Can.YES  # other links were copied


def test_xens_list_is_not_that_of_another_release_if_the_running_one_is_unknown() -> None:
    """A PVH dom0 has no table to predict the other release's list from."""
    answers = recorded_answers(MACHINES / "synthetic-pvh-dom0")
    losses = (
        lost(answers, "/sys/hypervisor/version/major", Missing(MissingKind.FAILED, "lost")),
        lost(answers, "xl-info", Missing(MissingKind.DENIED, "lost")),
    )

    def incomplete(question: Question, *losses: Loss) -> bool:
        return bool(context_of(with_losses(answers, *losses), question).facts.incomplete)

    assert not incomplete(Question(), *losses)  # whatever runs, this is its list
    assert incomplete(Question(xen="4.20.4"))
    assert incomplete(Question(xen="4.20.4"), *losses)


# The type of dom0 -------------------------------------------------------------------------

PVH_DOM0S = {"synthetic-pvh-dom0": "0000:00:19.0", "synthetic-amd-pvh-dom0": "0000:01:00.0"}


@pytest.mark.parametrize(("name", "device"), PVH_DOM0S.items())
@pytest.mark.parametrize("release", [("4", "17"), ("4", "19"), ("4", "20"), ("4", "22")])
def test_whether_a_pvh_dom0_can_pass_a_device_through_is_unknown(
    name: str, device: str, release: tuple[str, str]
) -> None:
    """Xen before 4.20 maps no interrupt for it, and SUPPORT.md of 4.22 lists no passthrough."""
    answers = recorded_answers(MACHINES / name)
    losses = [
        lost(answers, f"/sys/hypervisor/version/{part}", f"{number}\n".encode())
        for part, number in zip(("major", "minor"), release, strict=True)
    ]
    alone = 'name = "g"\ntype = "hvm"\nmemory = 512\n'
    guest = f'{alone}pci = ["{device},rdm_policy=relaxed"]\n'
    unread = lost(answers, "/sys/hypervisor/guest_type", NOT_COLLECTED)

    for more in ((), (unread,)):
        found = resolved(answers, guest, *losses, *more)
        assert found.verdict is Verdict.UNDECIDED
        assert "PVH" in found.reasons[0].reason
        told = story(answers, *losses, *more, device=device)
        assert (told.xen.can, told.remedies) == (Can.UNKNOWN, ())
    assert resolved(answers, alone, *losses).verdict is Verdict.STARTS
    absent = resolved(answers, guest.replace(device, "0000:33:00.0"), *losses)
    assert absent.verdict is Verdict.REFUSED


def test_a_device_is_attached_by_a_pvh_dom0_as_little_as_added() -> None:
    known = context_of(with_losses(recorded_answers(MACHINES / "synthetic-pvh-dom0")), Question())
    text = 'name = "g"\ntype = "hvm"\nmemory = 512\npassthrough = "enabled"\n'
    (running,) = read_guests(text, "guest.cfg")

    found = attach("00:19.0,rdm_policy=relaxed", running, known.facts, known.stack)

    assert found.verdict is Verdict.UNDECIDED
    assert "PVH" in found.decisions[0].reason


def test_a_dom0_with_the_table_is_pv(dom0_hap: dict[HostRequest, Value]) -> None:
    """A PVH dom0 gets none: Xen x86/hvm/dom0_build.c, pvh_acpi_table_allowed."""
    unread = lost(dom0_hap, "/sys/hypervisor/guest_type", NOT_COLLECTED)

    assert resolved(dom0_hap, HVM, unread).verdict is Verdict.STARTS
