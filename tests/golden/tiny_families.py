"""The architectures of the tiny models: a model of transformers, the keys that real files describe it with, and where its
tensors go. Files say what llama.cpp's converter says; the rearrangement of rows is written down here anew."""
import dataclasses
import math
from collections.abc import Callable

import gguf
import numpy as np
import torch
import transformers

import tiny_vocabulary
from tiny_vocabulary import BPE, SPM

PARTS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up",
    # Experts, without their numbers.
    "block_sparse_moe.gate": "ffn_gate_inp", "block_sparse_moe.experts.w1": "ffn_gate_exps",
    "block_sparse_moe.experts.w3": "ffn_up_exps", "block_sparse_moe.experts.w2": "ffn_down_exps",
    "mlp.gate": "ffn_gate_inp", "mlp.experts.gate_proj": "ffn_gate_exps", "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps", "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
}
# The name "post_attention_layernorm" means two different places.
POST_NORM_PARTS = PARTS | {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                           "post_feedforward_layernorm": "post_ffw_norm"}
PRE_NORM_PARTS = PARTS | {"post_attention_layernorm": "ffn_norm"}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


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


def gemma(layers=2, hidden=32, ffn=64, heads=4, head=16, kv=1):
    config = transformers.GemmaConfig(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, rope_theta=1e4, rms_norm_eps=1e-6, max_position_embeddings=256,
        attn_implementation="eager", pad_token_id=0, eos_token_id=1, bos_token_id=2)
    assert config.tie_word_embeddings
    return transformers.GemmaForCausalLM(config).float().eval()


def gemma2(layers=2, hidden=32, ffn=64, heads=4, head=16, kv=2):
    """The first of every two layers sees 8 tokens; caps low enough for tiny models to reach them."""
    config = transformers.Gemma2Config(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, query_pre_attn_scalar=head, sliding_window=8, rope_theta=1e4,
        attn_logit_softcapping=4.0, final_logit_softcapping=8.0, rms_norm_eps=1e-6, max_position_embeddings=256,
        attn_implementation="eager", pad_token_id=0, eos_token_id=1, bos_token_id=2)
    assert config.layer_types == ["sliding_attention", "full_attention"] * (layers // 2) and config.tie_word_embeddings
    return transformers.Gemma2ForCausalLM(config).float().eval()


def qwen2(layers=3, hidden=64, ffn=32, kv=2, tied=False):
    config = transformers.Qwen2Config(
        vocab_size=len(BPE), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=kv, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=256, use_sliding_window=False,
        tie_word_embeddings=tied, attn_implementation="eager")
    return transformers.Qwen2ForCausalLM(config).float().eval()


def qwen3(layers=2, hidden=32, ffn=64, heads=4, head=16, kv=2, tied=True):
    config = transformers.Qwen3Config(
        vocab_size=len(BPE), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=256,
        use_sliding_window=False, tie_word_embeddings=tied, attn_implementation="eager")
    return transformers.Qwen3ForCausalLM(config).float().eval()


ROPE = {
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 32},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
    "linear": {"rope_type": "linear", "factor": 4.0},
}


def llama(layers=2, hidden=32, ffn=64, heads=4, head=16, kv=2, rope=None, bias=False, tied=False):
    config = transformers.LlamaConfig(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, rope_theta=1e4, rope_scaling=ROPE.get(rope), rms_norm_eps=1e-5,
        max_position_embeddings=256, attention_bias=bias, mlp_bias=bias, tie_word_embeddings=tied, attn_implementation="eager",
        pad_token_id=0, eos_token_id=1, bos_token_id=2)
    return transformers.LlamaForCausalLM(config).float().eval()


def mixtral(layers=2, hidden=32, ffn=32, heads=4, head=16, kv=2, tied=True):
    config = transformers.MixtralConfig(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, rope_theta=1e6, rms_norm_eps=1e-5, max_position_embeddings=256,
        num_local_experts=4, num_experts_per_tok=2, sliding_window=None, tie_word_embeddings=tied, attn_implementation="eager",
        pad_token_id=0, eos_token_id=1, bos_token_id=2)
    return transformers.MixtralForCausalLM(config).float().eval()


def qwen2moe(layers=2, hidden=32, ffn=32, heads=2, kv=1, expert=16):
    """Weights of the chosen two are left as they are; an expert for all tokens beside them."""
    config = transformers.Qwen2MoeConfig(
        vocab_size=len(BPE), hidden_size=hidden, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=256, use_sliding_window=False,
        moe_intermediate_size=expert, shared_expert_intermediate_size=ffn, num_experts=6, num_experts_per_tok=2,
        norm_topk_prob=False, decoder_sparse_step=1, tie_word_embeddings=False, attn_implementation="eager")
    return transformers.Qwen2MoeForCausalLM(config).float().eval()


def qwen3moe(layers=2, hidden=32, heads=4, head=16, kv=2, expert=16, tied=True):
    config = transformers.Qwen3MoeConfig(
        vocab_size=len(BPE), hidden_size=hidden, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=head, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=256,
        use_sliding_window=False, moe_intermediate_size=expert, num_experts=8, num_experts_per_tok=3, norm_topk_prob=True,
        decoder_sparse_step=1, tie_word_embeddings=tied, attn_implementation="eager")
    return transformers.Qwen3MoeForCausalLM(config).float().eval()


def phi3(layers=2, hidden=32, ffn=48, heads=2, kv=1, original=32, window=None):
    """Three quarters of each head are rotated. 40 tokens lie beyond 32, where the long factors serve."""
    pairs = range(hidden // heads * 3 // 8)
    rope = {"type": "longrope", "short_factor": [1.0 + 0.05 * i for i in pairs], "long_factor": [1.5 + 2.0 * i for i in pairs]}
    config = transformers.Phi3Config(
        vocab_size=len(SPM), hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, rope_theta=1e4, rope_scaling=rope, partial_rotary_factor=0.75, sliding_window=window,
        original_max_position_embeddings=original, max_position_embeddings=1024, rms_norm_eps=1e-5,
        attn_implementation="eager", pad_token_id=0, eos_token_id=1, bos_token_id=2)
    return transformers.Phi3ForCausalLM(config).float().eval()


# ---- Files: the keys that the real files have, in their order --------------------------------------------------------

def describe_gemma3(writer, config, file_type):
    tiny_vocabulary.general(writer, "tiny-gemma3", "apache-2.0")
    describe_gemma_sizes(writer, config)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_sliding_window(config.sliding_window)
    writer.add_head_count_kv(config.num_key_value_heads)
    tiny_vocabulary.write_spm(writer)
    writer.add_quantization_version(2)
    writer.add_file_type(file_type)


def describe_gemma_sizes(writer, config):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)


def describe_gemma(writer, config, file_type):
    tiny_vocabulary.general(writer, f"tiny-{config.model_type}", "apache-2.0")
    describe_gemma_sizes(writer, config)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_file_type(file_type)
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
        writer.add_sliding_window(config.sliding_window)
    tiny_vocabulary.write_spm(writer)
    writer.add_quantization_version(2)


def describe_sizes(writer, config):
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def describe_experts(writer, config):
    writer.add_expert_count(getattr(config, "num_local_experts", None) or config.num_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    if hasattr(config, "moe_intermediate_size"):
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    if hasattr(config, "shared_expert_intermediate_size"):
        writer.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)


def describe_qwen(writer, config, file_type):
    tiny_vocabulary.general(writer, f"tiny-{config.model_type}", "apache-2.0")
    describe_sizes(writer, config)
    if hasattr(config, "num_experts"):
        describe_experts(writer, config)
    if config.model_type.startswith("qwen3"):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_file_type(file_type)
    tiny_vocabulary.write_bpe(writer)
    writer.add_quantization_version(2)


def describe_llama(writer, config, file_type):
    tiny_vocabulary.general(writer, "tiny-llama", "apache-2.0")
    describe_sizes(writer, config)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_dimension_count(config.head_dim)
    if hasattr(config, "num_local_experts"):
        describe_experts(writer, config)
    rope = getattr(config, "rope_scaling", None) or {}
    if rope.get("rope_type") in ("linear", "yarn"):
        writer.add_rope_scaling_type({"linear": gguf.RopeScalingType.LINEAR, "yarn": gguf.RopeScalingType.YARN}[rope["rope_type"]])
        writer.add_rope_scaling_factor(rope["factor"])
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    writer.add_file_type(file_type)
    tiny_vocabulary.write_spm(writer, add_space_prefix=True)
    writer.add_quantization_version(2)


def describe_phi3(writer, config, file_type):
    tiny_vocabulary.general(writer, "tiny-phi", "apache-2.0")  # llama.cpp expects certain tokens of files named "phi3"
    writer.add_context_length(config.max_position_embeddings)
    writer.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(int(config.partial_rotary_factor * config.hidden_size) // config.num_attention_heads)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_file_type(file_type)
    writer.add_sliding_window(config.sliding_window or 0)
    stretch = config.max_position_embeddings / config.original_max_position_embeddings
    writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(stretch) / math.log(config.original_max_position_embeddings)))
    tiny_vocabulary.write_spm(writer)
    writer.add_quantization_version(2)


# ---- Tensors ---------------------------------------------------------------------------------------------------------

def rows_as_pairs(target, value, config):
    """Rows of q and k: pair (i, i + D/2) of a head becomes neighbours, which these files' rotation turns together."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(target.split(".")[-2])
    if heads is None:
        return value
    return value.reshape(heads, 2, -1, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)


def rows_as_halves(target, value, config):
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(target.split(".")[-2])
    if heads is None:
        return value
    return value.reshape(heads, -1, 2, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)


def unchanged(target, value, config):
    return value


def no_tensors(model):
    return []


def llama_factors(model):
    """What transformers divided the plain frequencies by."""
    config = model.config
    if (getattr(config, "rope_scaling", None) or {}).get("rope_type") != "llama3":
        return []
    plain = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float64) / config.head_dim)
    return [("rope_freqs.weight", (plain / model.model.rotary_emb.inv_freq.double()).numpy().astype(np.float32))]


def phi3_factors(model):
    rope = model.config.rope_scaling
    return [(f"rope_factors_{kind}.weight", np.array(rope[f"{kind}_factor"], dtype=np.float32)) for kind in ("long", "short")]


@dataclasses.dataclass
class Family:
    arch: str  # in files
    describe: Callable
    parts: dict
    spm: bool = True
    gemma: bool = False  # norms compute x * (1 + weight), embeddings are scaled, the head is tied
    to_file: Callable = unchanged  # a weight or bias as files order its rows
    from_file: Callable = unchanged
    extra: Callable = no_tensors


FAMILIES = {  # by transformers' model_type
    "gemma3_text": Family("gemma3", describe_gemma3, POST_NORM_PARTS, gemma=True),
    "gemma2": Family("gemma2", describe_gemma, POST_NORM_PARTS, gemma=True),
    "gemma": Family("gemma", describe_gemma, PRE_NORM_PARTS, gemma=True),
    "qwen2": Family("qwen2", describe_qwen, PRE_NORM_PARTS, spm=False),
    "qwen3": Family("qwen3", describe_qwen, PRE_NORM_PARTS, spm=False),
    "llama": Family("llama", describe_llama, PRE_NORM_PARTS, to_file=rows_as_pairs, from_file=rows_as_halves, extra=llama_factors),
    "mixtral": Family("llama", describe_llama, PRE_NORM_PARTS, to_file=rows_as_pairs, from_file=rows_as_halves),
    "qwen2_moe": Family("qwen2moe", describe_qwen, PRE_NORM_PARTS, spm=False),
    "qwen3_moe": Family("qwen3moe", describe_qwen, PRE_NORM_PARTS, spm=False),
    "phi3": Family("phi3", describe_phi3, PRE_NORM_PARTS, extra=phi3_factors),
}
