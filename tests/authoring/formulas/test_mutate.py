from imbal_lab.authoring.formulas import parse, parts_changed, signs_changed


def test_every_sign_is_changed_once():
    assert list(signs_changed("x=-a+b^{-1}")) == ["x=+a+b^{-1}", "x=-a-b^{-1}", "x=-a+b^{+1}"]


def test_fractions_factors_and_exponents_are_changed_once_each():
    changed = dict(parts_changed(r"x=\frac{ab}{c}+d^2"))
    assert changed == {
        "a fraction turned round": parse(r"x=\frac{c}{ab}+d^2"),
        "factor 1 of 2 dropped": parse(r"x=\frac{b}{c}+d^2"),
        "factor 2 of 2 dropped": parse(r"x=\frac{a}{c}+d^2"),
        "an exponent dropped": parse(r"x=\frac{ab}{c}+d"),
    }
