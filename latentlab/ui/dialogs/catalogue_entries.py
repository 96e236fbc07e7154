"""What is in a folder of models: which files there are, and what each shows, found in the background."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from latentlab import log
from latentlab.analysis.progress import Progress
from latentlab.analysis.service import Work
from latentlab.errors import Cancelled, ErrorReport, LatentlabError
from latentlab.latent.priors import sample
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.pixels import Pixels, sheet
from latentlab.session.opened import OpenedModel
from latentlab.ui.model_kinds import model_suffixes

MAX_FILES = 2000
MAX_FOLDERS = 20_000
SEEDS = (0, 1, 2, 3, 4, 5, 6, 7)
_SIDES_IN_A_GAP = 32
_MAX_SIDE_PX = 64
_THREADS = 1
_log = log.get(__name__)


@dataclass(frozen=True, eq=False)
class Entry:
    """A file of the folder.

    Attributes:
        path: Where it is.
        shown: Its path below the folder.
        size_bytes: How large it is.
        changed_ns: When it was written.
        pixels: Pictures of `SEEDS` in a row, shape (H, W, C), uint8; None before they are drawn.
        title: What the model is called; its file name until that is known.
        kind: What it is, in a few words; empty until that is known.
        why: Why it is no generator; empty where it is one, or nobody has looked yet.
        content_hash: Of the generator, as it was read.
    """

    path: Path
    shown: str
    size_bytes: int
    changed_ns: int
    pixels: Pixels | None = None
    title: str = ""
    kind: str = ""
    why: str = ""
    content_hash: str = ""

    @property
    def is_known(self) -> bool:
        """Return whether the file has been looked at."""
        return bool(self.kind or self.why)

    def same_file(self, other: Entry) -> bool:
        """Tell whether both are the same file in the same state."""
        return (self.path, self.size_bytes, self.changed_ns) == (other.path, other.size_bytes, other.changed_ns)


@dataclass(frozen=True, eq=False)
class Listed:
    """The files of a folder, none of them looked at yet, and whether there are more than are listed."""

    round: int
    entries: tuple[Entry, ...]
    is_cut: bool


@dataclass(frozen=True, eq=False)
class LookedAt:
    """A file that was looked at."""

    round: int
    place: int
    entry: Entry


def listing(folder: Path, round_: int, known: tuple[Entry, ...], tell: Callable[[object], None]) -> Work:
    """Return work that lists a folder with its sub-folders, then looks at each file.

    Args:
        folder: Where to look.
        round_: Goes into what is told.
        known: What was found earlier; files that have not changed since are not looked at again.
        tell: Called on the analysis thread, with one `Listed` and then a `LookedAt` for each file that is new.
    """

    def work(progress: Progress) -> None:
        found = []
        for entry in _files(folder, progress):
            found.append(entry)
            if len(found) > MAX_FILES:
                break
        listed = sorted(found[:MAX_FILES], key=lambda entry: entry.shown.casefold())
        earlier = {entry.path: entry for entry in known if entry.is_known}
        entries = [
            earlier[entry.path] if entry.path in earlier and earlier[entry.path].same_file(entry) else entry
            for entry in listed
        ]
        tell(Listed(round_, tuple(entries), len(found) > MAX_FILES))
        for place, entry in enumerate(entries):
            share = place / len(entries)
            progress(share)
            if not entry.is_known:
                tell(LookedAt(round_, place, looked_at(entry, partial(progress, share))))

    return work


def looked_at(entry: Entry, watch: Watch = unwatched) -> Entry:
    """Open a file and draw its first seeds; say why where it is no generator.

    Args:
        entry: The file.
        watch: Called between the steps.

    Raises:
        Cancelled: If `watch` raises it.
    """
    try:
        model = OpenedModel.from_file(entry.path, watch=watch)
        pixels = _drawn(model)
    except Cancelled:
        raise
    except LatentlabError as error:
        return replace(entry, title=entry.path.name, why=f"{error.why}. {error.what_to_do}".strip())
    except Exception as error:  # noqa: BLE001 - one file must not end the catalogue
        log.report(_log, ErrorReport.from_exception(error, during=str(entry.path)), error)
        return replace(entry, title=entry.path.name, why=f"cannot be read: {type(error).__name__}")
    return replace(
        entry, title=model.title, kind=_kind(model), pixels=pixels, content_hash=model.generator.content_hash
    )


def _files(folder: Path, progress: Progress) -> Iterator[Entry]:
    """Walk through a folder: no links to folders, nothing hidden."""
    suffixes = model_suffixes()
    for count, (root, folders, names) in enumerate(os.walk(folder)):
        progress(0.0)
        if count >= MAX_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or path.suffix.lower() not in suffixes:
                continue
            try:
                facts = path.stat()
            except OSError as error:
                _log.info("%s is left out: %s", path, error)
                continue
            yield Entry(path, str(path.relative_to(folder)), facts.st_size, facts.st_mtime_ns, title=name)


def _drawn(model: OpenedModel) -> Pixels:
    z = np.concatenate([sample(model.prior, 1, model.z_dim, seed) for seed in SEEDS])
    y = np.arange(len(SEEDS)) % model.classes if model.classes else None
    pixels = model.backend().render(z, y, _THREADS)
    step = max(1, -(-max(pixels.shape[1:3]) // _MAX_SIDE_PX))
    small = _smaller(pixels, step)
    # Rows are shown equally high: so are the gaps.
    return sheet(small, len(SEEDS), max(1, small.shape[1] // _SIDES_IN_A_GAP), background=0)


def _smaller(pixels: Pixels, step: int) -> Pixels:
    """Make pictures smaller by a whole factor, each pixel the mean of those that it stands for."""
    if step == 1:
        return pixels
    count, height, width, channels = pixels.shape
    rows, columns = height // step, width // step
    blocks = pixels[:, : rows * step, : columns * step].reshape(count, rows, step, columns, step, channels)
    small: Pixels = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
    return small


def _kind(model: OpenedModel) -> str:
    spec = model.generator.card.generator
    colour = "grey" if spec.channels == 1 else "RGB"
    facts = [f"{spec.width} × {spec.height} {colour}", f"z {model.z_dim} {model.prior}"]
    if model.classes:
        facts.append(f"{model.classes} classes")
    if model.closed:
        facts.append("ONNX")
    elif model.reading is None:
        facts.append("latentlab")
    else:
        sure = model.reading.is_certain
        facts.append("read by shape" if sure else "a guess")
    return "  ·  ".join(facts)
