"""The command line as a shell sees it: real processes, exit codes, one line for each error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytestmark = pytest.mark.process

ICENET = Path(sys.executable).with_name("icenet")
FLOW = (-0.5, 1.5)


def icenet(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ICENET), *map(str, words)], capture_output=True, text=True, cwd=cwd, check=False, env={**os.environ}
    )


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six dated pictures of band-limited texture that moves by FLOW a day."""
    folder = tmp_path_factory.mktemp("dated")
    rng = np.random.default_rng(1)
    side = 256
    fr, fc = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    spectrum = np.fft.fft2(rng.normal(size=(side, side))) * np.exp(-((fr**2 + fc**2) / (2 * 0.08**2)))
    for day in range(6):
        phase = np.exp(-2j * np.pi * (fr * FLOW[0] * day + fc * FLOW[1] * day))
        picture = np.fft.ifft2(spectrum * phase).real
        grey = np.clip(128 + 40 * picture / picture.std(), 1, 255).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{datetime(2020, 1, 1) + timedelta(day):%Y%m%d}.png")
    return folder


def assert_one_error_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in errors[0]


def test_track_follows_the_known_flow(dated, tmp_path):
    out = tmp_path / "t.csv"
    done = icenet("track", dated, "--at", "128,100", "--chip", 64, "--scale", 1.5, "-o", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out)
    assert list(table.columns[:9]) == ["track", "date", "row", "col", "drow", "dcol", "ncc", "peak_ratio", "valid"]
    assert table["date"].tolist() == [f"2020-01-{day:02d}" for day in range(1, 7)]
    assert table["valid"].all()
    assert np.isnan(table["drow"][0])
    np.testing.assert_allclose(table["drow"][1:], FLOW[0], atol=0.05)
    np.testing.assert_allclose(table["dcol"][1:], FLOW[1], atol=0.05)
    assert "vx" not in table.columns


@pytest.mark.parametrize("template", ["blurred", "median", "consensus"])
@pytest.mark.parametrize("tracking", ["robust", "chain"])
def test_every_predictor_is_a_template(dated, template, tracking):
    done = icenet(
        "track", dated, "--at", "128,100", "--chip", 64, "--scale", 1.5, "--template", template, "--tracking", tracking
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout))
    assert table["valid"].all()
    assert set(table["template"]) == {template}
    np.testing.assert_allclose(table["drow"][1:], FLOW[0], atol=0.1)
    np.testing.assert_allclose(table["dcol"][1:], FLOW[1], atol=0.1)


def test_several_tracks_from_words_and_points_on_stdout(dated, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("row,col\n130,90\n")
    done = icenet(
        "track", dated, "--at", "128,100", "--at", "120,110", "--points", points, "--date", "2020-01-03", "--chip", 64
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout))
    assert sorted(table["track"].unique()) == [1, 2, 3]
    start = table[(table["track"] == 3) & (table["date"] == "2020-01-03")].iloc[0]
    assert (start["row"], start["col"]) == (130, 90)


def test_info_as_text_and_json(dated):
    text = icenet("info", dated)
    assert text.returncode == 0
    assert "2020-01-06" in text.stdout
    data = json.loads(icenet("info", dated, "--json").stdout)
    assert data["shape"] == [6, 1, 256, 256]


def test_simulated_products_can_be_read_and_tracked(tmp_path):
    made = icenet("simulate", tmp_path / "ice", "--dates", 3, "--size", 256, "--bands", 2, "--seed", 4)
    assert made.returncode == 0, made.stderr
    info = json.loads(icenet("info", tmp_path / "ice", "--json").stdout)
    assert info["bands"] == ["B1", "B2"]
    assert info["simulated"] is True
    done = icenet("track", tmp_path / "ice", "--at", "128,128", "--band", "2", "--chip", 64, "-o", tmp_path / "t.csv")
    assert done.returncode == 0, done.stderr
    assert {"x", "y", "vx", "vy", "v"} <= set(pd.read_csv(tmp_path / "t.csv").columns)


def test_bad_usage_is_two(dated, tmp_path):
    assert_one_error_line(icenet("track", dated), 2, "--at")
    assert_one_error_line(icenet("track", dated, "--at", "here"), 2, "here")
    assert_one_error_line(icenet("track", dated, "--at", "128,100", "--band", "7"), 2, "no band 7")
    assert_one_error_line(icenet("track", dated, "--at", "128,100", "--date", "2021-01-01"), 2, "2021-01-01")
    assert_one_error_line(icenet("track", dated, "--at", "128,100", "--template", "magic"), 2, "magic", "consensus")
    assert_one_error_line(icenet("track", dated, "--at", "128,100", "--scale", "0.5"), 2, "scale 0.5")
    assert icenet("track", dated, "--chip", "wide").returncode == 2
    assert icenet("melt").returncode == 2


def test_bad_data_is_one(dated, tmp_path):
    (tmp_path / "empty").mkdir()
    assert_one_error_line(icenet("info", tmp_path / "empty"), 1, "empty")
    assert_one_error_line(icenet("info", tmp_path / "nowhere"), 1, "nowhere")
    lone = tmp_path / "lone"
    lone.mkdir()
    (lone / "20200101.png").write_bytes((dated / "20200101.png").read_bytes())
    assert icenet("info", lone).returncode == 0
    assert_one_error_line(icenet("track", lone, "--at", "128,128", "--chip", 64), 1, "one")
    assert_one_error_line(icenet("track", dated, "--at", "900,900", "--chip", 64), 1, "900")
    no_map = icenet("track", dated, "--at", "128,100", "--chip", 64, "-o", tmp_path / "t.geojson")
    assert_one_error_line(no_map, 1)
    assert not (tmp_path / "t.geojson").exists()


def test_a_bad_scene_is_one_warning_and_the_rest_is_used(dated, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in dated.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "20201399.png").write_bytes((dated / "20200101.png").read_bytes())
    done = icenet("info", folder, "--json")
    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 1
    assert "20201399.png" in warnings[0]
    assert json.loads(done.stdout)["shape"][0] == 6


@pytest.mark.real
def test_perito_moreno_flows_right_and_up_between_clear_dates(real_data, tmp_path):
    out = tmp_path / "t.csv"
    done = icenet(
        "track", real_data / "perito_moreno", "--at", "600,500", "--band", "1", "--chip", 128, "--scale", 1.5, "-o", out
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out, parse_dates=["date"])
    assert len(table) == 23
    valid = table[table["valid"]]
    clear = {"2020-01-31", "2020-02-05", "2020-02-07", "2020-02-10", "2020-02-20", "2020-02-22"}
    assert clear <= set(valid["date"].dt.strftime("%Y-%m-%d"))
    days = (valid["date"] - valid["date"].iloc[0]).dt.days
    assert np.polyfit(days, valid["col"], 1)[0] == pytest.approx(0.20, abs=0.03)
    assert np.polyfit(days, valid["row"], 1)[0] == pytest.approx(-0.13, abs=0.03)
    lost = table[~table["valid"]]
    assert 5 <= len(lost) <= 14
    assert lost[["row", "col", "drow", "dcol", "ncc"]].isna().all().all()
    # The track resumes after the clouds: what is valid late lies on the flow of what is valid early.
    last = valid.iloc[-1]
    assert last["date"] >= pd.Timestamp("2020-02-22")
