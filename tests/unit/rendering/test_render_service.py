"""The render thread: order is proven with a backend that stops where it is told to."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from fake_backends import BROKEN, TIMEOUT_S, FakeBackend, FakeClock, Receiver, request_of

from latentlab.errors import ModelFileError
from latentlab.rendering import pace as pace_module
from latentlab.rendering import service as service_module
from latentlab.rendering.costs import CHUNK_MS
from latentlab.rendering.freshness import Freshness
from latentlab.rendering.requests import PICTURE
from latentlab.rendering.service import RenderService


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    made = FakeBackend()
    yield made
    made.open_gate()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def service(receiver: Receiver, backend: FakeBackend) -> Iterator[RenderService]:
    """Return a service that has rendered one picture of epoch 1; no thread outlives the test."""
    before = set(threading.enumerate())
    made = RenderService(receiver)
    made.start()
    made.open(lambda: backend, 1)
    made.submit(request_of(PICTURE, 0))
    assert made.wait_idle(TIMEOUT_S)
    receiver.results.clear()
    backend.calls.clear()
    yield made
    backend.open_gate()
    made.close()
    assert set(threading.enumerate()) == before


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, backend: FakeBackend) -> FakeClock:
    made = FakeClock()
    for module in (service_module, pace_module):
        monkeypatch.setattr(module, "time", made)
    backend.clock = made
    return made


def rendered(service: RenderService) -> None:
    assert service.wait_idle(TIMEOUT_S)


def happens(what: Callable[[], bool]) -> None:
    """Wait until it does."""
    end = time.monotonic() + TIMEOUT_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_result_answers_its_request(service: RenderService, receiver: Receiver) -> None:
    service.submit(request_of("strip", 3, 10, 20, 30))
    rendered(service)
    assert {(result.lane, result.epoch, result.seq, result.error) for result in receiver.results} == {
        ("strip", 1, 3, None)
    }
    pixels = {
        row: int(picture[0, 0, 0])
        for result in receiver.results
        for row, picture in zip(result.rows, result.pixels, strict=True)
    }
    assert pixels == {0: 10, 1: 20, 2: 30}


def test_the_newest_wins_while_the_backend_is_busy(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    service.submit(request_of(PICTURE, 1))
    assert backend.wait_entered() == (1,)
    for seq in (2, 3, 4):
        service.submit(request_of(PICTURE, seq))
    backend.let_go()
    assert backend.wait_entered() == (4,)
    backend.let_go()
    rendered(service)
    assert receiver.seqs == [1, 4]


def test_the_picture_overtakes_a_strip_between_two_chunks(service: RenderService, backend: FakeBackend) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11, 12))
    assert backend.wait_entered() == (10,)
    service.submit(request_of(PICTURE, 2, 20))
    backend.open_gate()
    rendered(service)
    assert backend.calls[:2] == [(10,), (20,)]
    assert {value for call in backend.calls for value in call} == {10, 11, 12, 20}


def test_a_strip_gets_a_turn_after_each_picture(service: RenderService, backend: FakeBackend, clock: FakeClock) -> None:
    backend.row_ms = CHUNK_MS
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11, 12))
    service.submit(request_of(PICTURE, 2, 20))
    seen = [backend.wait_entered()]
    for value in (21, 22, 23):
        service.submit(request_of(PICTURE, value, value))
        backend.let_go()
        seen.append(backend.wait_entered())
    backend.open_gate()
    rendered(service)
    turns = [call[0] // 10 for call in backend.calls]
    assert [first + second for first, second in itertools.pairwise(turns)][:3] == [3, 3, 3]
    assert backend.calls[:4] == seen


def test_the_chunk_follows_the_measured_cost(
    service: RenderService, backend: FakeBackend, receiver: Receiver, clock: FakeClock
) -> None:
    backend.row_ms = 2.0
    service.submit(request_of("strip", 1, *range(20, 30)))
    rendered(service)
    assert [len(call) for call in backend.calls] == [1, 2, 2, 2, 2, 1]
    assert [round(result.elapsed_ms, 6) for result in receiver.results] == [2.0, 4.0, 4.0, 4.0, 4.0, 2.0]


@pytest.mark.parametrize(("row_ms", "largest"), [(0.001, 64), (50.0, 1)])
def test_the_chunk_stays_within_bounds(
    service: RenderService, backend: FakeBackend, clock: FakeClock, row_ms: float, largest: int
) -> None:
    backend.row_ms = row_ms
    service.submit(request_of("shelf", 1, *range(14, 14 + 150)))
    rendered(service)
    assert max(len(call) for call in backend.calls) == largest
    assert sum(len(call) for call in backend.calls) == 150


def test_the_chunk_shrinks_when_rendering_turns_slow(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = 0.85
    service.submit(request_of("strip", 1, *range(20, 40)))
    rendered(service)
    assert len(backend.calls[-2]) == 5
    backend.row_ms = 6.0
    backend.calls.clear()
    service.submit(request_of("strip", 2, *range(20, 40)))
    rendered(service)
    sizes = [len(call) for call in backend.calls]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_the_cost_of_pictures_does_not_set_the_chunk(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = 0.1
    service.submit(request_of(PICTURE, 1))
    rendered(service)
    backend.row_ms = 2.0
    service.submit(request_of("strip", 2, *range(20, 25)))
    rendered(service)
    assert [len(call) for call in backend.calls[1:]] == [1, 2, 2]


def test_a_new_model_is_measured_before_it_gets_chunks(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = 0.1
    service.submit(request_of("strip", 1, *range(20, 60)))
    rendered(service)
    slow = FakeBackend()
    slow.clock, slow.row_ms = clock, 100.0
    service.open(lambda: slow, 2)
    service.submit(request_of("strip", 2, *range(20, 60), epoch=2))
    rendered(service)
    assert max(len(call) for call in slow.calls) == 1


def test_a_new_model_drops_what_waits_for_the_old(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11, 12))
    backend.wait_entered()
    service.submit(request_of(PICTURE, 2))
    other = FakeBackend()
    service.open(lambda: other, 2)
    service.submit(request_of(PICTURE, 3))
    service.submit(request_of("strip", 4, 40, epoch=2))
    backend.open_gate()
    rendered(service)
    assert backend.calls == [(10,)]
    assert [(result.epoch, result.seq) for result in receiver.results] == [(1, 1), (2, 4)]
    assert {value for call in other.calls for value in call} == {40}


def test_results_of_the_old_model_are_never_accepted(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    freshness = Freshness()
    assert freshness.new_epoch() == 1
    backend.close_gate()
    service.submit(request_of(PICTURE, 5))
    backend.wait_entered()
    other = FakeBackend()
    service.open(lambda: other, freshness.new_epoch())
    service.submit(request_of(PICTURE, 6, epoch=1))
    service.submit(request_of("strip", 7, 70, 71, epoch=2))
    backend.open_gate()
    rendered(service)
    accepted = [result for result in receiver.results if freshness.accept(result)]
    assert receiver.results[0].epoch == 1
    assert {(result.epoch, result.seq) for result in accepted} == {(2, 7)}


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_request_of_another_epoch_is_dropped(service: RenderService, receiver: Receiver, epoch: int) -> None:
    service.submit(request_of(PICTURE, 1, epoch=epoch))
    rendered(service)
    assert receiver.results == []


def test_nothing_is_rendered_before_a_model_is_open(receiver: Receiver) -> None:
    service = RenderService(receiver)
    service.start()
    service.submit(request_of(PICTURE, 1, epoch=0))
    rendered(service)
    service.close()
    assert receiver.results == []


def test_the_backend_is_built_once_on_the_render_thread(service: RenderService, receiver: Receiver) -> None:
    built: list[str] = []
    building, go = threading.Event(), threading.Event()

    def factory() -> FakeBackend:
        built.append(threading.current_thread().name)
        building.set()
        assert go.wait(TIMEOUT_S)
        return FakeBackend()

    service.open(factory, 2)
    service.submit(request_of(PICTURE, 1, epoch=2))
    assert building.wait(TIMEOUT_S)
    for seq, lane in enumerate(("strip", "walk", "shelf", PICTURE), start=2):
        service.submit(request_of(lane, seq, 20, 21, epoch=2))
    go.set()
    rendered(service)
    assert built == ["render"]
    assert {result.lane for result in receiver.results} == {PICTURE, "strip", "walk", "shelf"}


def test_a_failure_arrives_once_as_text_and_the_lane_recovers(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    service.submit(request_of("strip", 1, BROKEN, 20, 21, 22))
    rendered(service)
    (failed,) = receiver.results
    assert failed.error is not None
    assert str(failed.error) == "Rendering: RuntimeError: broken latent"
    assert "Traceback" in failed.error.details
    assert failed.pixels.size == 0
    assert (failed.lane, failed.epoch, failed.seq) == ("strip", 1, 1)
    service.submit(request_of("strip", 2, 20))
    rendered(service)
    assert receiver.results[-1].error is None
    assert receiver.seqs == [1, 2]


@pytest.mark.parametrize("lane", [PICTURE, "strip"])
def test_a_failure_takes_no_newer_request_with_it(
    service: RenderService, backend: FakeBackend, receiver: Receiver, lane: str
) -> None:
    backend.close_gate()
    service.submit(request_of(lane, 1, BROKEN, 20))
    backend.wait_entered()
    service.submit(request_of(lane, 2, 20, 21))
    backend.open_gate()
    rendered(service)
    assert receiver.results[0].error is not None
    assert sorted(row for result in receiver.results[1:] for row in result.rows) == [0, 1]
    assert set(receiver.seqs[1:]) == {2}


def test_a_failure_of_the_old_model_takes_no_request_of_the_new_with_it(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, BROKEN, 20))
    backend.wait_entered()
    service.open(FakeBackend, 2)
    service.submit(request_of("strip", 2, 20, epoch=2))
    backend.open_gate()
    rendered(service)
    assert [(result.epoch, result.error is None) for result in receiver.results] == [(1, False), (2, True)]


def test_a_failure_leaves_other_lanes_alone(service: RenderService, backend: FakeBackend, receiver: Receiver) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, BROKEN, 20))
    backend.wait_entered()
    service.submit(request_of("shelf", 2, 30))
    service.submit(request_of(PICTURE, 3))
    backend.open_gate()
    rendered(service)
    assert sorted(result.lane for result in receiver.results if result.error is None) == [PICTURE, "shelf"]


def test_a_model_that_cannot_be_made_ready_is_reported_and_tried_again(
    service: RenderService, receiver: Receiver
) -> None:
    attempts: list[int] = []

    def factory() -> FakeBackend:
        attempts.append(1)
        if len(attempts) == 1:
            raise ModelFileError("digits.safetensors", "the runtime cannot draw it", "Convert it.")
        return FakeBackend()

    service.open(factory, 2)
    service.submit(request_of(PICTURE, 1, epoch=2))
    rendered(service)
    (failed,) = receiver.results
    assert str(failed.error) == "digits.safetensors: the runtime cannot draw it. Convert it."
    service.submit(request_of(PICTURE, 2, epoch=2))
    rendered(service)
    assert receiver.results[-1].error is None


def test_a_model_that_cannot_be_made_ready_is_not_replaced_by_the_old(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    def factory() -> FakeBackend:
        raise OSError("no memory")

    service.open(factory, 2)
    for seq in (1, 2):
        service.submit(request_of(PICTURE, seq, epoch=2))
        rendered(service)
    assert all(result.error is not None for result in receiver.results)
    assert backend.calls == []


def test_a_receiver_that_fails_is_logged_and_ends_nothing(
    service: RenderService, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.failure = ValueError("the window is gone")
    service.submit(request_of("strip", 1))
    rendered(service)
    receiver.failure = None
    service.submit(request_of("strip", 2))
    rendered(service)
    assert receiver.seqs == [1, 2]
    assert [record.getMessage() for record in caplog.records] == ["a result of lane strip was not taken"]


def test_a_cancelled_lane_renders_no_more(service: RenderService, backend: FakeBackend, receiver: Receiver) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11, 12))
    backend.wait_entered()
    service.submit(request_of("shelf", 2, 20))
    service.cancel("strip")
    backend.open_gate()
    rendered(service)
    assert backend.calls == [(10,), (20,)]
    assert all(result.error is None for result in receiver.results)


def test_everything_is_cancelled(service: RenderService, backend: FakeBackend) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11))
    backend.wait_entered()
    service.submit(request_of("shelf", 2, 20))
    service.submit(request_of(PICTURE, 3))
    service.cancel()
    backend.open_gate()
    rendered(service)
    assert backend.calls == [(10,)]


def test_waiting_ends_when_the_result_has_been_handed_on(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    service.submit(request_of(PICTURE, 1))
    backend.wait_entered()
    assert not service.wait_idle(0.0)
    backend.let_go()
    rendered(service)
    assert receiver.seqs == [1]


def test_what_is_only_waiting_is_not_idle(receiver: Receiver) -> None:
    service = RenderService(receiver)
    service.open(FakeBackend, 1)
    assert service.wait_idle(0.0)
    service.submit(request_of(PICTURE, 1))
    assert not service.wait_idle(0.0)
    service.close()


def test_closing_waits_for_the_chunk_and_drops_the_rest(
    service: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    service.submit(request_of("strip", 1, 10, 11))
    backend.wait_entered()
    closer = threading.Thread(target=service.close)
    closer.start()
    closer.join(0.1)
    assert closer.is_alive()
    assert [thread.name for thread in threading.enumerate()].count("render") == 1
    backend.open_gate()
    closer.join(TIMEOUT_S)
    assert not closer.is_alive()
    assert "render" not in [thread.name for thread in threading.enumerate()]
    assert backend.calls == [(10,)]
    assert receiver.seqs == [1]


def test_a_closed_service_takes_no_requests(service: RenderService, backend: FakeBackend, receiver: Receiver) -> None:
    service.close()
    service.submit(request_of(PICTURE, 1))
    assert service.wait_idle(0.0)
    assert receiver.results == []
    service.close()


def test_a_service_that_never_started_closes(receiver: Receiver) -> None:
    RenderService(receiver).close()


def test_many_threads_ask_at_once(service: RenderService, backend: FakeBackend, receiver: Receiver) -> None:
    backend.close_gate()
    service.submit(request_of(PICTURE, 0))
    backend.wait_entered()
    ready = threading.Barrier(4)

    def ask(lane: str) -> None:
        ready.wait(TIMEOUT_S)
        for seq in range(1, 50):
            service.submit(request_of(lane, seq, 20, 21))

    askers = [threading.Thread(target=ask, args=(lane,)) for lane in (PICTURE, "strip", "walk", "shelf")]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(TIMEOUT_S)
    backend.open_gate()
    rendered(service)
    done = {(result.lane, result.seq, row) for result in receiver.results[1:] for row in result.rows}
    assert done == {(lane, 49, row) for lane in (PICTURE, "strip", "walk", "shelf") for row in (0, 1)}


def test_the_backend_draws_with_the_threads_that_are_set(service: RenderService, backend: FakeBackend) -> None:
    service.submit(request_of(PICTURE, 1, 7))
    assert service.wait_idle(TIMEOUT_S)
    service.use_threads(1)
    service.submit(request_of(PICTURE, 2, 8))
    assert service.wait_idle(TIMEOUT_S)
    assert backend.threads[-2:] == [0, 1]


def move_a_hand(service: RenderService, backend: FakeBackend, clock: FakeClock) -> None:
    """Ask for a picture every 10 ms, up to 1 ms before the next is due; a row of a strip is known to take 3 ms."""
    backend.row_ms = 3.0
    service.submit(request_of("strip", 1, 20))
    rendered(service)
    for seq in range(2, 40):
        clock.now_s += 0.007
        service.submit(request_of(PICTURE, seq, 1))
        rendered(service)
    clock.now_s += 0.006


def test_a_resting_hand_leaves_all_threads_to_what_is_behind_the_picture(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    service.use_threads(1, at_rest=2)
    move_a_hand(service, backend, clock)
    assert set(backend.threads[-38:]) == {1}
    clock.now_s += 0.2
    service.submit(request_of("strip", 40, 30, 31, 32))
    rendered(service)
    service.submit(request_of(PICTURE, 41))
    rendered(service)
    assert backend.calls[-3:] == [(30, 31), (32,), (41,)]
    assert backend.threads[-3:] == [2, 1, 1]


def test_a_strip_holds_back_for_the_picture_that_is_due(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    move_a_hand(service, backend, clock)
    backend.calls.clear()
    service.submit(request_of("strip", 40, 30, 31))
    assert not service.wait_idle(0.05), "a row of 3 ms was begun 1 ms before the picture was due"
    service.submit(request_of(PICTURE, 41, 2))
    happens(lambda: len(backend.calls) > 1)
    clock.now_s += 1.0
    rendered(service)
    assert backend.calls[0] == (2,)
    assert [value for call in backend.calls[1:] for value in call] == [30, 31]


def test_a_row_that_takes_longer_than_a_hand_rests_is_drawn(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = 400.0
    service.submit(request_of("strip", 1, 20, 21, 22))
    rendered(service)
    assert [value for call in backend.calls for value in call] == [20, 21, 22]


def test_a_strip_waits_no_longer_for_a_hand_that_has_stopped(
    service: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    move_a_hand(service, backend, clock)
    service.submit(request_of("strip", 40, 30))
    assert not service.wait_idle(0.05)
    clock.now_s += 0.008
    rendered(service)
    assert backend.calls[-1] == (30,)


@pytest.fixture
def spot(receiver: Receiver, backend: FakeBackend, clock: FakeClock) -> Iterator[RenderService]:
    """Return a service that may draw on the spot, with three threads, and has tried to, within 2 ms."""
    made = RenderService(receiver)
    made.use_threads(1, at_rest=3)
    made.start()
    backend.row_ms = 2.0
    made.open(lambda: backend, 1, on_the_spot=True)
    made.submit(request_of(PICTURE, 0))
    assert made.wait_idle(TIMEOUT_S)
    assert backend.threads == [1, 3, 3], "the first picture does not wait for the trial"
    assert receiver.seqs == [0], "the trial is nobody's"
    clock.now_s += 1.0
    receiver.results.clear()
    backend.calls.clear()
    backend.threads.clear()
    backend.drawn_by.clear()
    yield made
    backend.open_gate()
    made.close()


def drag(service: RenderService, clock: FakeClock, moves: int, first: int = 100) -> None:
    """Move a hand every 10 ms and draw on the spot what there is."""
    for seq in range(first, first + moves):
        service.submit(request_of(PICTURE, seq, 1))
        before_s = clock.now_s
        assert service.draw_on_the_spot()
        clock.now_s = before_s + 0.01


def test_a_quick_picture_is_drawn_where_it_is_asked_for(
    spot: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    spot.submit(request_of(PICTURE, 1, 7))
    assert spot.draw_on_the_spot()
    assert receiver.seqs == [1]
    assert backend.drawn_by == [threading.current_thread()]
    assert backend.threads == [3]
    assert not spot.draw_on_the_spot(), "nothing waits any more"
    assert spot.on_the_spot_in_s() == math.inf


def test_a_slow_picture_is_left_to_the_render_thread(
    spot: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = 2 * CHUNK_MS + 1.0
    spot.open(lambda: backend, 2, on_the_spot=True)
    spot.submit(request_of(PICTURE, 1, epoch=2))
    rendered(spot)
    clock.now_s += 1.0
    spot.submit(request_of(PICTURE, 2, epoch=2))
    assert not spot.draw_on_the_spot()
    rendered(spot)
    assert threading.current_thread() not in backend.drawn_by


def test_without_leave_nothing_is_drawn_on_the_spot(service: RenderService, backend: FakeBackend) -> None:
    backend.close_gate()
    service.submit(request_of(PICTURE, 1, 7))
    assert not service.draw_on_the_spot()
    backend.open_gate()
    rendered(service)
    assert backend.calls == [(7,)]


def test_three_slow_pictures_end_it_until_the_hand_has_rested(
    spot: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    backend.row_ms = CHUNK_MS + 1.0
    drag(spot, clock, 3)
    spot.submit(request_of(PICTURE, 110))
    assert not spot.draw_on_the_spot()
    rendered(spot)
    assert [thread is threading.current_thread() for thread in backend.drawn_by] == [True] * 3 + [False]
    clock.now_s += 1.0
    spot.submit(request_of(PICTURE, 111))
    assert spot.draw_on_the_spot(), "the machine may have been busy"


def test_one_slow_picture_ends_nothing(spot: RenderService, backend: FakeBackend, clock: FakeClock) -> None:
    for first in (100, 110, 120):
        backend.row_ms = 2.0
        drag(spot, clock, 4, first)
        backend.row_ms = 5 * CHUNK_MS
        spot.submit(request_of(PICTURE, first + 5))
        assert spot.draw_on_the_spot()
        clock.now_s += 0.01
    assert set(backend.drawn_by) == {threading.current_thread()}


def test_a_row_is_drawn_on_the_spot_while_a_hand_moves_and_time_is_left(
    spot: RenderService, backend: FakeBackend, clock: FakeClock, receiver: Receiver
) -> None:
    drag(spot, clock, 30)
    spot.submit(request_of(PICTURE, 200, 1))
    assert spot.draw_on_the_spot()
    spot.submit(request_of("strip", 201, 20, 21, 22))
    assert spot.on_the_spot_in_s() == 0.0
    assert spot.draw_on_the_spot()
    assert backend.calls[-1] == (20,)
    clock.now_s += 0.004
    assert not spot.draw_on_the_spot(), "a row of 2 ms and its painting do not fit into the 2 ms that are left"
    assert 0.0 < spot.on_the_spot_in_s() < 0.01
    assert set(backend.drawn_by) == {threading.current_thread()}


def test_a_row_is_owed_after_three_pictures_that_left_no_time(
    spot: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    drag(spot, clock, 30)
    backend.row_ms = 4.0
    drag(spot, clock, 30, 200)
    clock.now_s -= 0.002
    spot.submit(request_of("strip", 300, *range(20, 30)))
    backend.calls.clear()
    for seq in range(301, 307):
        spot.submit(request_of(PICTURE, seq, 1))
        assert spot.draw_on_the_spot()
        clock.now_s += 0.006 - 0.004 * (len(backend.calls) > 3)
        while spot.on_the_spot_in_s() == 0.0:
            assert spot.draw_on_the_spot()
    rows = [call[0] for call in backend.calls]
    assert rows == [1, 1, 1, 20, 1, 1, 1, 21]


def test_the_render_thread_takes_over_once_the_hand_rests(
    spot: RenderService, backend: FakeBackend, clock: FakeClock
) -> None:
    drag(spot, clock, 30)
    spot.submit(request_of("strip", 200, 20, 21, 22))
    clock.now_s += 1.0
    assert not spot.draw_on_the_spot()
    assert spot.on_the_spot_in_s() == math.inf
    rendered(spot)
    assert [value for call in backend.calls[-1:] for value in call] == [20, 21, 22]
    assert threading.current_thread() not in backend.drawn_by[-1:]


def test_whoever_waits_for_all_to_be_drawn_need_not_draw(
    spot: RenderService, backend: FakeBackend, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the clock of the world
    for seq in range(100, 110):
        spot.submit(request_of(PICTURE, seq, 1))
        spot.draw_on_the_spot()
    spot.submit(request_of("strip", 200, 20, 21, 22))
    rendered(spot)
    assert {value for call in backend.calls for value in call} >= {20, 21, 22}


def test_while_the_render_thread_draws_the_picture_waits_its_turn(
    spot: RenderService, backend: FakeBackend, receiver: Receiver
) -> None:
    backend.close_gate()
    spot.submit(request_of("strip", 1, 20))
    assert backend.wait_entered() == (20,)
    spot.submit(request_of(PICTURE, 2, 7))
    assert not spot.draw_on_the_spot()
    assert spot.on_the_spot_in_s() == math.inf
    backend.open_gate()
    happens(spot.draw_on_the_spot)
    assert backend.calls == [(20,), (7,)]


def test_a_failure_on_the_spot_arrives_as_one_of_the_render_thread(spot: RenderService, receiver: Receiver) -> None:
    spot.submit(request_of(PICTURE, 1, BROKEN))
    assert spot.draw_on_the_spot()
    (result,) = receiver.results
    assert result.error is not None
    assert result.error.why == "RuntimeError: broken latent"
