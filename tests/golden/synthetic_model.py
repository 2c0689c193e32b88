#!/usr/bin/env python3
"""A random language model of the size that speed is compared at: `.peers/venv/bin/python synthetic_model.py LIKE.gguf OUT.gguf`.

Architecture qwen2 with the tokenizer of LIKE.gguf, 24 layers, width 1024, about 0.44 billion parameters, F16; every row is
a whole number of blocks of every type (256 values), so `peer quantize` can write it in each. It says nothing: only its speed
means something.
"""
import sys

import gguf
import numpy as np

LAYERS, WIDTH, FFN, HEADS, KV_HEADS, HEAD = 24, 1024, 2816, 16, 8, 64


def copy_tokenizer(reader, writer):
    for field in reader.fields.values():
        if field.name.startswith('tokenizer.'):
            kind = field.types[0]
            sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), kind, sub_type=sub)


def matrix(random, rows, columns, gain=1.0):
    return (random.standard_normal((rows, columns), dtype=np.float32) * np.float32(gain / np.sqrt(columns))).astype(np.float16)


def main():
    like, out = sys.argv[1:]
    random = np.random.default_rng(1)
    reader = gguf.GGUFReader(like)
    writer = gguf.GGUFWriter(out, 'qwen2')
    writer.add_block_count(LAYERS)
    writer.add_context_length(32768)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    copy_tokenizer(reader, writer)
    vocabulary = len(reader.fields['tokenizer.ggml.tokens'].data)
    writer.add_tensor('token_embd.weight', matrix(random, vocabulary, WIDTH, 8))
    ones = np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        p = f'blk.{layer}.'
        for name, rows in (('attn_q', HEADS * HEAD), ('attn_k', KV_HEADS * HEAD), ('attn_v', KV_HEADS * HEAD)):
            writer.add_tensor(f'{p}{name}.weight', matrix(random, rows, WIDTH))
            writer.add_tensor(f'{p}{name}.bias', np.zeros(rows, np.float32))
        writer.add_tensor(f'{p}attn_output.weight', matrix(random, WIDTH, HEADS * HEAD))
        writer.add_tensor(f'{p}ffn_gate.weight', matrix(random, FFN, WIDTH))
        writer.add_tensor(f'{p}ffn_up.weight', matrix(random, FFN, WIDTH))
        writer.add_tensor(f'{p}ffn_down.weight', matrix(random, WIDTH, FFN))
        writer.add_tensor(f'{p}attn_norm.weight', ones)
        writer.add_tensor(f'{p}ffn_norm.weight', ones)
    # Logits are sums of products with rows of norm 8: this makes them as spread as a language model's, so that what is a tie
    # between the answers of two programs is the same there and here.
    writer.add_tensor('output_norm.weight', ones / 4)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == '__main__':
    main()
