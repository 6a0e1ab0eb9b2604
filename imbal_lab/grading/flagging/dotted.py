"""Dotted names of the things that code mentions, followed through imports and assignments."""

from __future__ import annotations

import ast

# Builtins that mean themselves until the code gives the name to something else.
BUILTINS = str.split("""
    exec eval compile __import__ __builtins__ get_ipython getattr setattr delattr vars
""")
IMPORTERS = ("__import__", "importlib.import_module", "importlib.__import__")

Scope = dict[str, str | None]  # name -> what it stands for; None: for something else


def dotted(node: ast.AST, scope: Scope) -> str | None:
    """What an expression stands for, as in "torch.optim"; None where that cannot be told.

    Understands `getattr` and `__import__` with fixed texts, `vars(x)["y"]` and `x.__dict__["y"]`.
    """
    match node:
        case ast.Name(id=name):
            return scope.get(name, name if name in BUILTINS else None)
        case ast.Attribute(value=owner, attr=attribute):
            return _joined(dotted(owner, scope), attribute)
        case ast.Subscript(value=owner, slice=key):
            return _item(dotted(owner, scope), fixed_text(key))
        case ast.NamedExpr(value=value):
            return dotted(value, scope)
        case ast.Call():
            return _called(node, scope)
    return None


def _joined(owner: str | None, attribute: str | None) -> str | None:
    if owner is None or attribute is None:
        return None
    builtin = owner in ("builtins", "__builtins__") and attribute in BUILTINS
    return attribute if builtin else f"{owner}.{attribute}"


def _item(owner: str | None, key: str | None) -> str | None:
    """`x.__dict__["y"]` is x.y; `sys.modules["x"]` is the module x."""
    if owner is None or key is None:
        return None
    if owner == "sys.modules":
        return key
    return _joined(owner.removesuffix(".__dict__"), key) if owner.endswith(".__dict__") else None


def _called(call: ast.Call, scope: Scope) -> str | None:
    function = dotted(call.func, scope)
    text = [fixed_text(argument) for argument in call.args]
    if function in ("getattr", "vars") and call.args:
        attribute = "__dict__" if function == "vars" else text[1] if len(text) > 1 else None
        return _joined(dotted(call.args[0], scope), attribute)
    if function in IMPORTERS and text and text[0] is not None:
        # The function gives the package, but what it imports is what matters.
        return text[0]
    return function if function == "get_ipython" else None


def fixed_text(node: ast.AST) -> str | None:
    """A text that stands in the source, also in parts that are added up; else None."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [fixed_text(left), fixed_text(right)]
        case ast.JoinedStr(values=values):
            parts = [fixed_text(value) for value in values]
        case _:
            return None
    return None if None in parts else "".join(map(str, parts))


def imported(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str, str]]:
    """For each name that an import binds: the name, what it stands for, and what was loaded."""
    if isinstance(node, ast.Import):
        return [
            (alias.asname or root, alias.name if alias.asname else root, alias.name)
            for alias in node.names
            for root in [alias.name.partition(".")[0]]
        ]
    if node.level or node.module is None:
        return []
    whole = [(alias, _joined(node.module, alias.name) or "") for alias in node.names]
    return [(a.asname or a.name, name, node.module if a.name == "*" else name) for a, name in whole]
