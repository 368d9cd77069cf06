"""50 clients of 100 requests each: all are answered, and the agent's memory stays what it was."""

import subprocess
import sys

from support.agent_load import CLIENTS, MIB, REQUESTS, load


def test_fifty_clients_are_all_answered_and_no_memory_is_lost() -> None:
    found = load()

    assert found.fine == CLIENTS * REQUESTS == 5000
    assert found.after - found.before <= 5 * MIB
    if sys.version_info[:2] == (3, 11):  # Debian 12's, which the limit is set for
        assert found.after <= 33 * MIB


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
