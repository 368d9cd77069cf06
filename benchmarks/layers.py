"""Each layer alone, for a host and for one eight times as large: how its time grows.

The host is synthetic and in memory. Each size runs in three separate processes, and the quickest
time counts. Layers that read or write files use a recording on disk.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from dmaragent.collect.recorded.recording import record, write_files
from support.large import large_host

_MADE = """
import json, sys, tempfile
from time import perf_counter
sys.path[:0] = {path!r}
from dmaragent.agent.changes import changes
from dmaragent.agent.publish import Publisher
from dmaragent.agent.scan import scan
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.html import report_html
from support.large import large_host

took = {{}}
def timed(name, work, times=3):
    for _ in range(times):
        begin = perf_counter()
        value = work()
        took[name] = min(took.get(name, 1e9), perf_counter() - begin)
    return value

class Forgotten(list):
    def append(self, _):
        pass

host = large_host({functions}, {regions})
host.asked = Forgotten()
snapshot = timed("collect", lambda: collect(host))
joined = timed("join", lambda: join(snapshot))
inventory = timed("inventory", lambda: take_inventory(joined))
checked = timed("check", lambda: check(inventory))
assert len(inventory.regions) == {regions} and len(joined.topology.known) == {functions}
timed("document", lambda: inventory_answer(inventory))
timed("text", lambda: list(inventory_text(inventory)))
timed("report", lambda: report_html(inventory, checked))
del snapshot, joined, inventory, checked
before = scan(host, None, 0)
host.links[next(name for name in host.links if name.endswith("/driver"))] = "../pciback"
with tempfile.TemporaryDirectory() as folder:
    publisher = Publisher(runtime=folder)
    def update():
        after = scan(host, before, 1)
        publisher.publish(after, new=True)
        return changes(before, after)
    (change,) = timed("update", update, 1)
assert (change.driver, change.driver_before) == ("pciback", "e1000e")
print(json.dumps(took))
"""
_READ = """
import json, sys
from io import StringIO
from contextlib import redirect_stdout
from time import perf_counter
from dmaragent.cli import main
def seconds(*words):
    begin = perf_counter()
    with redirect_stdout(StringIO()):
        assert main(list(words)) == 0
    return perf_counter() - begin
took = {{}}
for folder in {folders!r}:
    took = {{
        "replay": seconds("inventory", "--json", "--host", folder),
        "dump": seconds("dump", "--force", "--host", folder, "-o", folder + ".tar.gz"),
        "packed": seconds("inventory", "--json", "--host", folder + ".tar.gz"),
    }}
print(json.dumps(took))
"""
_SMALL, _LARGE = (8192, 250), (65536, 2000)
_LAYERS = {
    "collect": "`collect`, by its questions",
    "join": "`join`",
    "inventory": "`take_inventory`",
    "check": "`check`, all rules",
    "document": "the JSON answer",
    "text": "the text of `inventory`",
    "report": "the page of `report`",
    "update": "the agent: one device changes",
}
_FILES = {
    "replay": "`inventory --host` of a directory",
    "packed": "`inventory --host` of a bundle",
    "dump": "`dump --host` of a directory",
}

Times = dict[str, float]


def _least(code: str) -> Times:
    """Run `code` in three processes; return the least seconds of each part."""
    command = [sys.executable, "-c", code]
    runs: list[Times] = [
        json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    return {name: min(run[name] for run in runs) for name in runs[0]}


def _made(functions: int, regions: int) -> Times:
    return _least(_MADE.format(path=sys.path[:2], functions=functions, regions=regions))


def _files(folder: str, functions: int) -> Times:
    """Measure what is on disk, after a warm-up with a few functions."""
    folders = [f"{folder}/of-{functions}-{number}" for number in (64, functions)]
    for number, path in zip((64, functions), folders, strict=True):
        write_files(record(large_host(number, number // 16))[1], path)
    return _least(_READ.format(folders=folders))


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each layer."""
    few, small, large = _made(4096, 125), _made(*_SMALL), _made(*_LARGE)
    ratio = large["collect"] / few["collect"]
    yield (
        *(_LAYERS["collect"], "4,096", f"{few['collect']:.2f}"),
        *("65,536", f"{large['collect']:.2f}", f"{ratio:.1f} (16 is linear)"),
    )
    sizes = [f"{functions:,}, {regions:,}" for functions, regions in (_SMALL, _LARGE)]
    for name, said in _LAYERS.items():
        yield _row(said, sizes, small[name], large[name])
    with tempfile.TemporaryDirectory() as folder:
        small, large = _files(folder, 512), _files(folder, 4096)
    for name, said in _FILES.items():
        yield _row(said, ["512, 32", "4,096, 256"], small[name], large[name])


def _row(said: str, sizes: list[str], few: float, many: float) -> tuple[str, ...]:
    return said, sizes[0], f"{few:.3f}", sizes[1], f"{many:.3f}", f"{many / few:.1f} (≤ 10)"


HEAD = ("what", "functions, regions", "seconds", "functions, regions", "seconds", "ratio")
