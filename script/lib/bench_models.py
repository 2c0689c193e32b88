"""The random model of `script/bench peers --types`, in one type after another."""

import contextlib
import os

from accept_tools import GOLDEN, TREE, call, model, once

SYNTHETIC = 'synthetic-0.5b'
FOLDER = 'build/bench'
TYPES = ('f32', 'f16', 'bf16', 'q8_0', 'q6_k', 'q5_k', 'q5_1', 'q5_0', 'q4_k', 'q4_1', 'q4_0', 'iq4_nl', 'iq4_xs', 'mxfp4', 'q3_k', 'q2_k')


def synthetic():
    """The model in F16; made once a checkout (it takes a minute and 1 GB)."""

    def make():
        path = f'{FOLDER}/{SYNTHETIC}-f16.gguf'
        if not os.path.exists(os.path.join(TREE, path)):
            os.makedirs(os.path.join(TREE, FOLDER), exist_ok=True)
            python = call([f'{GOLDEN}/make_venv']).strip().splitlines()[-1]
            call([python, f'{GOLDEN}/synthetic_model.py', model('qwen2.5-0.5b'), f'{path}.part'])
            os.replace(os.path.join(TREE, f'{path}.part'), os.path.join(TREE, path))
        return path

    return once('synthetic', make)


@contextlib.contextmanager
def typed_model(peer, kind):
    """The path of the model with every matrix in that type, for as long as it is needed."""
    if kind == 'f16':
        yield synthetic()
        return
    path = f'{FOLDER}/{SYNTHETIC}-{kind}.gguf'
    try:
        call([peer, 'quantize', synthetic(), path, kind])
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(TREE, path))
