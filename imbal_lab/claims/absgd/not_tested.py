"""What the paper's experiments also show, and why it is not measured here."""

from imbal_lab.claims.claim import Claim

CLAIMS = (
    Claim(
        id="absgd-cifar",
        says="It gains on CIFAR-10 and CIFAR-100, long-tailed and step, at ρ = 10 and 100.",
        origin="tables on CIFAR",
        why_not="the data must be downloaded, and 200 epochs of a ResNet-32 over many seeds need a "
        "GPU",
    ),
    Claim(
        id="absgd-large-scale",
        says="It gains on ImageNet-LT, Places-LT and iNaturalist 2018, with a pretrained network "
        "whose lower layers are frozen.",
        origin="tables on large data sets",
        why_not="needs these data sets, networks pretrained on them, and GPUs",
    ),
    Claim(
        id="absgd-clothing1m",
        says="It is robust to the natural label noise of Clothing1M, and to made noise on CIFAR "
        "with convolutional networks.",
        origin="tables on label noise",
        why_not="needs these data sets and GPUs; made noise on small curves is measured above",
    ),
    Claim(
        id="absgd-noise-combined",
        says="It adds to losses that are robust themselves: symmetric and truncated cross-entropy.",
        origin="the authors' code",
        why_not="their loss adds plain SGD to ABSGD's direction, and neither base loss is part of "
        "this course",
    ),
    Claim(
        id="absgd-iwildcam",
        says="It leads the ResNet-50 entries on iWildCam.",
        origin="the authors' code; a leaderboard of 2022",
        why_not="needs 200,000 photographs and GPUs, and a leaderboard is no experiment with seeds",
    ),
    Claim(
        id="absgd-features",
        says="Its features separate the classes better.",
        origin="the authors' code: t-SNE pictures",
        why_not="a t-SNE picture moves with its seed and settings and gives no number to judge; "
        "the paper's own measure of it was not at hand",
    ),
    Claim(
        id="absgd-numbers",
        says="The accuracies in the paper's tables.",
        origin="experiments",
        why_not="they are for other data, and were not at hand when this was written; the authors' "
        "tutorial reports the best test accuracy over all epochs",
    ),
)
