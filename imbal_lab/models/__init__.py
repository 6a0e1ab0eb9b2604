"""The few networks the course uses, each built from a seed alone.

`mlp` for flat rows, `cnn1d` for the curves of mnist1d, `cnn` for small images, `resnet32` for
CIFAR, `fcn` for the pixels of textures_seg. They take the inputs of `data.load` as they come.
"""

from imbal_lab.models.cnn import cnn
from imbal_lab.models.cnn1d import cnn1d
from imbal_lab.models.fcn import fcn
from imbal_lab.models.mlp import mlp
from imbal_lab.models.resnet32 import resnet32

__all__ = ["cnn", "cnn1d", "fcn", "mlp", "resnet32"]
