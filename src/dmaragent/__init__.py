"""dmaragent: the reserved device memory of a host, and what hypervisors do with it.

``dmaragent.resolve(text, host=PATH)`` predicts what Xen does with a guest: see ``dmaragent.api``.
"""

TYPE_CHECKING = False  # mypy reads it as typing's; importing typing would cost 4 ms
if TYPE_CHECKING:
    from dmaragent.api import resolve

__all__ = ["__version__", "resolve"]
__version__ = "1.0.0"
"""The release of this program, as ``dmaragent --version`` prints it."""


def __getattr__(name: str) -> object:
    """Import the interface when it is first used, so that the program starts without it."""
    if name == "resolve":
        from dmaragent.api import resolve as found  # noqa: PLC0415 - see above

        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
