"""Every scene of the explorer in a real JupyterLab: mouse, keyboard, both themes, fast drags."""

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from imbal_lab.explore.scenes import SCENES

LIMIT = 120_000
DARK = "JupyterLab Dark"
OPENED = [f'from imbal_lab.explore import explore\nexplore("{scene}")' for scene in SCENES]
BROKEN = """
from imbal_lab.explore import explore
def forever(losses, lam):
    while on:
        pass
    return losses * 0 + 1
on = False
explore("absgd", mine=forever, rho=20)
"""
CELLS = [*OPENED, BROKEN, "on = True"]


@pytest.fixture(scope="module")
def page(browser, lab, lessons):
    """One notebook with a cell a scene, its kernel started once."""
    cells = [
        {"id": f"c{k}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for k, source in enumerate(CELLS)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (lessons / "scenes.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    made = browser.new_page(viewport={"width": 1366, "height": 768})
    made.set_default_timeout(60_000)
    made.problems = []
    made.on("pageerror", lambda error: made.problems.append(str(error)))
    made.goto(lab("scenes.ipynb"))
    made.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    idle = made.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    idle.wait_for(state="attached", timeout=LIMIT)
    made.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
    made.keyboard.press("Control+b")
    yield made
    made.close()


class View:
    """The explorer that a cell has opened."""

    def __init__(self, page, number):
        self.page = page
        self.cell = page.locator(".jp-NotebookPanel .jp-Cell").nth(number)
        self.out = self.cell.locator(".jp-OutputArea")
        self.image = self.out.locator("img")

    def run(self):
        """Run the cell to its end."""
        self.cell.click(position={"x": 20, "y": 2})
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")

    def open(self):
        self.run()
        expect(self.image).to_be_visible(timeout=LIMIT)
        self.image.scroll_into_view_if_needed()
        return self

    def changed(self, act, done="done, 300 steps"):
        """Act, and wait for another picture of the same size and the end of its run."""
        before, box = self.image.get_attribute("src"), self.image.bounding_box()
        act()
        self.page.wait_for_function(
            "([image, before]) => image.src !== before",
            arg=[self.image.element_handle(), before],
            timeout=LIMIT,
        )
        expect(self.out).to_contain_text(done, timeout=LIMIT)
        after = self.image.bounding_box()
        assert (after["width"], after["height"]) == (box["width"], box["height"])

    def slider(self, label):
        return self.out.locator(".widget-slider", has_text=label)

    def menu(self, label):
        return self.out.locator(".widget-dropdown", has_text=label).locator("select")

    def by_keyboard(self, slider, key):
        slider.locator(".noUi-handle").focus()
        self.page.keyboard.press(key)

    def by_mouse(self, slider, share):
        box = slider.locator(".noUi-base").bounding_box()
        self.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


@pytest.fixture
def view(page, request):
    made = View(page, request.param).open()
    yield made
    assert not page.problems


def every_scene(test):
    return pytest.mark.parametrize(
        ("view", "scene"), list(enumerate(SCENES.values())), indirect=["view"], ids=list(SCENES)
    )(test)


@every_scene
def test_each_control_by_mouse_and_by_keyboard(view, scene):
    text = view.out.locator('[role="status"]')
    said = text.inner_text()
    for control in scene.controls:
        slider = view.slider(control.label)
        readout = slider.locator(".widget-readout")
        view.changed(lambda slider=slider: view.by_keyboard(slider, "ArrowRight"))
        assert text.inner_text() != said
        said = text.inner_text()
        end = 0 if control.name == "lr" else -1  # a step size of 1 may diverge
        share = 0.98 if end else 0.02
        view.changed(lambda slider=slider, share=share: view.by_mouse(slider, share))
        expect(readout).to_have_text(f"{control.positions[end]:g}")
        assert text.inner_text() != said
        said = text.inner_text()
    for label, names in (("Method", scene.methods), ("Data", scene.data)):
        menu = view.menu(label)
        for k in range(1, len(names)):  # by mouse: as the browser's own list does it
            view.changed(lambda menu=menu, k=k: menu.select_option(index=k))
        menu.focus()
        view.changed(lambda: view.page.keyboard.press("ArrowUp"))


@every_scene
def test_beside_seeds_and_pin_keep_the_size(view, scene):
    view.changed(lambda: view.menu("Beside").select_option(index=2))
    view.changed(lambda: view.menu("Beside").select_option(index=0))
    view.changed(lambda: view.menu("Seeds").select_option("3"))
    view.changed(lambda: view.menu("Seeds").select_option("1"))
    pin = view.out.get_by_role("button", name="Pin")
    pin.focus()
    view.page.keyboard.press("Space")
    view.changed(lambda: view.by_keyboard(view.slider("Imbalance"), "ArrowLeft"))
    view.changed(lambda: pin.click())


@every_scene
@pytest.mark.parametrize("theme", ["JupyterLab Light", DARK])
def test_it_is_fit_to_be_shown_in_both_themes(view, scene, theme, screenshot_of):
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    view.page.evaluate(change, theme)
    view.page.wait_for_function(
        "dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg=theme == DARK
    )
    view.page.set_viewport_size({"width": 1366, "height": 1100})  # the whole of it in one picture
    name = f"{scene.name}_{'dark' if theme == DARK else 'light'}"
    shown = screenshot_of(view, name)
    view.page.set_viewport_size({"width": 1366, "height": 768})
    assert shown.std() > 20  # not blank
    face = pixels(view.image.screenshot())
    assert face[5, 5].tolist() == [255, 255, 255]  # the picture's face is opaque and white
    text = view.out.locator('[role="status"]')
    colour = text.evaluate("node => getComputedStyle(node).color")
    bright = np.mean([int(c) for c in re.findall(r"\d+", colour)[:3]]) > 128
    assert bright == (theme == DARK)  # the words follow the theme


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture
def screenshot_of(page, tmp_path):
    """Saves what the page shows of a view into $IMBAL_LAB_SCREENSHOTS; gives its pixels."""
    folder = Path(os.environ.get("IMBAL_LAB_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def save(view, name):
        view.out.scroll_into_view_if_needed()
        view.out.screenshot(path=folder / f"{name}.png")
        return pixels((folder / f"{name}.png").read_bytes())

    return save


@pytest.mark.parametrize("view", [0], indirect=True)
def test_during_a_fast_drag_no_picture_is_blank_or_resized(view):
    handle = view.slider("Imbalance").locator(".noUi-handle")
    handle.focus()
    seen = []
    for key in ["ArrowRight"] * 5 + ["ArrowLeft"] * 10 + ["ArrowRight"] * 10:
        view.page.keyboard.press(key)
        seen.append(pixels(view.image.screenshot()))
    assert {picture.shape for picture in seen} == {seen[0].shape}
    titles = [(picture[30:60, :300] < 100).sum() for picture in seen]  # of the first panel
    assert min(titles) > 0.9 * max(titles) > 0
    assert min(picture.std() for picture in seen) > 0.3 * seen[0].std()
    expect(view.out).to_contain_text("done, 300 steps", timeout=LIMIT)


@pytest.mark.parametrize("view", [0], indirect=True)
def test_the_setting_is_copied_with_one_click(view):
    view.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    field = view.out.locator("input[readonly]")
    field.click()
    copied = view.page.evaluate("navigator.clipboard.readText()")
    assert copied == field.input_value()
    assert copied.startswith('explore("minority_drop", data="gauss2d_binary", method="gd"')
    field.focus()
    chosen = field.evaluate("node => node.value.slice(node.selectionStart, node.selectionEnd)")
    assert chosen == copied  # selected for copying by keyboard


@pytest.mark.parametrize("view", [0], indirect=True)
def test_stop_and_go_on(view):
    view.menu("Data").select_option("Ten digits")
    stop = view.out.get_by_role("button", name="Stop")
    view.menu("Seeds").select_option("10")
    expect(stop).to_be_enabled(timeout=LIMIT)
    stop.click()
    expect(view.out).to_contain_text("stopped at step", timeout=LIMIT)
    view.changed(lambda: view.menu("Seeds").select_option("1"))


@pytest.mark.parametrize("view", [len(SCENES)], indirect=True)
def test_a_function_that_never_returns_is_said_and_interrupted(view):
    expect(view.out).to_contain_text("Your curves leave ABSGD")
    View(view.page, len(SCENES) + 1).run()
    view.by_keyboard(view.slider("Imbalance"), "ArrowRight")
    expect(view.out).to_contain_text("forever has not returned for 5 s", timeout=LIMIT)
    view.out.get_by_role("button", name="Stop").click()
    expect(view.out).to_contain_text("stopped at step", timeout=LIMIT)
    view.changed(lambda: view.menu("Method").select_option("SGD"))
