import math

import pytest
import torch
from sklearn.metrics import log_loss, recall_score
from torch import nn

from imbal_lab.training.result import Measurements, class_losses, within_limit


def test_scores_are_scikit_learns_class_by_class(dataset):
    logits = torch.randn(len(dataset.y), 2, generator=torch.Generator().manual_seed(0)).double()
    loss, recall = class_losses(logits, dataset.y, 2)
    p, guesses = logits.softmax(dim=1), logits.argmax(dim=1)
    for c in range(2):
        own = dataset.y == c
        assert loss[c].item() == pytest.approx(log_loss(dataset.y[own], p[own], labels=[0, 1]))
    assert recall.tolist() == pytest.approx(recall_score(dataset.y, guesses, average=None))


def test_every_pixel_counts():
    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0], [-1.0, 3.0]])
    y = torch.tensor([0, 1, 1])
    image, labels = logits.T.view(1, 2, 3, 1), y.view(1, 3, 1)
    for ours, flat in zip(class_losses(image, labels, 2), class_losses(logits, y, 2), strict=True):
        torch.testing.assert_close(ours, flat)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e31, -1e31])
def test_what_is_beyond_the_limit(bad):
    logits = torch.tensor([[[0.0, 1e29], [-5.0, 2.0]], [[0.0, 1.0], [bad, 2.0]]])
    assert within_limit(logits, dim=(1, 2)).tolist() == [True, False]
    assert not within_limit(logits)
    assert within_limit(logits[0])


def test_measured_on_all_data_in_evaluation_mode(dataset):
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9)).double()
    seen = Measurements(model, dataset)
    seen.take(0)
    seen.take(4)
    result = seen.result("by hand")
    with torch.no_grad():
        train, test = model[0](dataset.x), model[0](dataset.x_test)
    assert result.step.tolist() == [0, 4]
    for ours, expected in zip(
        result[1:5],
        (*class_losses(train, dataset.y, 2), *class_losses(test, dataset.y_test, 2)),
        strict=True,
    ):
        assert torch.equal(ours, torch.stack([expected, expected]))
    assert torch.equal(result.test_logits, test)
    assert result.path == "by hand"
    assert model.training
    assert not result.diverged


@pytest.mark.parametrize("by", ["itself", "flag"])
def test_a_diverged_model_has_no_recall(by, dataset):
    """NaN logits have their largest entry in class 0, which would be a recall of one."""
    model = nn.Linear(2, 2).double()
    seen = Measurements(model, dataset)
    seen.take(0)
    if by == "itself":
        nn.init.constant_(model.bias, math.nan)
    seen.diverged = by == "flag"
    seen.take(1)
    nn.init.zeros_(model.bias)
    seen.take(2)  # what has diverged stays so
    result = seen.result("")
    assert result.diverged
    for curve in result[1:5]:
        assert curve.isnan().all(dim=1).tolist() == [False, True, True]
    assert result.test_logits.isnan().all()
