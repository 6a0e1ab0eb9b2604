"""What the paper's experiments also show, and why it is not measured here."""

from imbal_lab.claims.claim import Claim

CLAIMS = (
    Claim(
        id="dynamics-cifar",
        says="The drop, the delay and their repair show on CIFAR-10 and CIFAR-100 (two classes at "
        "7 : 1 and 60 : 1; 3, 5 and 10 classes; superclasses; all 100 classes).",
        origin="experiments",
        why_not="the data must be downloaded, and full-batch gradients of a convolutional network "
        "over thousands of steps and ten seeds take days on a CPU",
    ),
    Claim(
        id="dynamics-deep",
        says="They show in deep networks too: VGG16, ResNet18 and ResNet34 with group "
        "normalisation.",
        origin="experiments",
        why_not="such networks take days on a CPU",
    ),
    Claim(
        id="dynamics-guessing",
        says="With tanh and average pooling an untrained network guesses no class more often than "
        "another, so that the drop is not an effect of the start.",
        origin="the authors' code",
        why_not="it concerns their convolutional networks; ours are tanh throughout, and begin "
        "near a loss of log 2 for both classes",
    ),
    Claim(
        id="dynamics-numbers",
        says="The accuracies in the paper's figures.",
        origin="experiments",
        why_not="they are for CIFAR, and were not at hand when this was written",
    ),
)
