"""A headless Chromium for tests, and what it can say of a page."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

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


class Browser:
    """One browser, shown one page after the other."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver  # half of selenium has no types

    def show(self, path: Path, *, width: int = 1280, theme: str = "light", media: str = "") -> None:
        """Show the page at `path`; what was logged before is forgotten."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        self._driver.get("about:blank")
        self._driver.get_log("browser")
        self._driver.get(path.as_uri())

    def cdp(self, command: str, **arguments: Any) -> Any:
        """Give a command of the DevTools protocol."""
        return self._driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run `script` in the page and give what it returns."""
        return self._driver.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        """Press keys, in whatever has the focus."""
        for key in keys:
            self._driver.switch_to.active_element.send_keys(key)

    @property
    def log(self) -> list[Any]:
        """What the console has to say since the page was shown."""
        return list(self._driver.get_log("browser"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a profile; it ends with the block."""
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
