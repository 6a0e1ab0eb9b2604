"""The benchmark's submissions are what it says they are; graders are not timed here."""

import runpy
from pathlib import Path

import pytest

BENCHMARK = runpy.run_path(str(Path(__file__).with_name("bench_grading.py")))
Cost, main = BENCHMARK["Cost"], BENCHMARK["main"]


def test_the_notebook_has_four_exercises_and_nothing_live():
    notebook = BENCHMARK["four_exercises"]()
    ids = [cell["id"] for cell in notebook["cells"]]
    assert [id for id in ids if id.startswith("check-")] == [
        f"check-{exercise}" for exercise in BENCHMARK["SOURCES"]
    ]
    assert not [id for id in ids if id.startswith(("explore-", "extra-", "predict-", "quiz-"))]
    assert len(ids) == len(set(ids))


def test_neighbours_hand_in_different_answers_and_every_fourth_is_all_right():
    notebook = BENCHMARK["four_exercises"]()
    made = [answers(notebook, number) for number in range(24)]
    assert made[0] == made[4] != made[1] != made[2]
    assert len(set(made)) >= 8
    for name, styles in BENCHMARK["SOURCES"].items():
        assert {source for sources in made for source in sources if f"def {name}(" in source} == {
            *styles
        }


def answers(notebook, number):
    cells = BENCHMARK["answered"](notebook, number)["cells"]
    return tuple(cell["source"] for cell in cells if cell["id"].startswith("answer-"))


def test_it_prints_rates_and_slopes(monkeypatch, capsys):
    costs = {
        "ours": lambda n: Cost(1 + 0.1 * n, 2 + 0.2 * n),
        "stock": lambda n: Cost(3 * n, 4 * n),
    }
    for name, cost in costs.items():
        monkeypatch.setitem(main.__globals__, name, named(name, cost))
    main(["--rounds", "2", "--most", "12"])
    out = capsys.readouterr().out
    assert "submissions a minute, ours / stock: 21.2 [21.2, 21.2] (goal 10)" in out  # 72 / 3.4
    assert "marginal CPU, ours / stock: 0.050 (goal 0.1)" in out  # 0.2 / 4
    assert "    6:    1.6 s,  0.53 CPU-s a submission" in out


def named(name, cost):
    def grader(lesson, notebook, students):
        return cost(students)

    grader.__name__ = name
    return grader


def test_a_command_that_fails_is_not_timed(tmp_path):
    with pytest.raises(RuntimeError, match="error"):
        BENCHMARK["run"](["python", "-c", "raise SystemExit('error')"], tmp_path)
