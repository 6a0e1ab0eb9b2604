from itertools import islice

import pytest
import torch

from imbal_lab.data.class_batches import ClassBatches
from imbal_lab.training.row_numbers import row_numbers

Y = torch.arange(3).repeat_interleave(torch.tensor([20, 7, 2]))  # 29 rows: 3 batches of 8, 5 over


def first(run, n, y=Y):
    return list(islice(row_numbers(run, y), n))


def test_mixed_batches_are_all_of_one_size_and_no_row_comes_twice_in_an_epoch(tiny):
    batches = first(tiny(batch=8), 30)
    assert {len(rows) for rows in batches} == {8}
    for epoch in range(10):
        rows = torch.cat(batches[3 * epoch : 3 * epoch + 3])
        assert len(rows.unique()) == 24
    assert len(torch.cat(batches).unique()) == 29


def test_full_batches_are_everything_in_order(tiny):
    for rows in first(tiny(method="gd", batch=8), 3):
        assert rows.tolist() == list(range(29))


@pytest.mark.parametrize(("method", "oversample"), [("pcnsgd", False), ("sgd_o", True)])
def test_class_batches_go_on_over_the_end_of_an_epoch(method, oversample, tiny):
    theirs = ClassBatches(Y, 12, oversample=oversample, seed=5)
    expected = [rows for _ in range(4) for rows in theirs]
    ours = first(tiny(method=method, batch=12, seed=5), len(expected))
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))
    assert len(expected) > len(theirs)


def test_the_seed_decides_and_nothing_else(tiny):
    one, same, other = (torch.stack(first(tiny(seed=s), 9)) for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_batch_larger_than_the_training_set(tiny):
    with pytest.raises(ValueError, match="batch=30: there are only 29 training examples; use"):
        next(row_numbers(tiny(batch=30), Y))


def test_pixel_labels_are_no_hindrance_to_mixed_batches(tiny):
    assert len(first(tiny(batch=4), 1, torch.zeros(9, 2, 2, dtype=torch.int64))[0]) == 4
