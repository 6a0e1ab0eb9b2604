"""Lesson 02 in a real JupyterLab: run it, move the explorer, fail and pass a check."""

import json
import re
from pathlib import Path

import pytest
from lab_server import wait_for_kernel
from playwright.sync_api import expect

LESSON = "02_learning_dynamics/02_learning_dynamics.ipynb"
SOURCE = Path(__file__).parents[2] / "notebooks" / LESSON
WRONG = "def unit_directions(grads):\nreturn grads / grads.norm()"
RIGHT = "def unit_directions(grads):\nreturn torch.nn.functional.normalize(grads, dim=1)"


class Notebook:
    """The notebook on the page, its cells by id."""

    def __init__(self, page):
        self.page = page
        cells = json.loads(SOURCE.read_text(encoding="utf-8"))["cells"]
        self.index = {cell["id"]: k for k, cell in enumerate(cells)}

    def cell(self, id):
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(self.index[id])

    def run(self, id):
        """Run one cell and wait for its end."""
        self.cell(id).scroll_into_view_if_needed()
        self.cell(id).click(position={"x": 20, "y": 2})  # its padding: a hidden input stays hidden
        expect(self.cell(id)).to_have_class(re.compile("jp-mod-active"))
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
        if self.cell(id).locator(".jp-Placeholder").count():  # no prompt, but always an output
            self.cell(id).locator(".jp-OutputArea-child").first.wait_for(timeout=120_000)
        else:
            prompt = self.cell(id).locator(".jp-InputPrompt")
            expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=120_000)

    def write(self, id, text):
        """Type over the whole of a cell; the editor indents after a colon."""
        self.cell(id).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")


@pytest.fixture
def notebook(lab, page):
    page.goto(lab(LESSON))
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    wait_for_kernel(page)
    page.keyboard.press("Control+b")  # a learner's page: the file browser takes a third of it
    return Notebook(page)


def changed(page, image, act):
    """Do something and wait until the picture shows another one; its size must not change."""
    before, box = image.get_attribute("src"), image.bounding_box()
    act()
    page.wait_for_function(
        "([image, before]) => image.src !== before", arg=[image.element_handle(), before]
    )
    after = image.bounding_box()
    assert (after["width"], after["height"]) == (box["width"], box["height"])


def test_the_lesson_from_the_first_picture_to_a_passed_check(notebook, page, screenshot):
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for id in ("given-1", "quiz-warm_up", "predict-first_steps", "explore-gd"):
        notebook.run(id)
    view = notebook.cell("explore-gd").locator(".jp-OutputArea")
    image, text = view.locator("img"), view.locator('[role="status"]')
    expect(image).to_be_visible()
    expect(text).to_contain_text("Minority loss rises")
    image.scroll_into_view_if_needed()
    screenshot("1_explorer")

    rho = view.locator(".widget-slider").nth(0)
    handle = rho.locator(".noUi-handle")
    handle.focus()
    changed(page, image, lambda: page.keyboard.press("ArrowRight"))
    expect(rho.locator(".widget-readout")).to_have_text("20")
    expect(view).to_contain_text("done, 300 steps")
    box = rho.locator(".noUi-base").bounding_box()
    end = (box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    changed(page, image, lambda: page.mouse.click(*end))
    expect(rho.locator(".widget-readout")).to_have_text("100")
    expect(view).to_contain_text("done, 300 steps")
    screenshot("2_rho_100")
    changed(page, image, lambda: view.locator("select").nth(0).select_option("PCNGD"))
    expect(view).to_contain_text("done, 300 steps")
    expect(text).to_contain_text("Minority loss never rises")
    screenshot("3_pcngd")

    prediction = notebook.cell("predict-first_steps").locator(".jp-OutputArea")
    prediction.locator('input[type="radio"]').last.check()
    prediction.get_by_role("button", name="I have decided").click()
    expect(prediction).to_contain_text("Noted: rise")
    screenshot("4_prediction")

    result = notebook.cell("check-unit_directions").locator(".jp-OutputArea")
    notebook.write("answer-unit_directions", WRONG)
    notebook.run("answer-unit_directions")
    notebook.run("check-unit_directions")
    expect(result).to_contain_text("✗")
    assert len(result.inner_text().strip().splitlines()) == 3
    screenshot("5_failing_check")
    notebook.write("answer-unit_directions", RIGHT)
    notebook.run("answer-unit_directions")
    notebook.run("check-unit_directions")
    expect(result).to_contain_text("✓")
    screenshot("6_passing_check")
    assert not problems


def test_own_step_in_the_picture(notebook, page, screenshot):
    for id in ("given-1", "answer-class_gradients", "answer-unit_directions", "answer-pcngd_step"):
        notebook.run(id)
    notebook.run("explore-own")
    view = notebook.cell("explore-own").locator(".jp-OutputArea")
    expect(view.locator('[role="alert"]')).to_contain_text("○ not started")
    view.locator("img").scroll_into_view_if_needed()
    screenshot("7_not_started")
    image = view.locator("img")
    changed(page, image, lambda: view.locator("select").nth(1).select_option("Four classes, 2-D"))
    notebook.run("extra-acceptance")
    expect(notebook.cell("extra-acceptance")).to_contain_text("○ not started")
