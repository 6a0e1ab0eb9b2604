"""Book-keeping against plain autograd, and what it leaves to plain autograd."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.gradients import BookKeeping, NoRuleError, OneBackwardAClass
from imbal_lab.methods import PerClass


class Residual(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


def wide() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 8, bias=False), nn.Linear(8, 4)
    )


def residual() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 40),
        Residual(nn.Linear(40, 40), nn.GELU(), nn.Dropout(0.5)),
        nn.Linear(40, 4),
    )


def tokens() -> nn.Module:
    """Two rows an example."""
    return nn.Sequential(
        nn.Unflatten(1, (2, 3)), nn.Linear(3, 5), nn.Tanh(), nn.Flatten(), nn.Linear(10, 4)
    )


def pictures() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)),
        nn.Conv2d(1, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 8, (1, 3), stride=(1, 2), padding=(0, 1), groups=2, bias=False),
        nn.GroupNorm(1, 8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def many_channels() -> nn.Module:
    """Wide enough for a group an example; with strides and groups of its own, and turned round."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 16, 1), nn.ReLU(),
        nn.Conv2d(16, 16, (1, 3), stride=(1, 2), padding=(0, 1), groups=2), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 2, bias=False), nn.Flatten(), nn.Linear(72, 4),
    )  # fmt: skip


def wide_pictures() -> nn.Module:
    """More weights than pixels: the table of class gradients is not kept."""
    return nn.Sequential(
        nn.Unflatten(1, (6, 1)), nn.Conv1d(6, 50, 1), nn.ConvTranspose1d(50, 4, 1), nn.Flatten()
    )


def frozen_statistics() -> nn.Module:
    """Batch normalisation in eval mode, with statistics of its own."""
    norms = [nn.BatchNorm2d(4), nn.BatchNorm1d(24)]
    for norm in norms:
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 1), norms[0].eval(), nn.Flatten(),
        norms[1].eval(), nn.Linear(24, 4),
    )  # fmt: skip


def layer_norms() -> nn.Module:
    return nn.Sequential(
        nn.LayerNorm(6),
        Residual(nn.Linear(6, 6), nn.LayerNorm(6, bias=False)),
        nn.Unflatten(1, (2, 3)),
        nn.LayerNorm(3),
        nn.Linear(3, 3),
        nn.LayerNorm((2, 3)),
        nn.Flatten(),
        nn.Linear(6, 4),
    )


MODELS = [
    wide,
    residual,
    tokens,
    pictures,
    many_channels,
    wide_pictures,
    frozen_statistics,
    layer_norms,
]

SHUFFLED = [0, 1, 0, 2, 0, 1, 0, 0, 2, 0, 0, 0]
LABELS = {
    "shuffled": SHUFFLED,
    "in order": sorted(SHUFFLED),
    "class 0 absent": [1, 2, 1, 1, 3],
    "one example": [2],
    "more than a pack": [0, 1, 3] * 100,
    "one large class": [3] * 150 + [0, 1, 2, 2],
}


def losses_of(model: nn.Module, y: Tensor, dtype: torch.dtype = torch.float64) -> Tensor:
    x = torch.randn(len(y), 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return F.cross_entropy(model(x.to(dtype)), y, reduction="none")


def both(make, y, dtype=torch.float64):
    """The two engines on the same losses."""
    torch.manual_seed(3)
    model = make().to(dtype)
    losses = losses_of(model, y, dtype)
    params = [p for p in model.parameters() if p.requires_grad]
    return [engine(losses, y, 4, params) for engine in (BookKeeping, OneBackwardAClass)]


def flat(engine, weights: Tensor) -> Tensor:
    found = {id(p): g for p, g in engine.weighted_sum(weights)}
    return torch.cat([found[key].flatten() for key in sorted(found)])


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_equals_one_backward_pass_a_class(make, labels, dtype, close):
    fast, plain = both(make, torch.tensor(LABELS[labels]), dtype)
    norms = plain.norms()
    torch.testing.assert_close(fast.norms(), norms, rtol=close, atol=0)
    weights = torch.where(norms == 0, 0.0, 1 / norms)
    biggest = norms.max() ** 2
    torch.testing.assert_close(fast.gram() / biggest, plain.gram() / biggest, rtol=0, atol=close)
    torch.testing.assert_close(flat(fast, weights), flat(plain, weights), rtol=0, atol=close)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("make", [wide, tokens, pictures])
def test_norms_after_the_gramian(make, labels):
    fast, plain = both(make, torch.tensor(LABELS[labels]))
    gram = fast.gram()
    torch.testing.assert_close(fast.norms(), plain.norms(), rtol=1e-12, atol=0)
    torch.testing.assert_close(gram, plain.gram(), rtol=1e-12, atol=1e-14)
    weights = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    torch.testing.assert_close(flat(fast, weights), flat(plain, weights), rtol=0, atol=1e-12)


@pytest.mark.parametrize("gramian_first", [False, True])
def test_a_class_whose_gradients_cancel_keeps_its_norm_in_single_precision(gramian_first):
    """Two examples that pull in opposite directions: the Gram sum alone would be all rounding."""
    torch.manual_seed(0)
    model = nn.Linear(60, 30, bias=False)
    with torch.no_grad():
        model.weight.zero_()  # every class has probability 1/30
    x = torch.randn(1, 60)
    x = torch.cat([x, -x * (1 + 1e-4), torch.randn(2, 60)])
    y = torch.tensor([0, 0, 1, 1])
    losses = F.cross_entropy(model(x), y, reduction="none")
    engine = BookKeeping(losses, y, 30, list(model.parameters()))
    if gramian_first:
        engine.gram()
    fast = engine.norms()
    delta = (29 / 30) ** 2 + 29 / 30**2  # squared length of p - onehot(y)
    expected = delta**0.5 * (x[0].double() + x[1].double()).norm() / 4
    torch.testing.assert_close(fast[0].double(), expected, rtol=1e-3, atol=0)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(self.inner(x).tanh()))


class Tied(Twice):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.linear(self.inner(x).tanh(), self.inner.weight))


class Scaled(Twice):
    """A parameter outside every layer."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((1, 6), 1.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x) * self.gain)


class Centred(Twice):
    """Takes the batch's mean away, so that examples are not on their own."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.inner(x)
        return self.head(hidden - hidden.mean(dim=0))


class AcrossExamples(Twice):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x).softmax(dim=0))


class Turned(Twice):
    """Six examples of six features: no shape tells that the examples were mixed."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x).T)


class Clipped(Twice):
    """A hook that is not linear: of the sum it makes something else than of each class."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.inner(x).tanh()
        hidden.register_hook(lambda g: g.clamp(-1, 1))  # too wide to clip anything here
        return self.head(hidden)


class Mixed(Twice):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.ones(len(x), len(x), dtype=x.dtype) @ self.inner(x))


def normed() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 4))


def reparametrised() -> nn.Module:
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)))


def hooked() -> nn.Module:
    model = wide()
    model[0].weight.register_hook(lambda g: 2 * g)
    return model


FALLBACKS = [
    (Twice, "used more than once"),
    (Tied, "used more than once"),
    (Scaled, "parameter is used outside a layer"),
    (Centred, "no rule for Mean|mix the examples"),
    (AcrossExamples, "mix the examples"),
    (Turned, "no rule for"),
    (Mixed, "not that of a linear layer"),
    (normed, "batch normalisation in training mode"),
    (reparametrised, "computes its weight"),
    (hooked, "hook of its own"),
    (Clipped, "an activation has a hook"),
]


@pytest.mark.parametrize(("make", "reason"), FALLBACKS)
def test_where_it_would_not_be_exact_it_says_so(make, reason):
    y = torch.tensor([0, 1, 0, 2, 0, 1])
    model = make().double()
    with pytest.raises(NoRuleError, match=reason):
        BookKeeping(losses_of(model, y), y, 4, list(model.parameters()))


@pytest.mark.parametrize("make", [case[0] for case in FALLBACKS])
def test_the_criterion_then_takes_one_backward_a_class(make):
    """Seen from outside: with weights of one the gradient is that of cross_entropy."""
    y = torch.tensor([0, 1, 0, 2, 0, 1])
    model = make().double()
    x = torch.randn(6, 6, dtype=torch.float64)
    F.cross_entropy(model(x), y).backward()
    expected = [p.grad for p in model.parameters()]
    model.zero_grad()
    criterion = PerClass(model, 4, rule=torch.ones_like, class_by_class=True)
    criterion(model(x), y).backward()
    assert criterion.engine_note.startswith("one backward pass a class: ")
    torch.testing.assert_close([p.grad for p in model.parameters()], expected)


def test_the_note_is_empty_where_all_is_fast():
    model = wide()
    criterion = PerClass(model, 4)
    criterion(model(torch.randn(3, 6)), torch.tensor([0, 1, 1])).backward()
    assert criterion.engine_note == ""


@pytest.mark.parametrize("k", range(8))
@pytest.mark.parametrize("make", [wide, pictures, wide_pictures, layer_norms])
def test_a_frozen_parameter(make, k):
    torch.manual_seed(0)
    y, model = torch.tensor(SHUFFLED), make().double()
    names = [name for name, _ in model.named_parameters()]
    frozen = names[k % len(names)]
    model.get_parameter(frozen).requires_grad_(False)
    params = [p for p in model.parameters() if p.requires_grad]
    losses = losses_of(model, y)
    fast, plain = BookKeeping(losses, y, 4, params), OneBackwardAClass(losses, y, 4, params)
    torch.testing.assert_close(fast.norms(), plain.norms(), rtol=1e-12, atol=0)
    weights = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    sums = [dict(engine.weighted_sum(weights)) for engine in (fast, plain)]
    assert sums[0].keys() == sums[1].keys() == set(params)
    for param in params:
        torch.testing.assert_close(sums[0][param], sums[1][param], rtol=0, atol=1e-12)


def test_the_graph_is_left_for_others():
    model, y = wide(), torch.tensor([0, 1, 1])
    losses = losses_of(model, y, torch.float32)
    BookKeeping(losses, y, 4, list(model.parameters()))
    losses.mean().backward()
    assert model[0].weight.grad is not None


@pytest.mark.parametrize("make", [pictures, layer_norms])
def test_scale_and_accumulation_through_the_criterion(make):
    """Two scaled backward passes add up to what one pass a class gives."""
    torch.manual_seed(0)
    y, model = torch.tensor(SHUFFLED), make().double()
    params = list(model.parameters())
    expected = [torch.zeros_like(p) for p in params]
    x = torch.randn(len(y), 6, dtype=torch.float64)
    halves = (slice(0, 7), slice(7, None))
    for half in halves:
        losses = F.cross_entropy(model(x[half]), y[half], reduction="none")
        plain = OneBackwardAClass(losses, y[half], 4, params)
        weights = torch.where(plain.norms() == 0, 0.0, 1 / plain.norms())
        for total, (_, g) in zip(expected, plain.weighted_sum(weights), strict=True):
            total += 1024 * g
    criterion = PerClass(model, 4)
    for half in halves:
        (1024 * criterion(model(x[half]), y[half])).backward()
    assert criterion.engine_note == ""
    torch.testing.assert_close([p.grad for p in params], expected, rtol=1e-11, atol=1e-9)


def test_labels_to_be_ignored():
    model, y = wide().double(), torch.tensor([0, 1, -100])
    with pytest.raises(NoRuleError, match="negative"):
        BookKeeping(losses_of(model, y), y, 4, list(model.parameters()))


@pytest.mark.parametrize("make", [wide, pictures, layer_norms])
def test_under_autocast(make):
    """The same bfloat16 pass; a product of bfloat16 numbers has a relative error of 1/256."""
    torch.manual_seed(0)
    model, y = make(), torch.tensor(SHUFFLED)
    params = list(model.parameters())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = losses_of(model, y, torch.float32)
    fast, plain = BookKeeping(losses, y, 4, params), OneBackwardAClass(losses, y, 4, params)
    torch.testing.assert_close(fast.norms(), plain.norms(), rtol=2e-2, atol=0)
    weights = torch.tensor([1.0, 2.0, 3.0, 0.0])
    expected = dict(plain.weighted_sum(weights))
    for param, total in fast.weighted_sum(weights):
        assert total.dtype == param.dtype
        torch.testing.assert_close(total, expected[param], rtol=0, atol=2e-2 * fast_norm(expected))


def fast_norm(grads: dict[Tensor, Tensor]) -> float:
    return torch.cat([g.flatten() for g in grads.values()]).norm().item()


def test_a_model_in_bfloat16():
    """Its gradients have its type; the sums behind the norms are made in single precision."""
    torch.manual_seed(0)
    model, y = wide().bfloat16(), torch.tensor(SHUFFLED)
    losses = losses_of(model, y, torch.bfloat16)
    params = list(model.parameters())
    fast, plain = BookKeeping(losses, y, 4, params), OneBackwardAClass(losses, y, 4, params)
    norms = fast.norms()
    assert norms.dtype == torch.float32
    torch.testing.assert_close(norms, plain.norms().float(), rtol=2e-2, atol=0)
    assert {total.dtype for _, total in fast.weighted_sum(torch.ones(4))} == {torch.bfloat16}


def test_scaling_keeps_half_precision_from_underflow():
    """As GradScaler does it: deltas of 1e-9 are zero in float16, scaled ones are not."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))
    with torch.no_grad():
        model[2].bias.copy_(torch.tensor([21.0, 0.0, 0.0, 0.0]))  # class 0 is fitted to 1e-9
    x, y = torch.randn(8, 6), torch.zeros(8, dtype=torch.long)
    exact, half = (copy.deepcopy(model) for _ in range(2))
    PerClass(exact, 4)(exact(x), y).backward()
    criterion = PerClass(half, 4)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24)
    optimizer = torch.optim.SGD(half.parameters(), lr=1.0)
    with torch.autocast("cpu", dtype=torch.float16):
        loss = criterion(half(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    assert criterion.engine_note == ""
    assert 0 < criterion.norms[0] < 1e-8
    for ours, expected in zip(half.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, expected.grad, rtol=0.02, atol=0.02)


def test_an_overflow_reaches_the_scaler_as_nan_or_infinity():
    model, y = wide(), torch.tensor([0, 1, 1])
    (float("inf") * PerClass(model, 4)(model(torch.randn(3, 6)), y)).backward()
    assert not any(p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    ("layer", "shape", "saved"),
    [
        (nn.Linear(4, 2), (3, 4), "mat1 alpha beta"),
        (nn.Linear(4, 2, bias=False), (3, 4), "self"),
        (
            nn.Conv1d(4, 2, 1),
            (3, 4, 1),
            "input weight stride padding dilation transposed output_padding groups",
        ),
        (nn.GroupNorm(1, 4), (3, 4), "input result1 result2 group"),
        (nn.LayerNorm(4), (3, 4), "input result1 result2 normalized_shape"),
        (nn.BatchNorm1d(4).eval(), (3, 4), "input running_mean running_var eps training"),
        (nn.Softmax(dim=1), (3, 4), "dim"),
    ],
)
def test_autograd_still_saves_what_is_read_off_its_graph(layer, shape, saved):
    node = layer(torch.zeros(shape, requires_grad=True)).grad_fn
    gone = [name for name in saved.split() if not hasattr(node, f"_saved_{name}")]
    assert not gone, (
        f"torch {torch.__version__} no longer keeps {gone} on {node.name()}: "
        "read imbal_lab/gradients again before raising the pin of torch"
    )
