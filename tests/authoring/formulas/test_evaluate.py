"""What formulas are worth, against the same numbers from torch."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.authoring.formulas import Facts, FormulaError, is_true, parse

Z = torch.tensor([0.3, -1.2, 2.0, 0.7], dtype=torch.float64)
N = torch.tensor([40.0, 20.0, 7.0, 3.0], dtype=torch.float64)
V = torch.arange(12, dtype=torch.float64).view(4, 3) - 5
OVER = {"c": 4, "k": 4}
GIVEN = {"z_c": Z, "n_c": N, "v_c": V, "y": 2, r"\beta": 0.9, "w": V[0], "h": V[3]}


def true(latex, **x):
    return is_true(parse(latex), Facts(OVER, {**GIVEN, **x}))


@pytest.mark.parametrize(
    ("latex", "x"),
    [
        (r"x=-\log\frac{e^{z_y}}{\sum_c e^{z_c}}", F.cross_entropy(Z[None], torch.tensor([2]))),
        (r"x=-z_y+\log\sum_c\exp(z_c)", F.cross_entropy(Z[None], torch.tensor([2]))),
        (r"x=\frac{\max_c n_c}{\min_c n_c}", 40 / 3),
        (r"x=\max(z_0,z_1,\tfrac12)", 0.5),
        (r"x=\arg\max_c z_c", 2),
        (r"x=\prod_c z_c", Z.prod()),
        (r"x=\sum_{c\ne y}z_c", Z.sum() - 2),
        (r"x=\sum_{c=1}^{3}z_c", Z[1:].sum()),
        (r"x=\sum_{c,k}z_c z_k", Z.sum() ** 2),
        (r"x=\sum_{c\,:\,z_c>0}n_c", 50),
        (r"x=\sum_c\mathbb 1[z_c>0]", 3),
        (r"x=\sum_c\mathbf{1}_{c=y}n_c", 7),
        (r"x=\sum_c v_c", V.sum(dim=0)),
        (r"x=\lVert v_1\rVert^2", V[1].square().sum()),
        (r"x=\lVert v_1\rVert_1", V[1].abs().sum()),
        (r"x=v_1\cdot v_2", V[1] @ V[2]),
        (r"x=v_1^\top v_2", V[1] @ V[2]),
        (r"x=\langle v_1,v_2\rangle", V[1] @ V[2]),
        (r"x=v_1\odot v_2", V[1] * V[2]),
        (r"x=\lvert z_1\rvert+\sqrt{4}", 3.2),
        (r"x=-z_0^2-2z_0(1-z_0)", -0.09 - 0.6 * 0.7),
        (r"x=\begin{cases}1&\text{if }z_0<0\\n_y/2&\text{otherwise}\end{cases}", 3.5),
        (r"\cos x=\frac{w\cdot h}{\lVert w\rVert\lVert h\rVert}",
         torch.acos(F.cosine_similarity(V[0], V[3], dim=0))),
        (r"x<z_2\le 2", 1.9),
        (r"x_{t+1}=0", None),
    ],
)  # fmt: skip
def test_a_formula_is_true_of_the_right_value_and_of_no_other(latex, x):
    if x is None:
        assert true(latex, **{"x_{t+1}": 0})
        return
    assert true(latex, x=x)
    assert not true(latex, x=torch.as_tensor(x, dtype=torch.float64) + 0.125)


def test_indices_outside_of_sums_run_over_all_their_values():
    weights = 0.1 / (1 - 0.9**N)
    latex = r"x_c=\frac{1-\beta}{1-\beta^{n_c}}"
    assert true(latex, x_c=weights)
    assert not true(latex, x_c=weights * torch.tensor([1, 1, 1, 1.001]))


def test_values_may_be_functions():
    assert true(
        r"x=\sigma(z_0)+2\sigma(z_1-z_1)", x=Z[0].sigmoid() + 1, **{r"\sigma": torch.sigmoid}
    )


@pytest.mark.parametrize(
    ("latex", "problem"),
    [
        (r"x=q", "q: no value"),
        (r"x=\sum_j z_j", "index j: say in over="),
        (r"x=z_4", "no entry 4"),
        (r"x=v_1v_2", "two vectors side by side"),
        (r"x=1/v_1", "below a fraction bar stands a vector"),
        (r"x=v_1", "shapes"),
    ],
)
def test_what_cannot_be_evaluated_says_why(latex, problem):
    with pytest.raises(FormulaError, match=problem):
        true(latex, x=1.0)


def test_nan_equals_nothing():
    assert not true(r"x=\log z_1", x=float("nan"))


def test_single_precision_is_refused():
    with pytest.raises(FormulaError, match="in float64"):
        true("x=w", x=V[0].float())


def test_an_approximation_says_how_far_it_may_be():
    relations = parse(r"\log(1+x)\approx x")
    assert is_true(relations, Facts({}, {"x": 0.01}, within=0.01))
    assert not is_true(relations, Facts({}, {"x": 0.01}, within=0.001))
