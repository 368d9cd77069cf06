"""The processes that do the work of a fleet change no answer and may die."""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from dmaragent.errors import DmaragentError
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.engine import answers
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.fleet.guests import resolve_on
from dmaragent.fleet.json import base_answer, guest_objects
from dmaragent.fleet.seen_files import working_in
from support.fleet_pool import XL, fleet_of, guests
from support.fleets import KillingTask, kill_at_first


def test_the_order_of_documents_and_the_engine_change_nothing(pool: Path) -> None:
    fleet = fleet_of(pool)
    with ProcessPoolExecutor(2) as executor:
        apart = read_fleet([str(pool)], FleetQuery(question=XL), engine=executor)
        there = resolve_on(apart.records, guests(), XL, executor)
    here = resolve_on(tuple(reversed(fleet.records)), guests(), XL)

    assert fleet == apart
    assert guest_objects(here, 1) == guest_objects(there, 1)
    assert base_answer(xen_classes(fleet.records), fleet.without) == base_answer(
        xen_classes(apart.records), apart.without
    )


def test_the_work_of_a_killed_process_is_done_once_more(tmp_path: Path) -> None:
    tasks = [KillingTask(str(tmp_path / "flag"))] * 60
    with ProcessPoolExecutor(2) as executor:
        assert list(answers(kill_at_first, tasks, executor)) == [task.path for task in tasks]


def test_a_document_that_kills_each_process_ends_the_run(tmp_path: Path) -> None:
    tasks = [KillingTask(str(tmp_path / "always"))]
    with ProcessPoolExecutor(2) as executor, pytest.raises(DmaragentError) as raised:
        list(answers(kill_at_first, tasks, executor))

    assert "--jobs" in raised.value.hint


def test_a_worker_returns_to_its_directory_even_if_a_task_raises(tmp_path: Path) -> None:
    before = os.getcwd()
    with working_in(str(tmp_path)) as found:
        assert found
        assert os.getcwd() == str(tmp_path)
    assert os.getcwd() == before

    with pytest.raises(ValueError, match="task"), working_in(str(tmp_path)):
        raise ValueError("task")
    assert os.getcwd() == before
    with working_in(str(tmp_path / "gone")) as found:
        assert not found
