"""A browser for the checks of the built site."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from site_checks import installed_browser


# For a module, not for the session: Playwright keeps an event loop running in this thread, which
# the notebooks' tests, run by the same worker, could not bear.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """An installed Chromium for which no other host exists, whatever a page asks for."""
    path = installed_browser()
    arguments = ["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
