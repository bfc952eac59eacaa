"""Renders the sets of sets.json that are not there yet: `render.py --data DIR [SET...]`."""

import argparse
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
DATASET = HERE.parent / "scene" / "dataset.mjs"

# What is left out, one kind at a time, of the sets that causes are measured on.
REMOVABLE = ["cue", "tree", "marking"]


def render(folder: Path, scenes: dict, without: str | None) -> None:
    if (folder / "labels.jsonl").exists():
        print(f"{folder} is there")
        return
    first, last = scenes["seeds"]
    command = ["node", DATASET, "--style", scenes["style"], "--view", scenes["view"], "--seeds", f"{first}..{last}",
               "--frames-per-seed", str(scenes["framesPerSeed"]),
               "--max-shift", str(scenes["maxShift"]), "--max-turn", str(scenes["maxTurn"]), "-o", folder]
    subprocess.run(command + (["--without", without] if without else []), check=True)


def main() -> None:
    sets = json.loads((HERE / "sets.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("sets", nargs="*", metavar="SET", help="all of them when none is named")
    options = parser.parse_args()
    for name in options.sets or sets:
        render(options.data / name, sets[name], None)
        for kind in REMOVABLE if sets[name].get("causal") else []:
            render(options.data / f"{name}-without-{kind}", sets[name], kind)


if __name__ == "__main__":
    main()
