"""The recorded fleet of booted hosts: asked again, it still predicts what xl did on each."""

import json
import shutil
from pathlib import Path

import pytest

from vm import fleet, moved
from vm.suites import BOOKWORM, Suite
from vm.truth import RECORDS


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the documents of all hosts, and the guests."""
    folder = tmp_path_factory.mktemp("fleet")
    shutil.copytree(fleet.DOCUMENTS, folder / fleet.POOL)
    fleet.write_guests(folder)
    return folder


@pytest.mark.parametrize("suite", fleet.SUITES, ids=lambda suite: suite.name)
def test_guests_did_on_each_host_what_the_fleet_predicts(pool: Path, suite: Suite) -> None:
    predicted = {fleet.named(name): verdict for name, verdict in fleet.starts(pool, suite)}
    for name, found in fleet.one_settings(pool).items():
        predicted[fleet.memory_of(name)] = f"{found['low_memory']} MiB"

    assert predicted == recorded(suite, fleet.STARTS)


def test_devices_were_attached_to_a_restored_guest_as_the_fleet_predicts(tmp_path: Path) -> None:
    (document,) = fleet.DOCUMENTS.glob(f"{BOOKWORM.name}.*")
    predicted = {moved.named(name): found for name, found in moved.predicted(tmp_path, document)}

    assert predicted == recorded(BOOKWORM, moved.TITLE)


def test_the_lines_that_started_everywhere_are_those_that_the_fleet_prints(pool: Path) -> None:
    found = fleet.one_settings(pool)

    assert {name: tuple(each["lines"]) for name, each in found.items()} == fleet.ONE_SETTING
    for name, each in found.items():
        verdicts = {recorded(suite, fleet.STARTS)[_one_setting(name)] for suite in fleet.SUITES}
        risks = {host for risk in each["risks"] for host in risk["hosts"]}
        assert each["found"] == "found"
        assert "refused" not in verdicts
        assert risks == {
            suite.name
            for suite in fleet.SUITES
            if recorded(suite, fleet.STARTS)[_one_setting(name)] != "starts"
        }


def test_the_fleet_has_a_guest_that_only_some_hosts_start(pool: Path) -> None:
    for name in fleet.ONE_SETTING:
        verdicts = {recorded(suite, fleet.STARTS)[fleet.named(name)] for suite in fleet.SUITES}
        assert verdicts == {"starts", "refused"}


def _one_setting(name: str) -> str:
    return fleet.named(f"{name}-one-setting")


def recorded(suite: Suite, title: str) -> dict[str, str]:
    """Return the rows of a section as they were seen on the host of a suite."""
    record = json.loads((RECORDS / f"{suite.name}.json").read_text("utf-8"))
    (section,) = (each for each in record["sections"] if each["title"] == title)
    return dict(section["rows"])
