import pytest

from imbal_lab.authoring.lesson import LessonError
from imbal_lab.authoring.questions import questions
from imbal_lab.authoring.source import parse_lesson

ASKED = 'quiz("Which?", {"a": "Yes, a.", "b": "No, b."}, right="a", id="warm_up")'


def test_quizzes_and_predictions_are_read_without_being_run(source):
    guess = '\n# %% role="predict" id="g"\npredict("?", ["up", "down"], truth="up", id="g")\n'
    quiz, prediction = questions(parse_lesson("01_short", source + guess))
    assert (quiz.id, quiz.question, quiz.right) == ("quiz-warm_up", "Which?", "a")
    assert quiz.replies == {"a": "Yes, a.", "b": "No, b."}
    assert (prediction.right, prediction.replies) == ("up", {"up": "", "down": ""})


@pytest.mark.parametrize("code", ["", "1 +", "x = 1", "quiz(q, {})", "quiz()", ASKED + "\n1"])
def test_what_is_no_plain_question_is_named(source, code):
    lesson = parse_lesson("01_short", source.replace(ASKED, code))
    with pytest.raises(LessonError, match="quiz-warm_up: not one call with literal texts"):
        list(questions(lesson))
