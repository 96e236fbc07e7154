"""Packages imported in the background: what they need, what fails, and that the collector is left as it was."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from latentlab.preload import Preloading, preload


def test_torch_comes_with_what_its_first_step_would_import() -> None:
    script = (
        "import sys; from latentlab.preload import preload; preload('torch'); print('torch._dynamo' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.strip() == "True"


def test_the_collector_goes_on_afterwards() -> None:
    assert gc.isenabled()
    preload("json")
    assert gc.isenabled()
    gc.disable()
    try:
        preload("json")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_package_that_is_not_there_is_left_to_who_needs_it() -> None:
    with pytest.raises(ImportError):
        preload("no_such_package_of_latentlab")
    assert gc.isenabled()
    preloading = Preloading("no_such_package_of_latentlab")
    preloading.start()
    preloading.close()
    assert not preloading._thread.is_alive()


def test_the_end_of_an_import_is_told_whether_it_worked_or_not() -> None:
    for package, is_there in (("colorsys", True), ("no_such_package_of_latentlab", False)):
        seen: list[bool] = []
        preloading = Preloading(package, then=lambda package=package, seen=seen: seen.append(package in sys.modules))
        preloading.start()
        preloading.close()
        assert seen == [is_there]


def test_what_never_started_can_be_closed() -> None:
    Preloading("json").close()
