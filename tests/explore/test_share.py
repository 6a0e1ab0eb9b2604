"""The setting as a line of Python, and pictures that carry it."""

import html
import re

import pytest
from PIL import Image

from imbal_lab.explore import share


def given(explorer):
    """The value of the field on the page."""
    return html.unescape(re.search(r'value="([^"]*)"', explorer.controls.line.value).group(1))


@pytest.mark.parametrize(
    "options",
    [
        {"scene": "absgd", "rho": 7, "lam": 2, "seed": 3},
        {"scene": "noise", "batch": 128, "method": "pcnsgd_r"},
        {"scene": "temperatures", "gamma": 0.3, "beside": "cdt"},
        {"scene": "weakening", "seeds": 3},
    ],
)
def test_the_line_rebuilds_the_setting(open_explorer, options):
    explorer = open_explorer(**options)
    assert given(explorer) == explorer.setting
    again = eval(given(explorer), {"explore": open_explorer})
    assert again.setting == explorer.setting
    assert again.controls.image.value == explorer.controls.image.value


def test_the_field_is_for_reading_and_holds_any_text():
    made = share.field('explore("a", b="<&>")')
    assert "readonly" in made
    assert "<&>" not in made
    assert "aria-label" in made


def test_a_png_carries_its_setting(open_explorer, tmp_path):
    explorer = open_explorer("absgd")
    explorer.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text["Title"] == explorer.setting
        assert "of the weight" in picture.text["Description"]
        assert picture.width == 2 * explorer._pictures.painter("gauss2d", 1).size[0]


def test_an_svg_carries_its_setting(open_explorer, tmp_path):
    explorer = open_explorer("minority_drop")
    explorer.save(tmp_path / "a.svg")
    text = html.unescape((tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert f"<dc:title>{explorer.setting}</dc:title>" in text
    assert "Minority loss" in text


def test_another_suffix_is_refused(open_explorer):
    with pytest.raises(ValueError, match=r'end it in "\.png" or "\.svg"'):
        open_explorer().save("picture.jpg")


def test_the_button_writes_both_beside_the_notebook(open_explorer, tmp_path):
    explorer = open_explorer("absgd")
    explorer.controls.save.click()
    assert {path.name for path in tmp_path.iterdir()} == {
        "absgd_gauss2d_absgd_rho50.png",
        "absgd_gauss2d_absgd_rho50.svg",
    }
    assert "saved absgd_gauss2d_absgd_rho50.png" in explorer.controls.status.value


def test_a_folder_that_cannot_be_written_is_said(open_explorer, monkeypatch):
    explorer = open_explorer()

    def refuse(*_):
        raise OSError("read-only")

    monkeypatch.setattr(share, "save", refuse)
    explorer.controls.save.click()
    assert explorer.controls.status.value == "not saved: read-only"
