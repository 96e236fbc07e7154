"""What can be set of a run: one row a field of `TrainConfig`, for its checks, the command line's help and the dialog.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 4 and its published code: the column `paper`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from latentlab.latent.priors import PRIORS
from latentlab.models import dcgan

Value = str | int | float | bool
Group = Literal["data", "networks", "objective", "optimiser", "run"]
Precision = Literal["float32", "bfloat16"]
Loss = Literal["bce", "lsgan", "wgan", "wgan-gp", "hinge", "began"]
CriticNorm = Literal["auto", "batch", "layer", "spectral", "none"]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
LOSSES: tuple[Loss, ...] = ("bce", "lsgan", "wgan", "wgan-gp", "hinge", "began")
CRITIC_NORMS: tuple[CriticNorm, ...] = ("auto", "batch", "layer", "spectral", "none")
AUGMENTATIONS = ("colour", "translation", "cutout")

MAX_KIMG = 999_000.0
"""Files are named after their kimg in six digits."""


@dataclass(frozen=True)
class Setting:
    """One field of `TrainConfig`.

    Attributes:
        title: What a form calls it.
        what: What it does, in full sentences.
        group: The part of a form it stands in.
        paper: Its value in Radford et al. 2015; None where the paper has no say.
        least: Smallest value of a number.
        most: Largest value of a number.
        choices: All values there are; empty where any within the range, or any text, will do.
        unit: Of a number; empty where it has none.
        changeable: Whether it may change when a run is gone on with; what may not is part of the networks or of the
            random streams.
    """

    title: str
    what: str
    group: Group
    paper: Value | None = None
    least: float = 0.0
    most: float = 0.0
    choices: tuple[Value, ...] = ()
    unit: str = ""
    changeable: bool = False


SETTINGS: dict[str, Setting] = {
    "data": Setting("Data", "Name of a known data set, or a folder or zip of images.", "data"),
    "kimg": Setting(
        "Length", "Thousands of real images to show.", "run", None, 0.001, MAX_KIMG, unit="kimg", changeable=True
    ),
    "size": Setting(
        "Pictures",
        "Side of the pictures in pixels; 0 takes the data set's own.",
        "data",
        64,
        choices=(0, *dcgan.SIZES),
        unit="px",
    ),
    "channels": Setting(
        "Colour", "1 for grey, 3 for colour; 0 takes the data set's own.", "data", 3, choices=(0, 1, 3)
    ),
    "crop": Setting(
        "Crop",
        "How CelebA and images are cut: square, stretch, face, 108, 128, 138, 148 or 178; empty takes the data set's "
        "own.",
        "data",
    ),
    "label": Setting(
        "Label",
        "The attribute or column of a table whose values are the classes; empty takes the data set's own.",
        "data",
    ),
    "conditional": Setting(
        "By class",
        "Tell both networks the class of a picture, so that a class can be asked for; the data need labels "
        "(Mirza & Osindero 2014, arXiv:1411.1784).",
        "data",
        False,
    ),
    "flips": Setting(
        "Mirror", "Show every second real picture mirrored; not for digits or letters.", "data", False, changeable=True
    ),
    "architecture": Setting(
        "Architecture",
        "dcgan; upsample enlarges before each convolution, which leaves no checkerboards (Odena et al. 2016, "
        "doi:10.23915/distill.00003); dense is fully connected, as in Goodfellow et al. 2014, arXiv:1406.2661.",
        "networks",
        "dcgan",
        choices=dcgan.ARCHITECTURES,
    ),
    "width": Setting(
        "Width", "Feature maps of the generator's last hidden layer (ngf).", "networks", 128, least=1, most=1024
    ),
    "critic_width": Setting(
        "D's width",
        "Feature maps of the discriminator's first layer (ndf); 0 takes the generator's.",
        "networks",
        most=1024,
    ),
    "z_dim": Setting("z_dim", "Width of z.", "networks", 100, least=1, most=4096),
    "prior": Setting("Prior", "Distribution of z.", "networks", "uniform", choices=PRIORS),
    "kernel": Setting("Kernel", "Side of the kernels, 4 or 5.", "networks", 5, choices=dcgan.KERNELS),
    "critic_norm": Setting(
        "D's normalisation",
        "What keeps the layers of the discriminator in range: batch, layer, spectral (Miyato et al. 2018, "
        "arXiv:1802.05957) or none; auto takes batch, and for wgan-gp, whose penalty is one of single pictures, none: "
        "its paper takes layer, which here is blind to contrast.",
        "networks",
        "batch",
        choices=CRITIC_NORMS,
    ),
    "code_dim": Setting(
        "Width of the code",
        "Of the autoencoder that the discriminator is under began; 0 takes z_dim, as its paper does. A narrower one "
        "draws what is unlike real pictures less well, which guides the generator more.",
        "networks",
        None,
        most=4096,
    ),
    "loss": Setting(
        "Loss",
        "bce (Goodfellow et al. 2014, arXiv:1406.2661), lsgan (Mao et al. 2017, arXiv:1611.04076), wgan with clipping "
        "(Arjovsky et al. 2017, arXiv:1701.07875), wgan-gp (Gulrajani et al. 2017, arXiv:1704.00028), hinge "
        "(Lim & Ye 2017, arXiv:1705.02894) or began (Berthelot et al. 2017, arXiv:1703.10717; soft pictures, and slow: "
        "leave the learning rate as it is throughout).",
        "objective",
        "bce",
        choices=LOSSES,
    ),
    "class_weight": Setting(
        "Class term",
        "Weight of a second task of the discriminator, to tell which class a real picture has; what belongs to no "
        "class then looks made to it. G is told no class, and the data need labels (Salimans et al. 2016, "
        "arXiv:1606.03498, section 5); 0 leaves it out.",
        "objective",
        0.0,
        most=1e3,
    ),
    "smooth_real": Setting(
        "Smoothing, real",
        "How far below 1 the target of real pictures lies under bce; 0.1 is common (Salimans et al. 2016, "
        "arXiv:1606.03498, section 3.4).",
        "objective",
        0.0,
        most=0.5,
        changeable=True,
    ),
    "smooth_fake": Setting(
        "Smoothing, generated",
        "How far above 0 the target of generated pictures lies under bce: two-sided label smoothing.",
        "objective",
        0.0,
        most=0.5,
        changeable=True,
    ),
    "clip": Setting(
        "Clipping",
        "Bound of the discriminator's weights under wgan; its paper takes 0.01.",
        "objective",
        None,
        1e-6,
        1e3,
        changeable=True,
    ),
    "gp": Setting(
        "Gradient penalty",
        "Weight of the gradient penalty under wgan-gp; its paper takes 10.",
        "objective",
        None,
        most=1e6,
        changeable=True,
    ),
    "gamma": Setting(
        "Diversity ratio",
        "Under began, the error of generated pictures that is aimed at, as a share of that of real ones; less gives "
        "sharper and more alike pictures.",
        "objective",
        None,
        most=1.0,
        changeable=True,
    ),
    "k_rate": Setting(
        "Balance rate",
        "Under began, how fast the weight of generated pictures in the loss of the discriminator follows the balance; "
        "its paper takes 0.001 with an error that is not squared.",
        "objective",
        None,
        1e-6,
        1.0,
        changeable=True,
    ),
    "r1": Setting(
        "R1",
        "Weight of the gradient penalty on real pictures (Mescheder et al. 2018, arXiv:1801.04406); 0 leaves it out.",
        "objective",
        0.0,
        most=1e6,
        changeable=True,
    ),
    "n_critic": Setting(
        "D's steps",
        "Updates of the discriminator for one of the generator; 0 takes 5 for wgan and wgan-gp, as their papers do, "
        "and 1 for the others.",
        "objective",
        1,
        most=100,
    ),
    "augment": Setting(
        "Augmentation",
        "What is done alike to real and generated pictures before the discriminator sees them: any of colour, "
        "translation and cutout, separated by commas; empty leaves it out (DiffAugment, Zhao et al. 2020, "
        "arXiv:2006.10738).",
        "objective",
        "",
        changeable=True,
    ),
    "instance_noise": Setting(
        "Instance noise",
        "Standard deviation of the noise on all that the discriminator sees; it falls linearly to nothing at the end "
        "(Sønderby et al. 2016, arXiv:1610.04490). Pictures go from -1 to 1.",
        "objective",
        0.0,
        most=10.0,
        changeable=True,
    ),
    "batch": Setting("Batch", "Images a step; 0 chooses by a short trial.", "optimiser", 128, most=65536),
    "accumulate": Setting(
        "Parts of a batch",
        "Parts that a batch goes through the networks in, their gradients added up: less memory, the same step but for "
        "BatchNorm, which sees a part at a time.",
        "optimiser",
        1,
        least=1,
        most=65536,
        changeable=True,
    ),
    "lr": Setting("Learning rate", "Of Adam.", "optimiser", 2e-4, 1e-8, 1.0, changeable=True),
    "lr_critic": Setting(
        "D's learning rate",
        "That of the discriminator; 0 takes the generator's (two time scales: Heusel et al. 2017, arXiv:1706.08500).",
        "optimiser",
        most=1.0,
        changeable=True,
    ),
    "lr_end": Setting(
        "Rate at the end",
        "Share of the learning rate left at the end; it falls linearly over the second half. 1 keeps it.",
        "optimiser",
        1.0,
        most=1.0,
        changeable=True,
    ),
    "beta1": Setting(
        "beta1",
        "First momentum of Adam; 0 makes it RMSProp with its start corrected, as wgan's paper wants.",
        "optimiser",
        0.5,
        most=0.9999,
    ),
    "beta2": Setting("beta2", "Second momentum of Adam.", "optimiser", 0.999, most=0.999999),
    "ema_kimg": Setting(
        "Averaging",
        "Half-life of the averaged generator; 0 takes the generator as it is.",
        "optimiser",
        0.0,
        most=1e6,
        unit="kimg",
        changeable=True,
    ),
    "tick_kimg": Setting(
        "Tick", "Distance of sheets and models; 0 takes a fiftieth of the run, at least 1.", "run", None, most=1e6
    ),
    "evaluate_kimg": Setting(
        "Evaluation",
        "Distance of evaluations against real pictures, at the ticks that follow: Fréchet distance, KID, precision and "
        "recall; 0 leaves them out. The test split is taken where the data have one.",
        "run",
        None,
        most=1e6,
        unit="kimg",
        changeable=True,
    ),
    "tensorboard": Setting(
        "TensorBoard",
        "Write the log as TensorBoard scalars too, into tensorboard/ of the run folder; wants the package.",
        "run",
        changeable=True,
    ),
    "precision": Setting(
        "Precision",
        "Of forward passes; bfloat16 is up to 1.9 times as fast where the processor has it.",
        "run",
        "float32",
        choices=PRECISIONS,
    ),
    "threads": Setting(
        "Threads",
        "CPU threads, kept when the run is gone on with, since sums depend on them; 0 takes what the machine offers.",
        "run",
        None,
        most=1024,
        changeable=True,
    ),
    "seed": Setting("Seed", "Of initialisation, z and the order of the images.", "run", None, most=2**32 - 1),
}

CHANGEABLE = tuple(name for name, setting in SETTINGS.items() if setting.changeable)
"""Settings that may change when a run is gone on with; all others are part of its networks or its random streams."""
