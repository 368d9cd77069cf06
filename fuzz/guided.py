"""The coverage-guided driver: libFuzzer, through atheris.

It runs in a process that ends with it: ``python -m fuzz.guided KIND …``. Inputs that reach
something new stay in a folder; ``corpus.distil`` selects those to store.
"""

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from random import Random

from fuzz import prepare


def main() -> None:
    """Run libFuzzer on one harness; this ends the process."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.guided", description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("--folder", required=True, help="where inputs that reach more are kept")
    parser.add_argument("--failures", required=True, help="where an input that fails is written")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    prepare()
    import atheris  # noqa: PLC0415 - an optional extra

    with atheris.instrument_imports(include=["dmaragent", "fwtables", "h11"]):
        from fuzz.every import KINDS  # noqa: PLC0415 - instrumented
    from fuzz.corpus import pool  # noqa: PLC0415 - after the instrumentation
    from fuzz.mutate import mutate  # noqa: PLC0415 - likewise

    kind = KINDS[options.kind]
    known = pool(kind)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.getrandbits(2) == 0:
            plain: bytes = atheris.Mutate(data, most)
            return plain
        return mutate(kind, [data, data, data, chance.choice(known)], chance)[:most]

    def check(data: bytes) -> None:
        try:
            kind.check(data)
        except BaseException:
            # libFuzzer writes an empty file if Python raises
            name = f"{options.kind}-{sha256(data).hexdigest()[:12]}"
            Path(options.failures, name).write_bytes(data)
            raise

    arguments = [
        sys.argv[0],
        options.folder,
        f"-runs={options.count}",
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-max_len={kind.largest}",
        f"-artifact_prefix={options.failures}/",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    atheris.Setup(arguments, check, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
