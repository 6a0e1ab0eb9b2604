"""A JupyterLab with a home of its own, and a Chromium that talks to nobody else."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

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
KERNEL_LIMIT = 120_000  # milliseconds


def chromium(playwright):
    """A headless Chromium."""
    sandbox = [] if getattr(os, "geteuid", lambda: 1)() else ["--no-sandbox"]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])


def wait_for_kernel(page):
    """Wait for the kernel of the notebook on a page.

    Its indicator does not say: it is called idle from the first moment, before it has a kernel,
    and a cell that is run then is silently not run.
    """
    page.wait_for_function(
        """() => {
            const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
            return session?.isReady && session.session?.kernel?.status === 'idle';
        }""",
        timeout=KERNEL_LIMIT,
    )


def write_settings(home):
    """Front end settings that a test or a picture needs, for a server with this home."""
    for name, values in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


@contextmanager
def jupyterlab(folder, home):
    """A JupyterLab on a folder; gives the address of its root and its token."""
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
