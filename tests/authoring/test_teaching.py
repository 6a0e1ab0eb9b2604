"""What teachers get: an answer key that holds every answer, and pages that authors write."""

import re
from dataclasses import dataclass

import pytest

from imbal_lab.authoring.answer_key import answer_key
from imbal_lab.authoring.build import read_lessons
from imbal_lab.authoring.teaching import BEGIN, END, teachers_pages, teaching_page
from imbal_lab.checks.exercise import Group, Mistake, Property


@dataclass
class Known:
    reference: object
    groups = (Group("long rows", "rows get their length", 2, (), ""),)
    properties = (Property("rows keep their direction.", lambda inputs, result: True),)
    mistakes = (Mistake("too_long", "the rows are too long.", "divide first.", ()),)


@pytest.fixture
def known(reference):
    return {"scaled": Known(reference)}


def test_the_key_holds_answers_parts_rules_quizzes_and_rubrics(lesson, known):
    key = answer_key([lesson], known)
    assert "## 01 A short tour" in key
    assert "    return F.normalize(rows * factor / lengths, dim=1)  # the crux\n```" in key
    assert "- rows get their length (weight 2: long rows)" in key
    assert "- rows keep their direction." in key
    assert "Which?\n\n**a** Yes, a." in key
    assert "`essay-why`: Why? (1 point)\n\nSay why.\n\nOne point for a reason." in key


def test_a_page_gets_its_made_part_and_keeps_what_was_written(lesson, known):
    page = teaching_page("# By hand\n\nText.\n", lesson, known)
    assert page.startswith(f"# By hand\n\nText.\n\n{BEGIN}\n\n## Misunderstandings that")
    assert "- `too_long`: the rows are too long. *Try:* divide first." in page
    assert "Which?\n\n- *b*: No, b.\n" in page
    assert "Yes, a." not in page
    assert page.endswith(END + "\n")
    assert teaching_page(page, lesson, known) == page
    older = page.replace("too long", "too short").replace(END + "\n", END + "\n\nAfterwards.\n")
    assert teaching_page(older, lesson, known) == page + "\nAfterwards.\n"


def test_a_new_lesson_gets_a_page_to_write_on(lesson, known, tmp_path):
    pages = teachers_pages(tmp_path, [lesson], known)
    files = {path.relative_to(tmp_path).as_posix(): text for path, text in pages.items()}
    assert set(files) == {
        "course/instructor/answer_key.md",
        "course/teaching/README.md",
        "course/teaching/01_short.md",
    }
    assert files["course/teaching/01_short.md"].startswith("# Teaching 01 A short tour\n\n" + BEGIN)
    assert "| 01 | [A short tour](01_short.md) | 5 | 3 |" in files["course/teaching/README.md"]


def test_what_has_answers_is_no_business_of_git(root):
    assert "/course/instructor/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_each_page_has_plans_misunderstandings_questions_and_model_answers(root):
    for lesson in read_lessons(root):
        page = (root / "course" / "teaching" / f"{lesson.name}.md").read_text(encoding="utf-8")
        by_hand = page.partition(BEGIN)[0].lower()
        wanted = ["60", "90", "misunderst", "discussion", "look out"]
        wanted += ["model answer"] * any(cell.role == "essay" for cell in lesson.cells)
        assert [word for word in wanted if word not in by_hand] == [], lesson.name


def test_pages_name_cells_that_exist(root):
    for lesson in read_lessons(root):
        page = (root / "course" / "teaching" / f"{lesson.name}.md").read_text(encoding="utf-8")
        roles = "card|given|predict|explore|task|answer|check|hint|quiz|essay|extra"
        named = set(re.findall(rf"`((?:{roles})-[\w-]+)`", page))
        assert named - {cell.id for cell in lesson.cells} == set(), lesson.name
