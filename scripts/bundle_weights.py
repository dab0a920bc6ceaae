"""Put the best weights of a run into the package, with a card that says what was measured with them.

    python scripts/bundle_weights.py RUN [--report NAME=REPORT …] [--into FOLDER]

REPORT is a folder that ``icenet evaluate`` wrote with these weights; from its ``table.json`` the card takes the rows
of this model, persistence, high-pass and the best predictor without learning. A network of the same name that is in
the package already is replaced.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from napari_icenet.models.card import read_card
from napari_icenet.models.weights import BUNDLED, load_weights, save_weights

LIMITS = {
    "svg-lp": (
        "For chips of 128 px alone.",
        "A quarter of the paper's feature maps and 1250 steps on one core, less than an hour; the paper's size and"
        " longer runs were not trained.",
        "Its latent variable is unused (divergence below 0.001 nats): samples are alike, and the spread says nothing.",
        "Unlike the paper's, its encoder sees four frames at once, and frames that tracking lost are left out.",
    ),
    "icenet": (
        "It weighs past frames; ice that none of them shows it cannot draw.",
        "1550 steps on right positions and 450 more with chain tracking among them, on one core, little over an hour.",
        "Its spread is that of the standardised chip about the template and was not held against other glaciers.",
    ),
}
SHARED = (
    "Held-out ice lies on the same glacier and shares its dates with the training ice.",
    "Real ice for training is Perito Moreno (23 dates of one season, three bands of JPEG pictures) and"
    " Kangerlussuaq (23 Landsat dates); the rest is simulated.",
    "Not tested on full Landsat scenes.",
)
CREDITS = (
    "Perito Moreno: contains modified Copernicus Sentinel data 2020, from MaxVWDV/glacier-image-velocimetry.",
    "Kangerlussuaq: Landsat image courtesy of the U.S. Geological Survey, from Mohajerani et al. 2019,"
    " doi:10.3390/rs11010074, CC BY 4.0.",
)
BASELINES = ("persistence", "high-pass", "blurred", "median", "consensus")


def rows(report: Path, model: str) -> dict[str, Any]:
    """The table's rows that a card tells, by mode and target."""
    table = json.loads((report / "table.json").read_text(encoding="utf-8"))
    out: dict[str, Any] = {}
    for mode in ("chain", "robust"):
        for target, found in table.get(mode, {}).items():
            if target not in ("t1", "t2"):
                continue
            best = max((name for name in BASELINES if name in found), key=lambda name: found[name]["mean"])
            kept = dict.fromkeys(("persistence", "high-pass", best, model))
            out.setdefault(mode, {})[target] = {name: found[name] for name in kept if name in found}
    return out


def main() -> None:
    """Copy the weights and complete their card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--report", action="append", default=[], metavar="NAME=REPORT")
    parser.add_argument("--into", type=Path, default=BUNDLED, help="default: the package's own")
    options = parser.parse_args()
    best = options.run / "best.safetensors"
    network, _ = load_weights(best)
    card = read_card(best.with_suffix(".json"))
    results = dict(card.results)
    for text in options.report:
        name, _, report = text.partition("=")
        results[name] = rows(Path(report), card.model)
    told = card.model_copy(
        update={"results": results, "limits": LIMITS.get(card.model, ()) + SHARED, "credits": CREDITS}
    )
    options.into.mkdir(exist_ok=True)
    print(save_weights(options.into / card.model, network, told, half=True))


if __name__ == "__main__":
    main()
