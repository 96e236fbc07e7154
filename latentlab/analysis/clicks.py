"""Learn from clicks what someone means: samples are shown, each answered with *has* or *has not*, or not at all.

A Gaussian process over the pictures' views (`picture_features.PictureSpace`) carries the answers over to all other
samples; which view counts how much, the answers decide. It says which samples it knows least about; those are offered
next. What it believes of thousands of samples is enough for a boundary in z, which a few tens of answers are not.

Identifiable is what differs visibly between samples; of the bar renderer in the tests brightness, both shifts and
thickness. State is frozen: a click makes a new `Clicks`, so that clicks are undone like anything else.

References:
    Rasmussen & Williams 2006, "Gaussian Processes for Machine Learning", equations 2.25 and 2.26: mean and variance;
    2.30: evidence; 5.10 and 5.12: leave-one-out; section 6.5: classification by regression on the labels.
    Shen, Gu, Tang & Zhou 2020, arXiv:1907.10786: the boundary in z.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from latentlab.analysis.boundary import balanced_accuracy, boundary
from latentlab.analysis.picture_features import Views, squared_distances
from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

SOURCE = "clicks"

_REACH = 8.0
_SHARED = 0.3
_NOISE = 0.1
_PROBIT_TO_LOGIT = 1.702
_ROUNDS = 15
_PRIOR_OF_LOOK = 2.0


@dataclass(frozen=True, eq=False)
class Pool:
    """Samples of one model that can be shown and answered.

    Attributes:
        z: Shape (N, z_dim), float32, drawn from the prior.
        views: Their pictures in coordinates, each of shape (N, D), float32, of typical squared norm 1; the first
            tells best how alike two pictures look.
    """

    z: FloatArray
    views: Views

    def __post_init__(self) -> None:
        if not self.views or any(len(view) != len(self.z) for view in self.views):
            raise ValueError(f"{len(self.z)} latents need as many pictures")
        object.__setattr__(self, "z", frozen(self.z))
        object.__setattr__(self, "views", tuple(map(frozen, self.views)))

    def at(self, indices: Iterable[int]) -> Views:
        """Return the views of some samples, in the order given."""
        rows = list(indices)
        return tuple(view[rows] for view in self.views)

    def spread(self, count: int, seed: int) -> Indices:
        """Choose samples that stand for the whole pool: those nearest to the centres of as many clusters.

        Args:
            count: How many, at most the pool's size.
            seed: Of the first centres.

        Returns:
            Shape (count,), int64, all different.

        References:
            Lloyd 1982, "Least Squares Quantization in PCM": k-means.
        """
        random = np.random.RandomState(seed)
        look = self.views[0]
        order = random.permutation(len(look))
        centres = look[order[:count]].copy()
        for _ in range(_ROUNDS):
            nearest = squared_distances(look, centres).argmin(axis=1)
            for index in np.unique(nearest):
                centres[index] = look[nearest == index].mean(axis=0)
        medoids = squared_distances(centres, look).argmin(axis=1)
        chosen = dict.fromkeys(int(index) for index in (*medoids, *order))
        return np.array(list(chosen)[:count], np.int64)


@dataclass(frozen=True, eq=False)
class Learned:
    """A classifier of pictures, learned from clicks.

    Attributes:
        clicked: The views of the samples clicked, each of shape (n, D), float32.
        weights: How much each view counts; they sum to 1.
        gains: Shape (n,), float64; the mean is the kernel times these.
        precision: Inverse of kernel plus noise, shape (n, n), float64.
        threshold: Log-odds of having the property at which having it is as common as in the pool.
        accuracy: Balanced accuracy on the samples clicked, each left out in turn, in [0, 1]. Since doubtful samples are
            offered first, it is rather lower than that on fresh ones.
    """

    clicked: Views
    weights: tuple[float, ...]
    gains: Numbers
    precision: Numbers
    threshold: float
    accuracy: float

    def log_odds(self, views: Views) -> FloatArray:
        """Score pictures.

        Taking the likelier answer makes the fewest errors in all, but would hardly ever find a rare property. The mean
        of the shares told rightly of either side is largest where the chance equals the pool's average: the score is 0
        there.

        Args:
            views: Of the pictures, each of shape (N, D), float32.

        Returns:
            Shape (N,), float32, positive where a picture has the property.
        """
        mean, variance = self.believed(views)
        return np.asarray(_log_odds(mean, variance) - self.threshold, np.float32)

    def believed(self, views: Views) -> tuple[Numbers, Numbers]:
        """Return the process's mean, 1 for has and -1 for has not, and its variance; each of shape (N,)."""
        return _posterior(_kernel(views, self.clicked, self.weights), self.gains, self.precision)


@dataclass(frozen=True, eq=False)
class Clicks:
    """What was answered so far.

    Attributes:
        pool: The samples.
        answers: Index of a sample in the pool to whether it has the property, in the order of the clicks.
        seed: Of the first samples offered.
    """

    pool: Pool
    answers: Mapping[int, bool] = field(default_factory=dict)
    seed: int = 0

    def answered(self, index: int, has: bool) -> Clicks:
        """Return these clicks and one more, which replaces an earlier one of the same sample.

        Raises:
            IndexError: If the pool has no such sample.
        """
        if not 0 <= index < len(self.pool.z):
            raise IndexError(f"sample {index} is not one of {len(self.pool.z)}")
        return replace(self, answers={**self.answers, index: has})

    def without(self, index: int) -> Clicks:
        """Return these clicks but for one sample's."""
        return replace(self, answers={key: has for key, has in self.answers.items() if key != index})

    @cached_property
    def learned(self) -> Learned | None:
        """Learn from the clicks; None until there is one of either answer. Takes milliseconds."""
        has = np.array(list(self.answers.values()), bool)
        if not len(has) or has.all() or not has.any():
            return None
        clicked = self.pool.at(self.answers)
        # Both answers weigh the same in all, however few there are of one.
        noise = _NOISE * np.where(has, has.mean(), 1.0 - has.mean()) / 0.5
        targets = np.where(has, 1.0, -1.0)
        weights = _weights(clicked, targets, noise)
        precision = _inverse(_kernel(clicked, clicked, weights) + np.diag(noise))
        gains = np.asarray(precision @ targets, np.float64)
        odds = _log_odds(*_posterior(_kernel(self.pool.views, clicked, weights), gains, precision))
        average = float((1.0 / (1.0 + np.exp(-odds))).mean())
        threshold = float(np.log(average / (1.0 - average)))
        spread = 1.0 / np.diag(precision)
        left_out = _log_odds(targets - gains * spread, np.maximum(spread - noise, 0.0))
        accuracy = balanced_accuracy(left_out > threshold, has)
        return Learned(clicked, weights, gains, precision, threshold, accuracy)

    def offer(self, count: int) -> Indices:
        """Choose which samples to show next.

        At first those that stand for the whole pool, so that a rare property comes up; then those of which the answer
        is most in doubt, for their place between the answers or for being unlike all that was answered, but not alike.
        Answers teach most where few are asked for at a time: after a first wall, one or two.

        Args:
            count: How many, at least 1.

        Returns:
            Shape (count,), int64, fewer where the pool ends: indices of samples not answered, the most wanted first.

        References:
            Kapoor et al. 2007, "Active Learning with Gaussian Processes for Object Categorization", ICCV: the
            distance to the boundary over the deviation.
        """
        if not self.answers:
            return self.pool.spread(min(count, len(self.pool.z)), self.seed)
        free = np.setdiff1d(np.arange(len(self.pool.z)), list(self.answers))
        views = self.pool.at(free)
        weights = self.learned.weights if self.learned is not None else _even(len(views))
        wanted = self._doubt(views)
        chosen: list[int] = []
        for _ in range(min(count, len(free))):
            best = int(wanted.argmax())
            chosen.append(best)
            wanted = wanted - _likeness(views, tuple(view[best : best + 1] for view in views), weights)[:, 0]
            wanted[best] = -np.inf
        return np.asarray(free[chosen], np.int64)

    def direction(self, prior: Prior, name: str, model: str = "") -> Direction | None:
        """Fit the boundary in z to what was learned; None until something was.

        Args:
            prior: The distribution of z.
            name: Of the direction.
            model: Content hash of the model, written into the direction.

        Returns:
            Towards having the property; its accuracy is that of the boundary on samples held out, judged by the
            classifier of pictures, whose own is in the detail.

        Raises:
            ValueRangeError: If fewer than 20 samples of the pool have the property, or lack it.
        """
        if self.learned is None:
            return None
        scores = self.learned.log_odds(self.pool.views)
        detail = f"{len(self.answers)} clicks, {self.learned.accuracy:.0%} of them right when left out"
        return boundary(self.pool.z, scores, prior, name, SOURCE, model, detail)

    def _doubt(self, views: Views) -> Numbers:
        """Return how much is to be learned from each of some samples, shape (N,); only the order means something."""
        if self.learned is not None:
            mean, variance = self.learned.believed(views)
            return np.asarray(-np.abs(mean) / np.sqrt(variance))
        clicked, weights = self.pool.at(self.answers), _even(len(views))
        precision = _inverse(_kernel(clicked, clicked, weights) + _NOISE * np.eye(len(self.answers)))
        _, variance = _posterior(_kernel(views, clicked, weights), np.zeros(len(self.answers)), precision)
        return np.asarray(np.sqrt(variance))


def _weights(clicked: Views, targets: Numbers, noise: Numbers) -> tuple[float, ...]:
    """Average the mixtures of views, each as likely as the answers are under it.

    Mixtures are each view alone, each pair, and all in equal parts; where few answers decide little, the first view is
    the likeliest.
    """
    singles = np.eye(len(clicked))
    pairs = [(singles[i] + singles[j]) / 2.0 for i in range(len(clicked)) for j in range(i)]
    mixtures = np.array([*singles, *pairs, _even(len(clicked))])
    evidence = [
        _evidence(_kernel(clicked, clicked, mixture) + np.diag(noise), targets) + _PRIOR_OF_LOOK * float(mixture[0])
        for mixture in mixtures
    ]
    chances = np.exp(np.array(evidence) - max(evidence))
    return tuple(float(weight) for weight in chances @ mixtures / chances.sum())


def _evidence(covariance: Numbers, targets: Numbers) -> float:
    """Return the log-likelihood of the answers but for a constant (ibid., 2.30)."""
    root = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(root, targets)
    return float(-0.5 * whitened @ whitened - np.log(np.diag(root)).sum())


def _even(count: int) -> tuple[float, ...]:
    return (1.0 / count,) * count


def _likeness(a: Views, b: Views, weights: Sequence[float]) -> Numbers:
    """Return how alike pictures are, 1 for equal ones, shape (N, M)."""
    total = np.zeros((len(a[0]), len(b[0])))
    for one, other, weight in zip(a, b, weights, strict=True):
        total += weight * np.exp(-squared_distances(one, other).astype(np.float64) / _REACH)
    return total


def _kernel(a: Views, b: Views, weights: Sequence[float]) -> Numbers:
    """Return how much the answers of two pictures have to do with each other, shape (N, M)."""
    return _SHARED + _likeness(a, b, weights)


def _inverse(matrix: Numbers) -> Numbers:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _posterior(kernel: Numbers, gains: Numbers, precision: Numbers) -> tuple[Numbers, Numbers]:
    """Return mean and variance where `kernel` holds the kernel to the clicked samples (ibid., 2.25 and 2.26)."""
    explained = np.einsum("ij,ij->i", kernel @ precision, kernel)
    return kernel @ gains, np.maximum(1.0 + _SHARED - explained, 1e-6)


def _log_odds(mean: Numbers, variance: Numbers) -> Numbers:
    """Return the log-odds of has: a normal distribution's share above 0, its tail that of the logistic."""
    return _PROBIT_TO_LOGIT * mean / np.sqrt(variance + _NOISE)
