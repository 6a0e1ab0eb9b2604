"""What a hostile submission can do in a browser: on its feedback page and in the Formgrader."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from PIL import Image

from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.writer import write_graded
from imbal_lab.grading.judging.graded import ExerciseResult, Flag, Graded, GroupResult
from imbal_lab.grading.pages.feedback import feedback
from imbal_lab.grading.pages.safe_outputs import safe_outputs
from imbal_lab.grading.pages.safe_text import safe_markdown
from imbal_lab.grading.tasks import make_task
from imbal_lab.student_process.outputs import Picture, Text

ROOT = Path(__file__).parents[2]
LESSON = "02_learning_dynamics"
ESSAY = "essay-when_worse"
HIT = "window.hit = 1"
MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"  # nbgrader's template names it
ELSEWHERE = "http://192.0.2.1"  # an address that nobody has
MARKUP = f"""<script>{HIT}</script><img src=x onerror="{HIT}"><svg onload="{HIT}"></svg>
<iframe srcdoc="<script>parent.{HIT}</script>"></iframe><img src="{ELSEWHERE}/seen.png">
<link rel=stylesheet href="{ELSEWHERE}/style.css"><details open ontoggle="{HIT}">x</details>
"""
MARKDOWN = f"""{MARKUP}

[a link](javascript:window.hit=1) [another](files/javascript:window.hit=1) [third][t]
![a picture]({ELSEWHERE}/seen.png) ![not there](attachment:x.png)

[t]: javascript:window.hit=1

# <img src=x onerror="{HIT}"> &lt;img src=x onerror="{HIT}"&gt;

```mermaid
<img src=x onerror="{HIT}">
```

$\\href{{javascript:window.hit=1}}{{x}}$
"""


class Place(NamedTuple):
    """A course with the feedback of its students written."""

    course: Course
    pages: dict


def picture(seed, height=300, width=400):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def result(exercise, passed, text=""):
    """Two of three points for an exercise with three parts, the last one hidden."""
    groups = tuple(
        GroupResult(f"{name} {text}", name == "hidden", k < passed, 1.0)
        for k, name in enumerate(("first", "second", "hidden"))
    )
    lines = (f"✗ {exercise}: seen {text}.", f"Why: {text}", f"Try: once more. {text}")
    return ExerciseResult(exercise, "not yet", float(passed), 3.0, None, lines, groups, 0.1)


def write(course, student, *, text="", essay=None, outputs=()):
    """What grading writes about a student who put `text` wherever there is room."""
    path = course.notebook("submitted", student, LESSON)
    path.parent.mkdir(parents=True)
    shutil.copy(course.notebook("release", ".", LESSON), path)
    made = nbformat.read(path, as_version=4)
    for cell in made["cells"]:
        if cell["id"].startswith("answer-"):
            cell["source"] += f"\n# {text}"
            cell["outputs"] = nbformat.from_dict(list(outputs))
        elif cell["id"] == ESSAY and essay:
            cell["source"] = essay
    exercises = tuple(
        result(cell["id"].removeprefix("check-"), 2, text)
        for cell in made["cells"]
        if cell["id"].startswith("check-")
    )
    flags = (Flag(exercises[0].exercise, text, text), Flag(None, text, text)) if text else ()
    remarks = (text,) if text else ()
    graded = Graded(json.dumps(made).encode(), exercises, remarks, flags, remarks, 0.3)
    with tables.connect(course) as connection:
        task = make_task(connection, course, LESSON, student)
    with tables.database(course) as engine:
        write_graded(course, engine, task, graded)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """Students: an honest one, a hostile one, one with a hostile name, one with huge figures, and
    one whose notebook something made that takes no care."""
    folder = tmp_path_factory.mktemp("feedback") / "class"
    (folder / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")
    shutil.copytree(ROOT / "notebooks" / LESSON, folder / "notebooks" / LESSON)
    course = Course.find(folder)
    release(course, LESSON)
    honest = safe_outputs([Text("stdout", "recall 0.5\n"), Picture(picture(0))])
    write(course, "anna", essay="It is *worse* where misses are cheap.", outputs=honest)
    hostile = safe_outputs([Text("stdout", MARKUP), Text("result", MARKUP), Picture(picture(0))])
    write(course, "mallory", text=MARKUP, essay=safe_markdown(MARKDOWN), outputs=hostile)
    write(course, "max", outputs=safe_outputs([Picture(picture(k, 500, 600)) for k in range(4)]))
    write(course, "raw", essay=MARKDOWN.replace("attachment:", ""), outputs=live_outputs())
    write(course, "named")
    with tables.gradebook(course) as book:
        book.update_or_create_student("named", first_name=MARKUP, last_name=MARKUP)
    return Place(course, feedback(course, LESSON))


def live_outputs():
    """As a kernel without any care leaves them."""
    kinds = {"text/html": MARKUP, "application/javascript": HIT, "text/markdown": MARKUP}
    return [
        {"output_type": "display_data", "data": {kind: text}, "metadata": {}}
        for kind, text in kinds.items()
    ]


@pytest.fixture
def watched(page):
    """The page, with everything it asked for and complained about."""
    page.asked, page.complaints, page.dialogs = [], [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    return page


def hit(page):
    """Whether a stranger's script ran, after time for late ones."""
    page.wait_for_load_state("networkidle")
    for link in page.locator("a[href^='javascript']").all():
        link.evaluate("link => link.click()")
    page.wait_for_timeout(300)
    return bool(page.evaluate("window.hit") or page.dialogs)


@pytest.mark.parametrize("student", ["anna", "mallory", "max", "named"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_quiet_and_fits(place, watched, screenshot, student, scheme, width):
    watched.set_viewport_size({"width": width, "height": 800})
    watched.emulate_media(color_scheme=scheme)
    watched.goto(place.pages[student].as_uri())
    screenshot(f"feedback-{student}-{width}-{scheme}")
    assert not hit(watched)
    assert [url for url in watched.asked if not url.startswith("data:")] == [
        place.pages[student].as_uri()
    ]
    assert watched.complaints == []
    assert watched.evaluate("document.documentElement.scrollWidth") == width
    assert watched.evaluate("getComputedStyle(document.body).fontSize") == "16px"
    assert place.pages[student].stat().st_size < 1_000_000
    assert watched.evaluate("[...document.images].every(image => image.naturalWidth > 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(place, watched, scheme):
    """At least 4.5 to 1, as the WCAG asks."""
    watched.emulate_media(color_scheme=scheme)
    watched.goto(place.pages["anna"].as_uri())
    colours = watched.evaluate(
        """[...document.querySelectorAll("main *")].map(element => {
            let behind = element;
            const clear = "rgba(0, 0, 0, 0)";
            while (getComputedStyle(behind).backgroundColor === clear && behind.parentElement)
                behind = behind.parentElement;
            return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
        })"""
    )
    assert len(colours) > 50
    assert min(contrast(*pair) for pair in colours) >= 4.5


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    shares = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_it_prints_dark_on_white(place, watched):
    watched.emulate_media(color_scheme="dark", media="print")
    watched.goto(place.pages["anna"].as_uri())
    ink = watched.evaluate("getComputedStyle(document.body).color")
    assert contrast(ink, "rgb(255, 255, 255)") > 10


@pytest.mark.parametrize("policy", [True, False])
def test_the_policy_holds_where_escaping_would_fail(place, watched, tmp_path, policy):
    """The same page with markup put into it by hand; without the policy it does its harm."""
    html = place.pages["anna"].read_text(encoding="utf-8")
    style = "<style>main { display: none }</style>"
    html = html.replace("</main>", f"{MARKUP}{style}<p style='position: fixed'>x</p></main>")
    if not policy:
        html = re.sub(r"<meta http-equiv[^>]*>", "", html)
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    sent = []
    watched.route(f"{ELSEWHERE}/*", lambda route: (sent.append(route.request.url), route.abort()))
    watched.goto(path.as_uri())
    assert hit(watched) is not policy
    assert bool(sent) is not policy
    assert watched.locator("main").is_visible() is policy
    assert watched.evaluate(
        "getComputedStyle(document.querySelector('main p[style]')).position"
    ) == ("static" if policy else "fixed")
    if policy:
        assert sum("Content Security Policy" in line for line in watched.complaints) >= 5


@pytest.fixture(scope="session")
def course_server(place, jupyter, tmp_path_factory):
    """Address and token of a JupyterLab started in the course's folder."""
    with jupyter(place.course.root, tmp_path_factory.mktemp("formgrader")) as address_and_token:
        yield address_and_token


@pytest.fixture
def formgrader(place, course_server, watched):
    """Opens a student's notebook in nbgrader's Formgrader, as a teacher does."""
    address, token = course_server
    with tables.gradebook(place.course) as book:
        ids = {s.student.id: s.id for s in book.notebook_submissions(LESSON, LESSON)}
    for elsewhere in (f"{MATHJAX}**", f"{ELSEWHERE}/*"):
        watched.route(elsewhere, lambda route: route.abort())
    watched.goto(f"{address}/login?token={token}&next=%2Fapi%2Fstatus")
    return lambda student: watched.goto(f"{address}/formgrader/submissions/{ids[student]}/")


def test_a_hostile_notebook_in_the_formgrader(
    place, course_server, formgrader, watched, screenshot
):
    formgrader("mallory")
    assert "[a link] (javascript:window.hit=1)" in watched.inner_text("body")
    assert not hit(watched)
    watched.locator(f"#{ESSAY}").scroll_into_view_if_needed()
    screenshot("formgrader-mallory")
    here = (course_server[0], "data:", MATHJAX)
    assert [url for url in watched.asked if not url.startswith(here)] == []


def test_an_essay_is_marked_in_the_formgrader(place, formgrader, watched):
    formgrader("mallory")
    watched.wait_for_load_state("networkidle")
    for field, text, saved in (("", "2.5", "grade"), ("-comment", "Fair.", "comment")):
        with watched.expect_response(f"**/api/{saved}/*"):
            watched.fill(f"#{ESSAY}{field}", text)
            watched.locator(f"#{ESSAY}{field}").blur()
    with tables.gradebook(place.course) as book:
        assert book.find_grade(ESSAY, LESSON, LESSON, "mallory").manual_score == 2.5
        assert book.find_comment(ESSAY, LESSON, LESSON, "mallory").manual_comment == "Fair."


def test_what_the_formgrader_does_with_raw_markdown(formgrader, watched):
    """Why grading writes Markdown free of HTML: nbgrader's template runs what it finds."""
    formgrader("raw")
    assert hit(watched)


@pytest.mark.parametrize("ours", [True, False])
def test_the_setting_takes_scripts_out_of_raw_outputs(place, ours):
    config = place.course.nbgrader_config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    if not ours:
        del config.HTMLExporter.sanitize_html
    resources = {"index": 0, "total": 1}
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("", outputs=nbformat.from_dict(live_outputs()))]
    )
    html, _ = HTMLExporter(config=config).from_notebook_node(made, resources)
    found = BeautifulSoup(html, "html.parser").select("#notebook")[0]
    alive = found.select("[onerror], [onload], [ontoggle], svg, iframe") or HIT in str(
        found.select("script")
    )
    assert bool(alive) is not ours
