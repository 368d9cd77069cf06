"""Cockpit, a browser and hosts for the tests of the page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dmaragent.agent.published import Published
from support.browser import Browser, chromium
from support.cockpit_host import Host
from support.cockpit_page import Cockpit, cockpit, reachable_folder
from support.published import publish_host
from support.reports import hostile_host, recorded
from support.served import published_machine, serving_changes


@pytest.fixture(scope="module")
def browser(chromium_tools: None) -> Iterator[Browser]:
    """Return the one browser of this module."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """Return a folder of programs that tests put there, before those of this machine."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def servers(cockpit_tools: None, programs: Path) -> Iterator[Callable[[str], Cockpit]]:
    """Return a function that starts Cockpit for a user, once; empty: root."""
    running: dict[str, Cockpit] = {}
    with ExitStack() as ends:

        def server(user: str) -> Cockpit:
            if user not in running:
                folder = ends.enter_context(reachable_folder())
                running[user] = ends.enter_context(cockpit(folder, user=user, programs=programs))
            return running[user]

        yield server


@pytest.fixture
def make_host(browser: Browser, servers: Callable[[str], Cockpit]) -> Iterator[Callable[..., Host]]:
    """Return a function that makes a host with a served API, shown to a user."""
    with ExitStack() as ends:

        def made(published: Published | None, *, user: str = "", watching: int = 8) -> Host:
            host = Host(ends.enter_context(reachable_folder()), servers(user), browser)
            host.announce = ends.enter_context(
                serving_changes(host.api, host.state, watching=watching)
            )
            host.api.chmod(0o660)
            if published is not None:
                host.publish(published)
            host.link()
            return host

        yield made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Published]:
    """Return a function that publishes a host, once."""
    known: dict[str, Published] = {}

    def publish(name: str) -> Published:
        if name not in known:
            if name == "hostile":
                folder = tmp_path_factory.mktemp("hostile")
                known[name] = publish_host(str(recorded(hostile_host(), folder)))
            else:
                known[name] = published_machine(name)
        return known[name]

    return publish
