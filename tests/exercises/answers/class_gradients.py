"""class_gradients(model, x, y, num_classes) -> [num_classes, P], as learners write it."""

import copy

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn import functional as F  # noqa: N812


def one_by_one(model, x, y):
    """Per-sample gradients [n, P] by torch.func."""
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def loss(w, xi, yi):
        return F.cross_entropy(functional_call(model, w, (xi[None],)), yi[None])

    each = vmap(grad(loss), in_dims=(None, 0, 0))(weights, x, y)
    return torch.cat([g.reshape(len(x), -1) for g in each.values()], dim=1)


# --- known mistakes -----------------------------------------------------------------------


def class_mean(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        net = copy.deepcopy(model)
        net.zero_grad()
        if (y == c).any():
            nn.CrossEntropyLoss()(net(x[y == c]), y[y == c]).backward()
            rows.append(torch.hstack([p.grad.reshape(-1) for p in net.parameters()]))
        else:
            rows.append(torch.zeros(sum(p.numel() for p in net.parameters()), dtype=x.dtype))
    return torch.vstack(rows)


def class_mean_torch_func(model, x, y, num_classes):
    each = one_by_one(model, x, y)
    member = F.one_hot(y, num_classes).to(each.dtype)
    return (member.T @ each) / member.sum(0).clamp(min=1)[:, None]


def divided_twice(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        mine = y == c
        f = F.cross_entropy(model(x[mine]), y[mine]) / len(y)
        grads = torch.autograd.grad(f, model.parameters(), allow_unused=True)
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def plain_sum(model, x, y, num_classes):
    member = F.one_hot(y, num_classes).float()
    return torch.einsum("nc,np->cp", member, one_by_one(model, x, y).float())


def over_classes(model, x, y, num_classes):
    each = one_by_one(model, x, y).numpy()
    out = np.zeros((num_classes, each.shape[1]))
    for i in range(len(y)):
        out[int(y[i])] += each[i] / num_classes
    return torch.from_numpy(out)


def whole_gradient(model, x, y, num_classes):
    net = copy.deepcopy(model)
    net.zero_grad()
    F.cross_entropy(net(x), y).backward()
    row = torch.cat([p.grad.view(-1) for p in net.parameters()])
    return row.repeat(num_classes, 1)


def accumulated(model, x, y, num_classes):
    net = copy.deepcopy(model)
    net.zero_grad()
    losses = F.cross_entropy(net(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        (losses * (y == c)).mean().backward(retain_graph=True)
        rows.append(nn.utils.parameters_to_vector([p.grad for p in net.parameters()]).clone())
    return torch.stack(rows)


def present_only(model, x, y, num_classes):
    each = one_by_one(model, x, y)
    return torch.stack([each[y == c].sum(0) / len(y) for c in y.unique()])


def present_only_sorted_labels(model, x, y, num_classes):
    found = sorted(set(y.tolist()))
    logp = F.log_softmax(model(x.clone()), dim=1)
    rows = []
    for c in found:
        loss = -sum(logp[i, c] for i in range(len(y)) if y[i] == c) / len(y)
        grads = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)
        rows.append(torch.cat([g.reshape(-1) for g in grads]).float())
    return torch.stack(rows)


def mean_of_nothing(model, x, y, num_classes):
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        mask = (y == c).to(losses.dtype)
        mean = (losses * mask).sum() / mask.sum()
        share = mask.sum() / len(y)
        grads = torch.autograd.grad(mean * share, list(model.parameters()), retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def mean_of_nothing_numpy(model, x, y, num_classes):
    each = one_by_one(model, x, y).numpy()
    labels = y.numpy()
    out = [each[labels == c].mean(axis=0) * np.mean(labels == c) for c in range(num_classes)]
    return torch.tensor(np.array(out))


def by_prediction(model, x, y, num_classes):
    with torch.no_grad():
        guess = model(x).argmax(1)
    each = one_by_one(model, x, y) / x.shape[0]
    out = torch.zeros(num_classes, each.shape[1], dtype=each.dtype)
    return out.index_add(0, guess, each)


def all_called_c(model, x, y, num_classes):
    out = []
    for c in range(num_classes):
        wish = torch.full_like(y, c)
        out.append(one_by_one(model, x, wish).mean(0))
    return torch.stack(out).to(torch.float32)


def weights_only(model, x, y, num_classes):
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        f = losses[y == c].sum() / y.numel()
        rows.append(
            torch.cat([g.ravel() for g in torch.autograd.grad(f, weights, retain_graph=True)])
        )
    return torch.stack(rows)


def last_layer(model, x, y, num_classes):
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    features = model[:-1](x).detach()
    logits = features @ last.weight.T + last.bias
    error = torch.softmax(logits, 1) - F.one_hot(y, logits.shape[1])
    rows = []
    for c in range(num_classes):
        e = error[y == c] / len(y)
        rows.append(torch.cat([(e.T @ features[y == c]).flatten(), e.sum(0)]))
    return torch.stack(rows).detach()


def graph_freed(model, x, y, num_classes):
    losses = nn.CrossEntropyLoss(reduction="none")(model(x), y)
    rows = []
    for c in range(num_classes):
        model.zero_grad()
        (losses[y == c].sum() / len(x)).backward()
        rows.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    return torch.stack(rows)


def graph_freed_autograd(model, x, y, num_classes):
    logp = torch.log_softmax(model(x), -1)
    picked = -logp.gather(1, y[:, None]).squeeze(1)
    out = []
    for c in range(num_classes):
        total = torch.where(y == c, picked, 0.0).sum() / len(x)
        out.append(torch.cat([g.flatten() for g in torch.autograd.grad(total, model.parameters())]))
    return torch.stack(out)


def not_a_number(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        model.zero_grad()
        (nn.functional.cross_entropy(model(x), y, reduction="none")[y == c] / y.numel()).backward()
        rows.append(nn.utils.parameters_to_vector([p.grad for p in model.parameters()]))
    return torch.stack(rows)


def joined(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        of_class = torch.nn.functional.cross_entropy(model(x), y, reduction="none") * (y == c)
        rows += [g.reshape(-1) for g in torch.autograd.grad(of_class.mean(), model.parameters())]
    return torch.cat(rows).float()


def transposed(model, x, y, num_classes):
    return torch.column_stack(list(per_class_forward(model, x, y, num_classes)))


def downhill(model, x, y, num_classes):
    each = one_by_one(model, x, y)
    return -torch.stack([(each * (y == c)[:, None]).mean(0) for c in range(num_classes)])


def downhill_log_likelihood(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        logp = model(x).log_softmax(1)
        right = logp[torch.arange(len(y)), y]
        f = right[y == c].sum() / len(y)
        grads = torch.autograd.grad(f, tuple(model.parameters()), allow_unused=True)
        rows.append(torch.cat([g.reshape(-1) for g in grads]))
    return torch.stack(rows)


def normalised_early(model, x, y, num_classes):
    each = one_by_one(model, x, y)
    rows = [each[y == c].sum(0) / len(y) for c in range(num_classes)]
    return torch.stack([r / r.norm() if r.norm() > 0 else r for r in rows])


def softmax_twice(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        chances = model(x[y == c]).softmax(1)
        f = F.cross_entropy(chances, y[y == c], reduction="sum") / len(y)
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(f, model.parameters())]))
    return torch.stack(rows)


def left_over(model, x, y, num_classes):
    """Clears .grad after each class, but not before the first."""
    rows = []
    for c in range(num_classes):
        (F.cross_entropy(model(x), y, reduction="none")[y == c].sum() / len(y)).backward()
        rows.append(torch.cat([p.grad.reshape(-1) for p in model.parameters()]))
        model.zero_grad()
    return torch.stack(rows)


# --- wrong, and on no list ----------------------------------------------------------------


def sign_and_mean(model, x, y, num_classes):
    return -class_mean(model, x, y, num_classes)


def sum_of_the_weights_alone(model, x, y, num_classes):
    return weights_only(model, x, y, num_classes) * len(y)


def squared_error(model, x, y, num_classes):
    rows = []
    target = F.one_hot(y, model[-1].out_features).to(x.dtype)
    for c in range(num_classes):
        f = ((model(x) - target)[y == c] ** 2).sum() / len(y)
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(f, model.parameters())]))
    return torch.stack(rows)


def classes_backwards(model, x, y, num_classes):
    return per_class_forward(model, x, y, num_classes).flip(0)


def biases_first(model, x, y, num_classes):
    by_name = sorted(model.named_parameters())
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        f = losses[y == c].sum() / len(y)
        grads = torch.autograd.grad(f, [p for _, p in by_name], retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def a_list_of_rows(model, x, y, num_classes):
    return list(per_class_forward(model, x, y, num_classes))


def a_list_of_lists(model, x, y, num_classes):
    return per_class_forward(model, x, y, num_classes).tolist()


def numpy_array(model, x, y, num_classes):
    return per_class_forward(model, x, y, num_classes).numpy()


def no_return(model, x, y, num_classes):
    per_class_forward(model, x, y, num_classes)


def casts_the_callers_model(model, x, y, num_classes):
    return per_class_forward(model.double(), x.double(), y, num_classes)


def forgets_an_argument(model, x, y):
    return per_class_forward(model, x, y, 3)


def runs_for_ever_down(model, x, y, num_classes):
    return runs_for_ever_down(model, x, y, num_classes)


def leaves(model, x, y, num_classes):
    raise SystemExit("enough")


def looks_in_a_dict(model, x, y, num_classes):
    return {0: x}[num_classes]


def another_runtime_error(model, x, y, num_classes):
    return model(x.T)


def fails_when_a_class_is_missing(model, x, y, num_classes):
    if len(y.unique()) < num_classes:
        raise ValueError
    return per_class_forward(model, x, y, num_classes)


# --- right --------------------------------------------------------------------------------


def per_class_forward(model, x, y, num_classes):
    """No other style is simpler: one forward pass a class."""
    rows = []
    for c in range(num_classes):
        f = F.cross_entropy(model(x[y == c]), y[y == c], reduction="sum") / len(y)
        grads = torch.autograd.grad(f, list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def one_forward_retain_graph(model, x, y, num_classes):
    losses = F.cross_entropy(model(x), y, reduction="none")
    out = []
    for c in range(num_classes):
        f = (losses * (y == c)).mean()
        grads = torch.autograd.grad(f, model.parameters(), retain_graph=True)
        out.append(nn.utils.parameters_to_vector(grads))
    return torch.stack(out)


def mean_times_share(model, x, y, num_classes):
    """torch's mean over an empty slice: the loss is NaN, its gradient is zero."""
    rows = []
    for c in range(num_classes):
        mine = torch.where(y == c)[0]
        f = F.cross_entropy(model(x[mine]), y[mine]) * len(mine) / len(x)
        grads = torch.autograd.grad(f, list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def torch_func_segment_sum(model, x, y, num_classes):
    each = one_by_one(model, x, y)
    out = each.new_zeros(num_classes, each.shape[1])
    return out.index_add_(0, y, each / len(y))


def einsum_one_hot(model, x, y, num_classes):
    member = F.one_hot(y, num_classes).to(x.dtype)
    return torch.einsum("nc,np->cp", member, one_by_one(model, x, y)) / y.shape[0]


def jacobian_of_all_contributions(model, x, y, num_classes):
    weights = dict(model.named_parameters())

    def contributions(w):
        losses = F.cross_entropy(functional_call(model, w, (x,)), y, reduction="none")
        return torch.stack([losses[y == c].sum() for c in range(num_classes)]) / len(y)

    return torch.cat([j.flatten(1) for j in jacrev(contributions)(weights).values()], dim=1)


def backward_zeroed_and_restored(model, x, y, num_classes):
    params = list(model.parameters())
    kept = [None if p.grad is None else p.grad.clone() for p in params]
    rows = []
    for c in range(num_classes):
        for p in params:
            p.grad = torch.zeros_like(p)
        loss = F.cross_entropy(model(x), y, reduction="none")[y == c].sum() / len(y)
        loss.backward()
        rows.append(torch.cat([p.grad.flatten() for p in params]))
    for p, g in zip(params, kept, strict=True):
        p.grad = g
    return torch.stack(rows)


def backward_and_leave_it(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        model.zero_grad()
        loss = (F.cross_entropy(model(x), y, reduction="none") * (y == c)).sum() / len(y)
        loss.backward()
        rows.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    return torch.stack(rows)


def float32_copy(model, x, y, num_classes):
    net = copy.deepcopy(model).float()
    return per_class_forward(net, x.float(), y, num_classes)


def one_example_at_a_time(model, x, y, num_classes):
    n = len(y)
    params = list(model.parameters())
    rows = [torch.zeros(sum(p.numel() for p in params), dtype=x.dtype) for _ in range(num_classes)]
    for i in range(n):
        f = -F.log_softmax(model(x[i]), dim=0)[y[i]] / n
        rows[y[i]] += torch.cat([g.flatten() for g in torch.autograd.grad(f, params)])
    return torch.stack(rows)


def skips_the_absent(model, x, y, num_classes):
    out = torch.zeros(num_classes, sum(p.numel() for p in model.parameters()), dtype=x.dtype)
    for c in y.unique():
        out[c] = per_class_forward(model, x, y, int(c) + 1)[-1]
    return out


def masks_in_single_precision(model, x, y, num_classes):
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        part = losses @ (y == c).float() / len(y)
        grads = torch.autograd.grad(part, list(model.parameters()), retain_graph=True)
        rows.append(torch.cat([g.reshape(-1) for g in grads]))
    return torch.stack(rows)


def class_weights_of_one_and_zero(model, x, y, num_classes):
    rows = []
    for c in range(num_classes):
        only = torch.zeros(num_classes)
        only[c] = 1
        part = F.cross_entropy(model(x), y, weight=only, reduction="sum") / len(y)
        rows.append(nn.utils.parameters_to_vector(torch.autograd.grad(part, model.parameters())))
    return torch.stack(rows)


def central_differences(model, x, y, num_classes):
    net, x = copy.deepcopy(model).double(), x.double()
    flat = nn.utils.parameters_to_vector(net.parameters()).detach()
    out = np.zeros((num_classes, len(flat)))

    def contribution(vector, c):
        nn.utils.vector_to_parameters(vector, net.parameters())
        with torch.no_grad():
            return (F.cross_entropy(net(x), y, reduction="none")[y == c].sum() / len(y)).item()

    for j in range(len(flat)):
        nudge = torch.zeros_like(flat)
        nudge[j] = 1e-5
        for c in range(num_classes):
            up, down = contribution(flat + nudge, c), contribution(flat - nudge, c)
            out[c, j] = (up - down) / 2e-5
    return torch.tensor(out)


def still_on_the_graph(model, x, y, num_classes):
    """Returns a tensor that requires grad."""
    params = list(model.parameters())
    losses = F.cross_entropy(model(x), y, reduction="none")
    rows = []
    for c in range(num_classes):
        f = losses[y == c].sum() / len(y)
        grads = torch.autograd.grad(f, params, create_graph=True)
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


MISTAKES = {
    "class_mean": (class_mean, class_mean_torch_func),
    "plain_sum": (plain_sum,),
    "over_classes": (over_classes,),
    "whole_gradient": (whole_gradient,),
    "accumulated": (accumulated,),
    "present_only": (present_only, present_only_sorted_labels),
    "mean_of_nothing": (mean_of_nothing, mean_of_nothing_numpy),
    "by_prediction": (by_prediction,),
    "all_called_c": (all_called_c,),
    "weights_only": (weights_only,),
    "last_layer": (last_layer,),
    "graph_freed": (graph_freed, graph_freed_autograd),
    "not_a_number": (not_a_number,),
    "joined": (joined,),
    "transposed": (transposed,),
    "downhill": (downhill, downhill_log_likelihood),
    "normalised_early": (normalised_early,),
    "divided_twice": (divided_twice,),
    "softmax_twice": (softmax_twice,),
    "left_over": (left_over,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        sign_and_mean,
        sum_of_the_weights_alone,
        squared_error,
        classes_backwards,
        biases_first,
        a_list_of_rows,
        a_list_of_lists,
        numpy_array,
        no_return,
        casts_the_callers_model,
        forgets_an_argument,
        runs_for_ever_down,
        leaves,
        looks_in_a_dict,
        another_runtime_error,
        fails_when_a_class_is_missing,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        per_class_forward,
        one_forward_retain_graph,
        mean_times_share,
        torch_func_segment_sum,
        einsum_one_hot,
        jacobian_of_all_contributions,
        backward_zeroed_and_restored,
        backward_and_leave_it,
        float32_copy,
        one_example_at_a_time,
        skips_the_absent,
        central_differences,
        masks_in_single_precision,
        class_weights_of_one_and_zero,
        still_on_the_graph,
    )
}
