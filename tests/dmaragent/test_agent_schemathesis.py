"""schemathesis finds nothing wrong with the local API: a short run of `make api-fuzz`."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.api_fuzz import fuzz

pytestmark = pytest.mark.slow


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    if find_spec("schemathesis") is None:
        missing = "schemathesis is not installed: make .venv/ready-api-fuzz"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)

    done = fuzz(examples=5, seed=1, folder=tmp_path)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    cases = re.search(r"(\d+) generated", done.stdout)
    assert cases is not None
    assert int(cases[1]) >= 200
