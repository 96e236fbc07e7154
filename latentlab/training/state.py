"""All that changes while training: networks, optimisers, random streams; saved and restored bit for bit."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latentlab.data.batches import Batches
from latentlab.data.dataset import Labels
from latentlab.errors import TrainingError
from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.layers import BatchNorm, JoinClass, LayerNorm
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels
from latentlab.training import spectral
from latentlab.training.architecture import critic_of, generator_of
from latentlab.training.augment import View, draw_view
from latentlab.training.config import TrainConfig
from latentlab.training.replicas import ALONE, Replicas

INIT_SIGMA = 0.02
SHEET_COUNT = 64
STATISTICS_BATCHES = 32
RESIDENT_SHARE = 0.25
"""Of a GPU's free memory; pictures that take less of it are kept there."""
_COPIED_AT_ONCE = 4096

Inputs = tuple[Tensor, ...]
"""What G is called with: z (N, z_dim), and y (N,), int64, where it is told the class."""


class TrainState:
    """G, D, G_ema, their optimisers, the stream of z and the order of the images.

    Every process of several draws whole batches and uses its own rows of them.

    Args:
        config: Resolved.
        pixels: Shape (N, H, W, C), uint8.
        device: Where the networks are.
        labels: Shape (N,), int64; looked at where `config.needs_labels`.
        replicas: The processes that train together.

    Attributes:
        images: Real images shown so far, until the last update of G.
        critic_steps: Updates of D since then.
        pending_z: The latents of the last of them, for the whole batch; None where there was none.
        pending_y: Their classes, where there are any.
        own: The rows of a batch that are this process's.
        k: BEGAN's k_t, a scalar.
        fixed: What the sheet is drawn of: 64 z, seed 0 as in the window, and where there are classes all in turn.
    """

    def __init__(
        self,
        config: TrainConfig,
        pixels: Pixels,
        device: torch.device,
        labels: Labels | None = None,
        replicas: Replicas = ALONE,
    ) -> None:
        if config.batch < 2 or not config.size or not config.channels or (config.needs_labels and labels is None):
            raise ValueError("the configuration is not resolved")
        self.device = device
        self.replicas = replicas
        self.own = replicas.own(config.batch, config.accumulate)
        self._labels = labels if config.needs_labels else None
        classes = 0 if self._labels is None else int(self._labels.max()) + 1
        self.spec = generator_of(config, classes)
        self.critic_spec = critic_of(config, classes)
        start = torch.Generator().manual_seed(config.seed)
        self.G = _initialised(self.spec.network, start).to(device)
        self.D = _initialised(self.critic_spec, start)
        if config.normalisation == "spectral":
            spectral.normalise(self.D, start)
        self.D.to(device)
        self.G_ema = copy.deepcopy(self.G).requires_grad_(False)
        _keep_no_statistics(self.G)
        fused = device.type in ("cuda", "cpu")
        self._adam: dict[str, Any] = {"betas": (config.beta1, config.beta2), "fused": fused}
        self.optimizer_G = torch.optim.Adam(self.G.parameters(), config.lr, **self._adam)
        self.optimizer_D = torch.optim.Adam(self.D.parameters(), config.lr, **self._adam)
        self.stream = torch.Generator(device).manual_seed(config.seed + 1)
        self.batches = Batches(pixels, config.batch, config.seed)
        self._resident = _resident(pixels, device)
        self.images = 0
        self.critic_steps = 0
        self.pending_z: Tensor | None = None
        self.pending_y: Tensor | None = None
        self.k = torch.zeros((), device=device)
        fixed_z = torch.from_numpy(sample(config.prior, SHEET_COUNT, config.z_dim, 0)).to(device)
        told = (torch.arange(SHEET_COUNT, device=device) % classes,) if config.conditional else ()
        self.fixed: Inputs = (fixed_z, *told)
        self._config = config

    def draw_z(self, count: int, stream: torch.Generator | None = None) -> Tensor:
        """Draw latents from the prior, shape (count, z_dim), on the device; with the run's own stream by default."""
        shape, stream = (count, self._config.z_dim), stream or self.stream
        if self._config.prior == "normal":
            return torch.randn(shape, generator=stream, device=self.device)
        return torch.rand(shape, generator=stream, device=self.device) * 2.0 - 1.0

    def next_view(self) -> View:
        """Draw how D is to see a batch and return this process's part of it."""
        config = self._config
        noise_sigma = config.instance_noise * max(0.0, 1.0 - self.images / config.total_images)
        shape = (config.batch, config.channels, config.size, config.size)
        return draw_view(config.augmentations, noise_sigma, shape, self.stream).part(self.own)

    def next_shares(self) -> Tensor:
        """Draw where between generated and real images the gradient penalty is taken, shape (n,), in [0, 1)."""
        return torch.rand(self._config.batch, generator=self.stream, device=self.device)[self.own]

    def next_real(self) -> tuple[Tensor, Tensor | None]:
        """Return this process's part of the next real images, and the classes of the whole batch.

        Returns:
            In photo range, (n, C, H, W), float32 in [-1, 1], and (N,), int64, or None where no class is trained with.
        """
        indices = self.batches.next_indices()
        rows = indices[self.own]
        if self._resident is None:
            pixels = torch.from_numpy(np.asarray(self.batches.pixels[rows])).to(self.device)
        else:
            pixels = self._resident[torch.from_numpy(rows).to(self.device)]
        if self._config.flips:
            mirrored = torch.rand(self._config.batch, generator=self.stream, device=self.device)[self.own] < 0.5
            pixels = torch.where(mirrored[:, None, None, None], pixels.flip(2), pixels)
        y = None if self._labels is None else torch.from_numpy(self._labels[indices]).to(self.device)
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0, y

    def statistics_inputs(self) -> list[Inputs]:
        """Draw what BatchNorm statistics are taken over: always the same; z (batch, z_dim), classes as in the data."""
        stream = torch.Generator(self.device).manual_seed(self._config.seed + 2)
        z = [self.draw_z(self._config.batch, stream) for _ in range(STATISTICS_BATCHES)]
        if self._labels is None or not self._config.conditional:
            return [(each,) for each in z]
        rows = np.random.Generator(np.random.PCG64(self._config.seed)).integers(
            len(self._labels), size=(STATISTICS_BATCHES, self._config.batch)
        )
        return [
            (each, torch.from_numpy(self._labels[some]).to(self.device)) for each, some in zip(z, rows, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Collect everything a resume needs, in types that ``torch.load(weights_only=True)`` accepts."""
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "G_ema": self.G_ema.state_dict(),
            "optimizer_G": self.optimizer_G.state_dict(),
            "optimizer_D": self.optimizer_D.state_dict(),
            "device": self.device.type,
            "stream": self.stream.get_state(),
            "batches": self.batches.state(),
            "images": self.images,
            "critic_steps": self.critic_steps,
            "pending_z": self.pending_z,
            "pending_y": self.pending_y,
            "k": self.k,
        }

    def restore(self, saved: dict[str, Any]) -> bool:
        """Take over what `to_dict` collected; Adam's betas stay those of the configuration.

        Returns:
            Whether it goes on bit for bit. What another kind of device saved does not: random streams differ between
            kinds, so that a new one begins, by the run's seed and how far it is.

        Raises:
            TrainingError: If it is incomplete or belongs to other networks.
            DataError: If it belongs to another number of pictures.
        """
        try:
            return self._take(saved)
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise TrainingError("the resume state", "is incomplete or belongs to other networks") from error

    def _take(self, saved: dict[str, Any]) -> bool:
        self.G.load_state_dict(saved["G"])
        self.D.load_state_dict(saved["D"])
        self.G_ema.load_state_dict(saved["G_ema"])
        for name, optimizer in (("optimizer_G", self.optimizer_G), ("optimizer_D", self.optimizer_D)):
            # Whether Adam is fused says where its count of steps belongs, so it must be known before that is loaded.
            groups = [group | self._adam for group in saved[name]["param_groups"]]
            optimizer.load_state_dict(saved[name] | {"param_groups": groups})
        self.images = int(saved["images"])
        is_same_kind: bool = saved.get("device", self.device.type) == self.device.type
        if is_same_kind:
            self.stream.set_state(saved["stream"].cpu())
        else:
            self.stream.manual_seed(self._config.seed + 1 + self.images)
        self.batches.restore(saved["batches"])
        z, y = saved["pending_z"], saved.get("pending_y")
        self.pending_z = None if z is None else z.to(self.device)
        self.pending_y = None if y is None else y.to(self.device)
        # Runs of before there was more than one update of D a step do not say how many there were.
        self.critic_steps = int(saved.get("critic_steps", 0 if z is None else 1))
        self.k = saved.get("k", self.k).to(self.device)
        return is_same_kind

    def is_finite(self) -> bool:
        """Whether G and D hold only finite weights."""
        weights = [*self.G.parameters(), *self.D.parameters()]
        return all(bool(np.isfinite(float(weight.detach().sum()))) for weight in weights)


def _initialised(spec: NetworkSpec, stream: torch.Generator) -> nn.Sequential:
    """Draw weights as section 3 of arXiv:1511.06434 does: N(0, 0.02); BatchNorm scales N(1, 0.02), as its code does.

    Fully connected layers, which the paper has none of, and networks that nothing normalises, in which so small a start
    would fade from layer to layer, as He et al. 2015, arXiv:1502.01852, equation 10. A class starts as its row of the
    identity where it joins z, as a random picture where it joins a picture.
    """
    is_plain = not any(isinstance(layer, BatchNorm | LayerNorm) for layer in spec.layers)
    # Built without memory first, so that torch's own initialisation does not draw from the global random stream.
    with torch.device("meta"):
        network = networks.build(spec)
    network.to_empty(device="cpu")
    for layer, module in zip(spec.layers, network, strict=True):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            entering = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose2d):  # of whose kernel an output meets one in stride x stride places
                entering = module.weight[:, 0].numel() // (module.stride[0] * module.stride[1])
            sigma = math.sqrt(2.0 / entering) if is_plain or isinstance(module, nn.Linear) else INIT_SIGMA
            nn.init.normal_(module.weight, 0.0, sigma, generator=stream)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_parameters()
            nn.init.normal_(module.weight, 1.0, INIT_SIGMA, generator=stream)
        elif isinstance(module, nn.GroupNorm):
            module.reset_parameters()
        elif isinstance(layer, JoinClass):
            (table,) = module.parameters()
            if table.ndim == 2:
                nn.init.eye_(table)
            else:
                nn.init.normal_(table, 0.0, 1.0, generator=stream)
    # Channels last: 1.2 to 1.3 times the steps per second on a CPU, and what tensor cores want.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _keep_no_statistics(network: nn.Sequential) -> None:
    """Let BatchNorm use those of the batch and gather none: G_ema has its own, and a repeated G(z) changes nothing."""
    for module in network:
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.track_running_stats = False


def _resident(pixels: Pixels, device: torch.device) -> Tensor | None:
    """Copy the pictures to a GPU once where they are small for it."""
    if device.type != "cuda" or pixels.nbytes > RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
        return None
    resident = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(pixels), _COPIED_AT_ONCE):
        # A copy: what is mapped from a file may not be written to, of which torch would warn.
        resident[start : start + _COPIED_AT_ONCE] = torch.from_numpy(np.array(pixels[start : start + _COPIED_AT_ONCE]))
    return resident
