"""dmaragent: what reserved device memory a host has, and what a hypervisor does with it.

``dmaragent.resolve(text, host=PATH)`` says what Xen will do with a guest: see ``dmaragent.api``.
"""

TYPE_CHECKING = False  # mypy takes it for typing's; importing typing would cost 4 ms
if TYPE_CHECKING:
    from dmaragent.api import resolve

__all__ = ["__version__", "resolve"]
__version__ = "0.1.0"
"""The release of this program, as ``dmaragent --version`` prints it."""


def __getattr__(name: str) -> object:
    """Import the interface when it is first asked for: the program itself starts without it."""
    if name == "resolve":
        from dmaragent.api import resolve as found  # noqa: PLC0415 - see above

        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
