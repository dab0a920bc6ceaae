from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from napari_icenet import samples
from napari_icenet.errors import Cancelled, DownloadError

FILES = {"20200101.jpg": b"first " * 4000, "20200106.jpg": b"second " * 4000, "mask.jpg": b"mask"}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the public repository has it, with three small files and their true hashes."""
    folder = tmp_path / "published"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    registry = {name: "sha256:" + hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(samples, "_registry", lambda: registry)
    monkeypatch.setenv(samples.CACHE_VARIABLE, str(tmp_path / "cache"))
    return folder


@pytest.fixture
def server(published: Path) -> Iterator[ThreadingHTTPServer]:
    Quiet.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(published))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/"


def cached(tmp_path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()}


def test_series_is_fetched_once(server: ThreadingHTTPServer) -> None:
    told: list[tuple[float, str]] = []
    folder = samples.perito_moreno_folder(lambda share, text: told.append((share, text)), base_url=address(server))
    assert {p.name: p.read_bytes() for p in folder.glob("*.jpg")} == FILES
    assert samples.PERITO_MORENO_CREDIT in (folder / "CREDIT.txt").read_text()
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any("20200106.jpg" in text for _, text in told)
    assert samples.perito_moreno_folder(base_url=address(server)) == folder
    assert len(Quiet.asked) == len(FILES)


def test_wrong_content_is_refused_and_not_kept(server: ThreadingHTTPServer, published: Path, tmp_path: Path) -> None:
    (published / "20200106.jpg").write_bytes(b"something else")
    with pytest.raises(DownloadError, match=r"20200106\.jpg is not the file that was promised"):
        samples.perito_moreno_folder(base_url=address(server))
    assert cached(tmp_path) == {"20200101.jpg": FILES["20200101.jpg"]}


def test_missing_file_is_named_and_the_rest_goes_on_later(
    server: ThreadingHTTPServer, published: Path, tmp_path: Path
) -> None:
    (published / "20200106.jpg").rename(published / "away")
    with pytest.raises(DownloadError, match=r"20200106\.jpg cannot be fetched \(the server answers 404\)"):
        samples.perito_moreno_folder(base_url=address(server))
    assert cached(tmp_path) == {"20200101.jpg": FILES["20200101.jpg"]}
    (published / "away").rename(published / "20200106.jpg")
    samples.perito_moreno_folder(base_url=address(server))
    assert Quiet.asked.count("/20200101.jpg") == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(server: ThreadingHTTPServer) -> None:
    folder = samples.perito_moreno_folder(base_url=address(server))
    (folder / "mask.jpg").write_bytes(b"damaged")
    samples.perito_moreno_folder(base_url=address(server))
    assert (folder / "mask.jpg").read_bytes() == FILES["mask.jpg"]


def test_no_server_gives_one_plain_sentence(published: Path, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as http:
        free = http.server_port
    with pytest.raises(DownloadError, match="cannot be reached; check the network"):
        samples.perito_moreno_folder(base_url=f"http://127.0.0.1:{free}/")
    assert cached(tmp_path) == {}


def test_stopping_keeps_whole_files_only(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    def stop(share: float, text: str) -> None:
        if "20200106" in text:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        samples.perito_moreno_folder(stop, base_url=address(server))
    assert cached(tmp_path) == {"20200101.jpg": FILES["20200101.jpg"]}


def test_hashes_are_those_of_the_whole_series() -> None:
    registry = samples._registry()
    assert len(registry) == 24
    assert "mask.jpg" in registry
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in registry.values())
    assert samples.PERITO_MORENO_COMMIT in samples.PERITO_MORENO_URL


def test_checkout_offers_its_own_sample() -> None:
    folder = samples.byrd_folder()
    assert folder == Path(samples.__file__).resolve().parents[2] / "sample_data"
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    assert size <= 40_000_000


@pytest.mark.slow
def test_an_installed_package_makes_its_sample_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Away from the checkout, with a small archive in place of the full one.
    from napari_icenet import simulation

    monkeypatch.setattr(samples, "__file__", str(tmp_path / "lib" / "napari_icenet" / "scenes" / "samples.py"))
    monkeypatch.setenv(samples.CACHE_VARIABLE, str(tmp_path / "cache"))
    made: list[Path] = []

    def small(out: Path, **options: object) -> Path:
        made.append(out)
        return original(out, dates=1, size=256, bands=1)

    original = simulation.simulate
    monkeypatch.setattr(simulation, "simulate", small)
    first, second = samples.byrd_folder(), samples.byrd_folder()
    assert first == second
    assert first.parent == tmp_path / "cache"
    assert made == [first]
    assert simulation.load_truth(first).record.settings.dates == 1


def test_byrd_is_the_bundled_archive_opened() -> None:
    stack = samples.byrd()
    assert (stack.simulated, len(stack.scenes), stack.grid.shape) == (True, 12, (640, 640))
    assert stack.origin is not None
    assert stack.origin.path == samples.byrd_folder()


@pytest.mark.slow
def test_perito_moreno_is_the_downloaded_folder_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(samples, "perito_moreno_folder", samples.byrd_folder)
    assert samples.perito_moreno().shape == samples.byrd().shape
