"""Small valid inputs of the fuzz targets, and words that they are made of."""

import json
import os

from accept_tools import TREE
from corpus_gguf import TEMPLATES
from gguf_bytes import ARRAY, BOOL, F32, I32, TEXT, U8, U16, U32, U64, Gguf, Tensor

DATA = os.path.join(TREE, 'tests', 'golden', 'data')


def read(*parts):
    with open(os.path.join(DATA, *parts), 'rb') as file:
        return file.read()


def vocabulary(model):
    """A file that has a tokenizer and little else."""
    out = Gguf()
    out.set('general.architecture', TEXT, 'llama').set('llama.block_count', U32, 1).set('general.alignment', U32, 32)
    if model == 'llama':
        tokens, types = ['<unk>', '<s>', '</s>', '<0x0A>', 'a', 'b', 'ab'], [2, 3, 3, 6, 1, 1, 1]
        out.set('tokenizer.ggml.scores', ARRAY, (F32, [0.0, 0, 0, 0, -1, -2, -3]))
    else:
        tokens, types = ['a', 'b', 'ab', '\u0120', '<|end|>'], [1, 1, 1, 1, 3]
        out.set('tokenizer.ggml.merges', ARRAY, (TEXT, ['a b'])).set('tokenizer.ggml.pre', TEXT, 'qwen2')
    out.set('tokenizer.ggml.model', TEXT, model).set('tokenizer.ggml.tokens', ARRAY, (TEXT, tokens))
    out.set('tokenizer.ggml.token_type', ARRAY, (I32, types)).set('tokenizer.ggml.bos_token_id', U32, 1).set('tokenizer.ggml.add_bos_token', BOOL, 1)
    out.set('odd.u8', U8, 1).set('odd.u16', U16, 2).set('odd.u64', U64, 3).set('split.count', U16, 1)
    return out


def gguf_seeds():
    for model in ('llama', 'gpt2'):
        yield vocabulary(model).bytes()
        full = vocabulary(model)
        full.tensors = [Tensor('token_embd.weight', [2, 4], 0, 0, bytes(32)), Tensor('b', [32], 8, 32, bytes(34)), Tensor('c', [2, 2, 2], 1, 96, bytes(16))]
        yield full.bytes()
    yield Gguf().bytes()


def safetensors_seeds():
    for header, size in (({'a': {'dtype': 'F32', 'shape': [2, 2], 'data_offsets': [0, 16]}}, 16),
                         ({'__metadata__': {'format': 'pt'}, 'a.b': {'dtype': 'F16', 'shape': [3], 'data_offsets': [0, 6]}, 'c': {'dtype': 'BF16', 'shape': [], 'data_offsets': [6, 8]}}, 8), ({}, 0)):  # fmt: skip
        text = json.dumps(header).encode()
        yield len(text).to_bytes(8, 'little') + text + bytes(size)


def json_seeds():
    yield b'{"a": [1, -2.5e3, true, false, null, "x\\n\\u00e9\\ud83d\\ude00"], "b": {"c": {}}, "d": []}'
    yield from (b'""', b'0', b'-0.1E+9', b'[[[]]]', b' {"k" : "v"} ')
    for name in ('config.json', 'tokenizer_config.json', 'model.safetensors.index.json'):
        yield read('folders', 'tiny-qwen3-f16', name)


def folder_seeds():
    for i, name in enumerate(('config.json', 'tokenizer.json', 'tokenizer_config.json', '', 'model.safetensors.index.json')):
        content = read('folders', 'tiny-qwen3-f16', name) if name else b'{"eos_token_id": [1, 2]}'
        yield bytes([i]) + content
    for folder in ('tiny-gemma2-f16', 'tiny-llama-f16', 'tiny-phi3-f16', 'tiny-qwen3moe-f16'):
        yield b'\0' + read('folders', folder, 'config.json')
        yield b'\1' + read('folders', folder, 'tokenizer.json')


def template_seeds():
    for line in read('templates.jsonl').splitlines()[1:]:
        yield json.loads(line)['template'].encode()
    for template in TEMPLATES.values():
        content = template if isinstance(template, bytes) else template.encode()
        if len(content) < 1000:
            yield content


def text_seeds():
    for i, text in enumerate(('Hello world', 'Grüße, 世界 👋🏽', '<bos><|im_start|>user\n', '  \t\r\n\n 123 4567', "don't WON'T", '\u0300\u200d\ufffd')):
        for flags in (0, 3, 15):
            yield bytes([i % 3, flags]) + text.encode()
    yield b'\0\3\xff\xfe\xc3\x28\xe2\x82'


def calls_seeds():
    for start in range(0, 64, 7):
        yield bytes([0, 1, 1, 1, 1, 0, 1, 1, 1, 5, 1, 1, 2]) + bytes((start * 37 + i * 11) % 256 for i in range(120))


SEEDS = {'calls': calls_seeds, 'folder': folder_seeds, 'gguf': gguf_seeds, 'json': json_seeds, 'safetensors': safetensors_seeds, 'template': template_seeds, 'text': text_seeds}  # fmt: skip
WORDS = {
    'gguf': ['general.architecture', 'general.alignment', 'tokenizer.ggml.model', 'tokenizer.ggml.tokens', 'tokenizer.ggml.merges', 'gpt2', 'llama', 'gemma4', 'ranked'],
    'json': ['true', 'false', 'null', '\\u', '\\ud800', '1e'],
    'safetensors': ['"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"F32"', '"F16"', '"BF16"'],
    'folder': ['"model_type"', '"rope_scaling"', '"added_tokens"', '"normalizer"', '"pre_tokenizer"', '"post_processor"', '"Sequence"', '"ByteLevel"', '"Split"', '"weight_map"'],
    'template': ['{%', '%}', '{{', '}}', '{#', '-%}', 'for', 'in', 'endfor', 'if', 'elif', 'else', 'endif', 'set', 'macro', 'endmacro', 'filter', 'call', 'namespace(', 'loop.index',
                 'messages', 'tools', 'is defined', 'raise_exception(', 'range(', '|tojson', '|trim', '|map(', '|join', '|items', '.split(', '.strip()', '[::-1]', 'not in', 'recursive', 'break', 'continue'],
}  # fmt: skip


def write_seeds(target, folder):
    os.makedirs(folder, exist_ok=True)
    for i, seed in enumerate(SEEDS[target]()):
        with open(os.path.join(folder, f'seed-{i:03d}'), 'wb') as file:
            file.write(seed)


def write_words(target, path):
    """libFuzzer's dictionary; False where the target has none."""
    if target not in WORDS:
        return False
    with open(path, 'w', encoding='utf-8') as file:
        for word in WORDS[target]:
            escaped = word.replace('\\', '\\\\').replace('"', '\\"')
            file.write(f'"{escaped}"\n')
    return True
