"""A run folder that somebody else writes: what is seen of it, and when."""

from __future__ import annotations

import json
import math
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from latentlab.export.sheet import write_sheet
from latentlab.pixels import Pixels
from latentlab.training.following import FollowEvent, RunFollower, RunReader
from latentlab.training.run_seen import RunSeen, SheetRead
from latentlab.training.sheets import spread

WAIT_S = 30.0
NOW = 1_000_000.0


class Writer:
    """Writes a run folder as a training does, tick by tick."""

    def __init__(self, folder: Path, kimg: float = 100.0) -> None:
        self.folder = folder
        (folder / "samples").mkdir(parents=True)
        config = {"kimg": kimg, "size": 16, "width": 4, "batch": 8, "data": "discs"}
        (folder / "config.json").write_text(json.dumps(config))

    def pictures(self, kimg: int) -> Pixels:
        return np.random.default_rng(kimg).integers(0, 256, (64, 16, 16, 1), np.uint8)

    def tick(self, kimg: int, date: float = NOW, **values: float) -> None:
        (self.folder / f"model-{kimg:06d}.safetensors").touch()
        write_sheet(self.folder / "samples" / f"{kimg:06d}.png", self.pictures(kimg))
        line = {"kimg": kimg + 0.25, "images_per_s": 100.0, "Loss_D": 1.0, **values}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        os.utime(self.folder / "log.jsonl", (date, date))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "run")


@pytest.fixture
def reader(writer: Writer, clock: Clock) -> RunReader:
    return RunReader(writer.folder, clock)


def test_a_tick_is_seen_with_its_sheet_measured(writer: Writer, reader: RunReader) -> None:
    assert reader.look() == RunSeen(writer.folder, there=True, config=reader.look().config)
    writer.tick(10)
    writer.tick(20)
    seen = reader.look_at_all()
    assert list(seen.sheets) == list(seen.models) == [10, 20]
    assert [entry.kimg for entry in seen.entries] == [10.25, 20.25]
    for entry in seen.entries:
        assert entry.get("spread") == pytest.approx(spread(writer.pictures(int(entry.kimg))))
    assert math.isnan(seen.entries[0].get("change"))
    assert seen.entries[1].get("change") == pytest.approx(math.sqrt(1 / 6), rel=0.02), "two uniform noises"
    again = reader.look()
    assert again.entries is seen.entries, "nothing new is the same object"
    assert again.sheets is seen.sheets


def test_what_is_left_is_reckoned_from_the_last_tick(writer: Writer, reader: RunReader, clock: Clock) -> None:
    assert reader.look().eta_s == math.inf
    writer.tick(10, date=NOW - 50.0)
    clock.now = NOW
    assert reader.look().quiet_s == 50.0, "it was written before it was first looked at"
    assert reader.look().eta_s == pytest.approx((100.0 - 10.25) * 10.0 - 50.0)
    clock.now += 30.0
    writer.tick(20, date=NOW - 5000.0)
    seen = reader.look()
    assert seen.quiet_s == 0.0, "the clock of this machine counts, once it was seen to grow"
    assert not seen.complete
    clock.now += 299.0
    assert not reader.look().overdue, "a tick takes 100 s here"
    clock.now += 2.0
    assert reader.look().overdue
    writer.tick(100)
    seen = reader.look()
    assert seen.complete
    assert not seen.overdue
    assert seen.eta_s == 0.0


def test_a_folder_that_vanishes_keeps_what_was_read_and_comes_back(
    writer: Writer, reader: RunReader, tmp_path: Path
) -> None:
    writer.tick(10)
    before = reader.look_at_all()
    writer.folder.rename(tmp_path / "away")
    gone = reader.look()
    assert not gone.there
    assert gone.entries is before.entries
    assert gone.sheets is before.sheets
    (tmp_path / "away").rename(writer.folder)
    writer.tick(20)
    back = reader.look_at_all()
    assert back.there
    assert [entry.kimg for entry in back.entries] == [10.25, 20.25]


@pytest.mark.parametrize("content", ["{", "[]", "7", '{"kimg": "a", "size": null}', '{"kimg": NaN, "size": Infinity}'])
def test_a_config_that_is_on_its_way_does_not_hurt(writer: Writer, reader: RunReader, content: str) -> None:
    (writer.folder / "config.json").write_text(content)
    writer.tick(10)
    seen = reader.look_at_all()
    assert seen.total_kimg == 0.0
    assert seen.eta_s == math.inf
    assert seen.loss == "bce"
    assert not seen.complete
    assert seen.entries[0].get("spread") > 0, "an eighth of the sheet is a picture"


def test_a_sheet_that_is_half_written_is_measured_once_it_is_whole(writer: Writer, reader: RunReader) -> None:
    writer.tick(10)
    path = writer.folder / "samples" / "000010.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert math.isnan(reader.look_at_all().entries[0].get("spread"))
    path.write_bytes(whole)
    assert reader.look().entries[0].get("spread") > 0


def test_what_the_run_measured_itself_is_not_measured_over(writer: Writer, reader: RunReader) -> None:
    writer.tick(10, spread=0.125)
    assert reader.look_at_all().entries[0].get("spread") == 0.125


@pytest.fixture
def events() -> queue.SimpleQueue[FollowEvent]:
    return queue.SimpleQueue()


@pytest.fixture
def follower(writer: Writer, events: queue.SimpleQueue[FollowEvent]) -> Iterator[RunFollower]:
    following = RunFollower(writer.folder, events.put, every_s=3600.0)
    following.start()
    yield following
    following.close()
    assert not any(thread.name == "following" for thread in threading.enumerate())


def test_the_thread_looks_at_once_and_when_it_is_told(
    writer: Writer, follower: RunFollower, events: queue.SimpleQueue[FollowEvent]
) -> None:
    first = events.get(timeout=WAIT_S)
    assert isinstance(first, RunSeen)
    assert first.there
    writer.tick(10)
    follower.look_now()
    second = events.get(timeout=WAIT_S)
    assert isinstance(second, RunSeen)
    assert list(second.sheets) == [10]


def test_a_look_that_began_before_it_was_asked_for_is_told_apart(writer: Writer) -> None:
    let_go, heard = threading.Event(), queue.SimpleQueue[FollowEvent]()

    def slow(event: FollowEvent) -> None:
        heard.put(event)
        assert let_go.wait(WAIT_S)

    follower = RunFollower(writer.folder, slow, every_s=3600.0)
    follower.start()
    under_way = heard.get(timeout=WAIT_S)
    asked = follower.look_now()
    assert follower.look_now() == asked, "both are answered by the same look"
    let_go.set()
    after = heard.get(timeout=WAIT_S)
    follower.close()
    assert isinstance(under_way, RunSeen)
    assert isinstance(after, RunSeen)
    assert under_way.look < asked == after.look


def test_the_thread_reads_the_sheet_that_is_asked_for(
    writer: Writer, follower: RunFollower, events: queue.SimpleQueue[FollowEvent]
) -> None:
    events.get(timeout=WAIT_S)
    writer.tick(10)
    path = writer.folder / "samples" / "000010.png"
    follower.want_sheet(path, 16)
    read = events.get(timeout=WAIT_S)
    assert isinstance(read, SheetRead)
    assert read.path == path
    assert read.pictures is not None
    assert np.array_equal(read.pictures, writer.pictures(10))
    path.unlink()
    follower.want_sheet(path, 16)
    missing = events.get(timeout=WAIT_S)
    assert isinstance(missing, SheetRead)
    assert missing.pictures is None
    assert "000010.png: cannot be read" in missing.problem


def test_only_the_newest_sheet_asked_for_is_read(writer: Writer) -> None:
    writer.tick(10)
    writer.tick(20)
    let_go, heard = threading.Event(), queue.SimpleQueue[FollowEvent]()

    def slow(event: FollowEvent) -> None:
        heard.put(event)
        assert let_go.wait(WAIT_S)

    follower = RunFollower(writer.folder, slow, every_s=3600.0)
    follower.start()
    heard.get(timeout=WAIT_S)
    for number in (10, 20):
        follower.want_sheet(writer.folder / "samples" / f"{number:06d}.png", 16)
    let_go.set()
    read = heard.get(timeout=WAIT_S)
    follower.close()
    assert isinstance(read, SheetRead)
    assert read.path.stem == "000020"
    assert heard.empty()
