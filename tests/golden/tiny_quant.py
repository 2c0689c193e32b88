"""Plain quantizers for the tiny models: the two k-quants that the gguf package can read but not write.

Nearest rounding from the extremes of each sub-block, no search: good enough for random weights, and simple enough to
be checked against the gguf package's own dequantization (tiny_models.py does that for every tensor).
"""
import gguf
import numpy as np
from gguf.quants import dequantize, quantize

BLOCK = 256


def _f16(values):
    return values.astype(np.float16)


def _ratio(values, by):
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def quantize_q6_k(rows):
    """210 bytes: ql[128], qh[64], int8 scales[16], f16 d. x = d * scale * (q - 32), q in 0..63."""
    x = rows.reshape(-1, 16, 16).astype(np.float32)
    scale = np.abs(x).max(axis=2) / 31
    d = _f16(scale.max(axis=1) / 127).astype(np.float32)
    sub = np.rint(_ratio(scale, d[:, None].repeat(16, 1))).clip(0, 127)
    sub[:, 1::3] *= -1  # scales are signed: every third sub-block shows it
    q = np.rint(_ratio(x, (d[:, None] * sub)[:, :, None].repeat(16, 2))).clip(-32, 31).astype(np.int32) + 32
    # Halves of 128: value j of quarter k (32 values each) has its low nibble in ql[(k % 2) * 32 + j], in the low half
    # of the byte for k < 2, and its two high bits in qh[j] >> 2 k.
    q = q.reshape(-1, 2, 4, 32)
    low, high = q & 15, q >> 4
    ql = np.concatenate([low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4], axis=2)
    qh = high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6
    return np.concatenate([ql.reshape(-1, 128).astype(np.uint8), qh.reshape(-1, 64).astype(np.uint8),
                           sub.astype(np.int8).view(np.uint8), _f16(d)[:, None].view(np.uint8)], axis=1)


def quantize_q4_k(rows):
    """144 bytes: f16 d, f16 dmin, 8 scales and 8 minimums of 6 bits in 12 bytes, qs[128]. x = d * scale * q - dmin * min."""
    x = rows.reshape(-1, 8, 32).astype(np.float32)
    low = np.maximum(-x.min(axis=2), 0)
    step = (x.max(axis=2) + low) / 15
    d, dmin = (_f16(v.max(axis=1) / 63).astype(np.float32) for v in (step, low))
    scale = np.rint(_ratio(step, d[:, None].repeat(8, 1))).clip(0, 63).astype(np.uint8)
    least = np.rint(_ratio(low, dmin[:, None].repeat(8, 1))).clip(0, 63).astype(np.uint8)
    shifted = x + (dmin[:, None] * least)[:, :, None]
    q = np.rint(_ratio(shifted, (d[:, None] * scale)[:, :, None].repeat(32, 2))).clip(0, 15).astype(np.uint8)
    # Sub-blocks 0..3: six low bits of bytes j (scale) and 4 + j (minimum). 4..7: low nibbles share byte 8 + j, the two
    # high bits of each sit on top of the bytes of sub-block j - 4.
    packed = np.concatenate([scale[:, :4] | (scale[:, 4:] >> 4) << 6, least[:, :4] | (least[:, 4:] >> 4) << 6,
                             (scale[:, 4:] & 15) | (least[:, 4:] & 15) << 4], axis=1)
    qs = q[:, 0::2] | q[:, 1::2] << 4
    return np.concatenate([_f16(d)[:, None].view(np.uint8), _f16(dmin)[:, None].view(np.uint8), packed,
                           qs.reshape(-1, 128)], axis=1)


def to_type(rows, kind):
    """Rows [N, K] float32 -> (raw array for the file, the values that it stands for). Both of shape [N, ...]."""
    if kind == gguf.GGMLQuantizationType.F32:
        return rows, rows
    if kind == gguf.GGMLQuantizationType.F16:
        return _f16(rows), _f16(rows).astype(np.float32)
    own = {gguf.GGMLQuantizationType.Q6_K: quantize_q6_k, gguf.GGMLQuantizationType.Q4_K: quantize_q4_k}
    if kind in own:
        assert rows.shape[1] % BLOCK == 0
        raw = own[kind](rows).reshape(rows.shape[0], -1)
    else:
        raw = quantize(rows, kind)
    values = dequantize(raw, kind).reshape(rows.shape)
    error = np.abs(values - rows).max() / np.abs(rows).max()
    assert error < {"Q4_K": 0.09, "Q4_0": 0.14, "Q5_0": 0.07, "Q6_K": 0.03}.get(kind.name, 0.01), (kind.name, error)
    return raw, values
