"""Every idea can be drawn, is legible in grey and described in words."""

import io

import numpy as np
import pytest
from PIL import Image

from imbal_lab.figures.ideas import IDEAS


@pytest.mark.parametrize("name", IDEAS)
def test_it_is_drawn_with_readable_text_and_has_words(name):
    figure = IDEAS[name].draw()
    width, height = figure.get_size_inches()
    assert width <= 9.5
    assert height <= 5.5
    sizes = [text.get_fontsize() for text in figure.findobj(lambda a: hasattr(a, "get_fontsize"))]
    assert min(sizes) >= 8
    assert 80 <= len(IDEAS[name].alt) <= 600


@pytest.mark.parametrize("name", IDEAS)
def test_it_keeps_its_contrast_in_grey_and_is_the_same_each_time(name):
    def png():
        buffer = io.BytesIO()
        IDEAS[name].draw().savefig(buffer, format="png", dpi=80)
        return buffer.getvalue()

    first = png()
    assert first == png()
    grey = np.asarray(Image.open(io.BytesIO(first)).convert("L"))
    assert grey.min() < 90
    assert grey.max() > 230
