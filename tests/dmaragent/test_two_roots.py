"""A copy that holds another host's root in its own: two hosts, and neither is taken for both."""

from pathlib import Path

import pytest

from dmaragent.collect.open_host import open_host
from dmaragent.errors import DmaragentError
from support.machines import materialize
from support.wording import Worded


@pytest.mark.parametrize("top", [".", "server"])
def test_a_root_within_a_root_is_refused_with_both_names(
    top: str, tmp_path: Path, worded: Worded
) -> None:
    host = tmp_path / top
    materialize("synthetic-overlap", host)
    assert open_host(str(tmp_path)).kind == "directory"
    materialize("synthetic-overlap", host / "root")

    with pytest.raises(DmaragentError) as refused:
        open_host(str(tmp_path))
    worded(str(refused.value))
