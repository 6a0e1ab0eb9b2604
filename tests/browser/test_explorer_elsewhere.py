"""The explorer where callbacks come from the main thread, and in Notebook 7."""

import json

import pytest
from explorer_view import LIMIT, View, open_notebook, write_notebook
from playwright.sync_api import expect

KERNELS = "@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"
OPENS = """
from dataclasses import replace
import threading
from imbal_lab.explore import explore, settings
for name, setup in settings.SETUPS.items():
    settings.SETUPS[name] = replace(setup, steps=400)
explorer = explore("absgd", data="gauss2d")
heard = set()
for name in ("rho", "lam"):
    explorer.controls.menus[name].observe(
        lambda _: heard.add(threading.current_thread().name.split("-")[0]), names="value")
explorer
"""
HEARD = "print(sorted(heard))"
DONE = "done, 400 steps"


@pytest.fixture(params=["subshells", "no subshells", "Notebook 7"])
def place(request, browser, lab, lessons):
    """A page of the front end with its notebook, and the thread in which callbacks run there."""
    settings = lessons.parent / "settings" / KERNELS
    if request.param == "no subshells":
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps({"commsOverSubshells": "disabled"}))
    write_notebook(lessons / "elsewhere.ipynb", [OPENS, HEARD])
    address = lab("elsewhere.ipynb")
    if request.param == "Notebook 7":
        address = address.replace("/lab/tree/", "/notebooks/")
    page = open_notebook(browser, address)
    page.problems.clear()  # Notebook 7 has a few of its own while it opens
    yield page, "MainThread" if request.param == "no subshells" else "subshell"
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()
    settings.unlink(missing_ok=True)


def test_moves_by_mouse_and_keyboard_while_a_run_is_under_way(place):
    page, thread = place
    view = View(page, 0, DONE).open()
    rho, lam = view.slider("Imbalance"), view.slider("Temperature")
    view.changed(lambda: view.by_keyboard(rho, "ArrowRight"), end=False)
    expect(rho.locator(".widget-readout")).to_have_text("100")
    view.changed(lambda: view.by_mouse(lam, 0.98), end=False)
    view.changed(lambda: view.by_keyboard(rho, "Home"))
    expect(view.out.locator("input[readonly]")).to_have_value(
        'explore("absgd", data="gauss2d", method="absgd", rho=1, lam=100, seed=0)'
    )
    heard = View(page, 1, "")
    heard.run()
    expect(heard.out).to_contain_text(thread)
    view.menu("Method").select_option("SGD")
    expect(view.button("Stop")).to_be_enabled(timeout=LIMIT)
    view.button("Stop").click()
    expect(view.out).to_contain_text("stopped at step", timeout=LIMIT)
    assert not page.problems
