"""Many clients: all are answered, and what they make the agent hold has a bound."""

import subprocess
import sys

from support.agent_load import CLIENTS, REQUESTS, load


def test_fifty_clients_are_all_answered() -> None:
    assert load().fine == CLIENTS * REQUESTS == 5000


def test_asyncio_does_without_tls_and_others_may_still_have_it() -> None:
    code = (
        "import sys\n"
        "from dmaragent.agent.lean import import_asyncio\n"
        "import_asyncio()\n"
        "assert 'asyncio' in sys.modules and 'ssl' not in sys.modules\n"
        "import ssl\n"
        "assert ssl.OPENSSL_VERSION\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
