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
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import numpy as np
import torch
import transformers

import tiny_quant

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = 40  # of each .ids file: five windows of tiny-gemma3
Type = gguf.GGMLQuantizationType
NORMAL, CONTROL, USER, BYTE = 1, 3, 4, 6  # token types


# ---- Tokenizers ------------------------------------------------------------------------------------------------------

def spm_tokens():
    """(text, score, type) in the order of the real file's kinds: control, user-defined, bytes, pieces."""
    tokens = [(t, -1000.0, CONTROL) for t in ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")]
    tokens += [(t, -1000.0, USER) for t in ("[multimodal]", "\n", "\n\n", "▁▁", "▁▁▁", "<b>")]
    tokens += [("<0x%02X>" % b, -1000.0, BYTE) for b in range(256)]
    pieces = ["▁t", "he", "▁the", "in", "er", "▁a", "an", "▁an", "and", "▁and", "ing", "ß", "中", "é"]
    letters = ["▁", "e", "t", "a", "n", "h", "i", "r", "d", "g", "s", "o", "."]
    tokens += [(t, -float(rank), NORMAL) for rank, t in enumerate(pieces + letters)]
    return tokens


def byte_characters():
    """The 256 characters that byte-level BPE writes bytes with, in the order of their ids in real vocabularies."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


def bpe_tokens():
    merges = ["Ġ t", "h e", "Ġt he", "i n", "e r", "Ġ a", "n d", "Ġa nd", "in g", "Ġ Ġ", "ĠĠ ĠĠ", "Ċ Ċ", "Ã Ł", "Ã ©",
              "ä ¸", "ä¸ Ń", "r e", "' re", "Ġ 1"]
    tokens = [(c, NORMAL) for c in byte_characters()] + [(m.replace(" ", ""), NORMAL) for m in merges]
    tokens += [(t, CONTROL) for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")] + [("<tool_call>", USER)]
    return tokens, merges


SPM = spm_tokens()
BPE, MERGES = bpe_tokens()


# ---- Weights ---------------------------------------------------------------------------------------------------------

def fill(model, seed):
    """Seeded weights of a size that keeps attention and logits lively; norms and biases are neither ones nor zeros."""
    random = np.random.default_rng(seed)
    gemma = model.config.model_type == "gemma3_text"
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
                gain = 2.0 if "q_proj" in name or "k_proj" in name else 1.2
                value = noise * np.float32(gain / np.sqrt(shape[1]))
            parameter.copy_(torch.from_numpy(value))


PARTS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
}
# The name "post_attention_layernorm" means two different places.
GEMMA3_PARTS = PARTS | {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                        "post_feedforward_layernorm": "post_ffw_norm"}
QWEN2_PARTS = PARTS | {"post_attention_layernorm": "ffn_norm"}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def tensor_name(name, parts):
    owner, kind = name.rsplit(".", 1)
    if owner in OUTER:
        return f"{OUTER[owner]}.{kind}"
    _, _, layer, part = owner.split(".", 3)
    return f"blk.{layer}.{parts[part]}.{kind}"


def place(writer, model, type_of):
    """Writes all weights; each parameter of the torch model takes the value that its rounded form stands for."""
    gemma = model.config.model_type == "gemma3_text"
    parts = GEMMA3_PARTS if gemma else QWEN2_PARTS
    used = set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            target = tensor_name(name, parts)
            value = parameter.numpy().copy()
            if value.ndim == 1:
                # The file holds 1 + weight, rounded to F32; the torch model gets what is left of it.
                if gemma:
                    stored = (value + np.float32(1)).astype(np.float32)
                    parameter.copy_(torch.from_numpy(stored - np.float32(1)))
                    value = stored
                writer.add_tensor(target, value)
                used.add("F32")
                continue
            kind = type_of(target)
            raw, meant = tiny_quant.to_type(value, kind)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(meant)))
            writer.add_tensor(target, np.ascontiguousarray(raw),
                              raw_dtype=None if kind in (Type.F32, Type.F16) else kind)
            used.add(kind.name)
    return used


# ---- Files: the keys that the real files have, in their order --------------------------------------------------------

def general(writer, name, licence):
    writer.add_type("model")
    writer.add_name(name)
    writer.add_basename(name)
    writer.add_size_label("tiny")
    writer.add_license(licence)


def describe_gemma3(writer, config, file_type):
    general(writer, "tiny-gemma3", "apache-2.0")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_sliding_window(config.sliding_window)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([t[0] for t in SPM])
    writer.add_token_scores([t[1] for t in SPM])
    writer.add_token_types([t[2] for t in SPM])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_quantization_version(2)
    writer.add_file_type(file_type)


def describe_qwen2(writer, config, file_type):
    general(writer, "tiny-qwen2", "apache-2.0")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_file_type(file_type)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    texts = [t[0] for t in BPE]
    writer.add_token_list(texts)
    writer.add_token_types([t[1] for t in BPE])
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(texts.index("<|im_end|>"))
    writer.add_pad_token_id(texts.index("<|endoftext|>"))
    writer.add_bos_token_id(texts.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_quantization_version(2)


# ---- Models ----------------------------------------------------------------------------------------------------------

def gemma3(layers=7, hidden=32, ffn=64, heads=4, head=16, kv=1):
    """Seven layers: the sixth is global (full attention, RoPE base 1e6), the others see 8 tokens with base 1e4."""
    config = transformers.Gemma3TextConfig(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, query_pre_attn_scalar=head, sliding_window=8, rope_theta=1e6,
        rope_local_base_freq=1e4, rms_norm_eps=1e-6, max_position_embeddings=256, attn_implementation="eager",
        pad_token_id=0, eos_token_id=1, bos_token_id=2)
    kinds = ["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(layers)]
    assert config.layer_types == kinds and config.tie_word_embeddings
    return transformers.Gemma3ForCausalLM(config).float().eval()


def qwen2(layers=3, hidden=64, ffn=32, kv=2, tied=False):
    config = transformers.Qwen2Config(
        vocab_size=len(BPE), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=kv, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=256, use_sliding_window=False,
        tie_word_embeddings=tied, attn_implementation="eager")
    return transformers.Qwen2ForCausalLM(config).float().eval()


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
    gemma = model.config.model_type == "gemma3_text"
    writer = gguf.GGUFWriter(path, "gemma3" if gemma else "qwen2")
    (describe_gemma3 if gemma else describe_qwen2)(writer, model.config, file_type)
    used = place(writer, model, types)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    random = np.random.default_rng(seed + 100)
    ids = random.integers(0, model.config.vocab_size, TOKENS)
    if gemma:
        ids[0] = 2
    (folder / f"{name}.ids").write_text(",".join(map(str, ids)) + "\n")
    ours = run(model, ids)
    if gemma:
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
    gelu = f" (exact gelu {plain:.1e})" if gemma else ""
    print(f"{name:22} {path.stat().st_size:6} bytes, largest logit {largest:4.1f}, golden by {truth}; they differ: "
          f"relative {relative:.1e}{gelu}, mean KL {kl:.1e}, top-1 {same:.3f}: {'ok' if ok else 'TOO FAR'}; "
          f"{' '.join(sorted(used))}")
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--peer", type=pathlib.Path, default=HERE.parent.parent / ".peers/bin/peer")
    arguments = parser.parse_args()
    if not arguments.peer.exists():
        sys.exit(f"tiny_models.py: {arguments.peer} is missing: run tests/golden/build_peer")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, HERE / "lines.py", "--sample", arguments.folder / "lines.bin"], stdout=subprocess.DEVNULL,
                   check=True)
    torch.set_num_threads(1)
    results = [make(name, arguments.folder, arguments.peer) for name in MODELS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
