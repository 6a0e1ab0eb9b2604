"""A JupyterLab of its own on a copy of the released lessons, and a Chromium that looks at it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))  # explorer_view is there
CHROMIUM = "/usr/bin/chromium"
QUIET = [  # no connection to anywhere but the server under test
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},  # every cell in the DOM
}
START_LIMIT = 90.0


@pytest.fixture(scope="session")
def jupyter():
    """Starts a JupyterLab on a folder, with a home of its own; gives the address of its root and
    its token."""

    @contextmanager
    def start(folder, home):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        token = secrets.token_hex(16)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
        command += [f"--port={port}", "--ServerApp.port_retries=0"]
        command += [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
        command += [f"--LabApp.user_settings_dir={home}/settings"]
        command += [f"--LabApp.workspaces_dir={home}/workspaces", "--expose-app-in-browser"]
        command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        own = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
        env = {**os.environ, **{name: str(home / name) for name in own}}
        env["JUPYTER_RUNTIME_DIR"] = str(home / "runtime")
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, home / "log")
                yield f"http://127.0.0.1:{port}", token
            finally:
                server.terminate()  # it ends its kernels
                server.wait(timeout=30)

    return start


@pytest.fixture(scope="session")
def lessons(tmp_path_factory):
    """A folder with the released notebooks; what a test writes there can be opened."""
    return shutil.copytree(ROOT / "notebooks", tmp_path_factory.mktemp("lab") / "lessons")


@pytest.fixture(scope="session")
def lab(lessons, jupyter):
    """Address (with its token) of a JupyterLab on that folder."""
    home = lessons.parent
    for name, values in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with jupyter(lessons, home) as (address, token):
        yield lambda path: f"{address}/lab/tree/{path}?reset&token={token}"


def _wait_for(address, server, log):
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            gone = server.poll() is not None or time.monotonic() > deadline
            assert not gone, log.read_text()[-2000:]
            time.sleep(0.2)


@pytest.fixture(scope="module")  # and no longer: as long as it lives, no asyncio.run works
def browser():
    """A Chromium."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    sandbox = [] if getattr(os, "geteuid", lambda: 1)() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        yield made
        made.close()


@pytest.fixture
def page(browser):
    """A laptop's page."""
    made = browser.new_page(viewport={"width": 1366, "height": 768})
    made.set_default_timeout(60_000)
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
