"""What a file is if it holds no generator that can be opened: one line that says so, and one that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from latentlab.models.foreign.contents import Contents, FoundNetwork
from latentlab.models.foreign.tensors import Tensor

Kind = Literal["convolutional", "discriminator", "classifier", "foreign", "nothing"]

EXPORT = (
    "In the project that it comes from, export it: torch.onnx.export(netG, torch.randn(1, z_dim), 'netG.onnx', "
    "input_names=['z'], dynamic_axes={'z': {0: 'N'}}); then open netG.onnx."
)
SAVE_WEIGHTS = "Save the generator's weights with torch.save(netG.state_dict(), 'netG.pth')."
_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a StyleGAN", ("mapping.", "synthesis.", "style.", "to_rgb", "torgb")),
    ("a StyleGAN pickle", ("torch_utils.persistence", "_reconstruct_persistent_obj", "dnnlib")),
    ("a BigGAN", (".ccbn", "gain.", "shared.weight", "bn1.gain")),
    ("a progressive GAN", ("progression", "scaleLayers", "toRGBLayers", "rgb_layers")),
    ("a diffusion model", ("time_embed", "down_blocks", "diffusion_model", "time_mlp")),
    ("a transformer", ("attn.", "self_attn", "q_proj", "attention.query")),
    ("an object detector (YOLO)", ("models.yolo", "ultralytics")),
)


def kind_of(network: FoundNetwork) -> Kind:
    """Tell from the shapes of its weights what a network is."""
    weights = [tensor for name, tensor in network.tensors.items() if _is_weight(name, tensor)]
    if not weights:
        return "nothing"
    first, last = weights[0].shape, weights[-1].shape
    if any(len(tensor.shape) in (3, 5) for tensor in weights):
        return "foreign"
    starts_in_picture = len(first) == 4 and first[1] <= 4 and first[0] > 4
    if starts_in_picture:
        ends_in_one = (len(last) == 4 and last[0] == 1) or (len(last) == 2 and last[0] == 1)
        return "discriminator" if ends_in_one else "classifier" if len(last) == 2 else "convolutional"
    if len(first) == 2 and len(last) == 2 and first[1] in (784, 1024, 3072):
        return "discriminator" if last[0] == 1 else "classifier"
    return "convolutional"


def classes_of(network: FoundNetwork) -> int:
    """Return how many outputs the last weight of a network has."""
    weights = [tensor for name, tensor in network.tensors.items() if _is_weight(name, tensor)]
    return weights[-1].shape[0] if weights else 0


def family_of(contents: Contents, networks: Sequence[FoundNetwork]) -> str:
    """Name a well-known family of models that is no DCGAN, by the names in the file; empty if it is none."""
    names = [*contents.classes, *(name for network in networks for name in network.tensors)]
    text = "\n".join(names[:5000])
    return next((family for family, words in _FAMILIES if any(word in text for word in words)), "")


def explained(contents: Contents) -> tuple[str, str]:
    """Say why a file holds no generator that can be opened, and what to do."""
    networks = [network for network in contents.networks if kind_of(network) != "nothing"]
    family = family_of(contents, networks)
    if family:
        return f"is {family}, whose layers are no chain as a DCGAN's are", EXPORT
    if not networks:
        if contents.optimizers:
            return "holds the state of an optimiser only, no network", SAVE_WEIGHTS
        if contents.classes:
            return f"holds objects of {contents.classes[0]} and no network's tensors", SAVE_WEIGHTS
        return "holds no network", SAVE_WEIGHTS
    kinds = [kind_of(network) for network in networks]
    if all(kind == "discriminator" for kind in kinds):
        return "is a discriminator: it takes pictures and gives one number", "Open the generator trained with it."
    if all(kind in ("classifier", "discriminator") for kind in kinds):
        count = classes_of(networks[kinds.index("classifier")])
        return f"is a classifier of {count} classes: it takes pictures", "A generator takes z and gives pictures."
    if "foreign" in kinds:
        return "has convolutions over sound or volumes, not over pictures", ""
    network = networks[kinds.index("convolutional")]
    return f"{_unusual(network)}, so its shapes do not tell how they are joined", EXPORT


def _unusual(network: FoundNetwork) -> str:
    weights = [tensor.shape for name, tensor in network.tensors.items() if _is_weight(name, tensor)]
    first, last = weights[0], weights[-1]
    if any(shape == (2 * last[0],) for shape in weights) or len(weights) == 1:
        return "holds a single layer"
    images = [shape for shape in (first, last) if len(shape) == 4]
    if len(first) == 4 and first[1] in (1, 3) and last[:1] in ((1,), (3,)):
        return "takes pictures and gives pictures, as an autoencoder or a U-Net does"
    if images and 4 in images[-1][:2] and not {1, 3} & set(images[-1][:2]):
        return "ends in 4 channels, expected 1 or 3 colour channels"
    return f"has {len(weights)} layers with weights that are no chain from a vector to a picture"


def _is_weight(name: str, tensor: Tensor) -> bool:
    last = name.rpartition(".")[2]
    return len(tensor.shape) >= 2 and last in ("weight", "weight_orig", "weight_v", "original", "original1")
