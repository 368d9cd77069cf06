"""Sentences about the engine of a fleet."""

from dmaragent.errors import DmaragentError
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count

_WITHOUT = "run the same command without --engine; --jobs N uses N processes of this machine"
ENGINE_OR_JOBS = DmaragentError(
    "--engine and --jobs cannot be combined",
    "choose: --engine uses the workers of a cluster, --jobs processes of this machine",
)

PROCESS_KILLED = DmaragentError(
    "a process that reads documents was killed twice, perhaps because memory ran out",
    "run the same command without --jobs",
)


def needs_dask(address: str) -> DmaragentError:
    return DmaragentError(
        f"--engine {address} needs Dask.distributed, and it is not installed",
        f"install python3-distributed (Debian) or distributed (PyPI), or {_WITHOUT}",
        where=address,
    )


def no_scheduler(address: str, error: BaseException) -> DmaragentError:
    first = (str(error).splitlines() or [""])[0]
    return DmaragentError(
        visible(
            f"the Dask scheduler {address} cannot be reached ({type(error).__name__}: {first})"
        )[:400],
        f"start one with dask-scheduler, or {_WITHOUT}",
        where=address,
    )


def other_worker(worker: str, dmaragent: str, python: str) -> str:
    has = f"dmaragent {dmaragent}" if dmaragent else "no dmaragent"
    return visible(
        f"the worker {worker} is not used: it has {has} and Python {python or 'unknown'}"
    )


def no_worker(address: str, found: int, dmaragent: str, python: str) -> DmaragentError:
    wanted = f"dmaragent {dmaragent} and Python {python}"
    return DmaragentError(
        f"the scheduler {address} has no worker"
        + (f" with {wanted} ({count(found, 'worker')} without)" if found else ""),
        f"start dask-worker in an environment with {wanted}, or {_WITHOUT}",
        where=address,
    )


def lost_worker(worker: str) -> str:
    return visible(f"the worker {worker} was lost; its work is done again")


def engine_gone(address: str) -> DmaragentError:
    return DmaragentError(
        f"the engine {address} is gone, or failed twice with the same work",
        _WITHOUT,
        where=address,
    )


def read_here(documents: int, first: str) -> str:
    return visible(
        f"{count(documents, 'document')} read in this process, because the workers see other files: "
        f"{first} was the first. Use a folder that all machines share, under the same path; "
        "TMPDIR is the folder of unpacked archives"
    )
