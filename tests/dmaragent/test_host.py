"""The join: device scopes walked through bridges, and readings that cannot be used."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.topology import Located, Presence
from dmaragent.readings import Missing, MissingKind
from support.hosts import FakeHost, Function, fake_host
from support.tables import rmrr, scope, table
from support.wording import Worded

BRIDGE = 0x060400
TOPOLOGY = [
    Function(sbdf="0000:00:1d.0", class_code=0x0C0320, driver="ehci-pci"),
    Function(sbdf="0000:00:1e.0", class_code=BRIDGE, secondary_bus=3),
    Function(sbdf="0000:03:01.0", class_code=BRIDGE, secondary_bus=4),
    Function(sbdf="0000:04:02.0"),
    Function(sbdf="0000:80:00.0", class_code=BRIDGE, secondary_bus=0x81),
    Function(sbdf="0000:81:00.0"),
    Function(sbdf="0001:00:1d.0", class_code=0x030000),
    Function(sbdf="0001:00:1e.0", class_code=BRIDGE, secondary_bus=3),
    Function(sbdf="0001:03:01.0", class_code=0x010601),
]


def _joined(host: FakeHost) -> Host:
    return join(collect(host))


def _locate(host: Host, bus: int, *path: tuple[int, int], segment: int = 0) -> Located:
    return host.topology.locate(segment, bus, path)


@pytest.fixture
def host() -> Host:
    """Give a host with bridges behind bridges, two root buses and two segments."""
    return _joined(fake_host(TOPOLOGY, {}))


@pytest.mark.parametrize(
    ("segment", "bus", "path", "hops"),
    [
        (0, 0, [(0x1D, 0)], ["0000:00:1d.0"]),
        (0, 0, [(0x1E, 0), (1, 0)], ["0000:00:1e.0", "0000:03:01.0"]),
        (0, 0, [(0x1E, 0), (1, 0), (2, 0)], ["0000:00:1e.0", "0000:03:01.0", "0000:04:02.0"]),
        (0, 0x80, [(0, 0), (0, 0)], ["0000:80:00.0", "0000:81:00.0"]),
        (0, 4, [(2, 0)], ["0000:04:02.0"]),
        (1, 0, [(0x1D, 0)], ["0001:00:1d.0"]),
        (1, 0, [(0x1E, 0), (1, 0)], ["0001:00:1e.0", "0001:03:01.0"]),
    ],
)
def test_a_path_is_walked_to_the_function_the_topology_has(
    host: Host, segment: int, bus: int, path: list[tuple[int, int]], hops: list[str]
) -> None:
    place = _locate(host, bus, *path, segment=segment)

    assert [str(hop.sbdf) for hop in place.hops] == hops
    assert str(place.sbdf) == hops[-1]
    assert (place.presence, place.reason) == (Presence.PRESENT, "")


def test_a_device_that_does_not_answer_is_absent_and_keeps_its_address(
    host: Host, worded: Worded
) -> None:
    place = _locate(host, 0, (0x1F, 5))

    assert (str(place.sbdf), place.presence) == ("0000:00:1f.5", Presence.ABSENT)
    worded(place.reason, "0000:00:1f.5")


@pytest.mark.parametrize(
    "path",
    [
        [(0x1C, 0), (0, 0)],
        [(0x1D, 0), (0, 0)],
        [(0x20, 0)],
        [(0x1E, 9), (0, 0)],
        [],
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(
    host: Host, path: list[tuple[int, int]], worded: Worded
) -> None:
    place = _locate(host, 0, *path)

    assert (place.sbdf, place.presence) == (None, Presence.ABSENT)
    worded(place.reason)
    assert len(place.hops) == len(path)


def test_without_the_pci_functions_nothing_is_called_absent(worded: Worded) -> None:
    data = table(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1D, 0))))
    host = FakeHost(
        directories={"/sys/firmware/acpi/tables": ("DMAR",)},
        files={"/sys/firmware/acpi/tables/DMAR": data},
        calls={"udev-pci": Missing(MissingKind.NOT_COLLECTED)},
    )
    host.directories["/sys/bus/pci/devices"] = Missing(MissingKind.NOT_COLLECTED)
    joined = _joined(host)

    direct, behind = _locate(joined, 0, (0x1D, 0)), _locate(joined, 0, (0x1E, 0), (0, 0))

    assert (str(direct.sbdf), direct.presence) == ("0000:00:1d.0", Presence.UNKNOWN)
    assert (behind.sbdf, behind.presence) == (None, Presence.UNKNOWN)
    worded(behind.reason)
    assert joined.problems == ()


def test_the_bus_behind_a_bridge_comes_from_configuration_space_where_the_attribute_is_gone() -> (
    None
):
    fake = fake_host(TOPOLOGY, {})
    del fake.files["/sys/devices/pci0000:00/0000:00:1e.0/secondary_bus_number"]
    joined = _joined(fake)

    assert str(_locate(joined, 0, (0x1E, 0), (1, 0)).sbdf) == "0000:03:01.0"


@pytest.mark.parametrize("gone", [b"256\n", b"\xff\n"])
def test_a_bridge_without_any_usable_bus_number_is_a_problem_line(
    gone: bytes, worded: Worded
) -> None:
    fake = fake_host(TOPOLOGY, {})
    path = "/sys/devices/pci0000:00/0000:00:1e.0"
    fake.files[f"{path}/secondary_bus_number"] = gone
    fake.files[f"{path}/config"] = Missing(MissingKind.FAILED, "Input/output error")
    joined = _joined(fake)

    assert _locate(joined, 0, (0x1E, 0), (1, 0)).sbdf is None
    worded(joined.problems, "0000:00:1e.0")


def test_an_attribute_that_is_no_number_is_a_problem_line(worded: Worded) -> None:
    fake = fake_host(TOPOLOGY, {})
    fake.files["/sys/devices/pci0000:00/0000:00:1d.0/class"] = b"\xff\xfe\x1b[2J"
    joined = _joined(fake)

    worded(joined.problems, "0000:00:1d.0")
    assert _locate(joined, 0, (0x1D, 0)).presence is Presence.PRESENT


def test_a_device_that_vanished_during_the_walk_is_a_problem_line_and_not_present(
    worded: Worded,
) -> None:
    fake = fake_host(TOPOLOGY, {})
    fake.files = {path: data for path, data in fake.files.items() if "0000:00:1d.0" not in path} | {
        "/sys/devices/pci0001:00/0001:00:1d.0/class": b"0x030000\n"
    }
    joined = _joined(fake)

    assert _locate(joined, 0, (0x1D, 0)).presence is Presence.ABSENT
    worded(joined.problems, "0000:00:1d.0")


def test_a_driver_that_cannot_be_read_is_a_problem_line(worded: Worded) -> None:
    fake = fake_host(TOPOLOGY, {})
    denied = Missing(MissingKind.DENIED, "Permission denied")
    fake.links["/sys/devices/pci0000:00/0000:00:1d.0/driver"] = denied

    worded(_joined(fake).problems, "0000:00:1d.0")


def test_a_name_that_is_no_address_is_a_problem_line(worded: Worded) -> None:
    snapshot = collect(fake_host(TOPOLOGY, {}))
    assert not isinstance(snapshot.pci, Missing)
    first = snapshot.pci[0]._replace(name="nonsense")

    joined = join(snapshot._replace(pci=(first,)))

    (problem,) = joined.problems
    worded(problem)


def test_functions_that_could_not_be_listed_are_a_problem_line(worded: Worded) -> None:
    fake = FakeHost(calls={"udev-pci": Missing(MissingKind.FAILED, "no libudev")})

    worded(_joined(fake).problems)
