import re

import pytest

from imbal_lab.authoring.formulas import FormulaError, indices, occurring, parse, parse_symbol
from imbal_lab.authoring.formulas.names import written
from imbal_lab.authoring.formulas.symbols import describes


def names(latex):
    return [written(symbol) for symbol in occurring(parse(latex))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"x=\frac12", r"x = \tfrac{1}{2}"),
        (r"x=\left(a\,b\right)", r"x=(a b)"),
        (r"\hat g_l=1", r"\hat{g}_{l}=1"),
        (r"x^2_i=1", r"x_i^2=1"),
        (r"p_{ic}=1", r"p_{i,c}=1"),
        (r"z_{iy_i}=1", r"z_{i,y_i}=1"),
        (r"x\leq y", r"x\le y"),
        (r"a=1,\qquad b=2", r"\begin{aligned} a &= 1 \\ b &= 2 \end{aligned}"),
        (r"a=1,\quad b=2", r"a=1\quad\text{with}\quad b=2."),
    ],
)
def test_what_only_looks_different_is_the_same(one, other):
    assert parse(one) == parse(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"x=a-b", r"x=a+b"),
        (r"x=a/b", r"x=ab"),
        (r"x=y^{(t)}", r"x=y^t"),
        (r"x=\sum_i a_i+b", r"x=\sum_i(a_i+b)"),
        (r"x=\log a b", r"x=\log(a b)"),
        (r"x=g_l", r"x=\hat g_l"),
    ],
)
def test_what_is_different_stays_so(one, other):
    assert parse(one) != parse(other)


@pytest.mark.parametrize(
    ("latex", "problem"),
    [
        ("a+b", "ends too early: a formula has = or <"),
        ("x=a/bc", "is not understood from 'c'"),
        ("x=|a|", r"is not understood from '\|a\|'"),
        (r"x=\sum_{i}^n a_i", "a sum with an upper limit"),
        (r"x=(a+b)_i", "a subscript belongs to a symbol"),
        (r"x=(a+b)^*", "a mark such as"),
        (r"x=\hat{a+b}", "stands over one symbol"),
    ],
)
def test_what_is_no_formula_is_told_where(latex, problem):
    with pytest.raises(FormulaError, match=problem):
        parse(latex)


def test_a_symbol_is_one_symbol():
    assert written(parse_symbol(r"\hat{g}_l^{(t)}")) == r"\hat g_{l}^{(t)}"
    for other, problem in (("a+b", "from '+b' on"), ("(a)", "is no symbol")):
        with pytest.raises(FormulaError, match=re.escape(problem)):
            parse_symbol(other)


def test_symbols_come_in_the_order_of_reading_and_indices_are_told_apart():
    latex = r"f_l=\frac1n\sum_{i\,:\,y_i=l}\ell_i-n_{\max}\theta_{t+1}"
    letters = indices(parse(latex))
    assert letters == {"i", "l", "t"}
    assert [name for name in names(latex) if name not in letters] == [
        "f_{l}", "n", "y_{i}", r"\ell_{i}", r"n_{\max}", r"\theta_{t+1}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("general", "used", "expected"),
    [
        ("g_l", "g_0", True),
        ("g_l", "g_{y_i}", True),
        (r"\theta_t", r"\theta_{t+1}", True),
        ("n_c", r"n_{\max}", False),
        ("n", "n_c", False),
        ("g_l", r"\hat g_l", False),
        (r"\theta_{t+1}", r"\theta_t", False),
    ],
)
def test_a_general_symbol_describes_its_special_ones(general, used, expected):
    assert describes(parse_symbol(general), parse_symbol(used)) == expected
