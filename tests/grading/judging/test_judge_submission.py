"""The order in which cells run and functions are asked, and what is mended on the way.

The student's process is played by an object in this one, which keeps the real one's rules: a state
ends when it has a successor, unless it is kept.
"""

import contextlib
import copy
import io

import pytest

from imbal_lab import exercises
from imbal_lab.checks import Outcome
from imbal_lab.checks.call import call
from imbal_lab.checks.report import undefined
from imbal_lab.grading.judging.judge_submission import judge_submission
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.sandbox import ConfinementError
from imbal_lab.student_process.outputs import CellError, Text
from imbal_lab.student_process.submission import CellRun

RATIO = exercises.get("imbalance_ratio")
UNIT = exercises.get("unit_directions")
TORCH = "import torch"
RIGHT = {
    "imbalance_ratio": """
def imbalance_ratio(y):
    counts = y.unique(return_counts=True)[1]
    return (counts.max() / counts.min()).item()
""",
    "unit_directions": """
def unit_directions(grads):
    return torch.nn.functional.normalize(grads, dim=1)
""",
}
STUB = "def {}(*given):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
ENDS = {"import time_out": "time", "import death": "died"}  # sources that end a cell


class FakeSubmission:
    """Runs everything in this process. A state is the list of sources that led to it."""

    def __init__(self, spends=0.0, calls=None):
        self.start, self.kept, self.ended = [], [], []
        self.cpu_seconds, self.spends, self.outcome_of = 0.0, spends, calls
        self.log, self.open = [], None

    def _alive(self, state):
        assert not any(state is other for other in self.ended), "this state has ended"

    def keep(self, state):
        self._alive(state)
        self.kept.append(state)

    def run(self, state, source):
        self._alive(state)
        self.log.append(("run", source))
        self.cpu_seconds += self.spends
        if source in ENDS:
            return CellRun(state, (), ENDS[source], "it did not come to an end within 30 s")
        _, out, error = played([*state, source])
        if not any(state is other for other in self.kept):
            self.ended.append(state)
        outputs = [Text("stdout", out)]
        outputs += [CellError(type(error).__name__, str(error), "")] if error else []
        return CellRun([*state, source], tuple(outputs), "error" if error else "ok", "")

    def call(self, state, name, inputs):
        self._alive(state)
        assert self.open in (None, (id(state), name)), "calls of another function are open"
        self.open = (id(state), name)
        self.log.append(("call", name, len(next(iter(inputs.values())))))
        self.cpu_seconds += self.spends
        if self.outcome_of:
            return self.outcome_of(name, inputs)
        return call(played(state)[0].get(name, undefined), inputs, copy.deepcopy(inputs))

    def close_calls(self):
        if self.open:
            self.log.append(("close",))
        self.open = None


def played(sources):
    """The names after all sources, what the last one printed, and the error that it ended with."""
    names, out, last = {}, io.StringIO(), None
    for source in sources:
        out, last = io.StringIO(), None
        try:
            with contextlib.redirect_stdout(out):
                exec(source, names)
        except Exception as error:
            last = error
    return names, out.getvalue(), last


def cells_of(*sources):
    """Cells from sources; "answer NAME: ..." and "check NAME" say what they are."""
    made = []
    for number, source in enumerate(sources):
        if source.startswith("check "):
            made.append(PlannedCell("check", source, None, source[6:], f"c{number}"))
        elif source.startswith("answer "):
            head, _, code = source.partition(": ")
            made.append(PlannedCell("code", code, None, head[7:], f"c{number}"))
        else:
            made.append(PlannedCell("code", source, None, None, f"c{number}"))
    return made


def judged(*sources, fake=None, tasks=(UNIT,)):
    doubts = []
    fake = fake or FakeSubmission()
    found = judge_submission(fake, cells_of(*sources), tasks, 5, doubts)
    return found, fake, doubts


def answer(name, code=None):
    return f"answer {name}: {RIGHT[name] if code is None else code}"


def states(found):
    return {name: verdict and verdict.state for name, verdict in found.verdicts.items()}


BOTH = (
    TORCH,
    answer("imbalance_ratio"),
    "check imbalance_ratio",
    answer("unit_directions"),
    "check unit_directions",
    "print('the last cell')",
)


def test_all_cells_run_before_any_call_and_hidden_groups_are_asked_last():
    found, fake, doubts = judged(*BOTH, tasks=(RATIO, UNIT))
    assert states(found) == {"imbalance_ratio": "done", "unit_directions": "done"}
    assert doubts == []
    kinds = [entry[0] for entry in fake.log if entry[0] != "close"]
    assert kinds == ["run"] * 4 + ["call"] * kinds.count("call")
    visible = [
        (e.id, len(next(iter(e.draw(case, 5).values()))))
        for hidden in (False, True)
        for e in (RATIO, UNIT)
        for g in e.groups
        if g.hidden is hidden
        for case in g.cases
    ]
    assert [entry[1:] for entry in fake.log if entry[0] == "call"] == visible


def test_every_exercise_has_a_process_for_visible_cases_and_one_for_hidden_ones():
    _, fake, _ = judged(*BOTH, tasks=(RATIO, UNIT))
    sizes = {
        (task.id, hidden): sum(len(g.cases) for g in task.groups if g.hidden is hidden)
        for task in (RATIO, UNIT)
        for hidden in (False, True)
    }
    runs = []
    for entry in fake.log:
        if entry[0] == "call":
            runs[-1] += 1
        elif entry[0] == "close" or runs == []:
            runs.append(0)
    assert sorted(filter(None, runs)) == sorted(sizes.values())
    assert fake.open is None


def test_a_function_of_a_later_cell_does_not_change_what_the_check_saw():
    found, _, _ = judged(
        TORCH,
        answer("unit_directions"),
        "check unit_directions",
        "def unit_directions(grads):\n    return grads",
    )
    assert states(found) == {"unit_directions": "done"}
    assert found.notes == ()


def test_of_several_checks_the_last_ones_place_counts():
    found, _, _ = judged(
        TORCH,
        answer("unit_directions", "def unit_directions(grads):\n    return grads"),
        "check unit_directions",
        answer("unit_directions"),
        "check unit_directions",
    )
    assert states(found) == {"unit_directions": "done"}


@pytest.mark.parametrize(
    "sources",
    [
        ("check unit_directions", TORCH, answer("unit_directions")),
        (TORCH, STUB.format("unit_directions"), "check unit_directions", answer("unit_directions")),
        (
            TORCH,
            answer("unit_directions", "def unit_directions(grads):\n    return mine(grads)"),
            "check unit_directions",
            RIGHT["unit_directions"].replace("unit_directions", "mine"),
        ),
    ],
    ids=["check above", "stub above", "helper below"],
)
def test_what_stands_below_its_check_is_judged_at_the_end_with_a_note(sources):
    found, _, doubts = judged(*sources)
    assert states(found) == {"unit_directions": "done"}
    assert "judged after the last cell" in found.notes[0]
    assert doubts == []


def test_an_import_run_at_the_end_leaves_the_end_to_others():
    found, _, _ = judged(
        "check unit_directions",
        "check imbalance_ratio",
        answer("unit_directions", "def unit_directions(g):\n    return F.normalize(g, dim=1)"),
        answer("imbalance_ratio"),
        tasks=(UNIT, RATIO),
    )
    assert states(found) == {"unit_directions": "done", "imbalance_ratio": "done"}
    assert sum("judged after the last cell" in note for note in found.notes) == 2


def test_what_stands_nowhere_is_not_started_and_leaves_no_note():
    found, _, _ = judged(TORCH, STUB.format("unit_directions"), "check unit_directions", "x = 1")
    assert states(found) == {"unit_directions": "not started"}
    assert found.notes == ()


@pytest.mark.parametrize("style", ["call", "cell", "both"])
def test_a_forgotten_import_is_run_and_costs_nothing(style):
    unused = "np.zeros(3)\n" if style in ("cell", "both") else ""
    where = "F" if style in ("call", "both") else "torch.nn.functional"
    body = f"{where}.normalize(grads, dim=1)"
    code = f"{unused}def unit_directions(grads):\n    return {body}"
    found, fake, doubts = judged(TORCH, answer("unit_directions", code), "check unit_directions")
    assert states(found) == {"unit_directions": "done"}
    assert len(found.notes) == (2 if style == "both" else 1)
    needed = "from torch.nn import functional as F" if style == "call" else "import numpy as np"
    assert needed in found.notes[0]
    assert ("run", needed) in fake.log
    assert doubts == []


def test_only_well_known_imports_are_run():
    code = "def unit_directions(grads):\n    return oops.normalize(grads)"
    found, fake, _ = judged(TORCH, answer("unit_directions", code), "check unit_directions")
    assert states(found) == {"unit_directions": "not yet"}
    assert [entry for entry in fake.log if entry[0] == "run"] == [("run", TORCH), ("run", code)]


def test_a_name_that_stays_missing_is_imported_once():
    """An import that does not help, because the error is the student's own."""
    code = "def unit_directions(grads):\n    raise NameError(\"name 'np' is not defined\")"
    found, fake, _ = judged(TORCH, answer("unit_directions", code), "check unit_directions")
    assert states(found) == {"unit_directions": "not yet"}
    assert fake.log.count(("run", "import numpy as np")) == 1
    assert found.notes == ()


def test_a_cell_that_keeps_a_name_missing_is_run_once_more_and_no_oftener():
    cell = "raise NameError(\"name 'np' is not defined\")"
    _, fake, _ = judged(TORCH, cell, answer("unit_directions"), "check unit_directions")
    assert fake.log.count(("run", cell)) == 2


@pytest.mark.parametrize("bad", ENDS)
def test_a_cell_that_was_stopped_leaves_a_note_and_the_others_go_on(bad):
    found, _, doubts = judged(TORCH, bad, answer("unit_directions"), "check unit_directions")
    assert states(found) == {"unit_directions": "done"}
    assert found.notes == ("Cell 2 did not run to its end: it did not come to an end within 30 s.",)
    assert found.executed.runs[1].ended == ENDS[bad]
    assert doubts == []


def test_the_notes_of_a_thousand_cells_that_fail_stay_few():
    found, _, _ = judged(TORCH, *["import death"] * 100, answer("unit_directions"))
    assert len(found.notes) == 20
    assert states(found) == {"unit_directions": "done"}


def test_an_exercises_time_is_that_of_its_cell_and_its_calls():
    """Each cell and each call takes 2 s."""
    found, _, _ = judged(*BOTH, fake=FakeSubmission(spends=2.0), tasks=(RATIO, UNIT))
    cases = {e.id: sum(len(group.cases) for group in e.groups) for e in (RATIO, UNIT)}
    assert found.cpu_seconds == {name: 2.0 * (1 + count) for name, count in cases.items()}


def test_an_argument_that_does_not_exist_cannot_have_been_changed():
    """The name would be read by people, and comes from the student's process."""

    def forged(name, inputs):
        return Outcome(result=RATIO.reference(inputs["y"]), changed_input="y: 12 40 5")

    found, _, _ = judged(*BOTH, fake=FakeSubmission(calls=forged), tasks=(RATIO,))
    assert found.verdicts["imbalance_ratio"].finding.outcome == Outcome(stopped="died")


def test_an_error_of_ours_costs_one_verdict_and_is_a_doubt():
    def breaks(name, inputs):
        if name == "imbalance_ratio":
            asked.append(name)
            raise ZeroDivisionError("secret: 12 40 5")
        return call(UNIT.reference, inputs, copy.deepcopy(inputs))

    asked = []
    found, _, doubts = judged(*BOTH, fake=FakeSubmission(calls=breaks), tasks=(RATIO, UNIT))
    assert states(found) == {"imbalance_ratio": None, "unit_directions": "done"}
    assert len(asked) == 1  # not again after a hidden case of another exercise
    assert len(doubts) == 1
    assert doubts[0].startswith("The grader failed at imbalance_ratio: ZeroDivisionError in test_")
    assert "12 40 5" not in doubts[0]


def test_that_nothing_can_be_confined_is_no_doubt_but_a_refusal():
    def refuses(name, inputs):
        raise ConfinementError("no Landlock")

    with pytest.raises(ConfinementError):
        judged(*BOTH, fake=FakeSubmission(calls=refuses))
