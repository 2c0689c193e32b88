#!/usr/bin/env python3
"""block_floats.py OUT: what the gguf package reads in random blocks of each block format.

Writes OUT/blocks-TYPE.bin: n blocks of random bytes whose scales are finite, then n little-endian uint64: FNV-1a over the
float32 values of each block. n is 256 for blocks of 32 values, so that each scale of MXFP4 comes once, else 128.
Needs gguf and numpy alone.
"""
import os
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

Type = gguf.GGMLQuantizationType
# Where a block keeps its float16 numbers.
HALVES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q2_K: [80, 82], Type.Q3_K: [108],
    Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.MXFP4: [],
}


def random_blocks(kind, random):
    values, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (256 if values == 32 else 128, size), dtype=np.uint8)
    for at in HALVES[kind]:  # little-endian: the exponent stands in the second byte; all ones would be infinity or NaN
        high = blocks[:, at + 1]
        high[high & 0x7C == 0x7C] ^= 0x40
        blocks[0, at:at + 2] = 0
        blocks[1, at:at + 2] = [1, 0x80]  # the least subnormal, negative
        blocks[2, at:at + 2] = [0xFF, 0x7B]  # the largest
    if kind == Type.MXFP4:
        blocks[:, 0] = np.arange(256)
    return blocks


def fnv1a(rows):
    """Of each row of bytes."""
    hashes = np.full(rows.shape[0], 1469598103934665603, dtype=np.uint64)
    for column in rows.T:
        hashes = (hashes ^ column) * np.uint64(1099511628211)
    return hashes


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n", 1)[0])
    for kind in HALVES:
        blocks = random_blocks(kind, np.random.default_rng(int(kind)))
        with np.errstate(over="ignore"):  # the largest scales of MXFP4 give infinities
            floats = np.ascontiguousarray(dequantize(blocks, kind).astype("<f4"))
        assert not np.isnan(floats).any(), kind.name
        with open(os.path.join(sys.argv[1], f"blocks-{kind.name.lower()}.bin"), "wb") as file:
            file.write(blocks.tobytes() + fnv1a(floats.view(np.uint8)).astype("<u8").tobytes())


if __name__ == "__main__":
    main()
