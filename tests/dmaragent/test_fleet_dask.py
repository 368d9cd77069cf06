"""The workers of a Dask cluster as the engine of a fleet: the same answers, lost and wrong workers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmaragent.fleet.engine import _each_seen
from dmaragent.fleet.seen_files import look_at
from support.bundles import tar_of
from support.dask_cluster import PATHS, Cluster, cluster, lacking
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # programs are started

GUEST = 'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["00:1a.0"]\n'


DEBIANS = "/usr/bin/python3"
"""The Python that has Debian's release of distributed."""


@pytest.fixture(scope="module", params=[sys.executable, DEBIANS], ids=["pypi", "debian"])
def two_workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Start a scheduler and two workers."""
    if why := lacking(request.param):
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with cluster(tmp_path_factory.mktemp("dask") / "cluster", 2, request.param) as made:
        yield made


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Make a folder of documents: directories, archives, one of several, and a damaged one."""
    folder = tmp_path / "pool"
    folder.mkdir()
    for name, machine in {"xen001": "xen-pv-dom0", "xen002": "xen-pv-dom0"}.items():
        shutil.copytree(MACHINES / machine, folder / name)
    for number, recorded in enumerate(sorted(MACHINES.iterdir())):
        if (recorded / "manifest.json").exists() and number < 30:
            (folder / f"{recorded.name}.tar").write_bytes(tar_of(files_of(recorded), ""))
    (folder / "rack.tar").write_bytes(tar_of({"hp.tar": tar_of(files_of(HP), "")}, ""))
    (folder / "broken.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    (tmp_path / "g.cfg").write_text(GUEST)
    shutil.copytree(MACHINES / "lenovo-laptop", tmp_path / "new" / "xen001")
    shutil.copytree(MACHINES / "xen-pv-dom0", tmp_path / "new" / "xen002")
    return folder


HP = MACHINES / "hp-dl380e-gen8"


def files_of(machine: Path) -> dict[str, bytes]:
    return {
        path.relative_to(machine).as_posix(): path.read_bytes()
        for path in sorted(machine.rglob("*"))
        if path.is_file()
    }


PYPIS_ALONE = pytest.mark.parametrize("two_workers", [sys.executable], ids=["pypi"], indirect=True)
"""The rest of what the engine does is the same code with either release."""
QUESTIONS = {
    "show": ["show", "pool"],
    "resolve": ["resolve", "g.cfg", "--on", "pool"],
    "device": ["device", "usb", "--on", "pool"],
    "move": ["move", "g.cfg", "--from", "hp-dl380e-gen8", "--on", "pool", "--xen", "4.17"],
    "diff": ["diff", "pool", "new", "--guest", "g.cfg"],
    "export": ["export", "pool"],
    "one-setting": ["resolve", "g.cfg", "--on", "pool", "--xen", "4.17", "--one-setting"],
}


def json_of(verb: str) -> list[str]:
    """Return the option of `verb` for JSON; `export` prints nothing else."""
    return [] if verb == "export" else ["--json"]


def start(python: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-m", "dmaragent", "fleet", *words, *json_of(words[0]), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATHS},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def answer(python: str, folder: Path, *words: str) -> tuple[int, bytes, str]:
    """Return the exit status of a command, what it prints, and its standard error."""
    with start(python, folder, *words) as child:
        out, err = child.communicate()
    return child.returncode, out, err.decode()


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_engine_gives_the_same_bytes(two_workers: Cluster, pool: Path, question: str) -> None:
    python, words = two_workers.python, QUESTIONS[question]

    here = answer(python, pool.parent, *words)
    processes = answer(python, pool.parent, *words, "--jobs", "2")
    workers = answer(python, pool.parent, *words, "--engine", two_workers.address)

    assert here[0] in (0, 1, 2)
    assert len(here[1]) > 2000
    assert processes == here
    assert workers == here


@PYPIS_ALONE
def test_the_order_of_documents_changes_nothing(two_workers: Cluster, pool: Path) -> None:
    """The folder is given as its documents, in two orders."""
    documents = sorted(f"pool/{path.name}" for path in pool.iterdir())
    engine = ["--engine", two_workers.address]

    one = answer(two_workers.python, pool.parent, "show", *documents, *engine)
    other = answer(two_workers.python, pool.parent, "show", *reversed(documents), *engine)

    assert one[0] == other[0]
    assert without_folders(one[1]) == without_folders(other[1])


def without_folders(document: bytes) -> dict[str, object]:
    """Return a document without the folders, which are as they were typed."""
    loaded: dict[str, object] = json.loads(document)
    assert loaded["origin"].pop("folders")  # type: ignore[attr-defined]
    return loaded


@pytest.mark.parametrize("left", [1, 0])
def test_the_work_of_a_killed_worker_is_done_again(
    two_workers: Cluster, pool: Path, tmp_path: Path, left: int
) -> None:
    """A document is a pipe, so the worker that reads it can be killed in the middle."""
    document = tmp_path / "piped.tar"
    content = tar_of(files_of(HP), "")
    document.write_bytes(content)
    words = ["show", "pool", "piped.tar"]
    here = answer(two_workers.python, tmp_path, *words)
    document.unlink()
    os.mkfifo(document)
    with (
        cluster(tmp_path / "cluster", 1 + left, two_workers.python) as made,
        start(two_workers.python, tmp_path, *words, "--engine", made.address) as child,
    ):
        with document.open("wb"):  # this waits for a reader
            worker = next(one for one in made.workers if has_open(one.pid, document))
            worker.kill()
            worker.wait()
        if left:
            with document.open("wb") as pipe:
                pipe.write(content)
        out, err = child.communicate()

    if left:
        assert (child.returncode, out) == here[:2]
        assert "was lost" in err.decode()
    else:
        assert child.returncode == 2
        assert "without --engine" in hint_of(out)


def hint_of(document: bytes) -> str:
    """Return what an error says to do."""
    error: dict[str, dict[str, str]] = json.loads(document)
    return error["error"]["next"]


def has_open(pid: int, path: Path) -> bool:
    folder = Path(f"/proc/{pid}/fd")
    return any(os.path.realpath(entry) == str(path) for entry in folder.iterdir())


@PYPIS_ALONE
def test_a_worker_of_another_version_is_not_used(
    two_workers: Cluster, pool: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "dmaragent"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.0.1"\n')
    (tmp_path / "one").mkdir()
    here = answer(two_workers.python, tmp_path, "show", "pool")
    with cluster(tmp_path / "one/cluster", 1, two_workers.python) as made:
        made.add_worker(PYTHONPATH=f"{tmp_path / 'other'}:{os.environ.get('PYTHONPATH', '')}")
        made.wait_for(2)
        told = answer(two_workers.python, tmp_path, "show", "pool", "--engine", made.address)
        made.workers[0].kill()
        made.workers[0].wait()
        made.wait_for(1)
        none = answer(two_workers.python, tmp_path, "show", "pool", "--engine", made.address)

    assert told[:2] == here[:2]
    assert "dmaragent 0.0.1" in told[2]
    assert none[0] == 2
    assert "without --engine" in hint_of(none[1])


def test_a_worker_tells_another_document_from_the_same(pool: Path, tmp_path: Path) -> None:
    """The workers look into another directory under the same relative name."""
    seen = look_at(str(pool / "rack.tar"))
    (tmp_path / "away").mkdir()

    class Task:
        path = "pool/rack.tar"

    def run(directory: Path) -> list[object]:
        return list(_each_seen(([Task()], lambda task: task.path, [seen], str(directory))))

    assert run(tmp_path) == [("pool/rack.tar",)]
    assert run(tmp_path / "away") == run(tmp_path / "gone") == [()]
    os.utime(pool / "rack.tar", (1, 1))
    assert run(tmp_path) == [()]


def test_without_a_scheduler_the_next_step_is_shown(pool: Path) -> None:
    code, out, err = answer(
        sys.executable, pool.parent, "show", "pool", "--engine", "tcp://[::1]:1"
    )

    assert code == 2
    assert "Traceback" not in err
    assert "without --engine" in hint_of(out)
