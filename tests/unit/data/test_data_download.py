"""Downloading MNIST, with a fake network and real files."""

from __future__ import annotations

import gzip
import shutil
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from latentlab.data import download
from latentlab.data.download import MIRRORS, SHA256, fetch_mnist, fetch_url
from latentlab.errors import Cancelled, DataError

FILES = [f"{name}.gz" for name in SHA256]
Received = Callable[[int], None]


def offline(url: str, target: Path, received: Received) -> None:
    raise ConnectionError("no connection")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Put small files in the place of MNIST's, by name; their checksums are expected instead of the real ones."""
    contents = {name: f"content of {name}".encode() * 100 for name in SHA256}
    monkeypatch.setattr(
        download, "SHA256", {name: download.hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    )
    return {f"{name}.gz": gzip.compress(content) for name, content in contents.items()}


def serving(files: dict[str, bytes], asked: list[str] | None = None) -> download.Fetch:
    def fetch(url: str, target: Path, received: Received) -> None:
        if asked is not None:
            asked.append(url)
        content = files[url.rsplit("/", 1)[1]]
        received(len(content) // 2)
        target.write_bytes(content)
        received(len(content))

    return fetch


def test_checksums_are_those_of_the_real_files(real_data: Path, tmp_path: Path) -> None:
    def copy(url: str, target: Path, received: Received) -> None:
        shutil.copyfile(real_data / "mnist" / url.rsplit("/", 1)[1], target)

    fetch_mnist(tmp_path / "mnist", fetch=copy)
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(FILES)
    fetch_mnist(tmp_path / "mnist", fetch=offline)  # all there: the network is not asked


def test_offline_names_the_files_and_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mnist"
    with pytest.raises(DataError) as error:
        fetch_mnist(folder, fetch=offline)
    text = str(error.value)
    assert "\n" not in text
    assert f"into {folder} by hand" in text
    for name in FILES:
        assert name in text
    for mirror in MIRRORS:
        assert mirror.split("/")[2] in text
    assert list(folder.iterdir()) == []


def test_only_what_is_missing_is_fetched(tmp_path: Path, small: dict[str, bytes]) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(gzip.decompress(small["train-images-idx3-ubyte.gz"]))
    asked: list[str] = []
    fetch_mnist(tmp_path, fetch=serving(small, asked))
    assert asked == [MIRRORS[0] + name for name in FILES[1:]]


def test_second_mirror_helps_out(tmp_path: Path, small: dict[str, bytes]) -> None:
    def fetch(url: str, target: Path, received: Received) -> None:
        if url.startswith(MIRRORS[0]):
            target.write_bytes(b"<html>Moved</html>")  # a portal's page with status 200
            return
        serving(small)(url, target, received)

    fetch_mnist(tmp_path, fetch=fetch)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == small


def test_content_unpacked_on_the_way_is_accepted(tmp_path: Path, small: dict[str, bytes]) -> None:
    fetch_mnist(tmp_path, fetch=serving({name: gzip.decompress(content) for name, content in small.items()}))
    assert len(list(tmp_path.iterdir())) == 4


def test_wrong_content_everywhere(tmp_path: Path, small: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match=r"wrong checksum of train-images-idx3-ubyte\.gz"):
        fetch_mnist(tmp_path, fetch=serving(dict.fromkeys(FILES, b"something else")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"damaged", gzip.compress(b"another data set"), gzip.compress(b"x" * 99)[:-9]])
def test_damaged_file_is_named_and_kept(tmp_path: Path, small: dict[str, bytes], content: bytes) -> None:
    path = tmp_path / FILES[2]
    path.write_bytes(content)
    asked: list[str] = []
    with pytest.raises(DataError, match=r"is damaged.*Delete it to fetch it again") as error:
        fetch_mnist(tmp_path, fetch=serving(small, asked))
    assert error.value.what == str(path)
    assert path.read_bytes() == content
    assert asked == []


def test_progress_rises_to_the_total(tmp_path: Path, small: dict[str, bytes]) -> None:
    seen: list[tuple[int, int]] = []
    fetch_mnist(tmp_path, progress=lambda done, total: seen.append((done, total)), fetch=serving(small))
    total = sum(download._PACKED_BYTES.values())
    assert {each[1] for each in seen} == {total}
    assert [each[0] for each in seen] == sorted(each[0] for each in seen)
    assert seen[-1] == (total, total)


def test_cancelling_leaves_no_half_file(tmp_path: Path, small: dict[str, bytes]) -> None:
    asked: list[str] = []
    with pytest.raises(Cancelled):
        fetch_mnist(tmp_path, cancelled=lambda: len(asked) == 2, fetch=serving(small, asked))
    assert [path.name for path in tmp_path.iterdir()] == FILES[:1]


@pytest.fixture
def server():
    """Serve 200,000 bytes at /good and 404 elsewhere, on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"x" * 200_000 if self.path == "/good" else b""
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_the_real_downloader(server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []
    fetch_url(f"{server}/good", tmp_path / "x", seen.append)
    assert (tmp_path / "x").read_bytes() == b"x" * 200_000
    assert seen[-1] == 200_000
    assert len(seen) > 2
    assert capfd.readouterr() == ("", "")


def test_the_real_downloader_on_errors(server: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"^404"):
        fetch_url(f"{server}/absent", tmp_path / "x", lambda count: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        with pytest.raises(ConnectionError, match="no connection"):
            fetch_url(f"http://127.0.0.1:{free.getsockname()[1]}/x", tmp_path / "x", lambda count: None)
