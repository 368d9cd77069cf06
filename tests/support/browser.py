"""A headless Chromium for tests."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


class _Found(NamedTuple):
    """A result that counts as true, even if it is an empty list."""

    value: Any

    @classmethod
    def of(cls, value: Any) -> "_Found | None":
        """Return `value`, or None if it is null or false."""
        return None if value is None or value is False else cls(value)


class Browser:
    """A browser that shows one page after the other."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver  # half of selenium has no types

    def show(self, path: Path, *, width: int = 1280, theme: str = "light", media: str = "") -> None:
        """Show the page at `path` and clear the log."""
        self.visit(path.as_uri(), width=width, theme=theme, media=media)

    def visit(
        self, address: str, *, width: int = 1280, theme: str = "light", media: str = ""
    ) -> None:
        """Show the page at a URL and clear the log."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        self._driver.get("about:blank")
        self._driver.get_log("browser")
        self._driver.get(address)

    def cdp(self, command: str, **arguments: Any) -> Any:
        """Run a command of the DevTools protocol and return its result."""
        return self._driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run `script` in the page and return its result."""
        return self._driver.execute_script(script, *arguments)

    def run_async(self, script: str) -> Any:
        """Run `script` in the page; its result is what it calls its only argument with."""
        return self._driver.execute_async_script(script)

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in an input of the page."""
        whole = self.cdp("DOM.getDocument", depth=0)["root"]["nodeId"]
        found = self.cdp("DOM.querySelector", nodeId=whole, selector=selector)["nodeId"]
        self.cdp("DOM.setFileInputFiles", nodeId=found, files=[str(path)])

    def wait(self, condition: Callable[[], Any], seconds: float = 120) -> Any:
        """Wait until `condition` outside of the page returns something true."""
        return WebDriverWait(self._driver, seconds, poll_frequency=0.1).until(lambda _: condition())

    def wait_for(self, script: str, seconds: float = 120) -> Any:
        """Run `script` again and again until it returns something but null or false."""
        wait = WebDriverWait(self._driver, seconds, poll_frequency=0.1)
        found: Any = wait.until(lambda _: _Found.of(self.run(script)))
        return found.value

    def press(self, *keys: str) -> None:
        """Press keys in the element that has the focus."""
        for key in keys:
            self._driver.switch_to.active_element.send_keys(key)

    def tab(self) -> None:
        """Move the focus as the key Tab does, also from an input that would take it as text."""
        for kind in ("rawKeyDown", "keyUp"):
            self.cdp(
                "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
            )

    @property
    def log(self) -> list[Any]:
        """The messages of the console since the page was shown."""
        return list(self._driver.get_log("browser"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a profile until the block ends."""
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="dmaragent-", ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
