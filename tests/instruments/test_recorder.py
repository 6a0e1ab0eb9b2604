import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import load
from imbal_lab.instruments import Recorder, class_means, cosines
from imbal_lab.methods import class_gradients


def test_loss_and_recall_counted_one_example_at_a_time(model, dataset):
    record = Recorder(model, dataset).record(0)
    losses, hits = {c: [] for c in range(3)}, {c: [] for c in range(3)}
    with torch.no_grad():
        for x, y in zip(dataset.x, dataset.y.tolist(), strict=True):
            logits = model(x[None])[0].tolist()
            losses[y].append(math.log(sum(map(math.exp, logits))) - logits[y])
        for x, y in zip(dataset.x_test, dataset.y_test.tolist(), strict=True):
            logits = model(x[None])[0].tolist()
            hits[y].append(logits.index(max(logits)) == y)
    for c in range(3):
        assert record.loss[c].item() == pytest.approx(sum(losses[c]) / len(losses[c]), rel=1e-12)
        assert record.recall[c].item() == pytest.approx(sum(hits[c]) / len(hits[c]), rel=1e-12)
    assert 0 < record.recall.mean() < 1  # or the comparison above says little


def test_norms_and_cosines_against_torch(model, dataset):
    record = Recorder(model, dataset).record(0)
    rows = []
    for c in range(3):
        mine = dataset.y == c
        f = F.cross_entropy(model(dataset.x[mine]), dataset.y[mine]) * mine.sum() / len(mine)
        pieces = torch.autograd.grad(f, list(model.parameters()))
        rows.append(torch.cat([piece.flatten() for piece in pieces]))
    for a in range(3):
        assert record.grad_norm[a].item() == pytest.approx(rows[a].square().sum().sqrt().item())
        for b in range(3):
            expected = F.cosine_similarity(rows[a], rows[b], dim=0)
            assert record.cosine[a, b].item() == pytest.approx(expected.item(), abs=1e-12)


def test_given_gradients_give_the_same_record(model, dataset):
    recorder = Recorder(model, dataset)
    computed = recorder.record(4)
    given = recorder.record(4, class_gradients(model, dataset.x, dataset.y, dataset.num_classes))
    assert computed.step == given.step == 4
    for a, b in zip(computed[1:], given[1:], strict=True):
        assert torch.equal(a, b)


def test_frozen_parameters_have_no_part_in_the_gradients(model, dataset):
    first, *trained = model.parameters()
    first.requires_grad_(False)
    record = Recorder(model, dataset).record(0)
    rows = []
    for c in range(3):
        mine = dataset.y == c
        f = F.cross_entropy(model(dataset.x[mine]), dataset.y[mine]) * mine.sum() / len(mine)
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(f, trained)]))
    expected = torch.stack([row.square().sum().sqrt() for row in rows])
    torch.testing.assert_close(record.grad_norm, expected, rtol=1e-12, atol=0)
    cosine = F.cosine_similarity(rows[0], rows[2], dim=0)
    torch.testing.assert_close(record.cosine[0, 2], cosine, rtol=1e-12, atol=1e-14)
    assert not first.requires_grad
    assert not any(t.requires_grad for t in record[1:])


def test_recording_changes_nothing(model, dataset):
    torch.manual_seed(1)
    for param in model.parameters():
        param.grad = torch.full_like(param, 3.0)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    before = [p.detach().clone() for p in model.parameters()]
    Recorder(model, dataset).record(0)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()
    assert random.getstate() == states[2]
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    assert all((p.grad == 3).all() for p in model.parameters())
    assert model.training


def test_records_carry_no_graph(model, dataset):
    assert not any(t.requires_grad for t in Recorder(model, dataset).record(0)[1:])


def test_batch_normalisation_is_refused_before_it_could_change(dataset):
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).double()
    with pytest.raises(ValueError, match=r"BatchNorm1d.*use nn\.GroupNorm, or put .* in eval"):
        Recorder(model, dataset).record(0)
    assert model[1].num_batches_tracked == 0
    Recorder(model.eval(), dataset).record(0)
    assert model[1].num_batches_tracked == 0


def test_nothing_recorded_yet(model, dataset):
    with pytest.raises(ValueError, match="at least one record"):
        Recorder(model, dataset).recording()


def test_class_means_with_an_absent_class():
    values, y = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([2, 0, 2])
    assert class_means(values, y, 4).tolist() == [2.0, 0.0, 3.5, 0.0]


def test_cosine_with_a_zero_row_is_zero():
    vectors = torch.tensor([[1.0, 1.0], [0.0, 0.0], [-2.0, 0.0]])
    h = -(0.5**0.5)
    expected = torch.tensor([[1.0, 0.0, h], [0.0, 0.0, 0.0], [h, 0.0, 1.0]])
    torch.testing.assert_close(cosines(vectors), expected)


def test_cosines_stay_within_one():
    """Rounding must not leave the domain of acos."""
    row = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    assert cosines(torch.stack([row, 3 * row, -7 * row])).acos().isfinite().all()


def test_labels_of_pixels_are_refused(model):
    with pytest.raises(ValueError, match=r"dataset: 'textures_seg' has labels of shape \(4, 32, 3"):
        Recorder(model, load("textures_seg", n_max=4, n_test=1))
