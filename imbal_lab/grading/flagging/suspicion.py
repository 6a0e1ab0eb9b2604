"""Walk over a syntax tree and say which lines a person should look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from imbal_lab.grading.flagging import flag_rules as rules
from imbal_lab.grading.flagging.dotted import IMPORTERS, Scope, dotted, fixed_text, imported

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Suspicion(ast.NodeVisitor):
    """What is found while visiting statements: `found` holds pairs of line number and why.

    `scope` is carried from statement to statement and changed; `magic_bodies` are the sources
    that stand under cell magics, to be looked through as well.
    """

    def __init__(self, scope: Scope, forbidden: Mapping[str, str]) -> None:
        self.scope = scope
        self.names = {**rules.NAMES, **forbidden} if forbidden else rules.NAMES
        self.found: list[tuple[int, str]] = []
        self.magic_bodies: list[str] = []

    def flag(self, node: ast.AST, why: str) -> None:
        self.found.append((getattr(node, "lineno", 1), why))

    def mention(self, node: ast.AST, name: str | None) -> None:
        head = rules.below(name, self.names) if name else None
        if head is not None:
            self.flag(node, f"{self.names[head]}: {head}")

    def change(self, node: ast.AST, name: str | None) -> None:
        """Something is written to `name`, or it is deleted."""
        head = rules.below(name, rules.NOT_TO_PATCH) if name else None
        if name and head not in (None, name) and not rules.below(name, rules.MAY_BE_SET):
            self.flag(node, f"{rules.PATCH}: {name}")

    @contextmanager
    def inside(self, *names: str) -> Iterator[None]:
        """A scope of its own, in which `names` stand for what nobody knows."""
        outer, self.scope = self.scope, {**self.scope, **dict.fromkeys(names)}
        try:
            yield
        finally:
            self.scope = outer

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, meaning, loaded in imported(node):
            self.scope[name] = meaning
            self.mention(node, loaded)

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_FunctionDef(self, node: Function) -> None:
        every = node.args
        given = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
        with self.inside(*(argument.arg for argument in given if argument)):
            self.generic_visit(node)
        if not isinstance(node, ast.Lambda):
            self.scope[node.name] = None

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        with self.inside():
            self.generic_visit(node)
        self.scope[node.name] = None

    def visit_Assign(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        if node.value is not None:
            self.visit(node.value)
        meaning = dotted(node.value, self.scope) if node.value is not None else None
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self.visit(target)
            if isinstance(target, ast.Name):
                self.scope[target.id] = meaning

    visit_AnnAssign = visit_NamedExpr = visit_Assign  # noqa: N815

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.scope[node.id] = None
        elif node.id == "__builtins__":
            self.flag(node, f"{rules.INTERPRETER}: {node.id}")
        else:
            self.mention(node, dotted(node, self.scope))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = dotted(node, self.scope)
        if node.attr in rules.INNER_ATTRIBUTES:
            self.flag(node, f"{rules.INTERPRETER}: {node.attr}")
        if not isinstance(node.ctx, ast.Load):
            self.change(node, name)
        self.mention(node, name)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(node, dotted(node, self.scope))
        self.mention(node, dotted(node, self.scope))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function, name = dotted(node.func, self.scope), dotted(node, self.scope)
        texts = [fixed_text(argument) for argument in node.args]
        self.mention(node, name)
        if function in IMPORTERS and name is None:
            self.flag(node, f"{rules.COMPOSED}: {function}")
        if function in ("setattr", "delattr") and node.args:
            owner = dotted(node.args[0], self.scope)
            self.change(node, owner and f"{owner}.{''.join(map(str, texts[1:2]))}")
        if any(text and text.startswith("/proc") for text in texts):
            self.flag(node, rules.PROC)
        if function and function.startswith("get_ipython."):
            self._magic(node, function.removeprefix("get_ipython."), texts)
        self.generic_visit(node)

    def _magic(self, node: ast.Call, function: str, texts: list[str | None]) -> None:
        magic = texts[0] if function in ("run_line_magic", "run_cell_magic") and texts else None
        if function in ("system", "getoutput", "getoutputs") or magic in rules.SHELL_MAGICS:
            self.flag(node, rules.SHELL)
        elif function == "run_cell_magic" and len(texts) == 3 and texts[2]:
            self.magic_bodies.append(texts[2])
