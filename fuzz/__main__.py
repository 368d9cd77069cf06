"""Run the harnesses: ``make fuzz``, ``make fuzz-ci``, or one of the verbs below.

Each kind runs in a separate process, so that its memory can be measured. An input that breaks a
promise is written to fuzz/failures/, with the command that runs it again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from fuzz import ROOT, prepare

prepare()

from fuzz import corpus, page, seeded  # noqa: E402 - the path to the test support is set now
from fuzz.every import KINDS  # noqa: E402 - likewise
from fuzz.kinds import Kind  # noqa: E402 - likewise

FAILURES = ROOT / "fuzz/failures"
SEED = 20260101
TARGETS = {
    **dict.fromkeys(KINDS, 200_000),
    "tables": 1_000_000,
    "ivrs": 1_000_000,
    "amd-hosts": 20_000,
}
"""The mutations of a long run; of the last, each input is a host of which every verb is asked."""
IN_CI = {
    "tables": 12_000,
    "ivrs": 12_000,
    "amd-hosts": 400,
    "acpidump": 30_000,
    "texts": 4_000,
    "xlcfg": 8_000,
    "saved": 20_000,
    "libvirt": 8_000,
    "proxmox": 8_000,
    "rdm": 60_000,
    "pci": 40_000,
    "messages": 8_000,
    "machines": 3_000,
    "bundles": 3_000,
    "requests": 6_000,
}
"""The mutations of the bounded run: some seconds of processor time each."""
_ENDLESS = 1 << 40


def main() -> int:
    """Run the chosen verb; return 1 if a promise was broken."""
    options = _parser().parse_args()
    unknown = set(getattr(options, "kinds", ())) - set(KINDS)
    if unknown:
        raise SystemExit(f"no such kind: {', '.join(sorted(unknown))}; {', '.join(KINDS)} are")
    code: int = options.run(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, run, told in (
        ("seeded", _seeded, "mutate by a seed, so many times"),
        ("guided", _guided, "mutate guided by what is reached (needs atheris)"),
        ("ci", _ci, "the bounded run"),
        ("one", _one, "one kind, in this process; its figures as JSON"),
    ):
        verb = verbs.add_parser(name, help=told)
        verb.add_argument("kinds", nargs="*", help="kinds of input; all of them by default")
        verb.add_argument("--count", type=int, help="mutations of each kind")
        verb.add_argument("--seconds", type=int, default=_ENDLESS, help="processor time, at most")
        verb.add_argument("--seed", type=int, default=SEED)
        verb.add_argument("--record", action="store_true", help="write it into docs/fuzzing.md")
        verb.set_defaults(run=run)
    verb = verbs.add_parser("replay", help="run one input and print the broken promise")
    verb.add_argument("kind")
    verb.add_argument("file", type=Path)
    verb.set_defaults(run=_replay)
    verb = verbs.add_parser("distil", help="choose what is stored, of the seeds and of folders")
    verb.add_argument("kinds", nargs=1)
    verb.add_argument("folders", nargs="*", type=Path)
    verb.add_argument("--most", type=int, default=40)
    verb.set_defaults(run=_distil)
    return parser


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one kind is run."""

    kind: str
    count: int
    seconds: int
    seed: int


def _plans(options: argparse.Namespace, counts: dict[str, int]) -> list[_Plan]:
    return [
        _Plan(name, options.count or counts[name], options.seconds, options.seed)
        for name in (options.kinds or KINDS)
    ]


def _seeded(options: argparse.Namespace) -> int:
    return _run(_plans(options, TARGETS), record=options.record)


def _ci(options: argparse.Namespace) -> int:
    return _run(_plans(options, IN_CI), record=options.record)


def _run(plans: list[_Plan], *, record: bool) -> int:
    """Run each plan in a separate process, and print a line for each."""
    failed = 0
    for plan in plans:
        limits = [f"--count={plan.count}", f"--seconds={plan.seconds}", f"--seed={plan.seed}"]
        command = [sys.executable, "-m", "fuzz", "one", plan.kind, *limits]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
        if done.returncode > 1:
            raise SystemExit(f"{plan.kind}: the process ended with {done.returncode}")
        found = json.loads(done.stdout)
        print(page.line(found), flush=True)
        failed |= done.returncode
        if record and not done.returncode:
            page.record("seeded", found)
    return failed


def _one(options: argparse.Namespace) -> int:
    kind = KINDS[options.kinds[0]]
    found = seeded.run(
        kind,
        corpus.pool(kind),
        count=options.count or TARGETS[kind.name],
        seconds=options.seconds,
        seed=options.seed,
    )
    told = {name: value for name, value in asdict(found).items() if name != "failure"}
    print(json.dumps(told | {"failed": found.failure is not None}))
    if found.failure is None:
        return 0
    _tell(kind, found.failure)
    return 1


def _tell(kind: Kind, failure: seeded.Failure) -> None:
    """Write an input that fails, and print the command that runs it again."""
    FAILURES.mkdir(exist_ok=True)
    path = FAILURES / f"{kind.name}-{sha256(failure.data).hexdigest()[:12]}"
    path.write_bytes(failure.data)
    traceback.print_exception(failure.error, limit=-6, file=sys.stderr)
    again = f"python -m fuzz replay {kind.name} {path.relative_to(ROOT)}"
    print(f"{kind.name}: {len(failure.data)} bytes break it: {again}", file=sys.stderr)


def _guided(options: argparse.Namespace) -> int:
    """Run libFuzzer on each kind; the inputs that reach something new go into the corpus."""
    for plan in _plans(options, TARGETS):
        FAILURES.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for number, data in enumerate(corpus.pool(KINDS[plan.kind])):
                Path(folder, str(number)).write_bytes(data)
            seconds = min(plan.seconds, 1 << 30)
            command = [sys.executable, "-m", "fuzz.guided", plan.kind, f"--folder={folder}"]
            command += [f"--count={plan.count}", f"--seconds={seconds}", f"--seed={plan.seed}"]
            command += [f"--failures={FAILURES}"]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
            if done.returncode:
                print(done.stderr[-3000:], file=sys.stderr)
                print(f"{plan.kind}: see fuzz/failures/, python -m fuzz replay {plan.kind} FILE")
                return 1
            found = page.statistics(plan.kind, plan.seed, done.stderr)
            print(page.line(found), flush=True)
            if options.record:
                page.record("guided", found)
            _store(KINDS[plan.kind], [Path(folder)], 40)
    return 0


def _replay(options: argparse.Namespace) -> int:
    kind = KINDS[options.kind]
    failure = seeded.attempt(kind, options.file.read_bytes())
    if failure is None:
        print("no promise is broken")
        return 0
    traceback.print_exception(failure.error)
    return 1


def _distil(options: argparse.Namespace) -> int:
    return _store(KINDS[options.kinds[0]], options.folders, options.most)


def _store(kind: Kind, folders: list[Path], most: int) -> int:
    more = [each.read_bytes() for folder in folders for each in sorted(folder.iterdir())]
    number = corpus.store(kind, corpus.distil(kind, [*corpus.pool(kind), *more], most))
    print(f"{kind.name}: {number} inputs are stored")
    return 0


if __name__ == "__main__":
    sys.exit(main())
