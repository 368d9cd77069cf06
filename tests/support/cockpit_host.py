"""A host whose agent a test controls, and the page of Cockpit that shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import TimeoutException

from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from support.browser import Browser
from support.cockpit_page import Cockpit

HP = "hp-dl380e-gen8"
SCREENS = pytest.mark.parametrize(
    "screen", [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")], ids=str
)
REFUSED = 'name = "win10"\ntype = "hvm"\nmemory = 4096\npci = [ "0a:00.0" ]\n'
PATIENCE = 600
"""Seconds; the workers of the served API have as many."""
READY = """
return document.body?.dataset.state &&
  document.querySelector("#devices").getAttribute("aria-busy") !== "true" || null;
"""
ANSWERED = "return document.querySelector('#guest-answer :is(article, .notice)') !== null"
REGION_CAPTION = "firmware"
COLUMN = """
const [tables, caption] = arguments;
const found = [...document.querySelectorAll(tables)].filter(
  (one) => one.caption.textContent.includes(caption));
return found.flatMap((one) => [...one.tBodies[0].rows].map((row) => row.cells[0].textContent));
"""
BEYOND = """
return [...document.querySelectorAll("main *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > arguments[0] + 0.5 && !one.closest("pre, thead");
}).map((one) => one.outerHTML.slice(0, 200));
"""
AXE = """
window.axeResult ??= axe.run().then(({violations}) => {
  window.axeFound = violations.map(({id, nodes}) => [id, nodes.map((one) => one.html.slice(0, 200))]);
});
return window.axeFound ?? null;
"""


class Host:
    """A host whose agent a test controls, and the page that shows it."""

    def __init__(self, folder: Path, cockpit: Cockpit, browser: Browser) -> None:
        self.cockpit, self.browser = cockpit, browser
        self.published: Published | None = None
        self.failure = ""
        self.runtime = folder / "published"
        self.runtime.mkdir()
        self.api = folder / "api"
        self.announce: Callable[[], None] = lambda: None

    def state(self) -> tuple[Published | None, PublishedFacts]:
        """Return what the API serves."""
        return self.published, PublishedFacts(failure=self.failure)

    def publish(self, published: Published) -> None:
        """Have the agent publish another inventory."""
        self.published = published
        new = self.runtime / "new"
        new.write_bytes(published.document)
        new.chmod(0o644)
        new.replace(self.runtime / "inventory.json")
        self.announce()

    def link(self, *, socket: bool = True, file: bool = True) -> None:
        """Put the socket and the published file where an agent has them."""
        self.cockpit.link_agent(self.api if socket else None, self.runtime if file else None)

    def show(self, *, width: int = 1280, theme: str = "light", state: str = "live") -> None:
        """Show the page and wait until it has an answer, which must be of this state."""
        self.browser.visit(self.cockpit.page, width=width, theme=theme)
        self.wait_for(READY)
        assert self.browser.run("return document.body.dataset.state") == state

    def text(self, selector: str) -> str:
        """Return the text of the first element."""
        found = self.browser.run("return document.querySelector(arguments[0]).innerText", selector)
        return str(found)

    def wait_for(self, script: str) -> Any:
        """Return what `script` returns, once that is something; else fail with what the page shows.

        Browser, Cockpit and the workers of the agent share a machine that others can load.
        """
        try:
            return self.browser.wait_for(script, PATIENCE)
        except TimeoutException:
            shown = self.browser.run(
                "return [document.body?.dataset.state, document.body?.innerText]"
            )
            pytest.fail(f"{script}: {shown!r}, log: {self.browser.log}")

    def check(self, guest: str) -> None:
        """Paste a guest, send the form and wait for the answer."""
        self.browser.run(
            "document.querySelector('#guest-text').value = arguments[0];"
            "document.querySelector('#guest form').requestSubmit();",
            guest,
        )
        self.wait_for(ANSWERED)

    def notices(self) -> list[str]:
        """Return the texts of the notices about the agent and the table."""
        found: list[str] = self.browser.run(
            "return [...document.querySelectorAll('#notices .notice')].map((one) => one.innerText)"
        )
        return found

    def regions(self) -> list[str]:
        """Return the numbers in the table of regions."""
        found: list[str] = self.browser.run(COLUMN, "#regions table", REGION_CAPTION)
        return found

    def violations(self, axe_core: str) -> list[Any]:
        """Return what axe-core finds; the policy of the page would not let it load a script."""
        self.browser.cdp("Runtime.evaluate", expression=axe_core)
        found: list[Any] = self.wait_for(AXE)
        return found
