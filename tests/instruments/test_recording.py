import pytest
import torch

from imbal_lab.instruments import Recorder, Recording


def test_records_are_stacked_in_order(model, dataset):
    recorder = Recorder(model, dataset)
    for t in (0, 5, 10):
        recorder.record(t)
        with torch.no_grad():
            model[0].bias.add_(0.1)
    recording = recorder.recording()
    assert recording.step.tolist() == [0, 5, 10]
    assert recording.loss.shape == recording.recall.shape == recording.grad_norm.shape == (3, 3)
    assert recording.cosine.shape == (3, 3, 3)
    for t, record in enumerate(recorder.records):
        for stacked, single in zip(recording[1:], record[1:], strict=True):
            assert torch.equal(stacked[t], single)
    assert len(set(recording.loss[:, 0].tolist())) == 3


def test_any_iterable_will_do(model, dataset):
    recorder = Recorder(model, dataset)
    recorder.record(0)
    assert Recording.of(iter(recorder.records)).step.tolist() == [0]


def test_no_records():
    with pytest.raises(ValueError, match="records: a recording needs at least one"):
        Recording.of([])
