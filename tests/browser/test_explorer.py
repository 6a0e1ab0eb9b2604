"""Every scene of the explorer in a real JupyterLab: mouse, keyboard, both themes, fast drags."""

import html
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from explorer_view import LIMIT, View, open_notebook, write_notebook
from PIL import Image
from playwright.sync_api import expect

from imbal_lab.explore.scenes import SCENES

DARK = "JupyterLab Dark"
STEPS = 300 if os.environ.get("IMBAL_LAB_SCREENSHOTS") else 40  # of a run; long for those who look
SHORT = f"""
from dataclasses import replace
from imbal_lab.explore import explore, settings
def all_runs(steps):
    for name, setup in settings.SETUPS.items():
        settings.SETUPS[name] = replace(setup, steps=steps)
all_runs({STEPS})
"""
OPENED = [f'explore("{scene}")' for scene in SCENES]
BROKEN = """
def forever(losses, lam):
    while on:
        pass
    return losses * 0 + 1
on = False
explore("absgd", mine=forever, rho=20)
"""
ENDLESS = """
on = True
explore("absgd", mine=forever, rho=20)
"""
LONG = """
all_runs(3000)
explore("weakening")
"""
CELLS = [*OPENED, BROKEN, "on = True", ENDLESS, LONG, SHORT]
AT = {"broken": len(OPENED), "on": len(OPENED) + 1, "endless": len(OPENED) + 2,
      "long": len(OPENED) + 3, "short": len(OPENED) + 4}  # fmt: skip


@pytest.fixture(scope="module")
def page(browser, lab, lessons):
    """One notebook with a cell a scene, its kernel started once."""
    write_notebook(lessons / "scenes.ipynb", CELLS)
    made = open_notebook(browser, lab("scenes.ipynb"))
    made.keyboard.press("Control+b")
    View(made, AT["short"], "").run()
    yield made
    made.close()


@pytest.fixture
def view(page, request):
    made = View(page, request.param, f"done, {STEPS} steps").open()
    yield made
    assert not page.problems


def every_scene(test):
    return pytest.mark.parametrize(
        ("view", "scene"), list(enumerate(SCENES.values())), indirect=["view"], ids=list(SCENES)
    )(test)


@every_scene
def test_each_control_by_mouse_and_by_keyboard(view, scene):
    text = view.text
    said = text.inner_text()
    for control in scene.controls:
        slider = view.slider(control.label)
        readout = slider.locator(".widget-readout")
        last = len(control.positions) - 1
        end = f"{control.positions[last]:g}"
        key = "ArrowLeft" if readout.inner_text() == end else "ArrowRight"
        view.changed(lambda slider=slider, key=key: view.by_keyboard(slider, key))
        assert text.inner_text() != said
        said = text.inner_text()
        # a step size of 1 may diverge, and with a ratio of 1 some controls do nothing
        there = 0 if control.name == "lr" else last // 2 if readout.inner_text() == end else last
        share = min(max(there / last, 0.02), 0.98)
        view.changed(lambda slider=slider, share=share: view.by_mouse(slider, share))
        expect(readout).to_have_text(f"{control.positions[there]:g}")
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
    pin = view.button("Pin")
    pin.focus()
    view.page.keyboard.press("Space")
    view.changed(lambda: view.by_keyboard(view.slider("Imbalance"), "ArrowLeft"))
    view.changed(lambda: pin.click(), setting=False)


@every_scene
@pytest.mark.parametrize("theme", ["JupyterLab Light", DARK])
def test_it_is_fit_to_be_shown_in_both_themes(view, scene, theme, screenshot_of):
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    view.page.evaluate(change, theme)
    view.page.wait_for_function(
        "dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg=theme == DARK
    )
    view.page.set_viewport_size({"width": 1280, "height": 1100})  # the whole of it in one picture
    name = f"{scene.name}_{'dark' if theme == DARK else 'light'}"
    shown = screenshot_of(view, name)
    view.page.set_viewport_size({"width": 1280, "height": 800})
    assert shown.std() > 20  # not blank
    face = pixels(view.image.screenshot())
    assert face[5, 5].tolist() == [255, 255, 255]  # the picture's face is opaque and white
    colour = view.text.evaluate("node => getComputedStyle(node).color")
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
    expect(view.out).to_contain_text(view.done, timeout=LIMIT)


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
def test_the_picture_is_saved_beside_the_notebook(view, lessons):
    view.button("Save").click()
    expect(view.out).to_contain_text("and .svg beside the notebook")
    name = "minority_drop_gauss2d_binary_gd_rho10"
    setting = view.out.locator("input[readonly]").input_value()
    assert Image.open(lessons / f"{name}.png").text["Title"] == setting
    svg = html.unescape((lessons / f"{name}.svg").read_text(encoding="utf-8"))
    assert f"<dc:title>{setting}</dc:title>" in svg


@pytest.mark.parametrize("view", [AT["long"]], indirect=True)
def test_stop_and_go_on(view):
    View(view.page, AT["short"], "").run()  # for whoever comes next
    stop = view.button("Stop")
    view.menu("Seeds").select_option("10")
    expect(stop).to_be_enabled(timeout=LIMIT)
    stop.click()
    expect(view.out).to_contain_text("stopped at step", timeout=LIMIT)
    view.changed(lambda: view.menu("Seeds").select_option("3"))


@pytest.mark.parametrize("view", [AT["broken"]], indirect=True)
def test_a_function_that_never_returns_is_said_and_interrupted(view):
    expect(view.out).to_contain_text("Your curves leave ABSGD")
    View(view.page, AT["on"], "").run()
    view.by_keyboard(view.slider("Imbalance"), "ArrowRight")
    said = view.out.get_by_role("alert")
    expect(said).to_contain_text("✗ forever has not returned for 5 s", timeout=LIMIT)
    assert len(said.inner_text().splitlines()) == 3
    view.button("Stop").click()
    expect(view.out).to_contain_text("stopped at step", timeout=LIMIT)
    view.changed(lambda: view.menu("Method").select_option("SGD"))


@pytest.mark.parametrize("view", [AT["endless"]], indirect=True)
def test_one_that_never_returns_from_the_first_step_leaves_the_cell_and_the_controls_alive(view):
    expect(view.out.get_by_role("alert")).to_contain_text("✗ forever has not returned for 5 s")
    view.changed(lambda: view.menu("Method").select_option("SGD"))
