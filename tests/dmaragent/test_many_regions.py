"""Tables of very many regions: the work for them is linear, and has a limit that is no silence."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.host import Host, join
from dmaragent.host.parse import MOST_OF_A_KIND
from dmaragent.inventory import Inventory, take_inventory, under_release
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.table import iommu_table
from dmaragent.iommu.vtd import MOST_SCOPE_ENTRIES
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.text.inventory import inventory_text
from dmaragent.question import context as question_context
from dmaragent.question.context import GuestResolver, Question, context_of, other_releases
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.spans import few_spans
from dmaragent.xen.reserved_list import predicted as views
from fwtables import DMAR, decode, encode
from support.cli import run
from support.large import large_host
from support.many_regions import SHAPES, host_of
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded
from support.work import calls

_USB = scope(1, 0, (0x14, 0))


def _host(shape: str, count: int) -> Host:
    return join(collect(host_of(SHAPES[shape](count))))


def _joined(*structures: bytes) -> Host:
    return join(collect(host_of(table(*structures))))


def _guest(rdm: str) -> GuestConfig:
    texts = {"type": "hvm", "memory": "4096", "rdm": rdm}
    return guest_from_options(texts, ["00:14.0"])


# The limit --------------------------------------------------------------------------------


def test_a_table_with_more_structures_of_a_kind_than_are_examined_is_a_failed_reading() -> None:
    region = rmrr(0x8000_0000, 0x8000_0FFF, _USB)
    unit = drhd(0xFED9_0000, flags=1)

    most, more = _joined(unit, *[region] * 4096), _joined(unit, *[region] * 4097)

    assert MOST_OF_A_KIND == 4096
    assert isinstance(iommu_table(most), IommuTable)
    missing = iommu_table(more)
    assert isinstance(missing, Missing)
    assert missing.kind is MissingKind.FAILED
    assert "4,097 RMRR structures" in missing.detail
    assert "4,096" in missing.detail
    assert take_inventory(more).complete is False


def test_a_table_with_more_scope_entries_than_are_examined_is_a_failed_reading(
    worded: Worded,
) -> None:
    regions = [rmrr(n << 13, (n << 13) + 0xFFF, *[_USB] * 4096) for n in range(4)]

    most, more = _joined(*regions), _joined(*regions, drhd(0xFED9_0000, _USB))

    assert MOST_SCOPE_ENTRIES == 16384
    assert isinstance(iommu_table(most), IommuTable)
    missing = iommu_table(more)
    assert isinstance(missing, Missing)
    worded(missing.detail, "16", "385")


@pytest.mark.parametrize(("number", "kind"), [(4096, tuple), (4097, Missing)], ids=["most", "more"])
def test_a_list_of_xen_with_more_entries_than_are_examined_is_a_failed_reading(
    number: int, kind: type
) -> None:
    made = host_of(SHAPES["one device"](1))
    made.files["/sys/hypervisor/type"] = b"xen\n"
    entries = [[0x80000 + 4 * n, 1] for n in range(number)]
    made.calls["xen-rdm"] = json.dumps({"entries": entries}).encode()
    devices = {"0000:00:02.0": [], "0000:00:14.0": entries}
    made.calls["xen-rdm-devices"] = json.dumps({"devices": devices}).encode()

    host = join(collect(made))

    assert host.xen is not None
    assert isinstance(host.xen.reserved_memory, kind)
    assert isinstance(host.xen.device_reserved_memory, Missing) is (kind is Missing)
    assert ("4,097 entries" in " ".join(host.problems)) is (kind is Missing)


def test_the_decoder_has_no_limit() -> None:
    content = SHAPES["one device"](65536)

    decoded = decode(content)

    assert isinstance(decoded.table, DMAR)
    assert len(decoded.table.structures) == 65537
    assert encode(decoded) == content


@pytest.mark.parametrize(
    "words",
    [
        ["inventory"],
        ["inventory", "--tree"],
        ["check"],
        ["explain", "00:14.0"],
        ["resolve", "--memory", "4096", "--pci", "00:14.0"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_verb_says_that_the_table_is_not_examined(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "DMAR.bin"
    path.write_bytes(SHAPES["absent"](4097))

    ran = run(capsys, *words, "--host", path)

    assert ran.code == 2
    assert "4,097 RMRR structures" in " ".join((ran.out + ran.err).split())


# The work ---------------------------------------------------------------------------------


def _layers(shape: str, count: int) -> dict[str, int]:
    host = _host(shape, count)
    inventory = take_inventory(host)
    question = Question(xen="4.17")
    resolver = GuestResolver(context_of(host, question), question)
    guest = _guest("strategy=host")
    layers: dict[str, Callable[[], object]] = {
        "inventory": partial(take_inventory, host),
        "check": partial(check, inventory),
        "text": lambda: list(inventory_text(inventory)),
        "document": partial(inventory_document, inventory, "", ""),
        "resolve": partial(resolver.resolve, guest),
    }
    return {name: calls(work) for name, work in layers.items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_regions_take_about_four_times_the_calls(shape: str) -> None:
    small, large = _layers(shape, 96), _layers(shape, 384)

    grown = {name: round(large[name] / small[name], 2) for name in small}

    assert {name: ratio for name, ratio in grown.items() if ratio > 5} == {}


class _Counted:
    """Counts how often a function is called."""

    def __init__(self, work: Callable[..., object]) -> None:
        self.count = 0
        self._work = work

    def __call__(self, *arguments: object, **named: object) -> object:
        self.count += 1
        return self._work(*arguments, **named)


def _counted(module: object, name: str, monkeypatch: pytest.MonkeyPatch) -> _Counted:
    counted = _Counted(getattr(module, name))
    monkeypatch.setattr(module, name, counted)
    return counted


def test_releases_that_treat_a_table_alike_are_predicted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, absent = _host("one device", 8), _host("absent", 8)
    predictions = _counted(views, "predict_table", monkeypatch)

    assert {region.xen.listed for region in take_inventory(host).regions} == {True}
    treatments = predictions.count
    assert treatments <= 6

    assert {region.xen.listed for region in take_inventory(absent).regions} == {None}
    assert predictions.count == 2 * treatments  # not one for each release


@pytest.mark.parametrize("shape", ["one device", "absent", "low", "overlapping"])
def test_an_inventory_under_another_release_is_the_one_taken_for_it(shape: str) -> None:
    host = _host(shape, 8)
    newest = take_inventory(host, Release(4, 22))

    for minor in range(6, 23):
        assert under_release(newest, Release(4, minor)) == take_inventory(host, Release(4, minor))


def test_other_releases_read_the_table_once(monkeypatch: pytest.MonkeyPatch) -> None:
    host, question = _host("one device", 8), Question()
    inventories = _counted(question_context, "take_inventory", monkeypatch)
    predictions = _counted(views, "predict_table", monkeypatch)
    known = context_of(host, question)

    other_releases(known, question, _guest("strategy=host"))

    assert inventories.count == 1
    assert predictions.count <= 12  # the host's own, and one for each kind of release


def test_the_answer_about_a_device_does_not_write_the_whole_table() -> None:
    def answer(inventory: Inventory) -> int:
        device = SBDF.parse("0000:00:02.0")
        return calls(lambda: inventory_document(inventory.of_device(device), "", ""))

    small, large = (
        take_inventory(join(collect(large_host(64, regions)))) for regions in (100, 1000)
    )

    assert answer(large) - answer(small) <= 900 * 16  # whether each region names it


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([1, 2, 3, 5], "1-3, 5"),
        ([*range(1, 23, 2), 30, 31], "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 30-31"),
        (range(1, 27, 2), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 and 2 more"),
        (
            [*range(1, 21, 2), 30, 31, 40, 41, 42, 50],
            "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 30-31 and 4 more",
        ),
    ],
    ids=["none", "few", "as many as are named", "more", "more in spans"],
)
def test_numbers_that_are_not_named_are_counted(numbers: Sequence[int], text: str) -> None:
    assert few_spans(numbers) == text
