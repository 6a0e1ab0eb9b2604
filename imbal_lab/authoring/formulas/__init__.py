"""Formulas of lessons: read from their LaTeX, evaluated, described in tables, and mutated.

A formula is written once, in the lesson. Its LaTeX is parsed (`parse`), evaluated on random
values beside the reference (`is_true`), and its symbols make the table that learners read.
sympy's own LaTeX parser reads none of the lessons' formulas (sums over an index without limits,
norms, accents), so the grammar is ours and lark, a parser generator, does the parsing.
"""

from imbal_lab.authoring.formulas.evaluate import is_true
from imbal_lab.authoring.formulas.facts import Facts
from imbal_lab.authoring.formulas.mutate import parts_changed, signs_changed
from imbal_lab.authoring.formulas.parse import parse, parse_symbol
from imbal_lab.authoring.formulas.symbols import describes, indices, occurring
from imbal_lab.authoring.formulas.tree import FormulaError

__all__ = [
    "Facts",
    "FormulaError",
    "describes",
    "indices",
    "is_true",
    "occurring",
    "parse",
    "parse_symbol",
    "parts_changed",
    "signs_changed",
]
