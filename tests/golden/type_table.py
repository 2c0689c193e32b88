#!/usr/bin/env python3
"""Every architecture in every tensor type: `.peers/venv/bin/python tests/golden/type_table.py [--write] [--only TEXT]`.

A tiny random model of each architecture (tiny_families.py, widths of 256) is written in each type and run on two texts of 256
random tokens with an F32 cache. Float types: the largest difference from transformers' logits on the same weights, relative
to the largest logit. Block types, written by llama.cpp's quantizer (`peer quantize`): mean KL from llama.cpp's answers to
ours, in nats, and how often the likeliest token is the same. Prints a line per cell, then `N passed, N failed, N skipped`;
exit status 1 when a cell is beyond its bound, or when README.md has another table (--write puts it there). Figures depend on
the processor, for which llama.cpp is built, so the tables are equal when the same cells are within their bounds.
"""
import argparse
import copy
import os
import pathlib
import re
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import numpy as np
import torch

from tiny_families import gemma, gemma2, gemma3, llama, mixtral, phi3, qwen2, qwen2moe, qwen3, qwen3moe
from tiny_models import always, family_of, fill, log_softmax, run, write_model

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TREE / "script/lib"))
from readme_block import read_block, write_block  # noqa: E402

PEER = TREE / ".peers/bin/peer"
PROGRAM = TREE / "build/release/bin/premise"
BLOCK = "tests/full/any_gguf --write"
TEXTS, TOKENS = 4, 256
SPREAD = 1.8  # standard deviation of the logits: 3 to 4 nats of entropy, as in language models' answers
MOST_RELATIVE, MOST_KL, LEAST_TOP1 = 1e-4, 1e-3, 0.97

FLOATS = ("F32", "F16", "BF16")
BLOCKS = ("Q8_0", "Q6_K", "Q5_K", "Q5_1", "Q5_0", "Q4_K", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "MXFP4", "Q3_K", "Q2_K")
SIZES = {"hidden": 256, "ffn": 256, "heads": 4, "kv": 2}
ARCHITECTURES = {  # column: model, its sizes
    "`llama`": (llama, SIZES | {"head": 64, "rope": "llama3"}),
    "`llama` (Mixtral)": (mixtral, SIZES | {"head": 64, "tied": False}),
    "`qwen2`": (qwen2, {"layers": 2, "hidden": 256, "ffn": 256}),
    "`qwen2moe`": (qwen2moe, SIZES | {"expert": 256}),
    "`qwen3`": (qwen3, SIZES | {"head": 64, "tied": False}),
    "`qwen3moe`": (qwen3moe, {"hidden": 256, "head": 64, "expert": 256, "tied": False}),
    "`gemma`": (gemma, SIZES | {"head": 64, "kv": 1}),
    "`gemma2`": (gemma2, SIZES | {"head": 64}),
    "`gemma3`": (gemma3, SIZES | {"head": 64, "kv": 1}),
    "`phi3`": (phi3, SIZES),
}
LEGEND = f"""F32, F16, BF16: the largest difference from transformers' logits on the same weights, by the largest logit (at most
{MOST_RELATIVE:.0e}). Others: mean KL from llama.cpp's answers to Premise's over {TEXTS * TOKENS} positions, in nats (at most {MOST_KL:.0e}), and how
often the likeliest token is the same, in % (at least {100 * LEAST_TOP1:.0f}). Models are random, two layers (gemma3: seven) of width 256; every
matrix is of the type, but for routers of experts; both caches are F32. What is left between the two programs is rounding: both
round activations to blocks, llama.cpp keeps the scales of some as halves and takes gemma's GELU from a table over F16."""


def texts_of(model, seed):
    """Random tokens, after the one that such files begin with."""
    random = np.random.default_rng(seed)
    texts = random.integers(0, model.config.vocab_size, (TEXTS, TOKENS))
    if family_of(model).spm:
        texts[:, 0] = 2
    return texts


def scale(model, parameter, factor):
    """What the parameter does; gemma's norms compute x * (1 + weight)."""
    shift = 1 if family_of(model).gemma and parameter.ndim == 1 else 0
    parameter.copy_((parameter + shift) * factor - shift)


def settle(model, ids):
    """fill() makes small differences grow, which finds errors. Here two programs are compared that each round activations: in
    so lively a model both would stand 1e-2 from the unrounded answer, ten times as far as in a real one. So layers add less to
    what passes through them, attention is less sharp, each token has a likelier successor, and answers are as spread as a
    language model's."""
    post_norms = model.config.model_type in ("gemma2", "gemma3_text")
    factors = {r"[.](q_proj|k_proj|qkv_proj|q_norm)[.]": 0.5,
               r"[.]post_\w+_layernorm[.]" if post_norms else r"[.](o_proj|down_proj|w2)[.]": 0.35 if post_norms else 0.25}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            for pattern, factor in factors.items():
                if re.search(pattern, name) and name.endswith("weight"):
                    scale(model, parameter, factor)
        if not model.config.tie_word_embeddings:
            embeddings = torch.nn.functional.normalize(model.model.embed_tokens.weight, dim=1)
            model.lm_head.weight.add_(0.3 * embeddings.roll(1, dims=0))
        scale(model, model.model.norm.weight, float(SPREAD / run(model, ids).std()))


def make(name, seed):
    build, sizes = ARCHITECTURES[name]
    model = build(**sizes)
    fill(model, seed)
    texts = texts_of(model, seed + 100)
    settle(model, texts[0])
    return model, texts


def logits(command, folder, count):
    """[T, V] of each text by a program that is given the ids' path and the answer's."""
    found = []
    for i in range(count):
        out = folder / "logits.npy"
        subprocess.run([*(str(word).format(ids=folder / f"{i}.ids", out=out) for word in command)], check=True, stdout=subprocess.DEVNULL)
        found.append(np.load(out))
    return np.concatenate(found)


def our_logits(path, folder, count):
    return logits([PROGRAM, "logits", "-m", path, "-f", "{ids}", "-o", "{out}", "--kv", "f32", "--quiet"], folder, count)


def peer_logits(path, folder, count):
    return logits([PEER, "logits", path, "{ids}", "{out}"], folder, count)


def float_cell(model, kind, texts, folder):
    model = copy.deepcopy(model)
    path = folder / f"{kind}.gguf"
    file_type = gguf.LlamaFileType.ALL_F32 if kind == "F32" else gguf.LlamaFileType[f"MOSTLY_{kind}"]
    write_model(model, path, always(gguf.GGMLQuantizationType[kind]), file_type)
    truth = np.concatenate([run(model, ids) for ids in texts])
    relative = float(np.abs(our_logits(path, folder, len(texts)) - truth).max() / np.abs(truth).max())
    return relative <= MOST_RELATIVE, f"{relative:.0e}"


def block_cell(kind, texts, folder):
    path = folder / f"{kind}.gguf"
    subprocess.run([PEER, "quantize", folder / "F32.gguf", path, kind.lower()], check=True)
    found = {tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors}
    if found != {kind, "F32"}:
        raise RuntimeError(f"llama.cpp's quantizer was asked for {kind} and wrote {sorted(found)}")
    ours, theirs = (log_softmax(ask(path, folder, len(texts))) for ask in (our_logits, peer_logits))
    path.unlink()
    kl = float((np.exp(theirs) * (theirs - ours)).sum(axis=1).mean())
    same = float((theirs.argmax(axis=1) == ours.argmax(axis=1)).mean())
    return kl <= MOST_KL and same >= LEAST_TOP1, f"{max(kl, 0):.0e}, {100 * same:.1f}"


def cells_of(name, seed, wanted, tell):
    """{type: (within its bound, what was measured)} of one architecture."""
    model, texts = make(name, seed)
    cells = {}
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for i, ids in enumerate(texts):
            (folder / f"{i}.ids").write_text(",".join(map(str, ids)) + "\n")
        for kind in FLOATS + BLOCKS:
            if kind != "F32" and not wanted(f"{name} {kind}"):
                continue
            try:
                cells[kind] = float_cell(model, kind, texts, folder) if kind in FLOATS else block_cell(kind, texts, folder)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                cells[kind] = (False, str(error))
            tell(name, kind, *cells[kind])
    return cells


def table_of(cells):
    """Markdown: a row for each type, a column for each architecture. A cell beyond its bound is bold."""
    rows = ["| | " + " | ".join(cells) + " |", "|---" * (len(cells) + 1) + "|"]
    for kind in FLOATS + BLOCKS:
        row = [text if ok else f"**{text}**" for ok, text in (column[kind] for column in cells.values())]
        rows.append(f"| {kind} | " + " | ".join(row) + " |")
    return "\n".join(rows) + "\n\n" + LEGEND


def verdicts(text):
    """A table without the figures of its cells."""
    return re.sub(r"\d(?:\.\d+)?e[-+]\d+(?:, \d+\.\d)?(?= \||\*)", "within", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose name (`llama` Q4_K) has it; the README stays unread")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    passed = failed = 0

    def tell(name, kind, ok, text):
        nonlocal passed, failed
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'pass' if ok else 'FAIL'}: {name.replace('`', '')} {kind}: {text}", flush=True)

    def wanted(cell):
        return arguments.only in cell.replace("`", "")

    names = [name for name in ARCHITECTURES if any(wanted(f"{name} {kind}") for kind in FLOATS + BLOCKS)]
    cells = {name: cells_of(name, 200 + list(ARCHITECTURES).index(name), wanted, tell) for name in names}
    if not arguments.only:
        table = table_of(cells)
        if arguments.write:
            write_block(BLOCK, table)
        current = verdicts(read_block(BLOCK)) == verdicts(table)
        passed, failed = passed + current, failed + (not current)
        print(f"{'pass' if current else 'FAIL'}: the table in README.md")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
