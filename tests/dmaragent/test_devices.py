"""The rows of ``dmaragent devices`` say of each device what ``explain`` says."""

import csv
import io
import json
from dataclasses import replace

import pytest

from dmaragent.answers.devices import DeviceRow, Verdict, device_rows
from dmaragent.answers.explain import explain, who_decides
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.passthrough.model import Can
from dmaragent.present.screen import Screen, printed_on
from dmaragent.present.text.csv import csv_lines
from dmaragent.present.text.devices import devices_text
from dmaragent.present.words.devices import (
    CSV_HEAD,
    VERDICTS,
    DeviceList,
    region_spans,
)
from dmaragent.question.context import Context, Question, context_of
from dmaragent.readings import Missing, MissingKind
from support.cli import run
from support.explained import HIGH, MATE, NIC, USB, bare, grouped, made
from support.hosts import FakeHost, Function, fake_host
from support.ivrs_tables import device_range, entry, ivhd, ivrs, special
from support.large import large_host
from support.machines import MACHINES, NAMES
from support.tables import rmrr, scope
from support.wording import Worded
from support.work import calls

_NVME = Function(sbdf="0000:01:00.0", class_code=0x010802, driver="nvme")
_DIRECT = b"0x00000000a0000000 0x00000000afffffff direct\n"
_MSI = b"0x00000000fee00000 0x00000000feefffff msi\n"


def _context(host: FakeHost | Host, xen: str | None = None) -> Context:
    joined = join(collect(host)) if isinstance(host, FakeHost) else host
    return context_of(joined, Question(xen=xen))


def _rows(context: Context) -> tuple[DeviceRow, ...]:
    return device_rows(context.inventory, context.facts, context.stack)


def _lines(context: Context, width: int = 80) -> list[str]:
    rows = tuple(row for row in _rows(context) if not row.chipset)
    devices = DeviceList(rows=rows, known=len(rows), chipset=0, absent=0)
    with printed_on(Screen(width=width)):
        return list(devices_text(context.inventory, devices, context.stack))


def _amd() -> FakeHost:
    host = fake_host([_NVME, NIC], {"IVRS": b"IVRS"})
    host.files["/sys/firmware/acpi/tables/IVRS"] = Missing(MissingKind.DENIED, "Permission denied")
    grouped(host, g11=["0000:00:19.0"], g12=["0000:01:00.0"])
    base = "/sys/kernel/iommu_groups"
    host.files[f"{base}/11/reserved_regions"] = _MSI
    host.files[f"{base}/12/reserved_regions"] = _DIRECT + _MSI
    host.files["/proc/sys/kernel/osrelease"] = b"6.8.12\n"
    return host


def _hosts() -> dict[str, FakeHost]:
    """Make hosts in which devices are alike in all but one thing."""
    alike = [Function(sbdf=f"0000:02:{n:02x}.0", driver="e1000e") for n in range(6)]
    virtual = [
        Function(sbdf="0000:03:00.0", driver="ixgbe", total_vfs=4),
        *(
            Function(sbdf=f"0000:03:10.{n}", driver=None, physical_function="0000:03:00.0")
            for n in range(3)
        ),
    ]
    busy = made(HIGH, functions=[NIC, USB, MATE, *alike])
    names = [function.sbdf for function in alike]
    grouped(busy, g1=[NIC.sbdf, names[0]], g2=names[1:3], g3=[names[3]], g4=[USB.sbdf, MATE.sbdf])
    return {
        "AMD": _amd(),
        "groups": busy,
        "no groups": made(HIGH, functions=[NIC, USB, MATE, *alike]),
        "virtual functions": made(HIGH, functions=[NIC, *virtual]),
        "a table alone": bare(HIGH),
        "IOMMU off": made(HIGH, functions=[NIC, *alike], options="intel_iommu=off"),
        "large": large_host(1024, 4),
    }


def _disagreements(context: Context) -> list[str]:
    """Return the devices of which a row says something else than ``explain``."""
    wrong = []
    for row in _rows(context):
        explanation = explain(context.inventory, context.facts, context.stack, row.sbdf)
        narrowed = context.inventory.of_device(row.sbdf)
        facts = (
            (row.xen.can, explanation.xen.can),
            (row.linux.can, explanation.linux.can),
            (row.decides, explanation.decides),
            (row.regions, tuple(region.number for region in narrowed.regions)),
            (
                {row.remedy.title if row.remedy else ""} - {""},
                {step.title for step in explanation.remedies}
                & {row.remedy.title if row.remedy else ""},
            ),
        )
        wrong += [f"{row.sbdf}: {ours} {its}" for ours, its in facts if ours != its]
    return wrong


@pytest.mark.parametrize("machine", NAMES)
@pytest.mark.parametrize("xen", [None, "4.14.6", "4.17"])
def test_a_row_has_the_verdicts_of_explain(machine: str, xen: str | None) -> None:
    from dmaragent.collect.open_host import open_host  # noqa: PLC0415 - a recorded machine alone

    host = join(collect(open_host(str(MACHINES / machine)).reader))

    assert _disagreements(_context(host, xen)) == []


@pytest.mark.parametrize("name", _hosts())
def test_devices_that_share_an_explanation_have_the_verdicts_of_their_own(name: str) -> None:
    context = _context(_hosts()[name])

    assert _disagreements(context) == []
    assert {row.decides for row in _rows(context)} == {who_decides(context.inventory)}


@pytest.mark.parametrize("lost", ["topology", "groups"])
def test_a_host_that_lost_a_reading_has_the_verdicts_of_explain(lost: str) -> None:
    host = join(collect(_hosts()["groups"]))
    denied = Missing(MissingKind.DENIED)
    if lost == "topology":
        host = host._replace(topology=host.topology._replace(functions=denied))
    else:
        host = host._replace(groups=denied)

    assert _disagreements(_context(host)) == []


@pytest.mark.slow
def test_functions_that_are_alike_cost_next_to_nothing() -> None:
    small, large = (_context(large_host(functions, 0)) for functions in (1024, 8192))
    per_function = (calls(lambda: _rows(large)) - calls(lambda: _rows(small))) / (8192 - 1024)

    assert per_function < 250  # explain takes thousands of calls


def test_the_host_bridge_is_counted_and_not_listed() -> None:
    chipset = {row.sbdf for row in _rows(_context(_hosts()["groups"])) if row.chipset}

    assert not chipset
    bridge = Function(sbdf="0000:00:00.0", class_code=0x060000)
    memory = Function(sbdf="0000:00:14.2", class_code=0x050000)
    context = _context(made(HIGH, functions=[NIC, bridge, memory]))
    assert [str(row.sbdf) for row in _rows(context) if row.chipset] == [bridge.sbdf, memory.sbdf]


def test_an_sd_host_is_listed_although_it_is_a_system_peripheral() -> None:
    timer = Function(sbdf="0000:00:14.0", class_code=0x080300)
    sd_host = Function(sbdf="0000:00:14.5", class_code=0x080501)
    context = _context(made(HIGH, functions=[NIC, timer, sd_host]))

    assert [str(row.sbdf) for row in _rows(context) if row.chipset] == [timer.sbdf]


@pytest.mark.parametrize(
    ("class_code", "driver", "chipset"),
    [
        (0x080600, None, True),
        (0x080600, "vfio-pci", True),
        (0x068000, "vfio-pci", True),
        (0x088000, None, True),
        (0x088000, "vfio-pci", False),
        (0x058000, "pciback", False),
        (0x0C0500, "i801_smbus", True),
        (0x110100, None, True),
        (0x118000, None, False),
        (0x0C0330, None, False),
    ],
)
def test_a_driver_for_guests_makes_a_chipset_function_a_device(
    class_code: int, driver: str | None, *, chipset: bool
) -> None:
    """Not a bridge and not AMD's IOMMU: neither is passed through."""
    function = Function(sbdf="0000:00:14.0", class_code=class_code, driver=driver)
    rows = _rows(_context(made(HIGH, functions=[NIC, function])))

    assert [str(row.sbdf) for row in rows if row.chipset] == [function.sbdf] * chipset


def test_a_chipset_function_with_a_region_is_a_device() -> None:
    timers = [Function(sbdf=f"0000:00:14.{number}", class_code=0x080300) for number in range(3)]
    host = grouped(
        made(HIGH, rmrr(0xAE800000, 0xAE80FFFF, scope(1, 0, (0x14, 1))), functions=[NIC, *timers]),
        g1=[timers[0].sbdf],
        g2=[timers[1].sbdf],
        g3=[timers[2].sbdf],
    )
    host.files["/sys/kernel/iommu_groups/3/reserved_regions"] = _DIRECT + _MSI

    chipset = [str(row.sbdf) for row in _rows(_context(host)) if row.chipset]

    assert chipset == [timers[0].sbdf]


def test_an_amd_host_has_linux_word_and_says_that_xens_is_unknown(worded: Worded) -> None:
    context = _context(_amd())
    nic, nvme = _rows(context)

    assert (nic.linux, nic.xen.can) == (Verdict(Can.YES), Can.UNKNOWN)
    assert (nvme.linux, nvme.regions, len(nvme.reported)) == (Verdict(Can.NO), (), 1)
    worded(_lines(context), "01:00.0", "blocked", "IVRS")


def test_an_ordinary_user_is_told_what_root_would_know(worded: Worded) -> None:
    host = made(HIGH)
    host.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED, "Permission denied")
    context = _context(host)

    assert {row.linux.can for row in _rows(context)} == {Can.UNKNOWN}
    assert {region_spans(row) for row in _rows(context)} == {"?"}
    worded(_lines(context), "root", "unknown")


def test_functions_that_could_not_be_read_are_not_taken_for_absent(worded: Worded) -> None:
    host = join(collect(_hosts()["groups"]))
    denied = Missing(MissingKind.DENIED)
    context = _context(host._replace(topology=host.topology._replace(functions=denied)))

    (nic,) = _rows(context)
    assert (nic.absent, nic.function, nic.regions) == (False, None, (1,))
    worded(_lines(context), "00:19.0", "permission denied")


def test_unknown_regions_of_a_device_are_null_and_not_an_empty_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of known regions, none is an empty list."""
    hosts = ("synthetic-sosreport-without-table", "hp-dl380e-gen8")
    unknown, known = (
        [
            device["regions"]
            for device in json.loads(
                run(capsys, "devices", "--json", "--all", "--host", MACHINES / host).out
            )["answer"]["devices"]
        ]
        for host in hosts
    )

    assert unknown
    assert all(regions is None for regions in unknown)
    assert [] in known
    assert None not in known


def test_regions_are_grouped_and_many_are_counted() -> None:
    row = next(row for row in _rows(_context(made(HIGH))) if row.regions)

    assert region_spans(row) == "1"
    assert region_spans(replace(row, regions=(3, 4, 5, 9))) == "3-5 9"
    assert region_spans(replace(row, regions=(1, 3, 5, 7, 9))) == "1 3 5 +2"
    assert region_spans(replace(row, regions=(1, 3, 5, 7, 8, 9, 10, 11, 12))) == "1 3 5 +6"
    assert region_spans(replace(row, regions=(), regions_known=False)) == "?"


@pytest.mark.parametrize("width", [80, 95, 120])
@pytest.mark.parametrize("machine", NAMES)
def test_a_line_is_as_wide_as_the_terminal_at_most(
    machine: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run(capsys, "devices", "--host", MACHINES / machine, "--all")

    lines = [line for line in ran.out.splitlines() if str(MACHINES) not in line]
    assert max(map(len, lines)) <= width
    assert str(MACHINES) in ran.out  # the host, and the next command


@pytest.mark.parametrize("machine", NAMES)
def test_the_document_fits_its_schema(machine: str, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "devices", "--host", MACHINES / machine, "--all", "--json")

    answer = ran.document["answer"]
    assert answer["chipset_left_out"] == answer["absent_left_out"] == 0
    assert answer["known"] <= len(answer["devices"])
    assert ran.code == run(capsys, "devices", "--host", MACHINES / machine, "--all").code


def test_csv_is_rfc_4180_and_begins_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", 'a "b", c', "\x1b[31m", "plain", ""]
    text = "".join(csv_lines(("a",) * len(cells), [cells]))
    head, row = csv.reader(io.StringIO(text, newline=""))

    assert text.count("\r\n") == 2
    assert len(head) == len(row)
    assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert row[5:] == ['a "b", c', "\\x1b[31m", "plain", ""]

    ran = run(capsys, "devices", "--host", MACHINES / "xen-pv-dom0", "--csv", "--all")
    head, *rows = csv.reader(io.StringIO(ran.out, newline=""))
    assert tuple(head) == CSV_HEAD
    assert {len(row) for row in rows} == {len(CSV_HEAD)}


def test_a_risk_is_told_from_a_condition() -> None:
    context = _context(join(collect(made(HIGH, functions=[NIC, USB, MATE]))), "4.17")
    verdicts = {str(row.sbdf): row.xen for row in _rows(context)}

    assert verdicts[NIC.sbdf] in VERDICTS
    assert verdicts[MATE.sbdf] == Verdict(Can.YES)


@pytest.mark.parametrize(
    ("kind", "verdict", "fixed"),
    [
        ("direct-relaxable", Verdict(Can.YES, risk=True), True),
        ("direct", Verdict(Can.NO), True),
        ("msi", Verdict(Can.YES), False),
    ],
)
def test_a_device_has_a_fix_unless_it_is_allowed_without_risk(
    kind: str, verdict: Verdict, *, fixed: bool
) -> None:
    structures = [] if kind == "msi" else [HIGH]
    host = grouped(made(*structures, functions=[NIC], kernel="6.8.12-4-pve"), g1=[NIC.sbdf])
    region = f"0x00000000ad800000 0x00000000ad80ffff {kind}\n"
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = region.encode()
    context = _context(host)

    (row,) = _rows(context)

    explanation = explain(context.inventory, context.facts, context.stack, row.sbdf)
    assert row.linux == verdict
    assert explanation.remedies
    assert (row.remedy is not None) == fixed
    assert row.remedy is None or row.remedy.title in {one.title for one in explanation.remedies}


def test_a_document_of_no_device_is_a_document(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(capsys, "devices", "--host", MACHINES / "lenovo-laptop", "--id", "1:1", "--json")

    assert json.loads(ran.out)["answer"]["devices"] == []
    assert ran.code == 1


_BOTH, _ONE = device_range(0x0008, 0xFFFE), entry(2, 0x0200)


@pytest.mark.parametrize(
    ("of_xen", "of_linux"), [(_BOTH, _ONE), (_ONE, _BOTH)], ids=["Xen", "Linux"]
)
def test_a_device_with_a_unit_of_only_one_of_xen_and_linux_has_a_row_of_its_own(
    of_xen: bytes, of_linux: bytes
) -> None:
    """Xen uses the block of type 0x11, Linux that of 0x40; one of them lacks 01:00.0."""
    data = ivrs(
        ivhd(of_xen, special(1, 33, 0xA0), kind=0x11),
        ivhd(of_linux, special(1, 33, 0xA0), kind=0x40),
    )
    iommu = Function(sbdf="0000:00:00.2", class_code=0x080600)
    functions = [iommu, Function(sbdf="0000:01:00.0"), Function(sbdf="0000:02:00.0")]
    context = _context(fake_host(functions, {"IVRS": data}), "4.17")

    assert _disagreements(context) == []
    of_cards = [row.xen.can for row in _rows(context) if not row.chipset]
    assert of_cards == [Can.YES if of_xen == _BOTH else Can.NO, Can.YES]
