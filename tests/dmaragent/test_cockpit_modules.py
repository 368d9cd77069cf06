"""The modules of the page for Cockpit, run by node without a browser."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.http_messages import ApiRequest
from dmaragent.agent.routes import PublishedFacts
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.present.json.inventory import inventory_document
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.ivrs_tables import device_range, ivhd, ivmd, ivrs
from support.machines import MACHINES
from support.published import answered, publish
from support.served import published_machine

pytestmark = pytest.mark.usefixtures("node")
PROGRAM = Path(__file__).parents[1] / "support" / "cockpit_modules.mjs"
PAGE = Path(__file__).parents[2] / "cockpit"
FAILED = Missing(MissingKind.FAILED, "Input/output error")


Play = Callable[..., Any]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the page that every node reads as modules."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "package.json").write_text('{"type": "module"}')
    for path in PAGE.glob("*.js"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def played(page: Path) -> Play:
    """Return a function that plays a scenario of cockpit_modules.mjs."""
    return lambda scenario, documents=None: _play(page, scenario, documents)


def _play(page: Path, scenario: str, documents: object) -> Any:
    given = json.dumps({"page": str(page), "scenario": scenario, "documents": documents})
    done = subprocess.run(
        ["node", PROGRAM], input=given, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def readings(name: str) -> HostSnapshot:
    """Return the readings of a recorded machine."""
    return collect(open_host(str(MACHINES / name)).reader)


def document(snapshot: HostSnapshot) -> object:
    return inventory_document(take_inventory(join(snapshot)), "live", "")


def test_only_a_version_that_the_page_knows_is_a_document(played: Play) -> None:
    """Null, an empty object and other formats have no known version."""
    assert played("known") == [False, False, False, False, False, True]


def test_the_devices_of_a_region_are_unknown_without_the_pci_functions(played: Play) -> None:
    """An IVMD for all devices has no owner then; the columns of devices and of Linux agree."""
    snapshot = readings("qemu-amd-bookworm")
    without = snapshot._replace(pci=FAILED, iommu_groups=FAILED)
    shown = played("regions", [document(without), document(snapshot._replace(pci=()))])

    every = [[row for row in one["rows"] if row[3].startswith("all devices")] for one in shown]
    assert [row[5] for row in every[0]] == ["unknown"] * len(every[0]) != []
    assert all(row[3] == "all devices: unknown" for row in every[0])
    assert [(row[3], row[5]) for row in every[1]] == [
        ("all devices: no device", "no device")
    ] * len(every[0])


def test_the_summary_has_no_number_of_regions_of_a_damaged_table(played: Play) -> None:
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    (table,) = snapshot.tables
    assert isinstance(table.content, bytes)
    cut = snapshot._replace(tables=(table._replace(content=table.content[:60]),))
    damaged, whole = played("regions", [document(cut), document(snapshot)])

    assert "Regionsunknown" in damaged["summary"].replace("Reserved regions", "Regions")
    assert "Regions2" in whole["summary"].replace("Reserved regions", "Regions")


def test_the_size_of_a_region_is_exact_above_2_53(played: Play) -> None:
    """JSON.parse rounds 2^53 + 1 to 2^53."""
    given: Any = document(readings("lenovo-laptop"))
    given["answer"]["regions"][0] |= {
        "base": "0x0",
        "limit": f"0x{1 << 53:x}",
        "size": (1 << 53) + 1,
    }

    assert played("regions", [given])[0]["rows"][0][2] == "about 8192 TiB"


def test_a_wrong_checksum_alone_hides_no_region(played: Play) -> None:
    """The summary has their number, as ``dmaragent status`` has, and no notice reports missing ones."""
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    (table,) = snapshot.tables
    assert isinstance(table.content, bytes)
    changed = table.content[:9] + bytes([table.content[9] ^ 1]) + table.content[10:]
    wrong = document(snapshot._replace(tables=(table._replace(content=changed),)))
    cut = document(snapshot._replace(tables=(table._replace(content=table.content[:60]),)))

    assert "regions2" in played("regions", [wrong])[0]["summary"]
    (harmless,), (serious,) = played("notices", [wrong, cut])
    assert "no region can be missing" in harmless
    assert "regions can be missing" in serious


def test_a_table_that_could_not_be_read_is_not_a_host_without_one(played: Play) -> None:
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    denied = Missing(MissingKind.DENIED, "Permission denied")
    given: list[Any] = [
        document(snapshot._replace(tables=(snapshot.tables[0]._replace(content=denied),)))
        for _ in range(2)
    ]
    given[1]["answer"]["absence"]["kind"] = AbsenceKind.VTD_OFF.value

    titles = [one[0] for one in played("notices", given)]
    assert ["could not be read" in title for title in titles] == [True, False]


def host_of(snapshot: HostSnapshot) -> tuple[object, object]:
    """Return the documents of a host's inventory and of its devices."""
    published = publish(take_inventory(join(snapshot)))
    request = ApiRequest(method="GET", target="/v1/devices")
    devices = json.loads(answered(request, published, PublishedFacts()).body)
    return json.loads(published.document), devices


def test_without_the_pci_functions_no_device_is_said_to_be_absent(played: Play) -> None:
    """An IVMD for all devices names one that is unknown then: in the list and in the picture."""
    for_all = ivrs(ivhd(device_range(0x0008, 0xFFFE)), ivmd(0xBDF00000, 0x1000, kind=0x20))
    snapshot = readings("qemu-amd-bookworm")
    assert not isinstance(snapshot.tables, Missing)
    snapshot = snapshot._replace(tables=(snapshot.tables[0]._replace(content=for_all),))
    unread, devices = host_of(snapshot._replace(pci=FAILED, iommu_groups=FAILED))
    empty, no_devices = host_of(snapshot._replace(pci=()))
    matrix, named, known, known_named = played(
        "devices", [[unread, devices], [unread, None], [empty, no_devices], [empty, None]]
    )

    assert "The devices are unknown." in matrix["devices"]
    assert "The devices are unknown." in named["devices"]
    assert "all devices: unknown" in matrix["picture"]
    assert "No device of this host can be passed through." in known["devices"]
    assert "No region names a device." in known_named["devices"]
    assert "all devices: no device" in known["picture"]


def test_a_bundle_that_lacks_a_reading_is_saved(played: Play) -> None:
    """``dump`` writes it and ends with 1; then the bundle is needed most."""
    whole, lacking, nothing, failed = played("bundle")

    assert whole == "NAME.tar.xz is ready."
    assert lacking.startswith("NAME.tar.xz is ready. A reading")
    assert "could not be collected" in nothing
    assert "could not be collected" in failed


def test_the_guest_that_was_chosen_last_is_in_the_form(played: Play) -> None:
    """Its text comes before that of an earlier guest, and of an earlier file."""
    assert played("libvirt") == ["text of --domain=b", "text of --domain=c"]


def live_documents() -> dict[str, object]:
    """Return the answers of the API about a recorded machine, by path."""
    paths = ("/v1/inventory", "/v1/findings", "/v1/devices")
    published = published_machine("lenovo-laptop")
    return {
        path: json.loads(
            answered(ApiRequest(method="GET", target=path), published, PublishedFacts()).body
        )
        for path in paths
    }


def resolution() -> object:
    """Return the answer of the API about a guest."""
    request = ApiRequest(
        method="POST",
        target="/v1/resolve",
        content_type="application/json",
        body=json.dumps({"guest": "name = 'a'\ntype = 'hvm'\nmemory = 512\n"}).encode(),
    )
    return json.loads(answered(request, published_machine("lenovo-laptop"), PublishedFacts()).body)


def test_an_answer_of_a_newer_version_is_not_shown(played: Play) -> None:
    """Neither about a guest, nor as a host whose agent does not run because its file is newer."""
    guest, notice = played("newer", resolution())

    assert "newer than the page" in guest
    assert "will start" not in guest
    assert "newer than the page" in notice
    assert "not running" not in notice
    assert "reload the page." in notice
    assert ".." not in notice


def test_verdicts_that_a_busy_agent_refuses_are_requested_again(played: Play) -> None:
    """It refuses twice with Retry-After; the host does not change meanwhile.

    The findings, which were read, are neither read again nor replaced.
    """
    done = played("busy", live_documents())

    assert done["busy"]
    assert (done["times"], done["others"], done["state"]) == (3, 1, "live")
    assert "All workers were busy" not in done["last"]


def test_the_answer_about_a_guest_is_old_after_another_agent_started(played: Play) -> None:
    before, after = played("restarted", {**live_documents(), "/v1/resolve": resolution()})

    assert "will start" in before
    assert "may have changed" not in before
    assert "may have changed since this answer" in after
    assert "will start" in after


def test_a_failed_scan_is_shown_at_once(played: Play) -> None:
    """It refuses the waiting request with 503, as an agent does for which too many pages wait."""
    done = played("failed", live_documents())

    assert done["asked"] == ["/v1/health ", "/v1/health 1", "/v1/health "]
    assert done["state"] == "none"
    assert "The reason" in done["notices"]


def test_a_page_that_may_not_wait_asks_once_and_pauses(played: Play) -> None:
    done = played("full", live_documents())

    assert done["asked"] == ["/v1/health ", "/v1/health 1", "/v1/health "]
    assert done["state"] == "live"
