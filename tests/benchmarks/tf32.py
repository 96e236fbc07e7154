"""Print how far TF32 moves the pictures of the bundled models: weights and inputs of convolutions rounded to 10 bits.

    python tests/benchmarks/tf32.py

Rounds on the CPU what an NVIDIA card rounds by itself, so that it needs none.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.checkpoint import load_generator

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 512


def rounded(values: Tensor) -> Tensor:
    """Round float32 to the 10 explicit bits of TF32's fraction."""
    bits = values.contiguous().view(torch.int32)
    return ((bits + 0x1000) & ~0x1FFF).view(torch.float32)


def round_convolutions(network: nn.Module) -> None:
    """Have every convolution see rounded weights and rounded inputs from now on."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.copy_(rounded(module.weight))
            module.register_forward_pre_hook(lambda _, inputs: (rounded(inputs[0]),))


@torch.inference_mode()
def main() -> None:
    """Draw both ways and compare."""
    for name in ("digits", "faces"):
        generator = load_generator(ROOT / "checkpoints" / f"{name}.safetensors")
        spec = generator.card.generator
        network = networks.load(networks.build(spec.network), generator.weights)
        z = torch.from_numpy(sample(spec.prior, PICTURES, spec.z_dim, 0))
        whole = ((network(z) + 1.0) * 127.5).round()
        round_convolutions(network)
        apart = (((network(z) + 1.0) * 127.5).round() - whole).abs()
        beyond = (apart.flatten(1).amax(1) > 1.0).float().mean()
        print(
            f"{name}: at most {apart.max():.0f} grey levels; {beyond:.1%} of {PICTURES} pictures have a pixel beyond 1"
        )


if __name__ == "__main__":
    main()
