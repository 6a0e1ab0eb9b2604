"""LoopRecorder: per-class curves of a training loop that knows nothing of it.

with LoopRecorder(model, criterion, optimizer, num_classes=10, every=10) as recorder:
    for x, y in loader:                       # your loop, unchanged
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
curves = recorder.recording()

Nothing of the training changes: what is measured comes from hooks that are gone afterwards.

*What makes a row.* A call of the criterion counts when its loss has been backpropagated into
``.grad`` and an optimizer step follows. So passes for validation leave no row; batches whose
gradients are accumulated share one; batches whose gradients were cleared without a step (a
GradScaler that met an overflow) have none, given the usual ``zero_grad(set_to_none=True)``;
and of several evaluations within one step (LBFGS, SAM) the one at its first parameters counts.

*What is measured.* On every step, on the device and without waiting for it: how many examples
each class has, their mean cross-entropy of the raw logits (whatever the criterion is), their
recall, and the mean length of their features. Every ``every`` steps, of one batch: norms and
cosines of the class gradients, attraction and repulsion. These are of the criterion's own
loss as it is weighted, before any factor put on it later (1/m for accumulation, a GradScaler's
scale); with PerClass they are of the cross-entropy that it balances. What else is
backpropagated through the same activations, such as a penalty on them, is in them too.

The trap: where the one-pass engine has no rule for the model, class gradients cost one
backward pass a class, which also runs backward hooks of your own. ``engine_note`` then says
why; ``every=None`` leaves gradients out.
"""

from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.instruments.batch_gradients import (
    BatchGradients,
    Measurement,
    Outputs,
    measure,
)
from imbal_lab.instruments.classifier import ClassifierInputs, find_classifier
from imbal_lab.instruments.hook import Hook
from imbal_lab.instruments.loop_recording import LoopRecording
from imbal_lab.instruments.step_in_progress import Batch, StepInProgress
from imbal_lab.instruments.step_rows import Seen, StepRows
from imbal_lab.methods import PerClass


class LoopRecorder:
    """Watches the loop inside its ``with`` block; entered again, it goes on.

    Args:
        model: class gradients are those of its trained parameters.
        criterion: a module called with logits [n, C] (or [n, C, H, W]) and labels; None for a
            functional loss, and then call :meth:`observe` before ``backward``.
        optimizer: one of ``torch.optim``; its steps are counted.
        num_classes: C. Labels outside 0..C-1 are examples to be ignored.
        every: steps from one measurement of gradients to the next, or None for never. Each
            keeps 2 C^2 numbers on the device.
        classifier: name of the layer whose input are the features, a linear one or a 1 x 1
            convolution; by default the last ``nn.Linear`` with C outputs.

    Raises ValueError for a classifier that is not there and, in the loop, for a criterion that
    is called with something else than logits of C classes and one label each.
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: nn.Module | None,
        optimizer: torch.optim.Optimizer,
        *,
        num_classes: int,
        every: int | None = 10,
        classifier: str | None = None,
    ) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every={every}: measure gradients every 1, 2, ... steps, or None")
        self.model, self.criterion, self.optimizer = model, criterion, optimizer
        self.num_classes = num_classes
        self.every = every
        self.engine_note = ""
        self.steps = 0  # of the optimizer, so far
        self._inputs = ClassifierInputs(find_classifier(model, num_classes, classifier))
        self._rows = StepRows(num_classes)
        self._gradients: list[tuple[int, BatchGradients]] = []
        self._handles: list[Any] = []

    def __enter__(self) -> "LoopRecorder":
        if self._handles:
            raise RuntimeError("this LoopRecorder is watching already; leave its with block first")
        params = [p for p in self.model.parameters() if p.requires_grad]
        own = [p for p in self._inputs.classifier.parameters() if p.requires_grad]
        last = own or params  # every backward pass from the logits comes by the classifier
        self._step = StepInProgress(params)
        self._latest: Outputs | None = None
        self._measurement: Measurement | None = None
        self._handles = [
            self._inputs.classifier.register_forward_hook(Hook(self._inputs.hook)),
            self.optimizer.register_step_post_hook(Hook(self._stepped)),
            *(p.register_post_accumulate_grad_hook(Hook(self._accumulated)) for p in last),
        ]
        if self.criterion is not None:
            hook = Hook(self._judged)
            self._handles.append(self.criterion.register_forward_hook(hook, with_kwargs=True))
        return self

    def __exit__(self, *exception: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._forget()

    def recording(self) -> LoopRecording:
        """Everything recorded so far, on the CPU; ValueError before the first step."""
        if not self._rows.steps:
            raise ValueError(
                "recording: no step was seen; in the with block, call the criterion given to the "
                "recorder (or recorder.observe), loss.backward() and optimizer.step()"
            )
        return LoopRecording.of(self._rows.steps, self._rows.means(), self._gradients)

    def observe(self, logits: Tensor, y: Tensor, loss: Tensor | None = None) -> None:
        """Tell of a batch before ``loss.backward()``, where the criterion is no module.

        ``logits`` [n, C] or [n, C, H, W], ``y`` [n] or [n, H, W]. Class gradients are of what
        is backpropagated, without the factors put on the scalar ``loss`` if that is given.
        """
        if not (self._handles and logits.requires_grad):
            return
        self._check(logits, y)
        with torch.no_grad():
            features = self._inputs.of(logits, y.numel())
            batch = self._step.begin(Seen.of(logits, y, features))
        due = self.every is not None and self.steps % self.every == 0
        # Alone to hold the graph: were it the hook, an unused graph could never be freed.
        self._latest = Outputs(batch, logits, features, loss) if due else None
        if isinstance(self.criterion, PerClass) and loss is not None:
            loss.register_hook(lambda grad: self._reached(batch, grad))
            return
        if loss is not None and loss.ndim == 0:
            loss.register_hook(batch.take_scale)
        logits.register_hook(lambda grad: self._reached(batch, grad))

    def _check(self, logits: Tensor, y: Tensor) -> None:
        """Shapes alone: the labels' values the criterion has seen to."""
        given = f"the criterion was called with shapes {tuple(logits.shape)} and {tuple(y.shape)}"
        if logits.ndim < 2 or y.shape != logits.shape[:1] + logits.shape[2:]:
            raise ValueError(f"criterion: {given}; give logits [n, C] and one label each [n]")
        if logits.shape[1] != self.num_classes:
            raise ValueError(f"num_classes={self.num_classes}: {given}; make the numbers equal")
        if y.is_floating_point():
            raise ValueError(f"criterion: labels of {y.dtype}; give whole numbers, one an example")

    def _judged(
        self, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor
    ) -> None:
        if output.requires_grad:
            given = (*inputs, *named.values())
            if len(given) < 2 or not all(isinstance(tensor, Tensor) for tensor in given[:2]):
                raise ValueError("criterion: it was not called with logits [n, C] and labels [n]")
            self.observe(given[0], given[1], output)

    def _reached(self, batch: Batch, grad: Tensor) -> None:
        """The backward pass has come to the logits (with PerClass: to the loss) of ``batch``."""
        if not self._step.reached(batch):
            return
        if isinstance(self.criterion, PerClass):  # it writes .grad itself
            self._step.accumulated()
        if self._latest is None or self._latest.batch is not batch:
            return
        if self._measurement is not None:
            if self._step.holds(self._measurement.batch):
                return
            self._measurement.source.stop()
        outputs, self._latest = self._latest, None
        with torch.no_grad(), torch.autocast(grad.device.type, enabled=False):
            self._measurement = measure(outputs, grad, self.criterion, self._step.params)

    def _accumulated(self, param: Tensor) -> None:
        self._step.accumulated()

    def _stepped(self, *_: Any) -> None:
        """A step of the optimizer is over."""
        batches = self._step.finish()
        if batches:
            self._rows.append(self.steps, [batch.seen for batch in batches])
        if self._measurement is not None and self._measurement.batch in batches:
            with torch.no_grad(), torch.autocast(batches[0].seen.logits.device.type, enabled=False):
                found = self._measurement.result()
            self.engine_note = self._measurement.source.note
            if found is not None:
                self._gradients.append((self.steps, found))
        self.steps += 1
        self._forget()

    def _forget(self) -> None:
        """Let go of all tensors and graphs of the last step."""
        if self._measurement is not None:
            self._measurement.source.stop()
        self._latest = self._measurement = None
        self._step.finish()
        self._inputs.clear()
