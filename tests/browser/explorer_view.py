"""A notebook of explorers on a page, and the explorer that one of its cells has opened."""

import json

from lab_server import wait_for_kernel
from playwright.sync_api import expect

LIMIT = 120_000


def write_notebook(path, sources):
    """A notebook with one code cell a source."""
    cells = [
        {"id": f"c{k}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for k, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def open_notebook(browser, address):
    """A laptop's page with the notebook at this address and its kernel; it collects errors."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    wait_for_kernel(page)
    return page


class View:
    """The explorer in the output of a cell; ``done`` is what its status says after a run."""

    def __init__(self, page, number, done):
        self.page, self.done = page, done
        self.cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
        self.out = self.cell.locator(".jp-OutputArea")
        self.image = self.out.locator("img")
        self.text = self.out.locator('[role="status"]')

    def run(self):
        """Run the cell."""
        self.cell.click(position={"x": 20, "y": 2})
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")

    def open(self):
        self.run()
        expect(self.image).to_be_visible(timeout=LIMIT)
        self.image.scroll_into_view_if_needed()
        return self

    def changed(self, act, *, setting=True, end=True):
        """Act, and wait for another picture of the same size and, for its ``end``, of its run.

        The line of Python is the last to change, unless the ``setting`` stays what it is.
        """
        line = self.out.locator("input[readonly]").input_value() if setting else None
        before, box = self.image.get_attribute("src"), self.image.bounding_box()
        act()
        self.page.wait_for_function(
            """([out, before, line]) => out.querySelector('img').src !== before
               && out.querySelector('input[readonly]').value !== line""",
            arg=[self.out.element_handle(), before, line],
            timeout=LIMIT,
        )
        if end:
            expect(self.out).to_contain_text(self.done, timeout=LIMIT)
        after = self.image.bounding_box()
        assert (after["width"], after["height"]) == (box["width"], box["height"])

    def slider(self, label):
        return self.out.locator(".widget-slider", has_text=label)

    def menu(self, label):
        return self.out.locator(".widget-dropdown", has_text=label).locator("select")

    def button(self, name):
        return self.out.get_by_role("button", name=name)

    def by_keyboard(self, slider, key):
        slider.locator(".noUi-handle").focus()
        self.page.keyboard.press(key)

    def by_mouse(self, slider, share):
        slider.scroll_into_view_if_needed()
        box = slider.locator(".noUi-base").bounding_box()
        self.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)

    def drag(self, slider, share):
        """Hold the handle with the mouse and move it there in twenty small moves."""
        base = slider.locator(".noUi-base").bounding_box()
        handle = slider.locator(".noUi-handle").bounding_box()
        height = base["y"] + base["height"] / 2
        begin, end = handle["x"] + handle["width"] / 2, base["x"] + share * base["width"]
        self.page.mouse.move(begin, height)
        self.page.mouse.down()
        for k in range(1, 21):
            self.page.mouse.move(begin + (end - begin) * k / 20, height)
            yield
        self.page.mouse.up()
