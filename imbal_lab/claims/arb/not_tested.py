"""What needs other data and other machines."""

from imbal_lab.claims.claim import Claim

CLAIMS = tuple(
    Claim(id=f"arb-{name}", says=says, origin=origin, why_not=why)
    for name, says, origin, why in (
        (
            "cifar",
            "One stage with ARB-Loss has the best accuracy on CIFAR-10-LT and CIFAR-100-LT at "
            "ratios 10, 50 and 100.",
            "released settings",
            "a ResNet-32 for 200 epochs takes many hours on a CPU; none of the paper's numbers "
            "could be verified",
        ),
        (
            "mixup",
            "Mixup adds to ARB-Loss.",
            "released settings",
            "a row of the CIFAR tables; mixing two of these small images, or two curves, would be "
            "another question",
        ),
        (
            "large-scale",
            "It leads on ImageNet-LT, iNaturalist 2018 and Places-LT, over many, medium and few "
            "shots.",
            "released settings",
            "the images are not here, and eight GPUs are not either",
        ),
        (
            "segmentation-leads",
            "It is ahead of the best earlier methods on a segmentation benchmark.",
            "abstract",
            "which benchmark and which network is not known here, and the released code has no "
            "segmentation",
        ),
    )
)
