#!/usr/bin/env python3
"""Tiny random models with expected logits: `.peers/venv/bin/python tests/golden/tiny_models.py tests/golden/data`.

Writes NAME.gguf, NAME.ids (the input) and NAME.logits.npy ([T, V] float32), and for two of them NAME.lines.jsonl: llama.cpp's
ids of every line of lines.bin. The float models' logits are transformers'
(float32, eager attention); the quantized models' are llama.cpp's (F32 cache, flash attention off). Each model is then
run by both, and what they disagree by is printed; past a bound the script fails.

Needs ./make_venv and ./build_peer (or --peer PROGRAM).
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import numpy as np
import torch

import tiny_families
import tiny_quant
from tiny_families import gemma, gemma2, gemma3, llama, mixtral, phi3, qwen2, qwen2moe, qwen3, qwen3moe

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 40  # of each .ids file: five windows of tiny-gemma3
Type = gguf.GGMLQuantizationType


# ---- Weights ---------------------------------------------------------------------------------------------------------

def fill(model, seed):
    """Seeded weights of a size that keeps attention and logits lively; norms and biases are neither ones nor zeros."""
    random = np.random.default_rng(seed)
    gemma = family_of(model).gemma
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            shape = tuple(parameter.shape)
            noise = random.standard_normal(shape).astype(np.float32)
            if "norm" in name:
                centre = 0.0 if gemma else 1.0  # gemma's modules compute x * (1 + weight)
                centre += 0.4 if "q_norm" in name else 5.0 if gemma and name == "model.norm.weight" else 0.0
                value = noise * np.float32(0.3) + np.float32(centre)
            elif name.endswith("bias"):
                value = noise * np.float32(0.5)
            elif "embed_tokens" in name:
                # gemma3 multiplies by sqrt(width) on the way in, and its head is tied: larger, and each token would
                # simply predict itself.
                value = noise * np.float32(0.4 / (np.sqrt(shape[1]) if gemma else 1))
            else:
                gain = 2.0 if "q_proj" in name or "k_proj" in name or "qkv_proj" in name else 1.2
                value = noise * np.float32(gain / np.sqrt(shape[1]))
            parameter.copy_(torch.from_numpy(value))


def family_of(model):
    return tiny_families.FAMILIES[model.config.model_type]


def tensor_name(name, parts):
    owner, kind = name.rsplit(".", 1)
    if owner in tiny_families.OUTER:
        return f"{tiny_families.OUTER[owner]}.{kind}"
    _, _, layer, part = owner.split(".", 3)
    return f"blk.{layer}.{parts[part]}.{kind}"


def place(writer, model, type_of):
    """Writes all weights; each parameter of the torch model takes the value that its rounded form stands for."""
    family = family_of(model)
    used, experts = set(), {}
    with torch.no_grad():
        for name, values in family.extra(model):
            writer.add_tensor(name, values)
        for name, parameter in model.named_parameters():
            target = tensor_name(re.sub(r"experts[.][0-9]+[.]", "experts.", name), family.parts)
            value = family.to_file(target, parameter.numpy().copy(), model.config)
            if "ffn_gate_inp_shexp" in target:
                value = value[0]
            if value.ndim == 1:
                # The file holds 1 + weight, rounded to F32; the torch model gets what is left of it.
                if family.gemma:
                    stored = (value + np.float32(1)).astype(np.float32)
                    parameter.copy_(torch.from_numpy(stored - np.float32(1)))
                    value = stored
                writer.add_tensor(target, value)
                used.add("F32")
                continue
            kind = Type.F32 if "ffn_gate_inp" in target else type_of(target)
            raw, meant = tiny_quant.to_type(value, kind)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(family.from_file(target, meant, model.config))))
            used.add(kind.name)
            if "_exps" in target:
                experts.setdefault(target, []).append(raw)
                continue
            writer.add_tensor(target, np.ascontiguousarray(raw),
                              raw_dtype=None if kind in (Type.F32, Type.F16) else kind)
        for target, raws in experts.items():
            kind = type_of(target)
            writer.add_tensor(target, np.stack(raws), raw_dtype=None if kind in (Type.F32, Type.F16) else kind)
    return used


def write_model(model, path, types, file_type):
    """The model as a file, and what it is rounded to. Returns the names of the types in it."""
    family = family_of(model)
    writer = gguf.GGUFWriter(path, family.arch)
    family.describe(writer, model.config, file_type)
    used = place(writer, model, types)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return used


# ---- Models ----------------------------------------------------------------------------------------------------------

def always(kind):
    return lambda name: kind


def by_name(table):
    """The first entry whose key is in the tensor's name."""
    return lambda name: next(kind for key, kind in table.items() if key in name)


Q4_K_M_LIKE = by_name({  # as in the real files, whose odd widths bring Q5_0 and Q8_0 beside the k-quants
    "token_embd": Type.Q5_0, "attn_output": Type.Q4_K, "output.weight": Type.Q8_0, "attn_v": Type.Q8_0,
    "attn_k": Type.Q6_K, "0.attn_q": Type.Q5_0, "attn_q": Type.Q4_K, "ffn_gate": Type.Q4_K, "ffn_up": Type.Q4_K,
    "0.ffn_down": Type.Q6_K, "ffn_down": Type.Q4_K,
})
MIXED = by_name({
    "token_embd": Type.Q8_0, "0.attn_q": Type.Q4_0, "0.attn_k": Type.BF16, "0.attn_v": Type.F16, "0.attn_output": Type.Q5_0,
    "0.ffn_gate": Type.Q4_0, "0.ffn_up": Type.Q4_K, "0.ffn_down": Type.Q6_K, "1.attn_q": Type.Q4_K, "1.attn_k": Type.F32,
    "1.attn_v": Type.Q6_K, "1.attn_output": Type.Q4_0, "1.ffn_gate": Type.Q8_0, "1.ffn_up": Type.Q4_0,
    "1.ffn_down": Type.Q5_0,
})
F32, F16, Q4_K_M = gguf.LlamaFileType.ALL_F32, gguf.LlamaFileType.MOSTLY_F16, gguf.LlamaFileType.MOSTLY_Q4_K_M

# name: model, seed, types, file type, whose logits are the golden, bound on the other's (float: relative; else mean KL)
MODELS = {
    "tiny-gemma3-f32": (gemma3, {}, 11, always(Type.F32), F32, "transformers", 1e-3),
    "tiny-gemma3-f16": (gemma3, {}, 12, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-qwen2-f32": (qwen2, {}, 13, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen2-f16": (qwen2, {}, 14, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-qwen2-tied-f32": (qwen2, {"layers": 2, "tied": True}, 15, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen2-q4_k_m-like": (qwen2, {"layers": 2, "hidden": 256, "ffn": 256, "kv": 1}, 16, Q4_K_M_LIKE, Q4_K_M,
                               "llama.cpp", 2e-2),
    "tiny-gemma3-mixed": (gemma3, {"layers": 2, "hidden": 256, "ffn": 256, "heads": 2, "head": 64}, 17, MIXED, Q4_K_M,
                          "llama.cpp", 2e-2),
    "tiny-llama-f32": (llama, {"rope": "llama3"}, 18, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-llama-f16": (llama, {"rope": "linear", "tied": True}, 19, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-llama-yarn-f32": (llama, {"rope": "yarn", "bias": True, "tied": True}, 20, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen3-f32": (qwen3, {}, 21, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen3-f16": (qwen3, {"tied": False}, 22, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-gemma-f32": (gemma, {}, 23, always(Type.F32), F32, "transformers", 1e-3),
    "tiny-gemma-f16": (gemma, {}, 24, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-gemma2-f32": (gemma2, {}, 25, always(Type.F32), F32, "transformers", 1e-3),
    "tiny-gemma2-f16": (gemma2, {}, 26, always(Type.F16), F16, "transformers", 1e-2),
    "tiny-phi3-f32": (phi3, {}, 27, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-mixtral-f32": (mixtral, {}, 29, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen2moe-f32": (qwen2moe, {}, 30, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen3moe-f32": (qwen3moe, {}, 31, always(Type.F32), F32, "transformers", 1e-5),
    "tiny-qwen3moe-f16": (qwen3moe, {}, 32, always(Type.F16), F16, "transformers", 1e-2),
    # llama.cpp leaves this architecture's window out: no bound on its logits.
    "tiny-phi3-f16": (phi3, {"original": 256, "window": 8}, 28, always(Type.F16), F16, "transformers", np.inf),
}

TOKENIZERS = ("tiny-gemma3-f32", "tiny-qwen2-f32")


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


class HalfGelu(torch.nn.Module):
    """gelu as llama.cpp's CPU code has it: a table over F16. Explains nearly all that gemma3's logits differ by."""

    def forward(self, x):
        exact = torch.nn.functional.gelu(x.half().float(), approximate="tanh").half().float()
        return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, exact))


def run(model, ids):
    with torch.no_grad():
        return model(torch.from_numpy(ids)[None]).logits[0].float().numpy()


def make(name, folder, peer):
    build, sizes, seed, types, file_type, truth, bound = MODELS[name]
    model = build(**sizes)
    fill(model, seed)
    path = folder / f"{name}.gguf"
    family = family_of(model)
    used = write_model(model, path, types, file_type)

    random = np.random.default_rng(seed + 100)
    ids = random.integers(0, model.config.vocab_size, TOKENS)
    if family.spm:
        ids[0] = 2
    (folder / f"{name}.ids").write_text(",".join(map(str, ids)) + "\n")
    ours = run(model, ids)
    if family.gemma:
        for layer in model.model.layers:
            layer.mlp.act_fn = HalfGelu()
    comparable = run(model, ids)

    golden = folder / f"{name}.logits.npy"
    subprocess.run([peer, "logits", path, folder / f"{name}.ids", golden], check=True)
    theirs = np.load(golden)
    if truth == "transformers":
        np.save(golden, ours.astype("<f4"))
    assert np.load(golden).dtype == np.float32 and theirs.shape == ours.shape

    if name in TOKENIZERS:
        with open(folder / f"{name}.lines.jsonl", "wb") as out:
            subprocess.run([peer, "tokenize", path, folder / "lines.bin"], stdout=out, stderr=subprocess.DEVNULL, check=True)

    largest = np.abs(ours).max()
    plain, relative = (np.abs(x - theirs).max() / largest for x in (ours, comparable))
    p, q = log_softmax(comparable), log_softmax(theirs)
    kl = (np.exp(p) * (p - q)).sum(axis=1).mean()
    same = (comparable.argmax(axis=1) == theirs.argmax(axis=1)).mean()
    ok = (relative if truth == "transformers" else kl) <= bound
    gelu = f" (exact gelu {plain:.1e})" if family.gemma else ""
    print(f"{name:22} {path.stat().st_size:6} bytes, largest logit {largest:4.1f}, golden by {truth}; they differ: "
          f"relative {relative:.1e}{gelu}, mean KL {kl:.1e}, top-1 {same:.3f}: {'ok' if ok else 'TOO FAR'}; "
          f"{' '.join(sorted(used))}")
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", help="names of models; default: all")
    parser.add_argument("--peer", type=pathlib.Path, default=HERE.parent.parent / ".peers/bin/peer")
    arguments = parser.parse_args()
    if not arguments.peer.exists():
        sys.exit(f"tiny_models.py: {arguments.peer} is missing: run tests/golden/build_peer")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, HERE / "lines.py", "--sample", arguments.folder / "lines.bin"], stdout=subprocess.DEVNULL,
                   check=True)
    torch.set_num_threads(1)
    results = [make(name, arguments.folder, arguments.peer) for name in arguments.only or MODELS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
