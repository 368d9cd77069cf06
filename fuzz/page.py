"""The results of runs, kept in fuzz/runs.json, and the page that shows them: docs/fuzzing.md."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fuzz import ROOT

RUNS = ROOT / "fuzz/runs.json"
PAGE = ROOT / "docs/fuzzing.md"
TEXT = ROOT / "fuzz/page.md"
_STATISTIC = re.compile(r"^stat::(\w+):\s+([0-9]+)", re.MULTILINE)
_DONE = re.compile(r"^Done \d+ runs in (\d+) second", re.MULTILINE)
_HEADS = {
    "seeded": (
        "inputs",
        "mutated",
        "seed",
        "processor seconds",
        "peak above the start, MiB",
        "slowest input",
        "date",
    ),
    "guided": (
        "inputs",
        "run",
        "seed",
        "seconds",
        "peak of the process, MiB",
        "new inputs kept",
        "date",
    ),
}


def line(found: Mapping[str, Any]) -> str:
    """Return the result of a run in one line."""
    told = f"{found['kind']}: {found['count']:,} in {found['seconds']:.0f} s, seed {found['seed']}"
    memory = f"{found['added']:.1f} MiB more" if "added" in found else f"peak {found['peak']} MiB"
    return f"{told}, {memory}{', FAILED' if found.get('failed') else ''}"


def statistics(kind: str, seed: int, said: str) -> dict[str, Any]:
    """Parse what libFuzzer printed at its end."""
    numbers = {name: int(value) for name, value in _STATISTIC.findall(said)}
    done = _DONE.search(said)
    return {
        "kind": kind,
        "seed": seed,
        "count": numbers["number_of_executed_units"],
        "seconds": int(done[1]) if done else 0,
        "peak": numbers["peak_rss_mb"],
        "new": numbers["new_units_added"],
    }


def record(driver: str, found: Mapping[str, Any]) -> None:
    """Replace the earlier result of a run, and write the page."""
    runs = json.loads(RUNS.read_text("utf-8")) if RUNS.exists() else {}
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    runs.setdefault(driver, {})[found["kind"]] = {**found, "date": today}
    RUNS.write_text(json.dumps(runs, indent=1, sort_keys=True) + "\n", "utf-8")
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """Return the page."""
    runs = json.loads(RUNS.read_text("utf-8"))
    tables = {
        driver: _table(_HEADS[driver], [_row(each) for each in runs.get(driver, {}).values()])
        for driver in _HEADS
    }
    text = TEXT.read_text("utf-8")
    for driver, table in tables.items():
        text = text.replace(f"{{{driver}}}\n", table)
    return text


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    begin = (found["kind"], f"{found['count']:,}", str(found["seed"]), f"{found['seconds']:.0f}")
    if "added" not in found:
        return (*begin, str(found["peak"]), str(found["new"]), found["date"])
    slowest = f"{1000 * found['slowest']:.0f} ms, {found['slowest_size']:,} bytes"
    return (*begin, f"{found['added']:.1f}", slowest, found["date"])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(each) + " |\n" for each in lines)
