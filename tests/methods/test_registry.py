import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import METHODS, PerClass, class_gradients, get, rescaled_step

COUNTS = (6, 2, 2)  # of the fixture `batch`, as if it were the training set
LOG_PRIOR = torch.tensor([0.6, 0.2, 0.2], dtype=torch.float64).log()
EXPLICIT = [name for name, method in METHODS.items() if method.step]
BOTH = [name for name in EXPLICIT if METHODS[name].criterion]


@pytest.mark.parametrize("name", BOTH)
def test_step_and_criterion_are_the_same_method(name, model, batch, params_of):
    """The explicit step and the usual loop with what `build` gives end in the same place."""
    method = get(name)
    expected = method.step(params_of(model), class_gradients(model, *batch, 3), 0.05)
    criterion, optimizer = method.build(model, COUNTS, lr=0.05)
    assert isinstance(optimizer, torch.optim.SGD)
    criterion(model(batch[0]), batch[1]).backward()
    optimizer.step()
    torch.testing.assert_close(params_of(model), expected, rtol=0, atol=1e-14)


def test_names_labels_and_batches():
    assert all(get(name).name == name for name in METHODS)
    short = [method.label.split(":")[0] for method in METHODS.values()]
    assert len(set(short)) == len(METHODS)
    assert all(method.paper for method in METHODS.values())
    batches = {name: get(name).batches for name in EXPLICIT}
    assert batches == {
        "gd": "full",
        "pcngd": "full",
        "sgd": "mixed",
        "sgd_o": "equal",
        "pcnsgd": "natural",
        "pcnsgd_o": "equal",
        "pcnsgd_r": "natural",
    }
    assert {m.batches for name, m in METHODS.items() if name not in EXPLICIT} == {"mixed"}


def test_only_rescaling_needs_all_class_gradients_and_no_criterion_can_give_them(model):
    needy = [name for name, method in METHODS.items() if method.full_gradients]
    assert needy == [name for name in METHODS if name not in BOTH and name in EXPLICIT]
    assert get("pcnsgd_r").step is rescaled_step
    with pytest.raises(ValueError, match="method='pcnsgd_r' needs the class gradients of the who"):
        get("pcnsgd_r").build(model, COUNTS, lr=0.1)


def cross_entropy(logits, y):
    return F.cross_entropy(logits, y, reduction="none")


def absgd(logits, y):
    each = cross_entropy(logits, y)
    return each * torch.softmax(each / 0.5, dim=0) * len(y)


def cdt(logits, y):
    return cross_entropy(logits / torch.tensor([1, 3**0.2, 3**0.2]), y)


def class_weights(logits, y):
    return cross_entropy(logits, y) * torch.tensor([10 / 18, 10 / 6, 10 / 6])[y]


def effective_number(logits, y):
    raw = torch.tensor([1e-4 / (1 - 0.9999**n) for n in COUNTS])
    return cross_entropy(logits, y) * (3 * raw / raw.sum())[y]


def focal(logits, y):
    each = cross_entropy(logits, y)
    return (1 - (-each).exp()) ** 2 * each


def ldam(logits, y):
    margins = 0.5 * torch.tensor([(2 / 6) ** 0.25, 1, 1])
    return cross_entropy(30 * (logits - margins * F.one_hot(y, 3)), y)


def adjusted(logits, y):
    return cross_entropy(logits + LOG_PRIOR, y)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("gd", cross_entropy),
        ("pcngd", cross_entropy),
        ("sgd", cross_entropy),
        ("sgd_o", cross_entropy),
        ("pcnsgd", cross_entropy),
        ("pcnsgd_o", cross_entropy),
        ("absgd", absgd),
        ("arb", adjusted),
        ("cdt", cdt),
        ("class_weights", class_weights),
        ("effective_number", effective_number),
        ("focal", focal),
        ("ldam", ldam),
        ("logit_adjustment", adjusted),
    ],
)
def test_without_options_a_criterion_is_the_formula_of_its_paper(name, formula, model, batch):
    x, y = batch
    criterion, _ = get(name).build(model, COUNTS, lr=0.1)
    loss = criterion(model(x), y).item()
    assert loss == pytest.approx(formula(model(x), y).mean().item(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("absgd", {"lam": math.inf, "gamma": 0.5}),
        ("cdt", {"gamma": 0.0}),
        ("effective_number", {"beta": 0.0}),
        ("focal", {"gamma": 0.0}),
        ("ldam", {"max_margin": 1e-9, "scale": 1.0}),
        ("logit_adjustment", {"tau": 0.0}),
    ],
)
def test_options_reach_the_criterion(name, options, model, batch):
    """Each is cross-entropy at one end of its option."""
    x, y = batch
    loss = get(name).criterion(model, COUNTS, **options)(model(x), y).item()
    assert loss == pytest.approx(F.cross_entropy(model(x), y).item(), rel=1e-6)


def test_absgd_takes_its_share_of_the_new_batch(model):
    criterion = get("absgd").criterion(model, COUNTS, lam=-1.0, gamma=0.5)
    assert (criterion.lam, criterion.gamma) == (-1, 0.5)


def test_a_rule_is_an_option_of_the_per_class_methods(model):
    criterion = get("pcngd").criterion(model, COUNTS, rule=torch.ones_like)
    assert isinstance(criterion, PerClass)
    assert criterion.rule is torch.ones_like


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"method='adam': choose one of \['absgd', 'arb', 'cdt'"):
        get("adam")


@pytest.mark.parametrize("name", ["pcngd", "cdt"])
def test_a_number_of_classes_is_no_counts(name, model):
    with pytest.raises(ValueError, match=r"counts: shape .* give one number a class"):
        get(name).build(model, 3, lr=0.1)
