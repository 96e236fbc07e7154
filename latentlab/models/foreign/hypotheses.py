"""What no shape tells: the hidden activation, BatchNorm's eps, the prior, the output activation; each with a cost.

The costs say how usual an answer is. Names lower them: those of modules without tensors, and those by which a widely
used repository is known. The fit of BatchNorm's statistics outweighs them where it can.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from latentlab.latent.priors import Prior
from latentlab.models.foreign.known import Eps, Output, known
from latentlab.models.foreign.layouts import DEFAULT_EPS, HIDDEN, Placed
from latentlab.models.foreign.modules import Network
from latentlab.models.foreign.slots import all_slots
from latentlab.models.layers import Activation, BatchNorm


@dataclass(frozen=True)
class Hypothesis:
    """One answer to all that the hidden layers leave open.

    Attributes:
        activation: Of hidden layers.
        eps: Of BatchNorm layers.
        prior: Of z.
        cost: How unusual it is.
    """

    activation: Activation
    eps: Eps
    prior: Prior
    cost: float

    def applied(self, placed: Iterable[Placed]) -> tuple[Placed, ...]:
        """Put the answers into a layout's layers."""
        found, is_first = [], True
        for each in placed:
            if each.layer == HIDDEN:
                found.append(replace(each, layer=self.activation))
            elif isinstance(each.layer, BatchNorm) and each.layer.eps == DEFAULT_EPS:
                eps = DEFAULT_EPS if is_first and self.eps.spares_first else self.eps.value
                found.append(replace(each, layer=replace(each.layer, eps=eps)))
                is_first = False
            else:
                found.append(each)
        return tuple(found)


_ACTIVATIONS: dict[Activation, float] = {
    Activation("relu"): 0.0,
    Activation("leaky_relu", 0.2): 0.5,
    Activation("leaky_relu", 0.01): 1.5,
    Activation("leaky_relu", 0.1): 2.5,
    Activation("leaky_relu", 0.3): 1.7,
}
_EPS: dict[Eps, float] = {Eps(DEFAULT_EPS): 0.0, Eps(0.8): 1.0, Eps(0.8, True): 1.0, Eps(0.9): 4.3}
_FINER_ACTIVATIONS = tuple(Activation("leaky_relu", slope) for slope in (0.01, 0.1, 0.3))
_FINER_EPS = (Eps(0.9),)
_PRIORS: dict[Prior, float] = {"normal": 0.0, "uniform": 0.7}
_OUTPUTS: dict[Output, float] = {"tanh": 0.0, "sigmoid": 1.0, "none": 3.0}


def usual(found: list[Hypothesis]) -> list[Hypothesis]:
    """Pick the answers to try first: those that do not differ from a more usual one in a number alone."""
    return [each for each in found if each.activation not in _FINER_ACTIVATIONS and each.eps not in _FINER_EPS]


def finer(found: list[Hypothesis], best: Hypothesis) -> list[Hypothesis]:
    """Pick the answers to try once the best of the usual ones is known: those that differ from it in one thing."""
    return [
        each
        for each in found
        if each.prior == best.prior and (each.activation == best.activation) != (each.eps == best.eps)
    ]


def hypotheses(network: Network) -> list[Hypothesis]:
    """List the answers worth trying for a network, most usual first."""
    repository = known(network)
    activations = _declared_activations(network) or dict(_ACTIVATIONS)
    if repository and repository.activation in activations:
        activations[repository.activation] = -0.5
    eps = {Eps(DEFAULT_EPS): 0.0} if _declares_eps(network) else dict(_EPS)
    if repository and repository.eps and not _declares_eps(network):
        eps[repository.eps] = -1.0
    priors = dict(_PRIORS)
    if repository and repository.prior:
        priors[repository.prior] = -0.5
    found = [
        Hypothesis(activation, each, prior, activations[activation] + eps[each] + priors[prior])
        for activation, each, prior in product(activations, eps, priors)
    ]
    return sorted(found, key=lambda hypothesis: hypothesis.cost)


def output_costs(network: Network) -> dict[Output, float]:
    """Say how unusual each output activation is for a network."""
    costs = dict(_OUTPUTS)
    repository = known(network)
    if repository and repository.output:
        costs[repository.output] = -1.0
    kinds = {slot.kind for slot in all_slots(network.declared)}
    for kind in ("tanh", "sigmoid"):
        if kind in kinds and not {"tanh", "sigmoid"} <= kinds:
            costs = {name: cost + 3.0 for name, cost in _OUTPUTS.items()} | {kind: 0.0}
    return costs


def _declared_activations(network: Network) -> dict[Activation, float]:
    """Return what the names or classes of the modules leave of the activations; nothing where they do not tell."""
    slots = [slot for slot in all_slots(network.declared) if slot.kind in ("relu", "leaky_relu")]
    if len({slot.kind for slot in slots}) != 1:
        return {}
    slope = slots[0].settings.get("negative_slope")
    if slots[0].kind == "leaky_relu" and isinstance(slope, float) and 0.0 <= slope <= 1.0:
        return {Activation("leaky_relu", slope): 0.0}
    return {each: cost for each, cost in _ACTIVATIONS.items() if each.kind == slots[0].kind}


def _declares_eps(network: Network) -> bool:
    """Tell whether the modules were saved whole; their layers then have their eps already."""
    return any(isinstance(each.attributes.get("eps"), float) for each in network.declared.values())
