import dataclasses

from imbal_lab.authoring.syllabus import syllabus


def test_the_table_and_the_objectives_come_from_the_headers(lesson):
    second = dataclasses.replace(
        lesson,
        name="02_long",
        title="A lesson",
        paper="A, B (2023)",
        minutes=60,
        level=4,
        needs=("00_start_here", "01_short"),
        objectives=(),
    )
    text = syllabus([lesson, second])
    rows = [line for line in text.splitlines() if line.startswith("| 0")]
    assert rows == [
        "| 01 | [A short tour](../notebooks/01_short/01_short.ipynb) |  | 5 | ●○○○○ | 3 |  |",
        "| 02 | [A lesson](../notebooks/02_long/02_long.ipynb) | A, B (2023) | 60 | ●●●●○ | 3 "
        "| 00, 01 |",
    ]
    assert text.endswith(
        "\n## 01 A short tour\n\nA learner can afterwards\n\n"
        "- Scale rows (`check-scaled`, `essay-why`)\n"
    )
