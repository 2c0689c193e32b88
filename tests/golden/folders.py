#!/usr/bin/env python3
"""Folders with safetensors beside GGUF files of the same weights: `folders.py [NAME...]`, of the tiny models that transformers vouches for.

Makes each (tiny_folders.py), runs both through build/release/bin/premise, and prints how far their logits lie from each other and
from transformers', in the largest one. The last line is `N passed, N failed, N skipped`.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import tiny_folders
import tiny_models

HERE = pathlib.Path(__file__).resolve().parent
PREMISE = HERE.parent.parent / "build/release/bin/premise"


def logits(model, name, out):
    context = ["--ctx", "256"] if name == "tiny-phi3-f16" else []  # its golden has the short factors
    ids = (HERE / f"data/{name}.ids").read_text().strip()
    subprocess.run([PREMISE, "logits", "-m", model, "--ids", ids, "--kv", "f32", *context, "-o", out, "--quiet"], check=True)
    return np.load(out)


def answer(*args):
    return json.loads(subprocess.run([PREMISE, *args, "--json"], check=True, capture_output=True).stdout)


def check(name, folder):
    tiny_folders.make(name, folder / name)
    ours, file = (logits(model, name, folder / "logits.npy") for model in (folder / name, HERE / f"data/{name}.gguf"))
    truth = np.load(HERE / f"data/{name}.logits.npy")
    largest = np.abs(truth).max()
    from_file, from_truth = (np.abs(ours - other).max() / largest for other in (file, truth))
    # Sums run over the heads of llama in another order, and gemma's gains are rounded twice.
    bound = 1e-5 if "llama" in name or "mixtral" in name or "gemma" in name else 0
    planned = answer("plan", folder / name)["host_bytes"]
    charged = answer("run", folder / name, "the hand", "-n", "4")["peak_charged_bytes"]
    good = from_file <= bound and from_truth <= 1e-4 and planned == charged
    print(f"{name:20} {from_file:.1e} from the GGUF file, {from_truth:.1e} from transformers, planned {planned}, charged {charged}: {'ok' if good else 'WRONG'}")
    return good


def main():
    names = sys.argv[1:] or [name for name, model in tiny_models.MODELS.items() if model[5] == "transformers"]
    with tempfile.TemporaryDirectory() as folder:
        results = [check(name, pathlib.Path(folder)) for name in names]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
