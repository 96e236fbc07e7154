"""Downloading MNIST, with a fake network and real files."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import socket
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from latentlab.data import download
from latentlab.data.download import fetch_published, fetch_url
from latentlab.data.published import PUBLISHED, Published, PublishedFile
from latentlab.errors import Cancelled, DataError

MNIST = PUBLISHED["mnist"]
FILES = [file.name for file in MNIST.files]
Received = Callable[[int], None]


def offline(url: str, target: Path, received: Received) -> None:
    raise ConnectionError("no connection")


@pytest.fixture
def small() -> dict[str, bytes]:
    """Make small files that are called as MNIST's are."""
    return {name: gzip.compress(f"content of {name}".encode() * 100) for name in FILES}


@pytest.fixture
def published(small: dict[str, bytes]) -> Published:
    """Publish the small files under MNIST's name, with the checksums of their contents."""
    files = tuple(
        PublishedFile(name, len(content), hashlib.sha256(gzip.decompress(content)).hexdigest(), of_content=True)
        for name, content in small.items()
    )
    return replace(MNIST, files=files)


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

    fetch_published(tmp_path / "mnist", MNIST, fetch=copy)
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(FILES)
    fetch_published(tmp_path / "mnist", MNIST, fetch=offline)  # all there: the network is not asked


def test_offline_names_the_files_and_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mnist"
    with pytest.raises(DataError) as error:
        fetch_published(folder, MNIST, fetch=offline)
    text = str(error.value)
    assert "\n" not in text
    assert f"into {folder} by hand" in text
    for name in FILES:
        assert name in text
    for mirror in MNIST.mirrors:
        assert mirror.split("/")[2] in text
    assert list(folder.iterdir()) == []


def test_only_what_is_missing_is_fetched(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(gzip.decompress(small["train-images-idx3-ubyte.gz"]))
    asked: list[str] = []
    fetch_published(tmp_path, published, fetch=serving(small, asked))
    assert asked == [MNIST.mirrors[0] + name for name in FILES[1:]]


def test_second_mirror_helps_out(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    def fetch(url: str, target: Path, received: Received) -> None:
        if url.startswith(MNIST.mirrors[0]):
            target.write_bytes(b"<html>Moved</html>")  # a portal's page with status 200
            return
        serving(small)(url, target, received)

    fetch_published(tmp_path, published, fetch=fetch)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == small


def test_content_unpacked_on_the_way_is_accepted(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    fetch_published(
        tmp_path, published, fetch=serving({name: gzip.decompress(content) for name, content in small.items()})
    )
    assert len(list(tmp_path.iterdir())) == 4


def test_wrong_content_everywhere(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    with pytest.raises(DataError, match=r"wrong checksum of train-images-idx3-ubyte\.gz"):
        fetch_published(tmp_path, published, fetch=serving(dict.fromkeys(FILES, b"something else")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"damaged", gzip.compress(b"another data set"), gzip.compress(b"x" * 99)[:-9]],
    ids=["no archive", "another's", "cut off"],
)
def test_damaged_file_is_named_and_kept(tmp_path: Path, published: Published, content: bytes) -> None:
    path = tmp_path / FILES[2]
    path.write_bytes(content)
    asked: list[str] = []
    with pytest.raises(DataError, match=r"is damaged.*Delete it to fetch it again") as error:
        fetch_published(tmp_path, published, fetch=serving(small, asked))
    assert error.value.what == str(path)
    assert path.read_bytes() == content
    assert asked == []


def test_progress_rises_to_the_total(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    seen: list[tuple[int, int]] = []
    fetch_published(tmp_path, published, progress=lambda done, total: seen.append((done, total)), fetch=serving(small))
    total = sum(file.packed_bytes for file in published.files)
    assert {each[1] for each in seen} == {total}
    assert [each[0] for each in seen] == sorted(each[0] for each in seen)
    assert seen[-1] == (total, total)


def test_cancelling_leaves_no_half_file(tmp_path: Path, small: dict[str, bytes], published: Published) -> None:
    asked: list[str] = []
    with pytest.raises(Cancelled):
        fetch_published(tmp_path, published, cancelled=lambda: len(asked) == 2, fetch=serving(small, asked))
    assert [path.name for path in tmp_path.iterdir()] == FILES[:1]


def test_files_as_they_are_sent_are_checked(tmp_path: Path, small: dict[str, bytes]) -> None:
    files = tuple(
        PublishedFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in small.items()
    )
    published = replace(PUBLISHED["kmnist"], files=files)
    (tmp_path / FILES[0]).write_bytes(gzip.compress(b"packed anew, which no checksum tells"))
    fetch_published(tmp_path, published, fetch=serving(small))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    again = {name: gzip.compress(gzip.decompress(content), 1) for name, content in small.items()}
    with pytest.raises(DataError, match=r"Kuzushiji-MNIST: cannot be downloaded \(.*wrong checksum of train-labels"):
        fetch_published(tmp_path / "new", published, fetch=serving(again | {FILES[0]: small[FILES[0]]}))


@pytest.fixture
def letters() -> tuple[bytes, Published]:
    """Make an archive laid out as EMNIST's, and publish it."""
    emnist = PUBLISHED["emnist"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (*emnist.inside, "emnist-letters-train-images-idx3-ubyte.gz"):
            archive.writestr(f"gzip/{name}", gzip.compress(name.encode()))
    content = buffer.getvalue()
    file = PublishedFile("gzip.zip", len(content), hashlib.sha256(content).hexdigest())
    return content, replace(emnist, files=(file,))


def test_of_an_archive_only_what_is_wanted_stays(tmp_path: Path, letters: tuple[bytes, Published]) -> None:
    content, published = letters
    asked: list[str] = []
    fetch_published(tmp_path, published, fetch=serving({"gzip.zip": content}, asked))
    assert asked == [f"{published.mirrors[0]}gzip.zip"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(published.inside)
    name = published.inside[0]
    assert gzip.decompress((tmp_path / name).read_bytes()) == name.encode()
    fetch_published(tmp_path, published, fetch=offline)  # all there: the network is not asked


def test_an_archive_put_there_by_hand_is_unpacked(tmp_path: Path, letters: tuple[bytes, Published]) -> None:
    content, published = letters
    (tmp_path / "gzip.zip").write_bytes(content)
    fetch_published(tmp_path, published, fetch=offline)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*published.inside, "gzip.zip"))
    (tmp_path / published.inside[0]).unlink()
    (tmp_path / "gzip.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"gzip\.zip: is damaged or not EMNIST's"):
        fetch_published(tmp_path, published, fetch=offline)
    assert not (tmp_path / published.inside[0]).exists()


def test_an_archive_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"EMNIST: cannot be downloaded .*Put gzip\.zip into .* by hand"):
        fetch_published(tmp_path, PUBLISHED["emnist"], fetch=offline)
    assert list(tmp_path.iterdir()) == []


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
