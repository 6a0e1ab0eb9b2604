"""Whatever is wrong with the input, a ValueError begins with its name and ends with advice."""

import math

import pytest
import torch

from imbal_lab import data as data_sets
from imbal_lab import methods

NAN, INF = math.nan, math.inf
ADVICE = "(use|give|choose|try|is in|look|with)"

# What is wrong, the name in the message, and how it comes about from a good batch [96, 3], [96].
BATCHES = {
    "logits of one dimension": ("logits, y: shapes", lambda z, y: (z[:, 0], y)),
    "labels as a column": ("logits, y: shapes", lambda z, y: (z, y[:, None])),
    "one label too few": ("logits, y: shapes", lambda z, y: (z, y[1:])),
    "logits and labels swapped": ("logits, y: shapes", lambda z, y: (y, z)),
    "labels one-hot": ("logits, y: shapes", lambda z, y: (z, torch.eye(3)[y])),
    "labels as floats": ("y: dtype torch.float32", lambda z, y: (z, y.float())),
    "labels as int32": ("y: dtype torch.int32", lambda z, y: (z, y.int())),
    "labels counted from one": ("y: label 3 is out of range", lambda z, y: (z, y + 1)),
    "a negative label": ("y: label -1 is out of range", lambda z, y: (z, y - 1)),
    "predictions instead of logits": ("logits: dtype torch.int64", lambda z, y: (z.long(), y)),
    "an empty batch": (r"y: shape \(0,\) holds no label", lambda z, y: (z[:0], y[:0])),
    "NaN": ("(logits: the loss is|losses:) NaN", lambda z, y: (z * NAN, y)),
    "one NaN": ("(logits: the loss is|losses:) NaN", lambda z, y: (z.index_fill(0, y[0], NAN), y)),
}


@pytest.mark.parametrize("wrong", BATCHES)
def test_a_wrong_batch_is_named(wrong, build, model, data):
    criterion, (message, spoil) = build(model), BATCHES[wrong]
    logits = model(data[0]).detach()
    before = {k: v for k, v in criterion.state_dict().items() if isinstance(v, torch.Tensor)}
    before = {k: v.clone() for k, v in before.items()}
    with pytest.raises(ValueError, match=f"^{message}") as told:
        criterion(*spoil(logits, data[1]))
    assert told.value.__cause__ is None
    for name, value in before.items():
        assert torch.equal(criterion.state_dict()[name], value), name
    assert criterion(logits, data[1]).isfinite()


@pytest.mark.parametrize("spare", [2, 4])
def test_another_number_of_classes_is_named(spare, criteria, model):
    """By whatever holds the number: counts, weights or num_classes. Without one there is none."""
    free = {"ABSGD", "ABSGD, lam < 0", "ABSGD over focal", "ARB, batch counts"}
    for name in criteria.keys() - free:
        with pytest.raises(ValueError, match=r"^(counts|weights|num_classes)(: 3 |=3: )"):
            criteria[name](model)(torch.zeros(5, spare), torch.zeros(5, dtype=torch.int64))


COUNTS_NEEDED = {
    "CDTLoss": lambda n: methods.CDTLoss(n, 0.2),
    "LDAMLoss": methods.LDAMLoss,
    "LogitAdjustedLoss": methods.LogitAdjustedLoss,
    "ldam_margins": methods.ldam_margins,
    "log_prior": methods.log_prior,
    "inverse_frequency_weights": methods.inverse_frequency_weights,
    "effective_number_weights": methods.effective_number_weights,
    "deferred_weights": lambda n: methods.deferred_weights(0, n, start=5),
    "posthoc_logits": lambda n: methods.posthoc_logits(torch.zeros(1, 3), n),
    "mfw_strengths": methods.mfw_strengths,
    "PerClass, by name": lambda n: methods.get("pcnsgd").build(torch.nn.Linear(2, 3), n, lr=0.1),
}


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((5, 3, 0), "counts: class 2 has 0 examples"),
        ((5, -3, 1), "counts: class 1 has -3 examples"),
        ((NAN, 3, 1), "counts: class 0 has nan examples"),
        ((INF, 3, 1), "counts: class 0 has inf examples"),
        ([[5, 3, 1]], r"counts: shape \(1, 3\)"),
        (7, r"counts: shape \(\)"),
        ((), r"counts: shape \(0,\)"),
        ("digits", "counts='digits'"),
        (None, "counts=None"),
        ([[5, 3], [1]], r"counts=\[\[5, 3\], \[1\]\]"),
    ],
)
@pytest.mark.parametrize("taker", COUNTS_NEEDED)
def test_wrong_counts_are_named(taker, counts, message):
    with pytest.raises(ValueError, match=f"^{message}.*(give|leave)"):
        COUNTS_NEEDED[taker](counts)


W = torch.ones(3)
SETTINGS = [
    (lambda v: methods.ABSGD(v), "lam", [0, 0.0, NAN]),
    (lambda v: methods.log_mean_exp(W, v), "lam", [0, NAN]),
    (lambda v: methods.ABSGD(1.0, gamma=v), "gamma", [0, -1, 1.5, NAN]),
    (lambda v: methods.CDTLoss((2, 1), v), "gamma", [-1, NAN, INF]),
    (lambda v: methods.FocalLoss(v), "gamma", [-1, NAN, INF]),
    (lambda v: methods.LDAMLoss((2, 1), max_margin=v), "max_margin", [-1, NAN, INF]),
    (lambda v: methods.LDAMLoss((2, 1), scale=v), "scale", [0, -1, NAN, INF]),
    (lambda v: methods.LogitAdjustedLoss((2, 1), tau=v), "tau", [-1, NAN, INF]),
    (lambda v: methods.posthoc_logits(torch.zeros(1, 2), (2, 1), v), "tau", [-1, NAN, INF]),
    (lambda v: methods.effective_number_weights((2, 1), v), "beta", [-1, 1, NAN]),
    (lambda v: methods.deferred_weights(9, (2, 1), 5, v), "beta", [-1, 1, NAN]),
    (lambda v: methods.mfw_strengths((2, 1), v), "lam_min", [0, 0.4, 1.1, NAN]),
    (lambda v: methods.ClassWeightedLoss(v), "weights", [W[None], -W, W * NAN, W * INF]),
    (lambda v: methods.FocalLoss(weights=v), "weights", [W[None], -W, W * NAN, W * INF]),
    (lambda v: methods.batch_counts(v, 3), "y", [torch.tensor([3]), torch.tensor([0.0])]),
    (lambda v: methods.absgd_loss(v, 1.0), "losses", [W.mean(), W[:0], W * NAN, W / 0]),
    (lambda v: methods.log_mean_exp(v, 1.0), "losses", [W.mean(), W[:0], W * NAN, W / 0]),
    (lambda v: methods.get(v), "method", ["sdg", ""]),
    (lambda v: data_sets.load("digits", classes=(3, 8), rho=v), "rho", [0.5, 0, -10, NAN, INF]),
]
SETTINGS += [
    (loss, "reduction", ["average", "", None])
    for loss in (
        lambda v: methods.ABSGD(1.0, reduction=v),
        lambda v: methods.ARBLoss(reduction=v),
        lambda v: methods.CDTLoss((2, 1), 0.2, reduction=v),
        lambda v: methods.ClassWeightedLoss(W, reduction=v),
        lambda v: methods.FocalLoss(reduction=v),
        lambda v: methods.LDAMLoss((2, 1), reduction=v),
        lambda v: methods.LogitAdjustedLoss((2, 1), reduction=v),
    )
]


@pytest.mark.parametrize(
    ("call", "argument", "value"),
    [(call, argument, value) for call, argument, values in SETTINGS for value in values],
)
def test_a_wrong_setting_is_named(call, argument, value):
    with pytest.raises(ValueError, match=rf"^{argument}(=|:).*{ADVICE}"):
        call(value)
