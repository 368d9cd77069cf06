"""The limits on work: what a guest request would cost is counted, and refused before it is done."""

import contextlib
import errno
import io
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dmaragent.addresses import MIB
from dmaragent.agent import guest_answer as resolving
from dmaragent.agent import worker, workers
from dmaragent.agent.http_messages import ApiRequest, ApiResponse
from dmaragent.agent.limits import MOST_DEVICES, MOST_FUNCTIONS, MOST_GUESTS, MOST_REGIONS, Limits
from dmaragent.agent.published import Published, Stamp
from dmaragent.agent.routes import PublishedFacts, respond
from dmaragent.agent.tasks import Task, answer_task
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.question.context import GuestResolver
from support.agent_hostile import post
from support.hosts import Function, fake_host
from support.large import large_snapshot
from support.machines import MACHINES
from support.published import publish, publish_host
from support.served import exchange, published_machine, serving
from support.tables import drhd, rmrr, scope, table

MOST = Limits().answer
STAMP = Stamp(3, "0" * 64)
LIBXL = '{"c_info":{"type":"hvm"},"b_info":{},"pcidevs":[%s]}'
BARE = "name = 'a'\ntype = 'hvm'\nmemory = 512\n"
HOSTDEV = (
    "<hostdev mode='subsystem' type='pci'><source>"
    "<address domain='0' bus='1' slot='%d' function='%d'/></source></hostdev>"
)
KVM = "<domain type='kvm'><name>a</name><memory>1</memory><devices>%s</devices></domain>"
DEVICE = BARE + "pci = ['00:1d.0']\n"


def body(guest: str) -> bytes:
    return json.dumps({"guest": guest, "xen": "4.17"}).encode()


def answer_guests(body: bytes, host: Host, most: int) -> ApiResponse:
    """Answer as a worker."""
    return answer_task(Task.RESOLVE, body, host, STAMP, most)


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count what is done for a request: whenever a host is asked, or a guest resolved."""
    done = list[str]()
    for owner, name in (
        (resolving, "context_of"),
        (GuestResolver, "resolve"),
        (GuestResolver, "other_releases"),
    ):
        work = getattr(owner, name)

        def counted(*given: Any, name: str = name, work: Any = work) -> Any:
            done.append(name)
            return work(*given)

        monkeypatch.setattr(owner, name, counted)
    return done


@pytest.mark.parametrize(
    ("guest", "limit", "number"),
    [
        (LIBXL % ",".join(["{}"] * 20_000), MOST_DEVICES, 20_000),
        ("pci = [" + ",".join(["''"] * 20_000) + "]", MOST_DEVICES, 20_000),
        (LIBXL % ",".join(["{}"] * 257), MOST_DEVICES, 257),
        (KVM % "".join(HOSTDEV % (n >> 3 & 31, n & 7) for n in range(257)), MOST_DEVICES, 257),
        (f"[{','.join([LIBXL % '{},{},{},{},{},{},{},{},{}'] * 32)}]", MOST_DEVICES, 288),
        (f"[{','.join([LIBXL % ''] * 33)}]", MOST_GUESTS, 33),
        (f"[{','.join([LIBXL % ''] * 1_000)}]", MOST_GUESTS, 1_000),
    ],
    ids=[
        "devices",
        "entries",
        "one device more",
        "of a KVM guest",
        "in all guests",
        "one guest more",
        "guests",
    ],
)
def test_too_many_are_refused_before_any_work(
    laptop: Published, worked: list[str], guest: str, limit: int, number: int
) -> None:
    said = answer_guests(body(guest), laptop.inventory.host, MOST)

    told = json.loads(said.body)
    assert said.status == 422
    assert worked == []
    assert all(str(each) in told["detail"] for each in (limit, number))
    assert "dmaragent resolve" in told["hint"]


def test_as_many_as_are_allowed_are_answered(laptop: Published, worked: list[str]) -> None:
    whole = LIBXL % ",".join(["{}"] * MOST_DEVICES)
    many = f"[{','.join([LIBXL % ','.join(['{}'] * 8)] * MOST_GUESTS)}]"

    answers = [answer_guests(body(one), laptop.inventory.host, MOST) for one in (whole, many)]

    assert [one.status for one in answers] == [200, 200]
    assert worked.count("resolve") == 1 + MOST_GUESTS


def _many_regions(number: int) -> Host:
    """Make a host of so many regions, all of one device."""
    device = scope(1, 0, (0x1D, 0))
    regions = [rmrr(n << 13, (n << 13) + 0xFFF, device) for n in range(0x10000, 0x10000 + number)]
    host = fake_host(
        [Function(sbdf="0000:00:1d.0")], {"DMAR": table(drhd(0xFED90000, flags=1), *regions)}
    )
    return join(collect(host))


@pytest.mark.parametrize(
    "guest", [DEVICE, BARE + "rdm = 'strategy=host'\n"], ids=["device", "host"]
)
def test_more_regions_than_an_answer_lists_are_refused_before_the_guest_is_resolved(
    worked: list[str], guest: str
) -> None:
    host = _many_regions(MOST_REGIONS + 1)

    said = answer_guests(body(guest), host, MOST)
    other = answer_guests(body(BARE), host, MOST)

    assert (said.status, other.status) == (422, 200)
    assert f"limit is {MOST_REGIONS}" in json.loads(said.body)["detail"]
    assert worked.count("resolve") == 1  # the other


@pytest.mark.parametrize(
    "guest", [DEVICE, DEVICE + "rdm = 'strategy=host'\n"], ids=["device", "host and device"]
)
def test_as_many_regions_as_an_answer_lists_fit_in_it_and_in_a_workers_memory(guest: str) -> None:
    limits = Limits()
    descriptor = workers._file_of(_many_regions(MOST_REGIONS))
    numbers = descriptor, limits.answer, limits.worker_memory, limits.worker_space, 600

    done = subprocess.run(
        worker.command(*numbers),
        input=worker.order(Task.RESOLVE, STAMP)
        + json.dumps({"guest": guest}).encode(),  # without a release: all are predicted
        capture_output=True,
        pass_fds=[descriptor],
        check=True,
    )
    os.close(descriptor)
    said, fault = worker.received(done.stdout)

    assert (said.status, fault) == (200, "")
    assert MOST // 2 < len(said.body) <= MOST


def test_an_answer_that_is_too_large_is_not_given(laptop: Published) -> None:
    said = answer_guests(body(DEVICE), laptop.inventory.host, 1000)

    assert said.status == 413
    assert "limit is 1000 bytes" in json.loads(said.body)["detail"]


def test_the_service_refuses_by_the_worker_what_is_too_much(
    tmp_path: Path, laptop: Published
) -> None:
    with serving(tmp_path / "s", lambda: (laptop, PublishedFacts(memory=1))) as path:
        said = exchange(path, post(LIBXL % ",".join(["{}"] * 20_000)))
        after = exchange(path, post(DEVICE))

    assert said.startswith(b"HTTP/1.1 422 ")
    assert len(said) < 1000
    assert after.startswith(b"HTTP/1.1 200 ")


# What a worker gets, and how it is confined ----------------------------------------------


@pytest.mark.parametrize("name", sorted(path.name for path in MACHINES.iterdir()))
def test_the_host_that_a_worker_reads_is_the_service_s(name: str) -> None:
    host = publish_host(str(MACHINES / name)).inventory.host
    descriptor = workers._file_of(host)
    try:
        with open(f"/proc/self/fd/{descriptor}", "rb") as kept:
            assert pickle.load(kept) == host  # noqa: S301 - our own
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
    finally:
        os.close(descriptor)


def test_a_mapping_that_is_read_only_stays_so() -> None:
    assert isinstance(worker.read_only({}), MappingProxyType)


def test_a_worker_has_limits_of_its_own_and_is_the_first_to_end() -> None:
    code = (
        "import resource as r, json\n"
        "from dmaragent.agent.worker import confine\n"
        "confine(50 << 20, 200 << 20, 7)\n"
        "names = ('DATA', 'AS', 'CPU', 'CORE')\n"
        "limits = [r.getrlimit(getattr(r, 'RLIMIT_' + one)) for one in names]\n"
        "score = int(open('/proc/self/oom_score_adj').read())\n"
        "try:\n    bytes(60 << 20)\n"
        "except MemoryError:\n    print(json.dumps([limits, score]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    limits, score = json.loads(done.stdout)
    assert limits == [[50 * MIB] * 2, [200 * MIB] * 2, [7, 7], [0, 0]]
    assert score == 1000


def test_a_worker_imports_nothing_from_its_folder_the_environment_or_a_home() -> None:
    start, isolated, *words = worker.command(3)
    code = words[words.index("-c") + 1]
    seen = "import json; print(json.dumps([sys.flags.isolated, sys.path]))"
    done = subprocess.run(
        [start, isolated, "-c", f"{code.partition('from ')[0]}{seen}"],
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout) == [1, [path for path in sys.path if path]]


def _needed() -> dict[str, int]:
    """Measure what a worker has before it reads anything, in bytes."""
    code = (
        "import dmaragent.agent.worker\n"
        "fields = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print([int(fields[name].split()[0]) << 10 for name in ('VmData', 'VmSize')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return dict(zip(("worker_memory", "worker_space"), json.loads(done.stdout), strict=True))


def test_a_worker_that_needs_too_much_memory_is_answered_for(
    tmp_path: Path, laptop: Published
) -> None:
    # Room for less than one arena of the allocator, of which a part can be free already.
    little = Limits(worker_memory=_needed()["worker_memory"] + MIB // 8, deadline=600)
    many = ",".join(f"'00:{n >> 3:02x}.{n & 7}'" for n in range(256))
    with serving(tmp_path / "s", lambda: (laptop, PublishedFacts(memory=1)), little) as path:
        said = exchange(path, post(BARE + f"pci = [{many}]\n"))

    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"more memory" in said


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (MemoryError(), True),
        (SystemError("error return without exception set"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (ImportError("_h.so: failed to map segment from shared object"), True),
        (ImportError("No module named x"), False),
        (OSError(errno.ENOENT, "No such file or directory"), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_each_error_of_a_lack_of_memory_is_one(
    error: Exception, *, lacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> ApiResponse:
        raise error

    monkeypatch.setattr(worker, "answer_task", broken)
    kept = io.BytesIO(pickle.dumps(None))
    expected = pytest.raises(MemoryError) if lacks else contextlib.nullcontext()
    with expected:
        worker.answer(Task.RESOLVE, STAMP, io.BytesIO(body(DEVICE)), kept, MOST)


@pytest.mark.parametrize("limit", ["worker_memory", "worker_space"])
def test_a_worker_may_have_much_more_than_it_begins_with(limit: str) -> None:
    assert _needed()[limit] + 12 * MIB <= getattr(Limits(), limit)


def test_a_fault_in_a_worker_goes_to_the_service_s_log(
    laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> ApiResponse:
        raise ZeroDivisionError("a secret")

    kept = io.BytesIO(pickle.dumps(None))
    monkeypatch.setattr(worker, "answer_task", broken)
    sent = io.BytesIO()
    worker.send(worker.answer(Task.RESOLVE, STAMP, io.BytesIO(body(DEVICE)), kept, MOST), sent)
    response, fault = worker.received(sent.getvalue())

    assert response.status == 500
    assert b"secret" not in response.body
    assert fault.splitlines()[-1].split(": ") == ["ZeroDivisionError", "a secret"]


def test_what_a_worker_answers_is_what_the_same_code_answers_here(
    tmp_path: Path, laptop: Published
) -> None:
    with serving(tmp_path / "s", lambda: (laptop, PublishedFacts(memory=1))) as path:
        said = exchange(path, post(DEVICE, "4.17")).partition(b"\r\n\r\n")[2]

    host = laptop.inventory.host
    assert said == answer_task(Task.RESOLVE, body(DEVICE), host, laptop.stamp, MOST).body


def test_findings_are_made_once_a_scan() -> None:
    held = table(drhd(0xFED90000, flags=1), rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1D, 0))))
    host = fake_host([Function(sbdf="0000:00:1f.0")], {"DMAR": held})
    published = publish(take_inventory(join(collect(host))))

    assert published.findings is not None
    assert b"rmrr-devices-absent" in published.findings


# What the whole host costs ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/devices", "/v1/report"])
def test_a_host_of_too_many_functions_is_refused_before_a_worker_starts(path: str) -> None:
    published = publish(take_inventory(join(large_snapshot(MOST_FUNCTIONS + 8, 1))))
    request = ApiRequest(method="GET", target=path)

    refused = respond(request, published, PublishedFacts(memory=1))
    known = replace(request, if_none_match=f'W/"{published.tag}"')

    assert isinstance(refused, ApiResponse)
    told = json.loads(refused.body)
    assert (told["status"], dict(refused.headers)) == (503, {})  # another try cannot help
    assert all(str(number) in told["detail"] for number in (MOST_FUNCTIONS, MOST_FUNCTIONS + 8))
    assert f"dmaragent {path.removeprefix('/v1/')}" in told["hint"]
    unchanged = respond(known, published, PublishedFacts(memory=1))
    assert isinstance(unchanged, ApiResponse)
    assert unchanged.status == 304


@pytest.mark.parametrize(
    ("task", "status"), [(Task.DEVICES, 503), (Task.REPORT, 503), (Task.EXPLAIN_MESSAGE, 413)]
)
def test_an_answer_of_any_task_that_is_too_large_is_refused(
    laptop: Published, task: Task, status: int
) -> None:
    posted = json.dumps({"message": "libxl: error: RDM conflict at 0xad800000"}).encode()

    said = answer_task(task, posted, laptop.inventory.host, STAMP, 100)

    assert said.status == status
    assert f"dmaragent {task.value}" in json.loads(said.body)["hint"]
