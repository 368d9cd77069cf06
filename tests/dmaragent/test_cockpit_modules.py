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
from dmaragent.present.json.inventory import inventory_document
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.machines import MACHINES
from support.published import answered
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
