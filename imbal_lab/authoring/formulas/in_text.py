"""Formulas in a lesson's text: their ids, and the tables of their symbols.

In the source a comment stands above each display formula, and another one where the table goes:

    <!-- formula: step -->
    $$\\theta_{t+1}=\\theta_t-\\eta\\,g$$

    <!-- symbols: step -->

In the notebook the comments are gone and the table is there.
"""

import re
from collections.abc import Iterator

from imbal_lab.authoring.formulas.names import written
from imbal_lab.authoring.formulas.parse import parse, parse_symbol
from imbal_lab.authoring.formulas.symbols import describes, indices, occurring
from imbal_lab.authoring.formulas.tree import FormulaError, Symbol
from imbal_lab.authoring.lesson import RUBRIC, Described, Lesson

NAMED = re.compile(r"<!-- formula: *([\w-]+) *-->\n+\$\$(.*?)\$\$", re.DOTALL)
DISPLAYED = re.compile(r"\$\$.*?\$\$", re.DOTALL)
MARK = re.compile(r"<!-- formula:.*?-->\n*")
PLACE = re.compile(r"<!-- symbols: *([\w -]+?) *-->")
HEAD = "| symbol | what it is | in code | shape |\n|---|---|---|---|"

Row = tuple[Symbol, Described]


def formulas(lesson: Lesson) -> dict[str, str]:
    """The LaTeX of each display formula by its id, in order."""
    return {id: latex for text in _texts(lesson) for id, latex in NAMED.findall(text)}


def readable(lesson: Lesson, text: str) -> str:
    """``text``, which stands in ``lesson``, without the marks and with the tables.

    FormulaError if a formula of the lesson cannot be read.
    """
    if "<!-- symbols:" in text:
        tables = dict(_tables(lesson))
        text = PLACE.sub(lambda place: tables.get(place[0], ""), text)
    return MARK.sub("", text)


def problems(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """What is wrong with the formulas of ``lesson``: where, and what to do."""
    texts = list(_texts(lesson))
    ids = [id for text in texts for id, _ in NAMED.findall(text)]
    for cell in lesson.cells:
        bare = NAMED.sub("", cell.text.split(RUBRIC)[0]) if cell.type == "markdown" else ""
        if DISPLAYED.search(bare):
            yield cell.id, "a display formula without an id: <!-- formula: id --> right above it"
        if MARK.search(bare):
            yield cell.id, "<!-- formula: ... --> without its formula: $$...$$ on the next line"
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        yield id, "a second formula of this id: give it another one"
    try:
        for latex in formulas(lesson).values():
            parse(latex)
        for described in lesson.symbols:
            parse_symbol(described.symbol)
    except FormulaError as error:
        yield "formula", f"{error}"
        return
    yield from _wrong_tables(lesson)


def undescribed(lesson: Lesson, latex: str) -> list[str]:
    """Symbols of the formula ``latex`` that the header does not describe; indices need not be."""
    relations = parse(latex)
    letters = indices(relations)
    return [
        written(symbol)
        for symbol in occurring(relations)
        if symbol.base not in letters and _description(lesson, symbol) is None
    ]


def _wrong_tables(lesson: Lesson) -> Iterator[tuple[str, str]]:
    named = formulas(lesson)
    for id, latex in named.items():
        for symbol in undescribed(lesson, latex):
            yield id, f"nothing says what {symbol} is: describe it in the header, below symbols"
    places = [place for text in _texts(lesson) for place in PLACE.finditer(text)]
    wanted = [id for place in places for id in place[1].split()]
    for id in sorted(set(wanted) - named.keys()):
        yield "symbols", f"unknown formula {id}: choose from {', '.join(named)}"
    for id in sorted(named.keys() - set(wanted)):
        yield id, "in no table of symbols: name it in a line <!-- symbols: ... -->"
    shown = [described for _, rows in _tables_rows(lesson) for _, described in rows]
    for described in lesson.symbols:
        if described not in shown:
            yield "symbols", f"{described.symbol} is described and in no formula: take it out"
    for place, rows in _tables_rows(lesson):
        if not rows:
            yield "symbols", f"{place}: all of it is in tables before: name it in one of those"


def _tables(lesson: Lesson) -> Iterator[tuple[str, str]]:
    for place, rows in _tables_rows(lesson):
        yield place, "\n".join([HEAD, *(_line(described) for _, described in rows)])


def _tables_rows(lesson: Lesson) -> Iterator[tuple[str, list[Row]]]:
    """Each table's mark and its rows; what stood in an earlier table is not said again."""
    named, said = formulas(lesson), set[Described]()
    for place in (place for text in _texts(lesson) for place in PLACE.finditer(text)):
        latex = [named[id] for id in place[1].split() if id in named]
        rows = []
        for symbol in (symbol for one in latex for symbol in occurring(parse(one))):
            described = _description(lesson, symbol)
            if described is not None and described not in said:
                said.add(described)
                rows.append((symbol, described))
        yield place[0], rows


def _description(lesson: Lesson, symbol: Symbol) -> Described | None:
    """What the header says of ``symbol``: of itself first, else of its general form."""
    known = [(parse_symbol(described.symbol), described) for described in lesson.symbols]
    itself = [described for general, described in known if general == symbol]
    in_general = [described for general, described in known if describes(general, symbol)]
    return next(iter(itself + in_general), None)


def _line(described: Described) -> str:
    code = f"`{described.code}`" if described.code else ""
    shape = f"`{described.shape}`" if described.shape.startswith("[") else described.shape
    cells = [f"${described.symbol}$", described.meaning, code, shape]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _texts(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if cell.type == "markdown":
            yield cell.text.split(RUBRIC)[0]
