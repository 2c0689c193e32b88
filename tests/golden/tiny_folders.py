#!/usr/bin/env python3
"""The tiny models of tiny_models.py once more, as folders that transformers would publish: `tiny_folders.py FOLDER [NAME...]`.

FOLDER/NAME has config.json, model.safetensors (or shards with an index), tokenizer.json, tokenizer_config.json. The weights are
those of data/NAME.gguf, matrices of the same type and all else F32, so that data/NAME.ids and data/NAME.logits.npy hold for both.
Without names: the ones that are kept in data/folders. Needs ./make_venv.
"""
import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import safetensors.torch
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import tiny_models
import tiny_vocabulary

KEPT = ("tiny-llama-f16", "tiny-gemma2-f16", "tiny-phi3-f16", "tiny-qwen3-f16", "tiny-qwen3moe-f16")
SHARDED = {"tiny-qwen3-f16": 2}


class Nowhere:
    """A writer of GGUF files that writes none: place() rounds the model's parameters on the way."""

    def add_tensor(self, *args, **named):
        pass


def byte_tokenizer():
    tokens, merges = tiny_vocabulary.BPE, [tuple(m.split()) for m in tiny_vocabulary.MERGES]
    added = [i for i, (_, kind) in enumerate(tokens) if kind != tiny_vocabulary.NORMAL]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, (t, _) in enumerate(tokens) if i not in added}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(tiny_vocabulary.QWEN2_PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder, tokenizer.normalizer = decoders.ByteLevel(), normalizers.NFC()
    for i in added:
        text, kind = tokens[i]
        tokenizer.add_tokens([AddedToken(text, special=kind == tiny_vocabulary.CONTROL, normalized=False)])
    assert tokenizer.get_vocab() == {t: i for i, (t, _) in enumerate(tokens)}
    return tokenizer, {"eos_token": "<|im_end|>", "bos_token": None, "add_bos_token": False}


def merges_of(pieces):
    """Every way to make a piece of two others, the best pieces first."""
    known = {t for t, _ in pieces}
    ordered = sorted(pieces, key=lambda piece: -piece[1])
    return [(t[:i], t[i:]) for t, _ in ordered for i in range(1, len(t)) if t[:i] in known and t[i:] in known]


def character_tokenizer(prefix):
    tokens = tiny_vocabulary.SPM
    pieces = [(t, score) for t, score, kind in tokens if kind == tiny_vocabulary.NORMAL]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, (t, _, _) in enumerate(tokens)}, merges=merges_of(pieces), byte_fallback=True,
                                     unk_token="<unk>", fuse_unk=True))
    replace = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if prefix else replace
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    for text, _, kind in tokens:
        if kind in (tiny_vocabulary.CONTROL, tiny_vocabulary.USER):
            tokenizer.add_tokens([AddedToken(text, special=kind == tiny_vocabulary.CONTROL, normalized=False)])
    return tokenizer, {"bos_token": "<bos>", "eos_token": {"content": "<eos>"}, "unk_token": "<unk>"}


def weights_of(model, matrices):
    """As the model keeps them, but for what it shares."""
    weights = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        narrow = value.ndim > 1 and "mlp.gate.weight" not in name and "block_sparse_moe.gate" not in name and "shared_expert_gate" not in name
        weights[name] = value.to(matrices if narrow else torch.float32).contiguous()
    return weights


def write_weights(folder, weights, shards):
    if shards == 1:
        safetensors.torch.save_file(weights, folder / "model.safetensors", {"format": "pt"})
        return
    names, places = list(weights), {}
    for shard in range(shards):
        own = names[len(names) * shard // shards:len(names) * (shard + 1) // shards]
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        places |= dict.fromkeys(own, file)
        safetensors.torch.save_file({name: weights[name] for name in own}, folder / file, {"format": "pt"})
    total = sum(value.nbytes for value in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def write_tokenizer(folder, tokenizer, settings):
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def make(name, folder):
    build, sizes, seed, types, file_type, _, _ = tiny_models.MODELS[name]
    model = build(**sizes)
    tiny_models.fill(model, seed)
    tiny_models.place(Nowhere(), model, types)
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    half = file_type == gguf.LlamaFileType.MOSTLY_F16
    write_weights(folder, weights_of(model, torch.float16 if half else torch.float32), SHARDED.get(name, 1))
    family = tiny_models.family_of(model)
    write_tokenizer(folder, *(character_tokenizer(family.arch == "llama") if family.spm else byte_tokenizer()))
    print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir())} bytes")


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or KEPT:
        make(name, folder / name)


if __name__ == "__main__":
    main()
