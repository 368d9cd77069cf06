"""Disable the garbage collector while an answer is made.

Nearly every value on the way to an answer is kept until the end, and there are no reference cycles.
For a host of 65,536 functions, and for a guest with 1,000 conflicts, the collector took a fifth of
the time and found nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_gc(*, at_exit: bool = False) -> Iterator[None]:
    """Disable the garbage collector, and restore its state afterwards.

    Use `at_exit` if the process ends next: the last collection, a twentieth of a short run, is then
    skipped as well.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if at_exit:
            gc.freeze()
        if before:  # the outermost of nested uses enables it
            gc.enable()
