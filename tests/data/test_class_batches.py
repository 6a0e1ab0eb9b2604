"""Every class in every batch: what is promised holds over epochs, and shortcuts fail."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from imbal_lab.data import ClassBatches, batches_of
from imbal_lab.data.shuffled_batches import ShuffledBatches


def labels(*counts):
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))


def shuffled(y, seed=0):
    return y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]


def times_seen(batches, y, epochs=1):
    """[n] how often each row came."""
    seen = torch.zeros(len(y), dtype=torch.int64)
    for _ in range(epochs):
        for rows in batches:
            seen += torch.bincount(rows, minlength=len(y))
    return seen


CASES = [((150, 15), 22), ((50, 20, 5), 30), ((7, 7), 4), ((40, 3), 16), ((90, 9, 1), 100)]


@pytest.mark.parametrize("oversample", [False, True])
@pytest.mark.parametrize(("counts", "size"), CASES)
def test_every_batch_has_the_same_number_of_each_class_in_class_order(counts, size, oversample):
    y = shuffled(labels(*counts))
    batches = ClassBatches(y, size, oversample=oversample)
    if oversample:
        assert batches.sizes == (size // len(counts),) * len(counts)
    else:
        exact = [size * n / sum(counts) for n in counts]
        assert max(abs(a - b) for a, b in zip(batches.sizes, exact, strict=True)) <= 0.5
    expected = torch.arange(len(counts)).repeat_interleave(torch.tensor(batches.sizes))
    for _ in range(2):
        epoch = list(batches)
        assert len(epoch) == len(batches) == -(-counts[0] // batches.sizes[0])
        for rows in epoch:
            assert rows.dtype == torch.int64
            assert torch.equal(y[rows], expected)


@pytest.mark.parametrize("oversample", [False, True])
@pytest.mark.parametrize(("counts", "size"), CASES)
def test_an_epoch_is_one_pass_of_the_majority_and_fair_within_each_class(counts, size, oversample):
    y = labels(*counts)
    batches = ClassBatches(y, size, oversample=oversample)
    for _ in range(3):
        seen = times_seen(batches, y)
        assert seen[y == 0].min() >= 1
        assert seen[y == 0].sum() < counts[0] + batches.sizes[0]
        for c in range(len(counts)):
            assert seen[y == c].max() - seen[y == c].min() <= 1


def test_oversampling_uses_a_rare_example_rho_times_an_epoch():
    y = labels(400, 40, 4)
    seen = times_seen(ClassBatches(y, 24, oversample=True), y)
    assert [seen[y == c].double().mean().item() for c in range(3)] == [1, 10, 100]


def test_a_zip_of_two_loaders_does_not_pass():
    """The mistake that stops where the minority ends: the majority is hardly seen."""
    y = labels(150, 15)
    pools = [torch.nonzero(y == c).flatten().split(11) for c in (0, 1)]
    zipped = [torch.cat(pair) for pair in zip(*pools, strict=False)]
    assert (times_seen(zipped, y)[y == 0] == 0).sum() > 100
    assert (times_seen(ClassBatches(y, 22, oversample=True), y)[y == 0] > 0).all()


def test_a_class_that_runs_out_is_dealt_in_another_order():
    y = labels(64, 4)
    rare = torch.stack([rows[4:] for rows in ClassBatches(y, 8, oversample=True)])  # [16, 4]
    assert (rare.sort(dim=1).values == torch.arange(64, 68)).all()
    assert len({tuple(order.tolist()) for order in rare}) > 8


def test_a_class_smaller_than_its_share_comes_several_times_in_a_batch():
    y = labels(40, 3)
    for rows in ClassBatches(y, 16, oversample=True):
        often = torch.bincount(rows[8:] - 40, minlength=3)
        assert often.sum() == 8
        assert often.min() >= 2


@pytest.mark.parametrize("make", [ClassBatches, ShuffledBatches])
def test_the_order_follows_seed_and_epoch_and_nothing_else(make):
    y = labels(60, 12)
    torch.manual_seed(0)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    batches, again = make(y, 12, seed=7), make(y, 12, seed=7)
    first, second = torch.cat(list(batches)), torch.cat(list(batches))
    next(iter(again))  # an epoch that is left early counts as one
    assert torch.equal(torch.cat(list(again)), second)
    again.epoch = 0
    assert torch.equal(torch.cat(list(again)), first)
    assert not torch.equal(first, second)
    assert not torch.equal(first, torch.cat(list(make(y, 12, seed=8))))
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()


@pytest.mark.parametrize("workers", [0, 1])
def test_as_batch_sampler_of_a_torch_data_loader(workers):
    y = shuffled(labels(50, 20, 5))
    x = torch.arange(len(y), dtype=torch.float32)[:, None]
    batches = ClassBatches(y, 15, seed=3)
    loader = DataLoader(TensorDataset(x, y), batch_sampler=batches, num_workers=workers)
    assert len(loader) == 5
    expected = ClassBatches(y, 15, seed=3)
    for _ in range(2):
        for rows, (inputs, targets) in zip(expected, loader, strict=True):
            assert torch.equal(inputs, x[rows])
            assert torch.equal(targets, y[rows])


def test_data_that_are_a_python_list_are_indexed_too():
    y = labels(6, 2)
    names = [f"file-{i}" for i in range(8)]
    batches = ClassBatches(y, 4)
    got = list(DataLoader(names, batch_sampler=batches, collate_fn=list))
    batches.epoch = 0
    assert got == [[names[i] for i in rows] for rows in batches]


def test_a_batch_of_everything_is_the_whole_training_set():
    y = shuffled(labels(30, 6, 1))
    (rows,) = ClassBatches(y, len(y))
    assert torch.equal(rows.sort().values, torch.arange(len(y)))


def test_the_labels_need_not_be_ranks():
    y = torch.tensor([9, 2, 9, 9, 2, 9])
    (rows,) = ClassBatches(y, 6)
    assert y[rows].tolist() == [2, 2, 9, 9, 9, 9]
    assert ClassBatches(y, 3).sizes == (1, 2)


@pytest.mark.parametrize(("counts", "enough"), [((150, 15), 6), ((90, 9, 1), 50), ((5, 5), 1)])
def test_the_smallest_batch_that_has_every_class(counts, enough):
    assert min(ClassBatches(labels(*counts), enough).sizes) == 1
    if enough > 1:
        with pytest.raises(ValueError, match=f"rounds to none .* use batch_size >= {enough}, or"):
            ClassBatches(labels(*counts), enough - 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size=0: use an integer >= 1"),
        ({"batch_size": 2.5}, "batch_size=2.5: use an integer >= 1"),
        ({"batch_size": 9, "seed": -1}, "seed=-1: use an integer >= 0"),
        ({"batch_size": 166}, "batch_size=166: there are only 165 training examples"),
        (
            {"batch_size": 1, "oversample": True},
            "batch_size=1: it is shared by 2 classes; use batch_size >= 2",
        ),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        ClassBatches(labels(150, 15), **arguments)


@pytest.mark.parametrize("make", [ClassBatches, ShuffledBatches])
@pytest.mark.parametrize(
    "y", [torch.zeros(0, dtype=torch.int64), torch.zeros(3), torch.zeros(3, 2, dtype=torch.int64)]
)
def test_labels_that_are_none(make, y):
    with pytest.raises(ValueError, match=r"y: shape .* give one integer label an example"):
        make(y, 1)


def test_the_kinds_by_name():
    y = labels(150, 15)
    assert batches_of("full", y, 22) is None
    assert isinstance(batches_of("mixed", y, 22), ShuffledBatches)
    assert batches_of("natural", y, 22).sizes == (20, 2)
    assert batches_of("equal", y, 22).sizes == (11, 11)
    for kind in ("mixed", "natural", "equal"):
        ours, theirs = batches_of(kind, y, 22, seed=5), batches_of(kind, y, 22)
        assert not torch.equal(next(iter(ours)), next(iter(theirs)))
    with pytest.raises(ValueError, match="kind='odd': choose one of 'full', 'mixed'"):
        batches_of("odd", y, 22)
