import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from imbal_lab.data import ShuffledBatches


@pytest.mark.parametrize(("n", "size", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 9, [2])])
def test_every_row_once_an_epoch(n, size, sizes):
    batches = ShuffledBatches(torch.zeros(n, dtype=torch.int64), size)
    for _ in range(2):
        epoch = list(batches)
        assert [len(rows) for rows in epoch] == sizes
        assert len(batches) == len(sizes)
        assert sorted(torch.cat(epoch).tolist()) == list(range(n))


def test_classes_come_in_the_mix_of_the_training_set_on_average():
    """80 % of 500 rows: hypergeometric, so the number in a batch of 10 has variance 1.57."""
    y = torch.arange(2).repeat_interleave(torch.tensor([400, 100]))
    batches = ShuffledBatches(y, 10)
    frequent = torch.tensor(
        [(y[rows] == 0).sum().item() for _ in range(40) for rows in batches], dtype=torch.float64
    )
    assert frequent.mean().item() == pytest.approx(8)
    assert frequent.var().item() == pytest.approx(10 * 0.8 * 0.2 * 490 / 499, rel=0.1)


def test_as_batch_sampler_of_a_torch_data_loader():
    y = torch.arange(10)
    batches = ShuffledBatches(y, 4, seed=1)
    loader = DataLoader(TensorDataset(y), batch_sampler=batches)
    got = [rows.tolist() for (rows,) in loader]
    assert got == [rows.tolist() for rows in ShuffledBatches(y, 4, seed=1)]
