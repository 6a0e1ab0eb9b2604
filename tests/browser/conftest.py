"""A JupyterLab of its own on a copy of the released lessons, and a Chromium that looks at it."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))  # as for a script

import lab_server  # noqa: E402

PATIENCE = 60_000  # milliseconds, on a busy machine
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def jupyter():
    """Starts a JupyterLab on a folder, with a home of its own; gives the address of its root and
    its token."""
    return lab_server.jupyterlab


@pytest.fixture(scope="session")
def lessons(tmp_path_factory):
    """A folder with the released notebooks; what a test writes there can be opened."""
    return shutil.copytree(ROOT / "notebooks", tmp_path_factory.mktemp("lab") / "lessons")


@pytest.fixture(scope="session")
def lab(lessons, jupyter):
    """Address (with its token) of a JupyterLab on that folder."""
    home = lessons.parent
    lab_server.write_settings(home)
    with jupyter(lessons, home) as (address, token):
        yield lambda path: f"{address}/lab/tree/{path}?reset&token={token}"


@pytest.fixture(scope="module")  # and no longer: as long as it lives, no asyncio.run works
def browser():
    """A Chromium."""
    if not Path(lab_server.CHROMIUM).exists():
        pytest.skip(f"{lab_server.CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        made = lab_server.chromium(playwright)
        yield made
        made.close()


@pytest.fixture
def page(browser):
    """A laptop's page."""
    made = browser.new_page(viewport={"width": 1366, "height": 768})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def screenshot(page, tmp_path):
    """Saves what the page shows, under a name, into $IMBAL_LAB_SCREENSHOTS."""
    folder = Path(os.environ.get("IMBAL_LAB_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def save(name):
        page.screenshot(path=folder / f"{name}.png")

    return save
