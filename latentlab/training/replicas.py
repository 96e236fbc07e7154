"""Data-parallel training: every process holds the whole state and a part of each batch; gradients are averaged.

Started by ``torchrun``, which says through the environment who a process is. All processes draw the same random
numbers and keep their own rows of them; so N processes take the steps that one takes whose batch goes through the
networks in N parts, and their weights stay equal. One of them, the writer, keeps files and speaks.

References:
    Goyal et al. 2017, "Accurate, Large Minibatch SGD", arXiv:1706.02677, section 3: BatchNorm per worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from latentlab.errors import Cancelled, TrainingError
from latentlab.training.control import ByHand, Control

WAIT = timedelta(days=7)
"""How long a process waits for the others: one that is paused keeps them waiting."""

T = TypeVar("T")


class Replicas:
    """The processes that train one model; this one alone unless `joined` made others known.

    Attributes:
        rank: The number of this process, from 0.
        count: How many there are.
    """

    def __init__(self, rank: int = 0, count: int = 1, words: distributed.ProcessGroup | None = None) -> None:
        self.rank = rank
        self.count = count
        self._words = words

    @property
    def is_writer(self) -> bool:
        """Whether this process keeps the files."""
        return self.rank == 0

    def own(self, batch: int, parts: int = 1) -> slice:
        """Return the rows of a batch that are this process's.

        Args:
            batch: Images a step.
            parts: That each process cuts its share into.

        Raises:
            TrainingError: If the batch cannot be shared out.
        """
        share, rest = divmod(batch, self.count)
        if rest or share % parts or share // parts < 2:
            raise TrainingError(
                f"batch {batch}",
                f"cannot be shared out to {self.count} processes in equal parts of 2 images or more",
                f"Take a multiple of {2 * self.count * parts}.",
            )
        return slice(self.rank * share, (self.rank + 1) * share)

    def average_gradients(self, network: nn.Module) -> None:
        """Replace each gradient by its mean over the processes: one flat vector, summed explicitly."""
        if self.count > 1:
            gradients = [each.grad for each in network.parameters() if each.grad is not None]
            self._average(gradients)

    def average_buffers(self, network: nn.Module) -> None:
        """Replace BatchNorm's running statistics, which each process gathers of its own part, by their mean."""
        if self.count > 1:
            self._average([each for each in network.buffers() if each.is_floating_point()])

    def average(self, value: Tensor) -> Tensor:
        """Return the mean of a value over the processes."""
        if self.count == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.count

    def told_by_writer(self, value: T) -> T:
        """Return the writer's value in every process; it may be anything that can be pickled."""
        if self.count == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0, group=self._words)
        return values[0]

    def any_stops(self, stopping: bool) -> bool:
        """Whether any of the processes was told to stop; every one of them must ask at the same point."""
        if self.count == 1:
            return stopping
        flag = torch.tensor(int(stopping))
        distributed.all_reduce(flag, distributed.ReduceOp.MAX, group=self._words)
        return bool(flag)

    def _average(self, tensors: list[Tensor]) -> None:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()


ALONE = Replicas()


class SharedControl(Control):
    """A control whose stop is that of all processes, so that all of them leave the loop at the same phase."""

    def __init__(self, replicas: Replicas) -> None:
        super().__init__()
        self._replicas = replicas

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        """Wait while paused, then agree; called by the loop between phases.

        Nothing can be updated by hand, which all processes would have to do at once.

        Raises:
            Cancelled: If a stop was asked for in any process.
        """
        if self.paused:
            self._hold(None)
        if self._replicas.any_stops(self.stopping):
            raise Cancelled
        return False


@contextmanager
def joined(device: str) -> Iterator[tuple[Replicas, str]]:
    """Join the processes that ``torchrun`` started, if it did.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``; ``auto`` is not ``mps``, over which processes cannot talk.

    Yields:
        The processes, and the device of this one: on GPUs each has one of its own.

    Raises:
        TrainingError: If there are several, on ``mps`` or on more GPUs than the machine has.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE, device
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if device == "mps":
        raise TrainingError("mps", "cannot be trained on by several processes", "Leave torchrun out, or take cpu.")
    if on_gpu and local >= torch.cuda.device_count():
        raise TrainingError(
            f"process {local}", f"has no GPU: the machine has {torch.cuda.device_count()}", "Lower --nproc-per-node."
        )
    device = f"cuda:{local}" if on_gpu else "cpu"
    if on_gpu:
        torch.cuda.set_device(local)
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=WAIT)
    try:
        # Words go over gloo in any case: what is read on the CPU must not wait for a GPU.
        words = distributed.new_group(backend="gloo", timeout=WAIT) if on_gpu else None
        yield Replicas(distributed.get_rank(), count, words), device
    finally:
        distributed.destroy_process_group()
