"""What a call did, as a message. The grader's side believes nothing of it but its form."""

from torch import Tensor

from imbal_lab.checks.call import Other, Outcome, Raised
from imbal_lab.student_process.protocol import Message, field
from imbal_lab.student_process.tensors import Blobs, decode_tensor, encode_tensor

TEXT = 10_000  # characters of each text


def encode_outcome(outcome: Outcome, blobs: Blobs) -> Message:
    """Raises TypeError and ValueError for a result that cannot be handed over."""
    result, error = outcome.result, outcome.raised
    message: Message = {"changed": outcome.changed_input, "cut": outcome.cut}
    message |= {"result": None, "raised": None}
    if isinstance(result, Tensor):
        message["result"] = encode_tensor(result, blobs)
    elif isinstance(result, Other):
        message["result"] = {"other": result.kind}
    if error:
        message["raised"] = {"kind": error.kind, "text": error.text, "line": error.line}
    return message


def decode_outcome(message: Message, blobs: Blobs) -> Outcome:
    """Raises ProtocolError for anything but an outcome whose values are plain."""
    if message.get("raised") is not None:
        return Outcome(raised=decode_raised(field(message, "raised", dict)))
    changed = None if message.get("changed") is None else field(message, "changed", str, TEXT)
    cut = "cut" in message and field(message, "cut", bool)
    if message.get("result") is None:
        return Outcome(changed_input=changed)
    result = field(message, "result", dict)
    if "other" in result:
        return Outcome(Other(field(result, "other", str, TEXT)), changed_input=changed)
    return Outcome(decode_tensor(result, blobs), changed_input=changed, cut=cut)


def decode_raised(message: Message) -> Raised:
    """An error's three texts."""
    return Raised(*(field(message, name, str, TEXT) for name in ("kind", "text", "line")))
