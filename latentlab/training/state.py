"""All that changes while training: networks, optimisers, random streams; saved and restored bit for bit."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latentlab.data.batches import Batches
from latentlab.errors import TrainingError
from latentlab.latent.priors import sample
from latentlab.models import dcgan, networks
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels
from latentlab.training.config import TrainConfig

INIT_SIGMA = 0.02
SHEET_COUNT = 64
STATISTICS_BATCHES = 32


class TrainState:
    """G, D, G_ema, their optimisers, the stream of z and the order of the images.

    Attributes:
        images: Real images shown so far.
        pending_z: The latents of a step that was stopped between D's and G's update; None between steps.
        fixed_z: Shape (64, z_dim), those of the sheet, seed 0 as in the window.
    """

    def __init__(self, config: TrainConfig, pixels: Pixels, device: torch.device) -> None:
        if config.batch < 2 or not config.size or not config.channels:
            raise ValueError("the configuration is not resolved")
        self.device = device
        self.spec = dcgan.generator(
            config.size, config.channels, config.width, config.z_dim, config.prior, 4 if config.kernel == 4 else 5
        )
        self.critic_spec = dcgan.discriminator(
            config.size, config.channels, config.critic_width or config.width, 4 if config.kernel == 4 else 5
        )
        start = torch.Generator().manual_seed(config.seed)
        self.G = _initialised(self.spec.network, start).to(device)
        self.D = _initialised(self.critic_spec, start).to(device)
        self.G_ema = copy.deepcopy(self.G).requires_grad_(False)
        _keep_no_statistics(self.G)
        fused = device.type in ("cuda", "cpu")
        self._adam: dict[str, Any] = {"betas": (config.beta1, config.beta2), "fused": fused}
        self.optimizer_G = torch.optim.Adam(self.G.parameters(), config.lr, **self._adam)
        self.optimizer_D = torch.optim.Adam(self.D.parameters(), config.lr, **self._adam)
        self.stream = torch.Generator(device).manual_seed(config.seed + 1)
        self.batches = Batches(pixels, config.batch, config.seed)
        self.images = 0
        self.pending_z: Tensor | None = None
        self.fixed_z = torch.from_numpy(sample(config.prior, SHEET_COUNT, config.z_dim, 0)).to(device)
        self._config = config

    def draw_z(self, count: int, stream: torch.Generator | None = None) -> Tensor:
        """Draw latents from the prior, shape (count, z_dim), on the device; with the run's own stream by default."""
        shape, stream = (count, self._config.z_dim), stream or self.stream
        if self._config.prior == "normal":
            return torch.randn(shape, generator=stream, device=self.device)
        return torch.rand(shape, generator=stream, device=self.device) * 2.0 - 1.0

    def statistics_z(self) -> list[Tensor]:
        """Draw the latents that BatchNorm statistics are taken over: always the same, each (batch, z_dim)."""
        stream = torch.Generator(self.device).manual_seed(self._config.seed + 2)
        return [self.draw_z(self._config.batch, stream) for _ in range(STATISTICS_BATCHES)]

    def next_real(self) -> Tensor:
        """Return the next batch of real images in photo range, (batch, C, H, W), float32 in [-1, 1]."""
        pixels = torch.from_numpy(self.batches.next()).to(self.device, non_blocking=True)
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0

    def to_dict(self) -> dict[str, Any]:
        """Collect everything a resume needs, in types that ``torch.load(weights_only=True)`` accepts."""
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "G_ema": self.G_ema.state_dict(),
            "optimizer_G": self.optimizer_G.state_dict(),
            "optimizer_D": self.optimizer_D.state_dict(),
            "stream": self.stream.get_state(),
            "batches": self.batches.state(),
            "images": self.images,
            "pending_z": self.pending_z,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what `to_dict` collected; Adam's betas stay those of the configuration.

        Raises:
            TrainingError: If it is incomplete or belongs to other networks.
            DataError: If it belongs to another number of pictures.
        """
        try:
            self._take(saved)
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise TrainingError("the resume state", "is incomplete or belongs to other networks") from error

    def _take(self, saved: dict[str, Any]) -> None:
        self.G.load_state_dict(saved["G"])
        self.D.load_state_dict(saved["D"])
        self.G_ema.load_state_dict(saved["G_ema"])
        self.optimizer_G.load_state_dict(saved["optimizer_G"])
        self.optimizer_D.load_state_dict(saved["optimizer_D"])
        for optimizer in (self.optimizer_G, self.optimizer_D):
            for group in optimizer.param_groups:
                group.update(self._adam)
        self.stream.set_state(saved["stream"].cpu())
        self.batches.restore(saved["batches"])
        self.images = int(saved["images"])
        pending = saved["pending_z"]
        self.pending_z = None if pending is None else pending.to(self.device)

    def is_finite(self) -> bool:
        """Whether G and D hold only finite weights."""
        weights = [*self.G.parameters(), *self.D.parameters()]
        return all(bool(np.isfinite(float(weight.detach().sum()))) for weight in weights)


def _initialised(spec: NetworkSpec, stream: torch.Generator) -> nn.Sequential:
    """Draw weights as section 3 of arXiv:1511.06434 does: N(0, 0.02); BatchNorm scales N(1, 0.02), as its code does."""
    # Built without memory first, so that torch's own initialisation does not draw from the global random stream.
    with torch.device("meta"):
        network = networks.build(spec)
    network.to_empty(device="cpu")
    for module in network:
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INIT_SIGMA, generator=stream)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_parameters()
            nn.init.normal_(module.weight, 1.0, INIT_SIGMA, generator=stream)
    # Channels last: 1.2 to 1.3 times the steps per second on a CPU, and what tensor cores want.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _keep_no_statistics(network: nn.Sequential) -> None:
    """Let BatchNorm use those of the batch and gather none: G_ema has its own, and a repeated G(z) changes nothing."""
    for module in network:
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.track_running_stats = False
