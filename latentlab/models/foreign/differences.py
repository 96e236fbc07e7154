"""In which way one reading of a generator differs from another, in words."""

from __future__ import annotations

from latentlab.models.architecture import activation_name
from latentlab.models.layers import Activation, BatchNorm, Conv, ConvTranspose, Crop, JoinClass, Layer, Upsample
from latentlab.models.spec import GeneratorSpec


def difference(best: GeneratorSpec, other: GeneratorSpec) -> str:
    """Name what is different, most visible first; empty if nothing is."""
    words = []
    if (best.width, best.height) != (other.width, other.height):
        words.append(f"pictures of {other.width}x{other.height}")
    if best.z_dim != other.z_dim:
        words.append(f"z of {other.z_dim} numbers" + (f" and {other.classes} classes" if other.classes else ""))
    for name, of in (("output", output_of), ("hidden layers", hidden_of)):
        if of(best) != of(other):
            words.append(f"{name}: {of(other)}")
    if best.prior != other.prior:
        words.append(f"{other.prior} prior")
    if _eps_of(best) != _eps_of(other):
        words.append(f"BatchNorm eps {_eps_of(other)}")
    if _joins_of(best) != _joins_of(other):
        words.append(f"class {', '.join(_joins_of(other))}")
    if _moves_of(best) != _moves_of(other):
        words.append(f"sides {_sides_of(other)}")
    elif _active_of(best) != _active_of(other):
        words.append(f"{_active_of(other).count('a')} activations within instead of {_active_of(best).count('a')}")
    return ", ".join(words)


def output_of(spec: GeneratorSpec) -> str:
    """Name the output activation."""
    kinds = [layer for layer in spec.network.layers[_last_weights(spec) + 1 :] if isinstance(layer, Activation)]
    return activation_name(kinds[-1]) if kinds else "none"


def hidden_of(spec: GeneratorSpec) -> str:
    """Name the activation of the hidden layers."""
    kinds = [layer for layer in spec.network.layers[: _last_weights(spec)] if isinstance(layer, Activation)]
    return " and ".join(dict.fromkeys(activation_name(kind) for kind in kinds)) or "none"


def _last_weights(spec: GeneratorSpec) -> int:
    return max(index for index, layer in enumerate(spec.network.layers) if layer.tensors())


def _eps_of(spec: GeneratorSpec) -> str:
    found = dict.fromkeys(f"{layer.eps:g}" for layer in spec.network.layers if isinstance(layer, BatchNorm))
    return " and ".join(found)


def _joins_of(spec: GeneratorSpec) -> tuple[str, ...]:
    words = {"append": "behind z", "prepend": "ahead of z", "multiply": "times z"}
    return tuple(words[layer.how] for layer in spec.network.layers if isinstance(layer, JoinClass))


def _moves_of(spec: GeneratorSpec) -> tuple[Layer, ...]:
    return tuple(layer for layer in spec.network.layers if isinstance(layer, Conv | ConvTranspose | Crop | Upsample))


def _active_of(spec: GeneratorSpec) -> str:
    layers = spec.network.layers[: _last_weights(spec)]
    return "".join("a" if isinstance(layer, Activation) else "." for layer in layers)


def _sides_of(spec: GeneratorSpec) -> str:
    sides = [
        str(shape[1])
        for layer, shape in zip(spec.network.layers, spec.network.shapes(), strict=True)
        if isinstance(layer, Conv | ConvTranspose | Crop | Upsample) and len(shape) == 3
    ]
    return "-".join(sides)
