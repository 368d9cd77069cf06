"""Work that makes values which are kept, done without a search for garbage.

Python looks for cycles that nobody holds among all it has, again and again while more is made.
Where a host is read and joined, a guest resolved or a page written, no value is in a cycle, and
nearly all are kept: of a host of 65,536 functions, and of a guest with 1,000 conflicts, the search
was a fifth of the time and found nothing.
"""

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Value = TypeVar("_Value")


def unswept(work: Callable[_Arguments, _Value]) -> Callable[_Arguments, _Value]:
    """Have `work` done without the search; it goes on afterwards, as before."""

    @wraps(work)
    def done(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Value:
        before = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            if before:  # two threads may be here at once: whoever found it on puts it on
                gc.enable()

    return done
