"""asyncio without TLS, for a service that has only a Unix socket.

asyncio imports ``ssl`` where there is one, and does without where there is none; OpenSSL's
library of protocols is 1.2 to 2 MiB of the 33 MiB that the agent may have resident.
"""

import sys
from typing import Any


def import_asyncio() -> None:
    """Import asyncio without ``ssl``; to be called before anything else imports asyncio.

    Afterwards ``import ssl`` works as ever.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules["ssl"] = None  # what makes an import fail
    try:
        import asyncio  # noqa: F401, PLC0415 - see above
    finally:
        del sys.modules["ssl"]
