r"""The LaTeX that lessons use, as a grammar for lark, with the few things TeX leaves open settled.

- ``\log``, ``\exp``, ``\cos``, ... take the next factor, or the next sum to its end.
- A sum or product reaches to the end of its term: up to the next + or -.
- After a slash comes one factor and then the term ends, since a/bc is read in two ways.
- In subscripts letters side by side are several indices: ``p_{ic}`` has the indices i and c.
- A superscript that is ``(...)``, a star, a sign or a text is part of the name, every other
  one but ``\top`` is a power. ``e^{...}`` is the exponential function.
- A bracket that holds a relation is 1 where it is true and 0 elsewhere.
"""

GRAMMAR = r"""
formula: relation (SEPARATOR relation)*
relation: expr (REL expr)+
?condition: relation | expr

?expr: SIGN? term (SIGN term)*      -> sum
?term: product ["/" unit]           -> quotient
product: unit (DOT? unit)* (DOT? big)?
       | big
big: BIG "_" over ("^" arg)? term   -> big

?unit: atom
     | FUNCTION (unit | big)        -> function
     | PICK "_" over unit           -> pick
     | PICK group                   -> pick_of_list
?atom: scripted
scripted: basis script*
?basis: symbol | number | fraction | root | group | fenced | cases
script: SUB subscript               -> sub
      | "^" superscript             -> sup

symbol: LETTER | COMMAND | TEXT
      | ACCENT arg                  -> accented
      | NABLA script* scripted      -> gradient
number: NUMBER
fraction: "\\frac" arg arg
root: "\\sqrt" arg
group: "(" items ")" | "[" items "]" | "\\{" items "\\}"
items: condition ("," condition)*
fenced: "\\lVert" expr "\\rVert"            -> norm
      | "\\lvert" expr "\\rvert"            -> absolute
      | "\\langle" expr "," expr "\\rangle" -> inner

?arg: "{" expr "}" | single
subscript: "{" items "}" | "{" PICK "}" | single
superscript: "{" expr "}" | "{" MARK "}" | MARK | SIGN | single
single: LETTER | COMMAND | DIGIT | TEXT

over: LETTER
    | "{" LETTER ("," LETTER)* "}"
    | "{" LETTER ":" relation "}"           -> over_such_that
    | "{" relation "}"                      -> over_relation

cases: BEGIN row (NEXT row)* NEXT? END
row: expr "&" (WHEN? condition | WHEN)

BEGIN.1: "\\begin{cases}"
END.1: "\\end{cases}"
NEXT: /\\\\/
SEPARATOR.2: /[,;.]?\s*\\q?quad\s*(\\text\{[^{}]*\}\s*(\\q?quad)?)?/
REL.1: /=|<|>|\\(leq?|geq?|neq?|in|approx)(?![A-Za-z])/
SIGN: "+" | "-"
DOT.1: /\\(cdot|odot|times)(?![A-Za-z])/
BIG.1: /\\(sum|prod)(?![A-Za-z])/
PICK.1: /(\\arg\s*)?\\(max|min)(?![A-Za-z])/
FUNCTION.1: /\\(log|ln|exp|cos|sin|tanh)(?![A-Za-z])/
ACCENT.1: /\\(hat|tilde|bar|vec|widehat|widetilde|overline|math(bf|cal|bb)|boldsymbol)(?![A-Za-z])/
NABLA.1: /\\(nabla|partial)(?![A-Za-z])/
MARK.1: /\*|\\(star|top)(?![A-Za-z])/
WHEN.2: /\\text\{\s*(if|for|when|where|otherwise|else)\b[^{}]*\}/
TEXT: /\\(text|mathrm|operatorname)\s*\{[^{}]*\}/
COMMAND: /\\[A-Za-z]+/
LETTER: /[A-Za-z]/
NUMBER: /\d+(\.\d+)?/
DIGIT.1: /\d/
SUB: "_"
%ignore /\s+/
"""
