"""A question with radio buttons; without a front end it is printed with how to answer it."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from imbal_lab.explore import answers
from imbal_lab.explore.keys import KEYS_ARE_OURS


class Question:
    """A question, its choices, a button, and a reply. Made by `predict` and `quiz`.

    Args:
        ask: name of the function that the learner called, for the printed how-to.
        reply: gives the text to show for a choice.
    """

    def __init__(
        self,
        ask: str,
        question: str,
        choices: Sequence[str],
        id: str,
        button: str,
        reply: Callable[[str], str],
        choice: int | None,
    ) -> None:
        self._ask, self._question, self._choices = ask, question, list(choices)
        self._id, self._reply = id, reply
        if len(self._choices) < 2:
            raise ValueError(f"choices = {self._choices}: a question needs at least two")
        if choice is not None:
            if choice not in range(1, len(self._choices) + 1):
                raise ValueError(f"choice = {choice}: use a number from 1 to {len(self._choices)}")
            answers.keep(id, self._choices[choice - 1])
        chosen = self.choice
        self.radio = ipywidgets.RadioButtons(
            options=self._choices, value=chosen, layout={"width": "auto"}
        )
        self.button = ipywidgets.Button(description=button, button_style="primary")
        self.text = ipywidgets.HTML()
        self.button.on_click(self._decided)
        if chosen is not None:
            self._answer(chosen)
        head = ipywidgets.HTML(f"<b>{html.escape(question)}</b>{KEYS_ARE_OURS}")
        self.widget = ipywidgets.VBox([head, self.radio, self.button, self.text])

    @property
    def choice(self) -> str | None:
        """The choice that is kept; None before the first, or when the choices have changed."""
        choice = answers.kept(self._id)
        return choice if choice in self._choices else None

    def _decided(self, _: object) -> None:
        if self.radio.value is None:
            self._say("Choose one first.")
            return
        answers.keep(self._id, self.radio.value)
        self._answer(self.radio.value)

    def _answer(self, choice: str) -> None:
        self._say(self._reply(choice))

    def _say(self, text: str) -> None:
        self.text.value = f'<div role="status" aria-live="polite">{html.escape(text)}</div>'

    def __repr__(self) -> str:
        lines = [f"  {k}  {choice}" for k, choice in enumerate(self._choices, start=1)]
        if self.choice is None:
            end = f"Answer here with {self._ask}(..., choice=1), or another number."
        else:
            end = f"Your choice: {self.choice}\n{self._reply(self.choice)}"
        return "\n".join([self._question, *lines, end])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {**(self.widget._repr_mimebundle_() or {}), "text/plain": repr(self)}
