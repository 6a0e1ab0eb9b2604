"""The README's picture, taken anew: ``python tests/browser/readme_picture.py``.

Lesson 02 as a learner sees it in JupyterLab: a prediction, and the explorer that answers it.
"""

import io
import tempfile
from pathlib import Path

import lab_server
from explorer_view import View, open_notebook, write_notebook
from PIL import Image
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
PREDICT = """
from imbal_lab.explore import explore, predict
predict("Ten threes for every eight: the loss of the eights will first ...",
        ["fall, but more slowly", "stay where it is", "rise"],
        truth="rise", falls=[0.3, 0, -0.4], choice=1, id="first_steps")
"""
EXPLORE = 'explore(data="digits38", method="gd", rho=10, prediction="first_steps")'
COLOURS = 128


def picture():
    """The explorer's cell as PNG bytes."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lessons = Path(folder) / "lessons"
        lessons.mkdir()
        lab_server.write_settings(Path(folder))
        write_notebook(lessons / "lesson.ipynb", [PREDICT, EXPLORE])
        browser = lab_server.chromium(playwright)
        with lab_server.jupyterlab(lessons, Path(folder)) as (address, token):
            page = open_notebook(browser, f"{address}/lab/tree/lesson.ipynb?reset&token={token}")
            page.set_viewport_size({"width": 1280, "height": 1100})
            page.keyboard.press("Control+b")
            View(page, 0, "").run()
            view = View(page, 1, "done, 300 steps").open()
            expect(view.out).to_contain_text(view.done)
            shown = view.out.locator(".widget-vbox").first.screenshot()
            browser.close()
    return shown


def main():
    path = ROOT / "course" / "explorer.png"
    few = Image.open(io.BytesIO(picture())).convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
