"""What holds for every test: one thread, nothing written into the user's home, no silent skip."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# A waiting OpenMP thread spins by default, which makes a busy machine crawl. Read once, by torch.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

HOME = Path(tempfile.mkdtemp(prefix="imbal-lab-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[name] = str(HOME / name.lower())

import torch  # noqa: E402  (after the settings it reads)

torch.set_num_threads(1)

# Tests that may be skipped in CI, by id without parameters, each with the reason.
ALLOWED_SKIPS: dict[str, str] = {}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and unexpected_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for report in unexpected_skips(config):
        terminalreporter.write_line(
            f"SKIPPED, which CI does not allow: {report.nodeid}: {report.longrepr[2]}", red=True
        )


def unexpected_skips(config: pytest.Config) -> list[pytest.TestReport]:
    """Skips outside ALLOWED_SKIPS where it is not allowed: CI=true."""
    if os.environ.get("CI") not in ("true", "1"):
        return []
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return [report for report in skipped if report.nodeid.split("[")[0] not in ALLOWED_SKIPS]
