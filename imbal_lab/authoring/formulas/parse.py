"""From LaTeX to a tree, with lark's help."""

import functools
import re
from typing import Any

from lark import Lark
from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken, VisitError

from imbal_lab.authoring.formulas.grammar import GRAMMAR
from imbal_lab.authoring.formulas.to_tree import ToTree
from imbal_lab.authoring.formulas.tree import FormulaError, Relation, Symbol

# What changes how a formula looks, and not what it says.
LOOKS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|limits|nolimits|displaystyle|textstyle|mathopen|mathclose)"
    r"(?![A-Za-z])|(?<!\\)\\[,;:! ]|~|\\begin\{aligned\}|\\end\{aligned\}|[.,;]\s*$"
)
SPELLINGS = {"\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\operatorname*": "\\operatorname"}


def parse(latex: str) -> tuple[Relation, ...]:
    """The relations that ``latex`` states, in order; FormulaError if it cannot be read."""
    return _read("formula", latex)


def parse_symbol(latex: str) -> Symbol:
    """The one symbol that ``latex`` is; FormulaError if it is anything else."""
    node = _read("atom", latex)
    if not isinstance(node, Symbol):
        raise FormulaError(f"{latex!r} is no symbol: write a letter with its marks and indices")
    return node


def _read(start: str, latex: str) -> Any:
    plain = latex
    if "{aligned}" in latex:  # its rows are formulas side by side
        plain = latex.replace("&", " ").replace("\\\\", "\\quad ")
    for spelling, same in SPELLINGS.items():
        plain = plain.replace(spelling, same)
    plain = LOOKS.sub(" ", plain).strip()
    try:
        return ToTree().transform(_parser().parse(plain, start=start))
    except VisitError as error:
        raise FormulaError(f"{latex!r}: {error.orig_exc}") from error
    except UnexpectedInput as error:
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            what = "ends too early: a formula has = or < in it"
        else:
            what = f"is not understood from {plain[error.pos_in_stream or 0 :][:20]!r} on"
        raise FormulaError(f"{latex!r} {what}") from error
    except LarkError as error:
        raise FormulaError(f"{latex!r}: {error}") from error


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", start=["formula", "atom"])
