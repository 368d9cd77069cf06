"""Hostile clients, mixed by a seed: whoever means well is answered, and nothing is left of them."""

from pathlib import Path

import pytest

from support.agent_hostile import Pace, run
from support.agent_process import running_agent
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # services run


def test_a_mix_of_hostile_clients_harms_nobody_and_leaves_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with running_agent(tmp_path, MACHINES / "lenovo-laptop") as agent:
        showed = run(agent, Pace(seed=20261129, acts=20, pause=0.05))
        ended = agent.child.wait(60)

    assert sum(showed.hostile.values()) == 240
    assert (ended, showed.unanswered, showed.children) == (0, 0, 0)
    assert showed.files[1] <= showed.files[0] + 1  # asyncio keeps one for the processes it starts
    assert [line for line in showed.log if not line.startswith(("<5>", "<6>"))] == []
