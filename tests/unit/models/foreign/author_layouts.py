"""The DCGANs of public repositories as plain PyTorch modules, under their authors' names for the tensors.

One entry a row of the table of layouts; widths are small. `Row.pictures` is what the author's code would show.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, spectral_norm

Wrap = Callable[[nn.Module, nn.Module], object]


@dataclass(frozen=True)
class Row:
    """One layout.

    Attributes:
        make: Builds the generator.
        size, channels: Of its pictures.
        z_dim: Width of z.
        z_sides: Trailing sides of z as the author feeds it, () or (1, 1).
        prior: What z is drawn from.
        wrap: What is saved, made of the generator and a discriminator.
        legacy: Whether the file is of the format before PyTorch 1.6.
        classes: Of a conditional generator.
        first: Whether the right reading must come first; else it must be among the first three.
        output: Applied to what the module returns, for authors who do so outside of it.
        in_unit_range: Whether pictures are in [0, 1].
        passes: How many batches the statistics take to settle; more where a power iteration has to settle first.
    """

    make: Callable[[], nn.Module]
    size: int
    channels: int = 3
    z_dim: int = 100
    z_sides: tuple[int, ...] = (1, 1)
    prior: str = "normal"
    wrap: Wrap = lambda G, D: G.state_dict()
    legacy: bool = False
    classes: int = 0
    first: bool = True
    output: Callable[[torch.Tensor], torch.Tensor] = field(default=lambda x: x)
    in_unit_range: bool = False
    passes: int = 50

    def sample(self, count: int) -> torch.Tensor:
        """Draw z as the author does."""
        shape = (count, self.z_dim)
        return torch.rand(shape) * 2 - 1 if self.prior == "uniform" else torch.randn(shape)

    def forward(self, module: nn.Module, z: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        """Run the generator on z (N, z_dim); pictures in photo range."""
        fed = z.reshape(len(z), self.z_dim, *self.z_sides)
        out = self.output(module(fed) if y is None else module(fed, y))
        return out * 2 - 1 if self.in_unit_range else out


def up(a: int, b: int, k: int = 4, s: int = 2, p: int = 1, op: int = 0, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(a, b, k, s, p, op, bias=bias)


def chain(
    sizes: list[int], kernels: list[tuple[int, ...]], act: Callable[[], nn.Module] = nn.ReLU, bias: bool = False
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for index, steps in enumerate(kernels):
        layers.append(up(sizes[index], sizes[index + 1], *steps, bias=bias))
        if index < len(kernels) - 1:
            layers += [nn.BatchNorm2d(sizes[index + 1]), act()]
    return [*layers, nn.Tanh()]


FIRST, DOUBLE = (4, 1, 0), (4, 2, 1)


class Named(nn.Module):
    """Modules under given names, run one after the other."""

    def __init__(self, **modules: nn.Module) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for module in self.children():
            x = module(x)
        return x


def pytorch_example(z: int = 100, width: int = 8, out: int = 3, name: str = "main", depth: int = 4) -> nn.Module:
    sizes = [z, *(width * 2**i for i in reversed(range(depth))), out]
    return Named(**{name: nn.Sequential(*chain(sizes, [FIRST] + [DOUBLE] * depth))})


def deep_leaky() -> nn.Module:
    sizes = [128, 64, 32, 16, 8, 8, 3]
    return Named(main=nn.Sequential(*chain(sizes, [FIRST] + [DOUBLE] * 5, lambda: nn.LeakyReLU(0.2))))


class Natsu(nn.Module):
    def __init__(self, bias: bool = False, conv: str = "tconv{}", norm: str = "bn{}") -> None:
        super().__init__()
        sizes = [100, 64, 32, 16, 8, 3]
        self.names = []
        for i in range(5):
            self.add_module(conv.format(i + 1), up(sizes[i], sizes[i + 1], *(FIRST if i == 0 else DOUBLE), bias=bias))
            if i < 4:
                self.add_module(norm.format(i + 1), nn.BatchNorm2d(sizes[i + 1]))
            self.names.append((conv.format(i + 1), norm.format(i + 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, (conv, norm) in enumerate(self.names):
            x = getattr(self, conv)(x)
            x = torch.relu(getattr(self, norm)(x)) if i < 4 else torch.tanh(x)
        return x


def lornatang() -> nn.Module:
    layers = chain([100, 64, 32, 16, 8, 1], [FIRST] + [DOUBLE] * 4)
    layers[-2] = up(8, 1, bias=True)
    return Named(main=nn.Sequential(*layers))


def nested(outer: str, sizes: list[int], kernels: list[tuple[int, ...]], last_in_block: bool, bias: bool) -> nn.Module:
    blocks: list[nn.Module] = []
    for i, steps in enumerate(kernels):
        conv = up(sizes[i], sizes[i + 1], *steps, bias=bias)
        if i < len(kernels) - 1:
            blocks.append(nn.Sequential(conv, nn.BatchNorm2d(sizes[i + 1]), nn.ReLU()))
        elif last_in_block:
            blocks.append(nn.Sequential(conv, nn.Tanh()))
        else:
            blocks += [conv, nn.Tanh()]
    return Named(**{outer: nn.Sequential(*blocks)})


class GanZoo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.formatLayer = up(120, 64, *FIRST)
        layers: OrderedDict[str, nn.Module] = OrderedDict(batchNorm0=nn.BatchNorm2d(64), relu0=nn.ReLU(True))
        for i, width in enumerate((32, 16, 8), 1):
            layers[f"convTranspose{i}"] = up(width * 2, width)
            layers[f"batchNorm{i}"] = nn.BatchNorm2d(width)
            layers[f"relu{i}"] = nn.ReLU(True)
        layers["outlayer"] = up(8, 3)
        self.main = nn.Sequential(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.main(self.formatLayer(x)))


class BaseConfig:
    """Stands for the project's own class, which no reader may import."""

    def __init__(self) -> None:
        self.dimLatentVector = 120


def martin_arjovsky() -> nn.Module:
    main = nn.Sequential()
    main.add_module("initial:100-64:convt", up(100, 64, *FIRST))
    main.add_module("initial:64:batchnorm", nn.BatchNorm2d(64))
    main.add_module("initial:64:relu", nn.ReLU(True))
    for width in (32, 16, 8):
        main.add_module(f"pyramid:{width * 2}-{width}:convt", up(width * 2, width))
        main.add_module(f"pyramid:{width}:batchnorm", nn.BatchNorm2d(width))
        main.add_module(f"pyramid:{width}:relu", nn.ReLU(True))
    main.add_module("extra-layers-0:8:conv", nn.Conv2d(8, 8, 3, 1, 1, bias=False))
    main.add_module("extra-layers-0:8:batchnorm", nn.BatchNorm2d(8))
    main.add_module("extra-layers-0:8:relu", nn.ReLU(True))
    main.add_module("final:8-3:convt", up(8, 3))
    main.add_module("final:3:tanh", nn.Tanh())
    return Named(main=main)


class WganGp(nn.Module):
    def __init__(self, mnist: bool, dim: int = 8) -> None:
        super().__init__()
        self.mnist, self.dim = mnist, dim
        first = nn.Linear(128, 64 * dim)
        if mnist:
            self.preprocess = nn.Sequential(first, nn.ReLU(True))
            self.block1 = nn.Sequential(nn.ConvTranspose2d(4 * dim, 2 * dim, 5), nn.ReLU(True))
            self.block2 = nn.Sequential(nn.ConvTranspose2d(2 * dim, dim, 5), nn.ReLU(True))
            self.deconv_out = nn.ConvTranspose2d(dim, 1, 8, stride=2)
        else:
            self.preprocess = nn.Sequential(first, nn.BatchNorm1d(64 * dim), nn.ReLU(True))
            self.block1 = nn.Sequential(up(4 * dim, 2 * dim, 2, 2, 0, bias=True), nn.BatchNorm2d(2 * dim), nn.ReLU())
            self.block2 = nn.Sequential(up(2 * dim, dim, 2, 2, 0, bias=True), nn.BatchNorm2d(dim), nn.ReLU())
            self.deconv_out = up(dim, 3, 2, 2, 0, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.block1(self.preprocess(x).view(-1, 4 * self.dim, 4, 4))
        if self.mnist:
            return torch.sigmoid(self.deconv_out(self.block2(x[:, :, :7, :7])))
        return torch.tanh(self.deconv_out(self.block2(x)))


class ErikLindernoren(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.width = width
        self.l1 = nn.Sequential(nn.Linear(100, width * 64))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width, 3, stride=1, padding=1),
            nn.BatchNorm2d(width, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width // 2, 3, stride=1, padding=1),
            nn.BatchNorm2d(width // 2, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width // 2, 3, 3, stride=1, padding=1),
            nn.Tanh(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv_blocks(self.l1(x).view(-1, self.width, 8, 8))


class JoeyLitalien(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Sequential(nn.Linear(100, 64 * 16, bias=False), nn.BatchNorm1d(64 * 16), nn.ReLU(True))
        self.features = nn.Sequential(*chain([64, 32, 16, 8, 3], [DOUBLE] * 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(self.linear(x).view(-1, 64, 4, 4))


class Udacity(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(100, 32 * 16)
        self.t_conv1 = nn.Sequential(up(32, 16), nn.BatchNorm2d(16))
        self.t_conv2 = nn.Sequential(up(16, 8), nn.BatchNorm2d(8))
        self.t_conv3 = nn.Sequential(up(8, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x).view(-1, 32, 4, 4)
        x = functional.relu(self.t_conv2(functional.relu(self.t_conv1(x))))
        return torch.tanh(self.t_conv3(x))


class StudioBlock(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.deconv0 = up(a, b, bias=True)
        self.bn0 = nn.BatchNorm2d(b, eps=1e-4)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.bn0(self.deconv0(x)))


class StudioGan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear0 = nn.Linear(128, 64 * 16)
        self.blocks = nn.ModuleList([nn.ModuleList([StudioBlock(a, a // 2)]) for a in (64, 32, 16)])
        self.conv4 = nn.Conv2d(8, 3, 3, 1, 1)
        self.tanh = nn.Tanh()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.linear0(x).view(-1, 64, 4, 4)
        for (block,) in self.blocks:  # type: ignore[misc]
            x = block(x)
        return self.tanh(self.conv4(x))


def tf_style() -> nn.Module:
    return Named(
        net=nn.Sequential(
            nn.Linear(100, 49 * 32, bias=False),
            nn.BatchNorm1d(49 * 32),
            nn.LeakyReLU(0.3),
            nn.Unflatten(1, (32, 7, 7)),
            up(32, 16, 5, 1, 2),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.3),
            up(16, 8, 5, 2, 2, 1),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.3),
            up(8, 1, 5, 2, 2, 1),
            nn.Tanh(),
        )
    )


def paper_style() -> nn.Module:
    layers = chain([100, 64, 32, 16, 8, 3], [FIRST] + [(5, 2, 2, 1)] * 4)
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.9
    return Named(main=nn.Sequential(*layers))


def quickdraw() -> nn.Module:
    width = 16
    return Named(
        model=nn.Sequential(
            nn.Linear(100, width * 49),
            nn.BatchNorm1d(width * 49),
            nn.ReLU(),
            nn.Unflatten(1, (width, 7, 7)),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width // 2, 3, padding=1),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.Conv2d(width // 2, width // 4, 3, padding=1),
            nn.BatchNorm2d(width // 4),
            nn.ReLU(),
            nn.Conv2d(width // 4, 1, 3, padding=1),
            nn.Sigmoid(),
        )
    )


class TwoBranches(nn.Module):
    """The cDCGAN whose z and class each have an entry of their own."""

    def __init__(self, first: str = "deconv1_1", second: str = "deconv1_2") -> None:
        super().__init__()
        self.first, self.second = first, second
        self.add_module(first, up(100, 16, 7, 1, 0, bias=True))
        self.add_module(f"{first}_bn", nn.BatchNorm2d(16))
        self.add_module(second, up(10, 16, 7, 1, 0, bias=True))
        self.add_module(f"{second}_bn", nn.BatchNorm2d(16))
        self.deconv2 = up(32, 16, bias=True)
        self.deconv2_bn = nn.BatchNorm2d(16)
        self.deconv3 = up(16, 1, bias=True)

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        label = functional.one_hot(y, 10).float()[:, :, None, None]
        one = torch.relu(getattr(self, f"{self.first}_bn")(getattr(self, self.first)(z)))
        two = torch.relu(getattr(self, f"{self.second}_bn")(getattr(self, self.second)(label)))
        return torch.tanh(self.deconv3(torch.relu(self.deconv2_bn(self.deconv2(torch.cat([one, two], 1))))))


class OneHot(nn.Module):
    """The cDCGAN that appends the class to z."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(*chain([110, 32, 16, 1], [(7, 1, 0), DOUBLE, DOUBLE]))

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.main(torch.cat([z, functional.one_hot(y, 10).float()[:, :, None, None]], 1))


class Embedded(nn.Module):
    """The conditional generator that multiplies z by an embedding of the class, or puts it ahead of z."""

    def __init__(self, multiply: bool) -> None:
        super().__init__()
        self.multiply = multiply
        self.label_emb = nn.Embedding(10, 100 if multiply else 10)
        self.l1 = nn.Sequential(nn.Linear(100 if multiply else 110, 16 * 64))
        self.conv_blocks = ErikLindernoren().conv_blocks

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        label = self.label_emb(y)
        joined = label * z if self.multiply else torch.cat([label, z], 1)
        return self.conv_blocks(self.l1(joined).view(-1, 16, 8, 8))


def old_spectral() -> nn.Module:
    G = pytorch_example()
    for layer in G.main:  # type: ignore[union-attr]
        if isinstance(layer, nn.ConvTranspose2d):
            spectral_norm(layer)
    return G


def new_spectral() -> nn.Module:
    G = pytorch_example()
    for layer in G.main:  # type: ignore[union-attr]
        if isinstance(layer, nn.ConvTranspose2d):
            parametrizations.spectral_norm(layer)
    return G


def example_discriminator(channels: int, size: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, 8, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    width, side = 8, size // 2
    while side > 4:
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
        width, side = 2 * width, side // 2
    return Named(main=nn.Sequential(*layers, nn.Conv2d(width, 1, side, 1, 0, bias=False), nn.Sigmoid()))


def _prefixed(prefix: str, module: nn.Module) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in module.state_dict().items()}


def _natsu(G: nn.Module, D: nn.Module) -> object:
    return {
        "generator": G.state_dict(),
        "discriminator": D.state_dict(),
        "optimizerG": torch.optim.Adam(G.parameters()).state_dict(),
        "params": {"nz": 100, "ngf": 8, "imsize": 64},
    }


def _gan_zoo(G: nn.Module, D: nn.Module) -> object:
    worse = {name: torch.zeros_like(value) for name, value in G.state_dict().items()}
    return {"config": BaseConfig(), "netG": worse, "netD": D.state_dict(), "avgG": G.state_dict(), "tmp": {}}


ROWS: dict[str, Row] = {
    "1 pytorch examples": Row(pytorch_example, 64, wrap=lambda G, D: _prefixed("module.", G)),
    "2 deeper, leaky": Row(deep_leaky, 128, z_dim=128),
    "3 huggan": Row(lambda: pytorch_example(name="model"), 64),
    "4 Natsu6767": Row(Natsu, 64, wrap=_natsu),
    "5 znxlwm": Row(lambda: Natsu(True, "deconv{}", "deconv{}_bn"), 64),
    "6 Lornatang": Row(lornatang, 64, 1),
    "7 Lightning-bolts": Row(
        lambda: nested("gen", [100, 64, 32, 16, 8, 3], [FIRST] + [DOUBLE] * 4, True, False),
        64,
        wrap=lambda G, D: {
            "epoch": 3,
            "state_dict": _prefixed("generator.", G) | _prefixed("discriminator.", D),
            "hyper_parameters": {"latent_dim": 100},
        },
    ),
    "8 aladdinpersson": Row(lambda: nested("net", [100, 64, 32, 16, 8, 3], [FIRST] + [DOUBLE] * 4, False, True), 64),
    "9 luoge850": Row(
        lambda: Named(net=nn.Sequential(*chain([100, 64, 32, 16, 8, 3], [FIRST] + [DOUBLE] * 4, bias=True))), 64
    ),
    "10 JojiJoseph": Row(
        lambda: Named(
            seq=nn.Sequential(*chain([128, 64, 32, 16, 8, 3], [FIRST] + [DOUBLE] * 4, lambda: nn.LeakyReLU(0.2)))
        ),
        64,
        z_dim=128,
    ),
    "11 Zeleni9": Row(
        lambda: Named(main_module=nn.Sequential(*chain([100, 64, 32, 16, 3], [FIRST] + [DOUBLE] * 3, bias=True)[:-1])),
        32,
        output=torch.tanh,
    ),
    "12 csinva cifar10": Row(
        lambda: Named(main=nn.Sequential(*chain([100, 64, 32, 16, 8, 3], [FIRST] + [DOUBLE] * 3 + [(1, 1, 0)]))),
        32,
        legacy=True,
    ),
    "13 csinva mnist": Row(
        lambda: Named(main=nn.Sequential(*chain([100, 64, 32, 16, 8, 1], [FIRST] + [DOUBLE] * 3 + [(1, 1, 2)]))),
        28,
        1,
        legacy=True,
    ),
    "14 GAN zoo": Row(GanZoo, 64, z_dim=120, wrap=_gan_zoo),
    "15 WassersteinGAN": Row(martin_arjovsky, 64),
    "16 wgan-gp cifar": Row(lambda: WganGp(False), 32, z_dim=128, z_sides=()),
    "17 wgan-gp mnist": Row(lambda: WganGp(True), 28, 1, z_dim=128, z_sides=(), in_unit_range=True),
    "18 PyTorch-GAN": Row(ErikLindernoren, 32, z_sides=()),
    "19 joeylitalien": Row(JoeyLitalien, 64, z_sides=()),
    "20 Udacity": Row(Udacity, 32, z_sides=(), prior="uniform"),
    "21 StudioGAN": Row(
        StudioGan,
        32,
        z_dim=128,
        z_sides=(),
        wrap=lambda G, D: {"state_dict": G.state_dict(), "optimizer": {}, "seed": 1, "run_name": "x"},
    ),
    "22 Coursera mnist": Row(
        lambda: nested("gen", [64, 32, 16, 8, 1], [(3, 2, 0), (4, 1, 0), (3, 2, 0), (4, 2, 0)], True, True),
        28,
        1,
        z_dim=64,
    ),
    "23 Coursera celeba": Row(
        lambda: nested("gen", [64, 64, 32, 16, 8, 3], [(3, 2, 0)] * 4 + [(4, 2, 0)], True, True),
        64,
        z_dim=64,
        wrap=lambda G, D: {"gen": G.state_dict(), "disc": D.state_dict(), "gen_opt": {"state": {}, "param_groups": []}},
    ),
    "24 TensorFlow style": Row(tf_style, 28, 1, z_sides=()),
    "25 5x5, eps 0.9": Row(paper_style, 64),
    "26 quickdraw": Row(
        quickdraw,
        28,
        1,
        z_sides=(),
        in_unit_range=True,
        first=False,
        wrap=lambda G, D: {
            "generator_state": G.state_dict(),
            "discriminator_state": D.state_dict(),
            "latent_dim": 100,
            "img_shape": (1, 28, 28),
        },
    ),
    "27 class appended": Row(OneHot, 28, 1, classes=10),
    "27 two branches": Row(TwoBranches, 28, 1, classes=10),
    "27 class first": Row(lambda: TwoBranches("z_deconv", "y_deconv"), 28, 1, classes=10),
    "27 embedding multiplied": Row(lambda: Embedded(True), 32, z_sides=(), classes=10),
    "27 embedding ahead": Row(lambda: Embedded(False), 32, z_sides=(), classes=10),
    "28 spectral norm": Row(old_spectral, 64, passes=150),
    "28 spectral norm as a parametrization": Row(
        new_spectral,
        64,
        passes=150,
        wrap=lambda G, D: {"args": argparse.Namespace(nz=100), "G": _prefixed("_orig_mod.", G)},
    ),
}


def calibrated(row: Row, seed: int, passes: int = 0, batch: int = 16) -> nn.Module:
    """Build a generator with weights of some size everywhere and statistics from passes in train mode."""
    torch.manual_seed(seed)
    module = row.make()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.4, 0.4)
        elif isinstance(part, nn.ConvTranspose2d | nn.Conv2d | nn.Linear) and "parametrizations" not in part._modules:
            weight: Any = getattr(part, "weight_orig", part.weight)
            nn.init.normal_(weight, 0.0, 0.12)
    module.train()
    with torch.no_grad():
        for _ in range(passes or row.passes):
            y = (torch.randint(0, row.classes, (batch,)),) if row.classes else ()
            row.forward(module, row.sample(batch), *y)
    return module.eval()
