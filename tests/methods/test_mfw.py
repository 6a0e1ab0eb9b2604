"""Major Feature Weakening against a loop over rows, inside a model, and in skorch's loop."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
import skorch
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import MajorFeatureWeakening, PerClass, mfw_strengths, weaken
from imbal_lab.models import mlp

COUNTS = (600, 30, 2)
STRENGTHS = torch.tensor([0.6, 0.8, 1.0], dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 0, 2, 0])
PARTNER = torch.tensor([4, 0, 2, 5, 3, 1])


def features(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=dtype)


@pytest.fixture
def weakening(model):
    return MajorFeatureWeakening(model, "1", COUNTS, seed=4)


def by_hand(h, y, partner, strengths):
    """One row and one number at a time."""
    rows = h.flatten(1).tolist()
    mixed = [
        [
            strengths[c].item() * a + (1 - strengths[c].item()) * b
            for a, b in zip(row, rows[p], strict=True)
        ]
        for row, c, p in zip(rows, y.tolist(), partner.tolist(), strict=True)
    ]
    return torch.tensor(mixed, dtype=h.dtype).view_as(h)


# The schedule


def test_strengths_by_hand():
    assert mfw_strengths((5000, 500, 50), 0.7).tolist() == pytest.approx([0.7, 0.85, 1])
    assert mfw_strengths((400, 400, 20, 20), 0.5).tolist() == [0.5, 0.5, 1, 1]
    found = mfw_strengths((100, 37, 8, 1), 0.6).tolist()
    expected = [1 - 0.4 * math.log10(n) / 2 for n in (100, 37, 8, 1)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_equal_counts_weaken_nothing():
    assert mfw_strengths((7, 7, 7), 0.5).tolist() == [1, 1, 1]
    assert mfw_strengths((7,), 0.5).tolist() == [1]


def test_strengths_depend_on_ratios_and_on_a_class_own_count():
    expected = mfw_strengths(COUNTS, 0.7)
    torch.testing.assert_close(mfw_strengths([9 * n for n in COUNTS], 0.7), expected)
    torch.testing.assert_close(mfw_strengths(COUNTS[::-1], 0.7), expected.flip(0))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_counts_of_any_kind(kind):
    torch.testing.assert_close(mfw_strengths(kind(COUNTS)), mfw_strengths(COUNTS, 0.7))


# The mixing


@pytest.mark.parametrize("shape", [(6, 5), (6, 3, 6), (6, 6, 6, 6)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_mixing_is_the_formula_and_keeps_the_type(shape, dtype):
    """Sizes equal to the batch's on purpose: a wrong broadcast would not fail by itself."""
    h = features(*shape, dtype=dtype)
    before = h.clone()
    found = weaken(h, LABELS, PARTNER, STRENGTHS)
    torch.testing.assert_close(found, by_hand(h, LABELS, PARTNER, STRENGTHS))
    assert found.dtype == dtype
    assert torch.equal(h, before)


def test_the_smallest_class_stays_bit_by_bit():
    h = features(6, 40, dtype=torch.float32)
    found = weaken(h, LABELS, PARTNER, STRENGTHS)
    assert torch.equal(found[LABELS == 2], h[LABELS == 2])
    assert torch.equal(weaken(h, torch.full((6,), 2), PARTNER, STRENGTHS), h)


def test_mixed_features_lie_between_the_two():
    h = features(6, 40)
    found, lower, upper = (
        weaken(h, LABELS, PARTNER, STRENGTHS),
        *torch.aminmax(torch.stack([h, h[PARTNER]]), dim=0),
    )
    assert (found >= lower - 1e-12).all()
    assert (found <= upper + 1e-12).all()


def test_a_row_depends_on_itself_its_label_and_its_partner_only():
    h = features(6, 4)
    expected = weaken(h, LABELS, PARTNER, STRENGTHS)[2:4]  # partners: 2 (itself) and 5
    other, labels = h.clone(), torch.tensor([2, 1, 1, 0, 0, 1])
    other[[0, 1, 4]] = 99.0
    assert torch.equal(weaken(other, labels, PARTNER, STRENGTHS)[2:4], expected)


def test_gradient_of_the_features():
    """d sum(mixed) / d h_j = lam_j + the shares of those whose partner is j."""
    h = features(6, 4).requires_grad_()
    weaken(h, LABELS, PARTNER, STRENGTHS).sum().backward()
    expected = STRENGTHS[LABELS].clone()
    for i, p in enumerate(PARTNER):
        expected[p] += 1 - STRENGTHS[LABELS[i]]
    torch.testing.assert_close(h.grad, expected[:, None].expand(6, 4))
    assert torch.autograd.gradcheck(lambda t: weaken(t, LABELS, PARTNER, STRENGTHS), h)


def test_a_batch_of_one_stays():
    h = features(1, 4)
    found = weaken(h, torch.tensor([0]), torch.tensor([0]), STRENGTHS)
    torch.testing.assert_close(found, h)


# Inside a model


def test_inside_a_model_it_is_the_formula(model, batch, weakening):
    x, y = batch
    weakening.tell(y)
    found, partner = model(x), weakening.partner
    weakening.remove()
    mixed = by_hand(model[:2](x).detach(), y, partner, mfw_strengths(COUNTS, 0.7))
    torch.testing.assert_close(found, model[2](mixed), rtol=1e-6, atol=1e-7)


def test_another_mix_stands_in_its_place_and_sees_rows(batch):
    x, y = batch
    given = []

    def swapped(features, y, partner, strengths):
        given.append((features.shape, strengths))
        return features[partner]

    model = nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Flatten()).double()
    weakening = MajorFeatureWeakening(model, "0", COUNTS, mix=swapped)
    own = torch.tensor([0.5, 0.6, 0.7])
    weakening.strengths.copy_(own)
    weakening.tell(y)
    assert torch.equal(model(x), x[weakening.partner])
    assert given[0][0] == x.shape
    assert torch.equal(given[0][1], own.double())


@pytest.mark.parametrize(("mix", "gave"), [(lambda h, *_: h[:2], r"\[2, 3\]"), (print, "NoneType")])
def test_a_mix_of_another_shape_is_refused(batch, mix, gave):
    model = nn.Sequential(nn.Identity())
    weakening = MajorFeatureWeakening(model, "0", COUNTS, mix=mix)
    weakening.tell(batch[1])
    shape = rf"\[{len(batch[1])}, 3\]"
    with pytest.raises(ValueError, match=rf"features: must return .* {shape}, gave {gave}"):
        model(batch[0])


def test_partners_are_others_and_each_is_as_likely(weakening):
    """Nobody is its own partner, all serve once, and over many draws no row is preferred."""
    times = torch.zeros(5, 5)
    for _ in range(4000):
        partner = weakening._draw_partner(5)
        assert sorted(partner.tolist()) == [0, 1, 2, 3, 4]
        times[torch.arange(5), partner] += 1
    assert times.diagonal().tolist() == [0] * 5
    others = times[~torch.eye(5, dtype=torch.bool)]
    assert (others - 1000).abs().max() < 5 * math.sqrt(4000 * 3 / 16)


def test_training_leaves_the_smallest_class_alone_and_moves_the_others(model, batch, weakening):
    x, y = batch
    with torch.no_grad():
        plain = model.eval()(x)
        weakening.tell(y)
        found = model.train()(x)
    assert torch.equal(found[y == 2], plain[y == 2])
    assert (found[y != 2] != plain[y != 2]).any(dim=1).all()


def test_eval_mode_is_the_plain_model_and_draws_nothing(model, batch, weakening):
    x, y = batch
    state = weakening.state_dict()["_extra_state"].clone()
    plain = copy.deepcopy(nn.Sequential(*model))
    for layer in plain:
        layer._forward_hooks.clear()
    assert torch.equal(model.eval()(x), plain(x))
    assert torch.equal(weakening.state_dict()["_extra_state"], state)
    assert weakening.partner is None
    weakening.tell(y)
    assert not torch.equal(model.train()(x), plain(x))
    assert not torch.equal(weakening.state_dict()["_extra_state"], state)


def test_the_models_mode_counts_not_the_layers(model, batch, weakening):
    """As with frozen lower layers, which stand in eval mode while the head trains."""
    x, y = batch
    model[1].eval()
    weakening.tell(y)
    model(x)
    assert weakening.partner is not None


def test_removed_at_the_end_of_the_block(model, batch):
    x, y = batch
    before = model(x)
    with MajorFeatureWeakening(model, "1", COUNTS) as weakening:
        weakening.tell(y)
        assert not torch.equal(model(x), before)
    assert torch.equal(model(x), before)
    assert not any(m._forward_hooks for m in model.modules())


def test_model_keeps_its_parameters_and_its_state(model, weakening):
    assert list(weakening.parameters()) == []
    assert not any("strengths" in key for key in model.state_dict())


def test_global_random_state_is_untouched(model, batch, weakening):
    x, y = batch
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    weakening.tell(y)
    model(x)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_goes_on_after_a_restart(model, batch, weakening):
    x, y = batch
    passes = []
    for k in range(4):
        if k == 2:
            saved = io.BytesIO()
            torch.save(weakening.state_dict(), saved)
        weakening.tell(y)
        passes.append(model(x))
    weakening.remove()
    again = MajorFeatureWeakening(model, "1", (5, 5, 5), seed=99)
    saved.seek(0)
    again.load_state_dict(torch.load(saved, weights_only=True))
    for expected in passes[2:]:
        again.tell(y)
        assert torch.equal(model(x), expected)
    assert not torch.equal(passes[0], passes[2])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_weaken_on_their_own(model, batch, weakening, copied):
    x, y = batch
    model2, weakening2 = copied((model, weakening))
    weakening.tell(y)
    weakening2.tell(y)
    expected = model(x)
    assert torch.equal(model2(x), expected)
    model2[0].weight.data.zero_()
    weakening.tell(y)
    weakening2.tell(y)
    assert not torch.equal(model2(x), model(x))
    weakening2.remove()
    assert torch.equal(model2(x), model2(x))
    with pytest.raises(RuntimeError, match="labels"):
        model(x)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # dynamo's own
def test_compiled_model(batch):
    """The graph breaks at the weakened layer, and the result is the same."""
    x, y = batch
    found = []
    for compiled in (False, True):
        model = mlp([3, 5, 3], seed=2).double()
        weakening = MajorFeatureWeakening(model, "1", COUNTS, seed=4)
        called = torch.compile(model, backend="eager") if compiled else model
        for _ in range(2):
            weakening.tell(y)
            found.append(called(x))
    torch.testing.assert_close(found[2:], found[:2])


def test_class_gradients_take_the_exact_road(model, batch, weakening):
    """A loss then depends on its partner's features too; PerClass must see that by itself."""
    x, y = batch
    criterion = PerClass(model, 3)
    weakening.tell(y)
    logits = model(x)
    losses = F.cross_entropy(logits, y, reduction="none")
    expected = []
    for c in range(3):
        grads = torch.autograd.grad(
            losses[y == c].sum() / len(y), list(model.parameters()), retain_graph=True
        )
        expected.append(torch.cat([g.flatten() for g in grads]).norm())
    criterion(logits, y).backward()
    torch.testing.assert_close(criterion.norms, torch.stack(expected))
    assert "one backward pass a class" in criterion.engine_note


def test_autocast(batch):
    x, y = batch[0].float(), batch[1]
    model = mlp([3, 5, 3], seed=2)
    weakening = MajorFeatureWeakening(model, "0", COUNTS)
    weakening.tell(y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(x)
    assert logits.isfinite().all()
    logits.float().sum().backward()


# A loop that nobody here wrote; for Lightning's see tests/outside


class TellSkorch(skorch.callbacks.Callback):
    def __init__(self, weakening):
        self.weakening = weakening

    def on_batch_begin(self, net, batch, training, **_):
        self.weakening.tell(batch[1])


def trained_by_hand(x, y, epochs=2):
    """The plain loop, three examples a batch and in order."""
    model = mlp([3, 5, 3], seed=2)
    weakening = MajorFeatureWeakening(model, "1", COUNTS, seed=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(epochs):
        for rows in torch.arange(len(y)).split(3):
            weakening.tell(y[rows])
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return nn.utils.parameters_to_vector(model.parameters())


def test_skorch(batch):
    x, y = batch[0].float(), batch[1]
    model = mlp([3, 5, 3], seed=2)
    weakening = MajorFeatureWeakening(model, "1", COUNTS, seed=4)
    net = skorch.NeuralNetClassifier(
        model,
        criterion=nn.CrossEntropyLoss,
        lr=0.1,
        batch_size=3,
        max_epochs=2,
        train_split=None,
        callbacks=[TellSkorch(weakening)],
        verbose=0,
    )
    net.fit(x, y)
    net.predict(x)
    found = nn.utils.parameters_to_vector(net.module_.parameters())
    torch.testing.assert_close(found, trained_by_hand(x, y))


# What is refused


@pytest.mark.parametrize("lam_min", [0.49, 1.01, -1, math.nan])
def test_strength_out_of_range_is_refused(model, lam_min):
    with pytest.raises(ValueError, match=r"lam_min=.*0\.5 <= lam_min <= 1"):
        MajorFeatureWeakening(model, "1", COUNTS, lam_min)


def test_an_unknown_layer_is_told_the_names(model):
    for name in ("stem", ""):
        with pytest.raises(ValueError, match=r"layer='.*'0', '1', '2'"):
            MajorFeatureWeakening(model, name, COUNTS)


def test_forgotten_labels_are_refused_and_old_ones_do_not_serve(model, batch, weakening):
    x, y = batch
    with pytest.raises(RuntimeError, match=r"labels: .*call tell\(y\)"):
        model(x)
    weakening.tell(y)
    model(x)
    with pytest.raises(RuntimeError, match="labels"):
        model(x)


def test_labels_of_another_batch_are_refused_and_cost_no_random_number(model, batch, weakening):
    x, y = batch
    state = weakening.get_extra_state()
    weakening.tell(y[:4])
    with pytest.raises(ValueError, match=r"y: shape \(4,\), but the features hold 10"):
        model(x)
    assert torch.equal(weakening.get_extra_state(), state)
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        weakening.tell(y + 1)
    with pytest.raises(ValueError, match=r"y: dtype torch\.float64"):
        weakening.tell(y.double())


def test_bad_rows_are_refused():
    h = features(6, 4)
    with pytest.raises(ValueError, match=r"partner: shape \(5,\)"):
        weaken(h, LABELS, PARTNER[:5], STRENGTHS)
    for wrong in (-1, 6):
        with pytest.raises(ValueError, match=rf"partner: \[.*{wrong}\]; the row numbers .* 0 to 5"):
            weaken(h, LABELS, torch.cat([PARTNER[:5], torch.tensor([wrong])]), STRENGTHS)
    with pytest.raises(ValueError, match="y: label -1 is out of range"):
        weaken(h, LABELS - 1, PARTNER, STRENGTHS)
    with pytest.raises(ValueError, match=r"y: shape \(6, 1\)"):
        weaken(h, LABELS[:, None], PARTNER, STRENGTHS)
    with pytest.raises(ValueError, match=r"features: \(6,\)"):
        weaken(h[:, 0], LABELS, PARTNER, STRENGTHS)


def test_a_layer_with_several_outputs_is_refused(batch):
    x, y = batch
    model = nn.Sequential(nn.LSTM(3, 4))
    weakening = MajorFeatureWeakening(model, "0", COUNTS)
    weakening.tell(y)
    with pytest.raises(ValueError, match=r"features: tuple; weaken a layer"):
        model(x.float())


def test_counts_below_one_are_refused(model):
    with pytest.raises(ValueError, match="counts: class 2 has 0 examples"):
        MajorFeatureWeakening(model, "1", (5, 1, 0))


@pytest.mark.parametrize(
    "cut", [lambda h, *_: h.detach(), lambda h, *_: torch.zeros(h.shape).to(h)]
)
def test_a_mix_that_lets_no_gradient_through_is_refused(model, cut):
    weakening = MajorFeatureWeakening(model, "1", COUNTS, mix=cut)
    x = features(len(LABELS), 3)
    weakening.tell(LABELS)
    with pytest.raises(ValueError, match="features: came back cut off from those given"):
        model(x)
    with torch.no_grad():
        weakening.tell(LABELS)
        model(x)  # nobody wants a gradient
