# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   imbal_lab:
#     title: "ABSGD: hard examples first"
#     paper: "Qi, Xu, Jin, Yin, Yang: Attentional-Biased Stochastic Gradient Descent (TMLR 2023, arXiv 2012.06951)"
#     kind: lesson
#     minutes: 60
#     level: 3
#     needs: [01_when_accuracy_lies, 02_learning_dynamics]
#     objectives:
#       - text: Compute the robust loss, which for λ > 0 lies between the mean and the worst loss
#         met_by: [check-robust_loss]
#       - text: Turn losses into weights, and choose the sign of λ for rare classes and for wrong labels
#         met_by: [check-absgd_weights, quiz-sign]
#       - text: Keep a running normaliser for small batches that never overflows
#         met_by: [check-running_normaliser]
#       - text: Say when ABSGD is the same as SGD again
#         met_by: [quiz-retrieval_fitted]
#       - text: Judge when ABSGD is the worse choice
#         met_by: [essay-when_worse]
#     symbols:
#       - {symbol: "F", is: "the robust loss", code: "robust_loss(losses, lam)", shape: number}
#       - {symbol: "\\lambda", is: "temperature, of either sign; small in size means sharp", code: "lam", shape: number}
#       - {symbol: "n", is: "how many examples", code: "len(losses)", shape: number}
#       - {symbol: "\\ell_i", is: "loss of example $i$, here its cross-entropy", code: "losses[i]", shape: number}
#       - {symbol: "w_i", is: "weight of example $i$; the weights have mean 1", code: "absgd_weights(losses, lam)[i]", shape: number}
#       - {symbol: "\\nabla F", is: "gradient of the robust loss over all parameters", code: "torch.autograd.grad", shape: "[P]"}
#       - {symbol: "\\nabla\\ell_i", is: "gradient of one example's loss", code: "torch.autograd.grad", shape: "[P]"}
#       - {symbol: "u_t", is: "running normaliser after batch $t$; the code keeps its logarithm", code: "log_u", shape: number}
#       - {symbol: "\\gamma", is: "share of the newest batch, above 0 and at most 1", code: "gamma", shape: number}
#       - {symbol: "B", is: "examples in a batch", code: "len(losses)", shape: number}
# ---

# %% [markdown] role="card"
# # 04 ABSGD: hard examples first
#
# Class weights ask which class is rare. ABSGD asks each example how badly it is doing, and never looks at a count. You write it in three short functions, see when it helps and when the help is over, and turn it against wrong labels with a minus sign.

# %% role="given"
import math

import torch

from imbal_lab.checks import check
from imbal_lab.explore import acceptance, explore, idea, predict, quiz

# %% role="quiz" id="warm_up"
quiz(
    "Warm-up. Class weights multiply the loss of every example by a number that depends on its class, large for rare classes. What can they not do?",
    {
        "Raise the recall of the rarest class": "They can: its examples pull harder at the parameters.",
        "Treat an easy and a hard example of one class differently": "Both have the same class, so both get the same weight. That is where this lesson starts.",
        "Work with mini-batches": "They can: the weights come from the counts of the whole training set.",
    },
    right="Treat an easy and a hard example of one class differently",
    id="warm_up",
)

# %% [markdown] role="given"
# ## The puzzle
#
# Suppose we weigh every example by exp(loss / λ), divided by the mean of that over the batch. No class, no count: only how badly it is doing right now.
#
# Rare classes are learnt late, so for a while their losses are the large ones, and so are their weights. But in the end? The network below gets every training example right within 300 steps.

# %% role="predict" id="share"
predict(
    "Ten digits, ρ = 50. The three rarest digits are 3 % of the training examples. Every example is weighed by exp(loss / λ) with λ = 0.5. After 300 steps those three digits have ... of the whole weight.",
    ["about 30 %, as three classes of ten", "about 15 %", "about 5 %"],
    truth="about 5 %",
    id="share",
)

# %% role="explore" id="absgd"
explore("absgd", data="digits", rho=50, prediction="share")

# %% [markdown] role="given"
# The lean is nearly gone: at step 30 the rarest three had 14 % of the weight, at the end 5 %. What has been learnt has a loss near 0, exp of that is near 1, and then all weights are alike: ABSGD becomes SGD. It attends to an example only while that is hard.
#
# (Recall counts test examples: learning two by heart does not teach a digit.)
#
# Two things to try. Choose **SGD** in the method menu: the rare digits (few) get there more slowly. Then "Four classes, 2-D" with ABSGD: where classes overlap some losses stay large, and so do their weights.
#
# ## The idea
#
# Training minimises the *mean* loss. A very cautious person would minimise the *largest* one, but then a single example decides everything.
#
# Between the two stands a bargain. An adversary hands out shares of attention so that the weighted mean of the losses becomes as large as it can, but pays for every departure from equal shares. The price is λ. If attention is dear, shares stay equal; if it is cheap, the hardest example gets it all.

# %% role="given"
idea("lean")

# %% [markdown] role="given"
# The adversary pays λ times the KL divergence from equal shares: $\sum_i p_i\log(n p_i)$ for shares $p_i$, which is $\frac{1}{n}\sum_i w_i\log w_i$ with weights $w_i=n p_i$. Then the best choice has a closed form. Here it is, with what the bargain comes to, the **robust loss**:
#
# <!-- formula: weights -->
# $$w_i=\frac{\exp(\ell_i/\lambda)}{\frac{1}{n}\sum_j\exp(\ell_j/\lambda)},\qquad F=\frac{1}{n}\sum_i w_i\ell_i-\frac{\lambda}{n}\sum_i w_i\log w_i$$
#
# Put the first into the second, and everything folds into one line:
#
# <!-- formula: objective -->
# $$F=\lambda\log\left(\frac{1}{n}\sum_i\exp(\ell_i/\lambda)\right)$$
#
# The derivative of that line by $\ell_i$ is $w_i/n$, so by the chain rule
#
# <!-- formula: direction -->
# $$\nabla F=\frac{1}{n}\sum_i w_i\nabla\ell_i$$
#
# <!-- symbols: weights objective direction -->
#
# So a plain SGD step on losses times their weights goes down F. The weights are constants there; whoever calls you sees to that, so you need no `detach`. λ may be negative: the adversary then becomes a friend who looks for a *small* weighted mean, and so trusts the easy examples.
#
# ## A worked cousin
#
# A cousin of F is the root of the mean of squares: it too leans to large losses, with weights in proportion to them. The cell checks by autograd that they are its gradient, up to a factor. Its last lines show a trap that the cousin lacks: exp leaves the range of a computer quickly.

# %% role="given"
def root_mean_square(losses):
    """Losses [n]; a number between their mean and the largest."""
    return losses.square().mean().sqrt()


def proportional_weights(losses):
    """Losses [n]; [n] weights of mean 1."""
    return losses / losses.mean()


some = torch.tensor([0.1, 0.5, 3.0], requires_grad=True)
root_mean_square(some).backward()
print("gradient of the cousin:", some.grad / some.grad.mean())
print("weights of the cousin: ", proportional_weights(some.detach()))
big = torch.tensor([1000.0, 999.0])
print("log of a sum of exp:   ", big.exp().sum().log(), torch.logsumexp(big, dim=0))
print("exp over a sum of exp: ", big.exp() / big.exp().sum(), torch.softmax(big, dim=0))

# %% role="quiz" id="sign"
quiz(
    "Nineteen examples have a loss near 0.1. The twentieth has 3.0, and you suspect that its label is wrong. Which λ gives it the least to say?",
    {
        "λ = 1": "Then it weighs e^2.9, about 18 times as much as the others. That is right for a hard example, and wrong for a wrong label.",
        "λ = 100": "Close to plain SGD: all weights are about 1, so the wrong label counts as much as a right one.",
        "λ = 0.1": "Small and positive is the sharpest lean to the worst example: it would get practically all the weight.",
        "λ = -1": "Now it weighs e^-2.9 of the others, about an eighteenth. Large losses are distrusted.",
    },
    right="λ = -1",
    id="sign",
)

# %% [markdown] role="task" ex="robust_loss" difficulty=2 minutes=9
# ## Exercise 1: the robust loss
#
# Return $F$ for a vector of losses. λ may have either sign. Losses may be thousands of times as large as λ, so do not leave the range of a computer on the way: the worked cousin shows a function that helps.

# %% role="answer" ex="robust_loss"
def robust_loss(losses, lam):
    """losses [n], lam a number, not 0; returns F, a number."""
    ...

# %% role="check" ex="robust_loss" points=2

# %% [markdown] role="hint" ex="robust_loss"
# 1. Read the formula from the inside: divide, exp, mean, log, times λ. Try it with losses [0, 2] and λ = 2: about 1.24.
# 2. `torch.logsumexp(..., dim=0)` is the log of the *sum* of exp, and safe for any size. The log of a mean is the log of the sum minus a log: of what?
# 3. Subtract `math.log(len(losses))` from the logsumexp of `losses / lam`, and only then multiply by `lam`. Let λ keep its sign in both places.

# %% [markdown] role="task" ex="absgd_weights" difficulty=1 minutes=5
# ## Exercise 2: the weights
#
# Return $w_i$ for every example, by the first formula: never negative, with mean 1, for either sign of λ and any size of loss / λ.

# %% role="answer" ex="absgd_weights"
def absgd_weights(losses, lam):
    """losses [n], lam a number, not 0; returns [n] weights of mean 1."""
    ...

# %% role="check" ex="absgd_weights" points=2

# %% [markdown] role="hint" ex="absgd_weights"
# 1. Every weight is an exponential over the mean of all of them. By hand, losses [0, 2] and λ = 2 give about [0.54, 1.46].
# 2. exp over the *sum* of exp has a name: softmax. `torch.softmax(..., dim=0)` is safe for any size.
# 3. A softmax has the sum 1 and hence the mean 1/n. Multiply by `len(losses)`.

# %% [markdown] role="task" ex="running_normaliser" difficulty=3 minutes=12
# ## Exercise 3: the running normaliser
#
# In training you see a batch of $B$, not all $n$. A small batch without a hard example has a small mean below the fraction bar, so its easy examples weigh too much; the mean of such ratios is not the ratio of the means. ABSGD therefore divides by a moving average of the means, $w_i=\exp(\ell_i/\lambda)/u_t$:
#
# <!-- formula: normaliser -->
# $$u_t=(1-\gamma)u_{t-1}+\gamma\,\frac{1}{B}\sum_i\exp(\ell_i/\lambda)$$
#
# <!-- symbols: normaliser -->
#
# $u$ itself may overflow, so only its logarithm is kept. Given `log_u`, the log of $u_{t-1}$ (a tensor with one number), and the losses of batch $t$, return the log of $u_t$. Before the first batch `log_u` is -inf: return the log of the batch's own mean then. With γ = 1 the past has no share.

# %% role="answer" ex="running_normaliser"
def running_normaliser(log_u, losses, lam, gamma):
    """log_u a tensor with one number, losses [B], 0 < gamma <= 1; returns the new log_u."""
    ...

# %% role="check" ex="running_normaliser" points=3

# %% [markdown] role="hint" ex="running_normaliser"
# 1. You have the log of the batch's mean already: it stands inside your `robust_loss`, which is λ times that log.
# 2. The log of a sum, from the logs of both terms, is `torch.logaddexp`; both must be tensors. A factor in front of a term is a summand in its log: `math.log(gamma)`.
# 3. First come the two special cases: if `log_u` is `-math.inf`, or `gamma` is 1 (there `math.log(1 - gamma)` would fail), return the batch's log. Otherwise both logs get the log of their share added, 1 - γ for the old one and γ for the new, and `torch.logaddexp` joins them.

# %% [markdown] role="given"
# ## Your code in the picture
#
# The strong lines are training with *your* weights, the pale bands the reference; each batch is its own normaliser here (γ = 1). Before you move λ to -1, guess what happens to the rarest class, *south*. Then look for the λ that leaves plain SGD.

# %% role="explore" id="own"
explore("absgd", mine=absgd_weights, lam=1)

# %% [markdown] role="given"
# (At λ = -1 *south* is given up: large losses are not trusted, and grow. At 100 all weights are about 1.)
#
# ## Does it hold?
#
# Your functions on six seeds, with momentum, beside SGD and class weights. **Digits** at ρ = 50, λ = 2: balanced accuracy early (step 60) and late. **Wrong labels**: curves of ten classes, two in five labelled wrongly; plain SGD up to step 180, then your weights with λ = -1.5; accuracy on right labels. **Bias**: how far the mean direction over batches of 16 lies from $\nabla F$, in lengths of $\nabla F$, for a model that stands still, without history and with γ = 0.1.

# %% role="extra" id="acceptance"
acceptance("hard_examples_first", weights=absgd_weights, normaliser=running_normaliser)

# %% [markdown] role="given"
# ## What did not reproduce here
#
# The lead over SGD is real, and it fades; class weights are ahead of ABSGD early *and* late. We measured more, on twelve other seeds (`course/CLAIMS.md`; differences in balanced accuracy, 95 % intervals):
#
# - **The lead is speed.** On digits, with the best of four step sizes for each, ABSGD was no better than SGD at epoch 12: -0.013 [-0.021, -0.004].
# - **Switched on late**, after plain SGD, the authors' recipe for imbalance, it did not gain on curves, harder data: -0.027 [-0.041, -0.013] for λ = 2.
# - **λ too small** for the losses: there, with λ = 0.2 and an unchanged step size, training collapsed, -0.17 [-0.21, -0.12]. (The explorer's digits bear it.)
# - **Overlap.** There, for λ > 0, F is smallest where the probabilities follow the true ones to the power λ / (1 + λ): flatter, but in the same order. Logit adjustment, which corrects for the counts, was ahead of it by 0.146 [0.135, 0.156] for λ = 1.
# - **λ = -1 without wrong labels** cost the rare digits dearly: -0.235 [-0.269, -0.201].
# - **Wrong labels** were the clearest gain, but not for every λ: -0.5 lost, and with labels that are all wrong in the same way (always the next class) the interval for λ = -1 contains 0.
#
# The paper's large data sets were not tried.

# %% [markdown] role="essay" id="when_worse" points=3
# ## When is it worse?
#
# A hospital has 50 ordinary scans for every scan of a rare disease, and believes that one label in ten is wrong. A colleague proposes ABSGD with λ = 1. In five to eight sentences: what would it do with the rare scans, what with the wrong labels, against which baselines would you test it, and what would you measure before you decide? Support one claim with a number from the table or from an explorer.
# <!-- rubric -->
# One point each for:
#
# - both lean at once: λ > 0 raises the weight of whatever has a large loss, rare scans not learnt yet *and* wrong labels, so the two problems ask for opposite signs (a number from the table or the explorer supports one of them);
# - fair baselines: SGD with a tuned step size, and class weights or logit adjustment, since the lead over SGD is early speed and fades once everything is fitted;
# - says what to measure and lets it decide: recall of each class on checked labels over several seeds, at the end of training and not only early; or the cost of a missed disease; or λ against the size of the losses.

# %% [markdown] role="given"
# ## Take-away
#
# - The robust loss stands between the mean (λ = ±∞) and the worst example (λ → 0 from above); its gradient is that of weighted losses.
# - The weight is exp(loss / λ) over its mean: one line, no counts. Small batches want a running mean, kept as a logarithm.
# - λ > 0: hard examples first, faster for rare classes, until they are fitted. λ < 0: distrust large losses, for wrong labels. Never both.
#
# ## Further reading
#
# - The paper, [arXiv 2012.06951](https://arxiv.org/abs/2012.06951), and the authors' [code](https://github.com/qiqi-helloworld/ABSGD); their data sets are far larger than ours.
# - `imbal_lab.methods.ABSGD` brings weights and running normaliser into an ordinary training loop, over any base loss.

# %% role="quiz" id="retrieval_scale"
quiz(
    "Without looking back: all losses are multiplied by 10, because somebody sums where you averaged. Which λ gives the same weights as before?",
    {
        "The same λ": "Adding a number to all losses would change nothing. Multiplying does: the exponents are ten times as far apart.",
        "λ / 10": "That makes the exponents a hundred times as large.",
        "10 λ": "Only loss / λ counts, so λ is always measured against the size of the losses.",
    },
    right="10 λ",
    id="retrieval_scale",
)

# %% role="quiz" id="retrieval_fitted"
quiz(
    "And: training goes on until every training loss is below 0.01. What does ABSGD with λ = 1 do from then on?",
    {
        "It keeps the rare classes in front": "It knows no classes. Their losses are as small as all others by now.",
        "Almost exactly what SGD does": "All exponentials lie between 1 and 1.01, so all weights are about 1.",
        "It puts all weight on the largest loss": "The largest is larger by 0.01 at most, and exp(0.01) is 1.01. It would take λ far below 0.01.",
    },
    right="Almost exactly what SGD does",
    id="retrieval_fitted",
)
