"""Every display formula of every lesson says what the library computes, and would notice a slip.

`formulas/<lesson>.py` holds CASES, by formula id a function from a seeded generator to the
values of the symbols, and REASONS, by formula id why a formula cannot be evaluated.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from imbal_lab.authoring.build import read_lessons
from imbal_lab.authoring.formulas import FormulaError, is_true, parse, parts_changed, signs_changed
from imbal_lab.authoring.formulas.evaluate import sides
from imbal_lab.authoring.formulas.in_text import formulas

ROOT = Path(__file__).parents[2]
DRAWS = 12

FORMULAS = {
    (lesson.name, id): latex
    for lesson in read_lessons(ROOT)
    for id, latex in formulas(lesson).items()
}


def written_down(lesson):
    """What the lesson's file of cases holds; nothing where there is no file."""
    path = Path(__file__).parent / "formulas" / f"{lesson}.py"
    found = runpy.run_path(str(path)) if path.exists() else {}
    return SimpleNamespace(cases=found.get("CASES", {}), reasons=found.get("REASONS", {}))


LESSONS = {lesson.name: written_down(lesson.name) for lesson in read_lessons(ROOT)}
CASES = [(lesson, id) for lesson, id in FORMULAS if id in LESSONS[lesson].cases]


@pytest.fixture(params=CASES, ids=" ".join)
def formula(request):
    """The LaTeX of a formula, and what its symbols stand for in a dozen examples."""
    lesson, id = request.param
    case = LESSONS[lesson].cases[id]
    draws = [case(torch.Generator().manual_seed(seed)) for seed in range(DRAWS)]
    return SimpleNamespace(latex=FORMULAS[request.param], draws=draws)


def agrees(relations, draws):
    """Whether the formula is true of the values wherever it should be, and only there."""
    return all(is_true(relations, facts) == facts.holds for facts in draws)


def is_red(formula, draws):
    """Whether a formula, or its LaTeX, fails; be it that it cannot be read or evaluated."""
    try:
        return not agrees(parse(formula) if isinstance(formula, str) else formula, draws)
    except FormulaError:
        return True


def all_sides(relations, draws):
    """The values of every side of every relation, one after another."""
    return [v for facts in draws for relation in relations for v in sides(relation, facts)]


def worth_the_same(relations, changed, draws):
    """Whether two formulas have the same sides on all values, as x/1 and x have."""
    pairs = zip(all_sides(relations, draws), all_sides(changed, draws), strict=True)
    return all(a.shape == b.shape and torch.allclose(a, b, rtol=1e-9, atol=0) for a, b in pairs)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_formula_has_its_case_or_a_reason(lesson):
    ids = [id for where, id in FORMULAS if where == lesson]
    known = LESSONS[lesson]
    assert sorted([*known.cases, *known.reasons]) == sorted(ids)
    assert all(len(reason.split()) >= 5 for reason in known.reasons.values())


def test_it_equals_the_reference(formula):
    assert agrees(parse(formula.latex), formula.draws)


def test_an_inequality_is_tried_on_both_sides(formula):
    is_equation = all(set(r.signs) <= {"=", "\\approx"} for r in parse(formula.latex))
    assert {facts.holds for facts in formula.draws} == ({True} if is_equation else {True, False})


def test_a_changed_sign_is_noticed(formula):
    changed = signs_changed(formula.latex)
    unnoticed = [latex for latex in changed if not is_red(latex, formula.draws)]
    assert unnoticed == []


def test_a_turned_fraction_or_a_lost_part_is_noticed(formula):
    whole, draws = parse(formula.latex), formula.draws
    unnoticed = [
        what
        for what, changed in parts_changed(formula.latex)
        if not is_red(changed, draws) and not worth_the_same(whole, changed, draws)
    ]
    assert unnoticed == []


def test_the_mutations_are_there_to_be_noticed():
    """Lesson 02 has signs, fractions and factors, so the tests above are not about nothing."""
    latex = FORMULAS["02_learning_dynamics", "step"]
    assert len(list(signs_changed(latex))) == 2
    assert {what for what, _ in parts_changed(latex)} >= {"a fraction turned round"}
