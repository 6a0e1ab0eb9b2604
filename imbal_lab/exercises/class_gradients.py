"""Exercise 02.1: the gradient of each class's part of the loss."""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import class_gradients, unit_directions
from imbal_lab.models import mlp


def batch(widths: list[int], labels: list[int], leftovers: bool = False) -> Case:
    """A small model and one example a label, the labels shuffled."""

    def draw(generator: Generator) -> Inputs:
        seed = int(torch.randint(2**31, (), generator=generator))
        model = mlp(widths, seed=seed)
        y = torch.tensor(labels)[torch.randperm(len(labels), generator=generator)]
        x = torch.randn(len(y), widths[0], generator=generator)
        if leftovers:
            for param in model.parameters():
                param.grad = torch.ones_like(param)
        return {"model": model, "x": x, "y": y, "num_classes": widths[-1]}

    return Case(f"{widths}, labels {labels}", draw)


def rows_add_up(inputs: Inputs, result: Tensor) -> bool:
    loss = F.cross_entropy(inputs["model"](inputs["x"]), inputs["y"])
    whole = torch.cat(
        [g.flatten() for g in torch.autograd.grad(loss, list(inputs["model"].parameters()))]
    )
    return torch.allclose(result.sum(dim=0).to(whole), whole, rtol=1e-4, atol=1e-6)


def absent_is_zero(inputs: Inputs, result: Tensor) -> bool:
    present = torch.bincount(inputs["y"], minlength=inputs["num_classes"]) > 0
    return bool((result[~present] == 0).all())


def flat_rows(losses: list[Tensor], model: nn.Module, keep: bool = True) -> Tensor:
    params = list(model.parameters())
    return torch.stack(
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(f, params, retain_graph=keep)])
            for f in losses
        ]
    )


def losses_of(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x), y, reduction="none")


def class_mean(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    sizes = torch.bincount(y, minlength=num_classes).clamp_min(1)
    return flat_rows([losses[y == c].sum() / sizes[c] for c in range(num_classes)], model)


def divided_twice(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_mean(model, x, y, num_classes) / len(y)


def plain_sum(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    return flat_rows([losses[y == c].sum() for c in range(num_classes)], model)


def over_classes(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    return flat_rows([losses[y == c].sum() / num_classes for c in range(num_classes)], model)


def whole_gradient(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    return flat_rows([losses.mean()] * num_classes, model)


def accumulated(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_gradients(model, x, y, num_classes).cumsum(dim=0)


def present_only(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_gradients(model, x, y, num_classes)[y.unique()]


def mean_of_nothing(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    rows = class_gradients(model, x, y, num_classes)
    sizes = torch.bincount(y, minlength=num_classes)
    return torch.where(sizes[:, None] > 0, rows, torch.nan)


def by_prediction(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    guess = model(x).argmax(dim=1)
    losses = losses_of(model, x, y)
    return flat_rows([losses[guess == c].sum() / len(y) for c in range(num_classes)], model)


def all_called_c(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    parts = [losses_of(model, x, torch.full_like(y, c)).mean() for c in range(num_classes)]
    return flat_rows(parts, model)


def weights_only(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    rows = class_gradients(model, x, y, num_classes)
    matrix = torch.cat([torch.full((p.numel(),), p.dim() > 1) for p in model.parameters()])
    return rows[:, matrix]


def last_layer(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    size = sum(p.numel() for p in list(model.parameters())[-2:])
    return class_gradients(model, x, y, num_classes)[:, -size:]


def graph_freed(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    parts = [losses[y == c].sum() / len(y) for c in range(num_classes)]
    return flat_rows(parts, model, keep=False)


def not_a_number(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    losses = losses_of(model, x, y)
    return flat_rows([losses[y == c] / len(y) for c in range(num_classes)], model)


def joined(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_gradients(model, x, y, num_classes).flatten()


def transposed(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_gradients(model, x, y, num_classes).T


def downhill(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return -class_gradients(model, x, y, num_classes)


def normalised_early(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return unit_directions(class_gradients(model, x, y, num_classes))


def softmax_twice(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_gradients(nn.Sequential(*model.children(), nn.Softmax(1)), x, y, num_classes)


def left_over(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
    rows = class_gradients(model, x, y, num_classes)
    before = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]
    rows[0] += torch.cat([g.flatten() for g in before])
    return rows


EXERCISE = Exercise(
    id="class_gradients",
    reference=class_gradients,
    axes=("class", "parameter"),
    groups=(
        Group(
            "three classes of uneven size",
            "the rows add up to the ordinary gradient",
            2,
            (batch([2, 5, 3], [0] * 7 + [1] * 3 + [2] * 2), batch([4, 3], [0, 0, 0, 1, 2, 2])),
            "take one class, compute its part of the loss by hand, and compare that one row.",
        ),
        Group(
            "a class is missing from the batch",
            "a missing class gives a row of zeros",
            1,
            (batch([2, 4, 3], [0, 0, 2, 2, 2]), batch([2, 4, 4], [0, 1, 1, 0])),
            "loop over range(num_classes), and think what a sum over no examples should be.",
        ),
        Group(
            "a batch of one, and gradients left over from before",
            "a single example works, and what stands in .grad plays no part",
            1,
            (batch([3, 2], [1]), batch([2, 4, 3], [0, 0, 1, 2], leftovers=True)),
            "make sure that nothing is read from, or added to, what an earlier step left behind.",
            hidden=True,
        ),
    ),
    properties=(
        Property(
            "the rows must add up to the gradient of the mean loss over the batch.", rows_add_up
        ),
        Property("the row of a class without examples must be exactly zero.", absent_is_zero),
    ),
    mistakes=(
        Mistake(
            "class_mean",
            "each class is divided by its own size, so a rare class counts as much as a common "
            "one; here f_l is a contribution: a sum over the class, divided by n.",
            "divide by len(y), the whole batch. Then the rows add up to the ordinary gradient.",
            (class_mean,),
        ),
        Mistake(
            "divided_twice",
            "each class is divided by its own size and then by n: cross_entropy already takes "
            "the mean over what it is given.",
            'pass reduction="sum", and divide by len(y) once.',
            (divided_twice,),
        ),
        Mistake(
            "plain_sum",
            "the losses of a class are summed but never divided by n, so every row is n times "
            "too long.",
            "divide each class's sum by len(y).",
            (plain_sum,),
        ),
        Mistake(
            "over_classes",
            "each class's sum is divided by the number of classes instead of the number of "
            "examples.",
            "divide by len(y): the mean loss is a mean over examples.",
            (over_classes,),
        ),
        Mistake(
            "whole_gradient",
            "every row holds the gradient of the whole loss; nothing selects the class.",
            "keep only the examples with y == c before you sum.",
            (whole_gradient,),
        ),
        Mistake(
            "accumulated",
            "each row also holds the rows before it: backward() adds to .grad, it does not "
            "replace it.",
            "clear .grad before each class, or use torch.autograd.grad, which stores nothing.",
            (accumulated,),
        ),
        Mistake(
            "present_only",
            "there is one row for each class that occurs, so a missing class shifts all rows "
            "after it.",
            "loop over range(num_classes), not over y.unique().",
            (present_only,),
        ),
        Mistake(
            "mean_of_nothing",
            "the mean over no examples is 0/0, and NaN then spreads through every step.",
            "use a sum, which is 0 for no examples, and divide by len(y).",
            (mean_of_nothing,),
        ),
        Mistake(
            "by_prediction",
            "the examples are grouped by what the model predicts, not by their label.",
            "select with the labels: y == c.",
            (by_prediction,),
        ),
        Mistake(
            "all_called_c",
            "row c is the loss that all examples would have if their label were c.",
            "keep every label as it is, and select the examples with y == c.",
            (all_called_c,),
        ),
        Mistake(
            "weights_only",
            "the biases are missing from the rows.",
            "go over all of model.parameters(): weights and biases.",
            (weights_only,),
        ),
        Mistake(
            "last_layer",
            "only the last layer's gradient is there.",
            "go over all of model.parameters() and join the flattened pieces.",
            (last_layer,),
        ),
        Mistake(
            "graph_freed",
            "the graph of the forward pass is freed by the first class's backward pass.",
            "pass retain_graph=True, or run the model again for each class.",
            (graph_freed,),
        ),
        Mistake(
            "not_a_number",
            "autograd starts from one number, and this loss still has an entry for each example.",
            "sum the losses of the class before you ask for the gradient.",
            (not_a_number,),
        ),
        Mistake(
            "joined",
            "the rows are joined end to end into one long vector.",
            "torch.stack keeps one row a class; torch.cat glues them together.",
            (joined,),
        ),
        Mistake(
            "transposed",
            "rows and columns are exchanged: there is a column for each class.",
            "torch.stack with dim=0 puts each class's gradient into a row of its own.",
            (transposed,),
        ),
        Mistake(
            "downhill",
            "the sign is turned: this is the way down, and a gradient points up.",
            "return the gradient itself; the minus sign belongs to the step.",
            (downhill,),
        ),
        Mistake(
            "normalised_early",
            "the rows are already divided by their lengths; that is the next exercise.",
            "return the gradients as they are.",
            (normalised_early,),
        ),
        Mistake(
            "softmax_twice",
            "softmax was applied before cross_entropy, which applies it itself.",
            "hand the model's output to cross_entropy as it is.",
            (softmax_twice,),
        ),
        Mistake(
            "left_over",
            "what an earlier backward() left in .grad was added to the first row.",
            "clear .grad before the first class too, or use torch.autograd.grad.",
            (left_over,),
        ),
    ),
)
