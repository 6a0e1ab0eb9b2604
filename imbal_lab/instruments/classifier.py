"""The classifier of a model, and the features that go into it."""

import weakref
from collections import deque

from torch import Tensor, nn

from imbal_lab.instruments.step_rows import examples_first


def find_classifier(model: nn.Module, num_classes: int, name: str | None = None) -> nn.Module:
    """The layer ``name``, or the last ``nn.Linear`` with ``num_classes`` outputs.

    Raises ValueError, with the names there are, if there is no such layer.
    """
    layers = dict(model.named_modules())
    if name is not None and name in layers:
        return layers[name]
    fitting = [
        layer
        for layer in layers.values()
        if isinstance(layer, nn.Linear) and layer.out_features == num_classes
    ]
    if name is None and fitting:
        return fitting[-1]
    missing = f"no nn.Linear with {num_classes} outputs" if name is None else "no such layer"
    known = ", ".join(map(repr, filter(None, layers)))
    raise ValueError(f"classifier={name!r}: {missing} in the model; its layers are {known}")


class ClassifierInputs:
    """Remembers the inputs of the last few calls of ``classifier`` that are trained on."""

    def __init__(self, classifier: nn.Module) -> None:
        self.classifier = classifier
        self._calls: deque[tuple[weakref.ref[Tensor], Tensor]] = deque(maxlen=4)

    def hook(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """A forward hook of the classifier."""
        if output.requires_grad:
            self._calls.append((weakref.ref(output), inputs[0].detach()))

    def of(self, logits: Tensor, rows: int) -> Tensor:
        """The features [rows, d] behind ``logits``; of the last call if those were changed.

        Raises ValueError if the classifier was not called, or with another number of rows.
        """
        if not self._calls:
            raise ValueError(
                "classifier: it was not called before the criterion; name the layer that makes "
                "the logits"
            )
        same = [x for made, x in self._calls if made() is logits]
        features = (same or [self._calls[-1][1]])[-1]
        linear = isinstance(self.classifier, nn.Linear)  # has its features last, others first
        features = features.flatten(0, -2) if linear else examples_first(features)
        if len(features) != rows:
            raise ValueError(
                f"classifier: its input has {len(features)} rows for {rows} labels; name the "
                "layer that makes the logits"
            )
        return features

    def clear(self) -> None:
        self._calls.clear()
