"""Move to changed pixels, in a real JupyterLab: ``python tests/benchmarks/bench_explorer.py``.

A headless Chromium presses an arrow key on the slider of the imbalance ratio and waits for the
animation frame after a new picture was loaded whose pixels differ inside the first axes and in the
headline (which names the setting, so that a late picture of the run before does not count).

- cached: the setting was finished before, so the picture is whole;
- new: a setting that has to be trained; the picture has the first point of its curve;
- new, busy: the same while the run before is still training.

Beside it the same artists at the same size, drawn the usual way: ``interact``, which has an
``Output`` and ``clear_output``, and a new figure for every picture. It trains in the callback (30
steps where the first picture is what counts) and draws the first record first. Its moves are
measured by turns with ours. Medians and 90 % quantiles in milliseconds; the ratio is that of the
medians; behind it what we ask of ourselves.

Then a whole run from the key to "done", and pictures a second while it trains.
"""

import argparse
import contextlib
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
OURS = """
from imbal_lab.explore import explore, live
explorer = explore("{scene}", data="gauss2d", rho=10)
explorer
"""
NOTHING_KEPT = """
explorer._runs._keep = lambda run: None
explorer._runs._finished.clear()
cached, steps = False, 31  # of the usual way its first picture counts
"""
FASTER = "live.PAINT_EVERY = live.REST = 0"
USUAL = """
%matplotlib inline
%config InlineBackend.print_figure_kwargs = {{"bbox_inches": None}}
import time
from itertools import islice
from IPython.display import clear_output, display
from ipywidgets import SelectionSlider, interact
from imbal_lab.explore import Setting, settings
from imbal_lab.explore.scenes import SCENES
from imbal_lab.explore.trained import Own, trained, views_on
from imbal_lab.figures import Pictured, figure
from imbal_lab.instruments import Recording
found, cached, steps = {{}}, True, 301
views = views_on("gauss2d", SCENES["{scene}"].views)
def draw(setting, records, snapshots):
    shown = Pictured(Recording.of(records), tuple(snapshots))
    made = figure(shown, settings.dataset("gauss2d", setting.rho, 0), names=views)
    made.text(0.008, 0.985, str(setting), va="top", fontweight="bold")
    display(made)
def usual(rho):
    setting = Setting("{scene}", "gauss2d", SCENES["{scene}"].methods[0], rho=rho)
    if cached and rho in found:
        draw(setting, *found[rho])
        return print("finished")
    records, snapshots, painted = [], [], 0
    for moment in islice(trained(setting, Own()), steps):
        records.append(moment.record)
        snapshots += [moment.snapshot] if moment.snapshot else []
        if time.monotonic() - painted > 0.1:
            clear_output(wait=True)
            draw(setting, records, snapshots)
            painted = time.monotonic()
    clear_output(wait=True)
    draw(setting, records, snapshots)
    print("finished")
    found[rho] = records, snapshots
interact(usual, rho=SelectionSlider(options=[1, 2, 3, 5, 10, 20, 50, 100], value=10));
"""
WATCH = """out => {
  const seen = {key: 0, frames: [], last: null};
  const canvas = document.createElement('canvas');
  const part = (img, x, y, w, h) => {
    canvas.width = w; canvas.height = h;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(img, x, y, w, h, 0, 0, w, h);
    return context.getImageData(0, 0, w, h).data;
  };
  const same = (a, b) => a && b && a.length === b.length && a.every((v, i) => v === b[i]);
  out.addEventListener('keydown', event => { seen.key = event.timeStamp; }, true);
  out.addEventListener('load', event => {
    const img = event.target;
    requestAnimationFrame(frame => {
      const now = {axes: part(img, 52, 62, 255, 148), title: part(img, 4, 4, 500, 20)};
      const before = seen.last || {};
      seen.frames.push({at: frame, axes: !same(now.axes, before.axes),
                        title: !same(now.title, before.title)});
      seen.last = now;
    });
  }, true);
  new MutationObserver(() => {
    if (out.querySelector('progress')) seen.ran = true;
    else if (seen.ran && out.textContent.includes('done, 300 steps'))
      seen.done ??= performance.now() - seen.key;
  }).observe(out, {childList: true, subtree: true, characterData: true});
  out.bench = seen;
}"""
RESET = """out => {
  Object.assign(out.bench, {frames: [], key: Infinity, ran: false, done: null});
}"""
CHANGED = """out => {
  const frames = out.bench.frames.filter(frame => frame.at > out.bench.key);
  const first = frames.findIndex(frame => frame.title);
  const hit = frames.slice(first).find(frame => frame.axes);
  return first < 0 || !hit ? null : hit.at - out.bench.key;
}"""


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """The address of a notebook in a JupyterLab of its own on ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", f"--ServerApp.root_dir={folder}", "--allow-root"]
    command += [f"--IdentityProvider.token={token}", "--expose-app-in-browser"]
    own = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    env = {**os.environ, **{name: str(folder / "home") for name in own}}
    server = subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}")
        yield f"http://127.0.0.1:{port}/lab/tree/bench.ipynb?reset&token={token}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


class Cell:
    """A cell of the notebook, and the slider in its output."""

    def __init__(self, page: Page, number: int) -> None:
        self.page, self._at = page, 0
        self.cell = page.locator(".jp-NotebookPanel .jp-Cell").nth(number)
        self.out = self.cell.locator(".jp-OutputArea").first

    def run(self) -> None:
        self.cell.click(position={"x": 20, "y": 2})
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")

    def open(self) -> None:
        """Run it, and watch its pictures."""
        self.run()
        self.out.locator("img").first.wait_for(timeout=120_000)
        self.out.evaluate(WATCH)

    def move(self, step: int | None = None) -> float:
        """Press an arrow; the milliseconds until the picture has changed. To and fro by default."""
        self._at += 1
        right = self._at % 2 == 1 if step is None else step > 0
        handle = self.out.locator(".widget-slider .noUi-handle").first
        handle.focus()
        self.out.evaluate(RESET)
        self.page.keyboard.press("ArrowRight" if right else "ArrowLeft")
        return self._until(CHANGED)

    def done(self) -> float:
        """Milliseconds from the key until the status says that the run is done."""
        return self._until("out => out.bench.done")

    def _until(self, script: str) -> float:
        found = self.page.wait_for_function(
            script,
            arg=self.out.element_handle(),
            timeout=60_000,
            polling=20,  # not with every frame, which would cost what is measured
        )
        return float(found.json_value())


def measure(page: Page, scene: str, moves: int) -> Iterator[str]:
    """A line for each quantity."""
    ours, usual, nothing_kept, faster = (Cell(page, k) for k in range(4))
    ours.open()
    usual.open()
    for cell, settled in ((ours, _settled(ours)), (usual, _quiet(usual))):
        for _ in range(2):  # both settings are finished now
            cell.move()
            settled()
    pairs = [(ours.move(), usual.move()) for _ in range(moves)]
    yield _line("cached", *zip(*pairs, strict=True), at_most=60)
    nothing_kept.run()
    pairs = []
    for _ in range(moves):
        first = ours.move()
        _settled(ours)()
        second = usual.move()
        _quiet(usual)()
        pairs.append((first, second))
    yield _line("new", *zip(*pairs, strict=True), at_most=150)
    busy = []
    for _ in range(moves):
        page.wait_for_timeout(150)  # the run of the move before is under way
        busy.append(ours.move())
    yield _line("new, busy", busy, None, at_most=150)
    whole, pictures = [], []
    for _ in range(max(moves // 3, 1)):
        _settled(ours)()
        ours.move()
        whole.append(ours.done())
        frames = ours.out.evaluate("out => out.bench.frames.length")
        pictures.append(1000 * frames / whole[-1])
    yield _line("whole run", whole, None, at_most=1200)
    yield f"{'pictures a second':<18} {statistics.median(pictures):7.1f}   about 10 asked for"
    faster.run()
    _settled(ours)()
    ours.move()
    time_of_run = ours.done()
    frames = ours.out.evaluate("out => out.bench.frames.length")
    yield f"{'at most':<18} {1000 * frames / time_of_run:7.1f}   20 asked for"


def _settled(cell: Cell) -> Callable[[], Any]:
    """Waits until the explorer has finished its run."""

    def wait() -> None:
        cell.out.get_by_text("done, 300 steps").wait_for(timeout=120_000)
        cell.page.wait_for_timeout(200)

    return wait


def _quiet(cell: Cell) -> Callable[[], Any]:
    """Waits until the usual way has finished its run: its callbacks hold up ours as well."""

    def wait() -> None:
        cell.out.get_by_text("finished").wait_for(timeout=120_000)
        cell.page.wait_for_timeout(200)

    return wait


def _line(name: str, ours: Sequence[float], usual: Sequence[float] | None, at_most: float) -> str:
    def told(values: Sequence[float]) -> str:
        return f"{statistics.median(values):7.0f} ({sorted(values)[int(0.9 * len(values))]:5.0f})"

    text = f"{name:<18} {told(ours)}"
    if usual is not None:
        ratio = statistics.median(usual) / statistics.median(ours)
        text += f"   the usual way {told(usual)}   ratio {ratio:4.1f} (4 asked for)"
    return f"{text}   at most {at_most:g} asked for"


def notebook(scene: str) -> str:
    """The cells, in the order in which `measure` takes them."""
    sources = [OURS.format(scene=scene), USUAL.format(scene=scene), NOTHING_KEPT, FASTER]
    cells = [
        {"id": f"c{k}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for k, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", nargs="+", default=["minority_drop", "absgd"])
    parser.add_argument("--moves", type=int, default=30)
    options = parser.parse_args(arguments)
    for scene in options.scenes:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            (Path(folder) / "bench.ipynb").write_text(notebook(scene), encoding="utf-8")
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--disable-gpu", "--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1366, "height": 1600})
            page.set_default_timeout(120_000)
            with jupyterlab(Path(folder)) as address:
                page.goto(address)
                page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
                page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
                page.keyboard.press("Control+b")
                print(f"{scene}, load {os.getloadavg()[0]:.1f}")
                for line in measure(page, scene, options.moves):
                    print(line, flush=True)
                browser.close()


if __name__ == "__main__":
    main()
