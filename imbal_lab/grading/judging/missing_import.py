"""An import that was forgotten: the names that everybody knows, and what brings them."""

from __future__ import annotations

import re

IMPORTS = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "from torch.nn import functional as F",
    "Tensor": "from torch import Tensor",
    "plt": "import matplotlib.pyplot as plt",
    "math": "import math",
    "random": "import random",
    "copy": "import copy",
    "itertools": "import itertools",
    "functools": "import functools",
    "partial": "from functools import partial",
    "collections": "import collections",
    "warnings": "import warnings",
    "time": "import time",
    "data": "from imbal_lab import data",
    "models": "from imbal_lab import models",
    "check": "from imbal_lab.checks import check",
}


def missing_import(kind: str, text: str) -> str | None:
    """The import that would have kept an error of this kind and text away, if there is one."""
    said = re.match(r"name '(\w+)' is not defined", text) if kind == "NameError" else None
    return IMPORTS.get(said[1]) if said else None
