"""Small valid inputs of the fuzz targets, and words that they are made of."""

import json
import os

from accept_tools import TREE
from corpus_gguf import TEMPLATES
from corpus_onnx import onnx_files
from fuzz_template_seeds import language_seeds
from gguf_bytes import ARRAY, BOOL, F32, F64, I8, I16, I32, I64, TEXT, U8, U16, U32, U64, Gguf, Tensor

DATA = os.path.join(TREE, 'tests', 'golden', 'data')
FOLDER = os.path.join(TREE, 'tests', 'fuzz', 'folder')


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
    yield from malformed_ggufs()


def malformed_ggufs():
    """What readers refuse, each for a reason of its own."""
    values = vocabulary('llama')
    for kind, value in ((I8, -1), (I16, -2), (I32, -3), (I64, -4), (F32, 1.5), (F64, -2.5), (ARRAY, (F32, [1, 2])), (ARRAY, (U32, [3])), (ARRAY, (U8, [4])), (ARRAY, (ARRAY, [(U8, [1])]))):
        values.set(f'odd.{kind}', kind, value)
        yield values.bytes()
    for changes in ({'version': 1}, {'version': 3 << 24}, {'magic': b'GGML'}, {'pair_count': 2**32}, {'tensor_count': 2**32}):
        wrong = Gguf()
        vars(wrong).update(changes)
        yield wrong.bytes()
    for key, kind, value in (('general.alignment', U32, 24), ('general.alignment', I32, -8), ('general.alignment', TEXT, '32'), ('tokenizer.ggml.bos_token_id', U32, 99), ('tokenizer.ggml.add_bos_token', U8, 1), ('tokenizer.ggml.add_bos_token', BOOL, 2),
                             ('tokenizer.ggml.token_type', ARRAY, (F32, [1])), ('tokenizer.ggml.scores', ARRAY, (F64, [1])), ('tokenizer.ggml.tokens', TEXT, 'a'), ('tokenizer.ggml.model', U32, 1), ('', U8, 1)):  # fmt: skip
        yield vocabulary('llama').set(key, kind, value).bytes()
    whole = Tensor('a', [32], 8, 0, bytes(34))
    for second in (Tensor('b', [4], 31, 64, bytes(16)), Tensor('b', [4], 99, 64, bytes(16)), Tensor('b', [0], 0, 64, b''), Tensor('b', [2**41], 0, 64, b''), Tensor('b', [4], 0, 2**40, bytes(16)), Tensor('b', [4], 0, 32, bytes(16)),
                   Tensor('b', [4], 0, 65, bytes(16)), Tensor('b', [33], 8, 64, bytes(34)), Tensor('a', [4], 0, 64, bytes(16)), Tensor('', [4], 0, 64, bytes(16)), Tensor('b', [], 0, 64, b''), Tensor('b', [2**40, 2**40, 2**40, 2**40], 0, 64, b'')):  # fmt: skip
        wrong = Gguf()
        wrong.tensors = [whole, second]
        yield wrong.bytes()


def safetensors_seeds():
    plain = {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}
    wrong = [{'shape': [-1]}, {'shape': [0]}, {'shape': [2**41]}, {'shape': [2**40, 2**40]}, {'shape': [1] * 9}, {'shape': 2}, {'shape': [3]}, {'dtype': 'I64'}, {'dtype': 7}, {'data_offsets': [8, 0]}, {'data_offsets': [0, 99]}, {'data_offsets': [0]}, {'data_offsets': [0.5, 8]}, {'data_offsets': None}]
    headers = [({'a': plain | change}, 8) for change in wrong] + [({'a': plain, 'b': plain | {'data_offsets': [begin, begin + 8]}}, 24) for begin in (4, 8, 12, 16)] + [({name: plain}, 8) for name in ('', 'n' * 300)] + [([], 0), ({'a': plain, 'b': plain | {'dtype': 'F8_E4M3', 'data_offsets': [8, 16]}, 'c': plain | {'dtype': 'U8', 'data_offsets': [16, 24]}}, 24)]
    yield (2**40).to_bytes(8, 'little') + b'{}'
    twice = json.dumps({'a': plain, 'A': plain}).replace('"A"', '"a"').encode()
    yield len(twice).to_bytes(8, 'little') + twice + bytes(8)
    for header, size in (*headers, ({'a': {'dtype': 'F32', 'shape': [2, 2], 'data_offsets': [0, 16]}}, 16),
                         ({'__metadata__': {'format': 'pt'}, 'a.b': {'dtype': 'F16', 'shape': [3], 'data_offsets': [0, 6]}, 'c': {'dtype': 'BF16', 'shape': [], 'data_offsets': [6, 8]}}, 8), ({}, 0)):  # fmt: skip
        text = json.dumps(header).encode()
        yield len(text).to_bytes(8, 'little') + text + bytes(size)


def json_seeds():
    yield b'{"a": [1, -2.5e3, true, false, null, "x\\n\\u00e9\\ud83d\\ude00"], "b": {"c": {}}, "d": []}'
    yield from (b'""', b'0', b'-0.1E+9', b'[[[]]]', b' {"k" : "v"} ')
    files = [{'name': 'a.gguf', 'bytes': 96, 'rest_crc32c': 'e3069283', 'sha256': '0' * 64}]
    tensors = [{'name': 'x', 'file': 0, 'offset': 32, 'bytes': 64, 'crc32c': '8a9136aa'}]
    yield json.dumps({'premise_manifest': 1, 'files': files, 'tensors': tensors}).encode()
    for name in ('config.json', 'tokenizer_config.json', 'model.safetensors.index.json'):
        yield read('folders', 'tiny-qwen3-f16', name)


def changed(name, **keys):
    """A file of tests/fuzz/folder with other keys; None takes one out."""
    with open(os.path.join(FOLDER, name), encoding='utf-8') as file:
        whole = {**json.load(file), **keys}
    return json.dumps({key: value for key, value in whole.items() if value is not None}, ensure_ascii=False).encode()


def config_seeds():
    """Families and kinds of RoPE."""
    gelu = {'hidden_act': 'gelu_pytorch_tanh', 'hidden_activation': 'gelu_pytorch_tanh', 'sliding_window': 16, 'query_pre_attn_scalar': 4}
    yield from (gelu | {'model_type': 'gemma'}, gelu | {'model_type': 'gemma2', 'attn_logit_softcapping': 50.0, 'final_logit_softcapping': None})
    yield gelu | {'model_type': 'gemma3_text', 'layer_types': ['full_attention'], 'rope_local_base_freq': 1e4, 'rope_parameters': {'full_attention': {'rope_type': 'linear', 'factor': 8}, 'sliding_attention': {'rope_theta': 1e4}}}
    yield gelu | {'model_type': 'gemma3_text', 'num_hidden_layers': 2, 'layer_types': ['sliding_attention', 'full_attention'], 'attn_logit_softcapping': 1.0}
    for kind in ('llama', 'mistral', 'mixtral', 'phi3', 'qwen2', 'qwen2_moe', 'qwen3_moe'):
        yield {'model_type': kind, 'sliding_window': 16, 'num_experts': 2, 'num_local_experts': 2, 'num_experts_per_tok': 1, 'moe_intermediate_size': 8, 'norm_topk_prob': kind == 'qwen3_moe', 'decoder_sparse_step': 1, 'mlp_only_layers': []}
    for rope in ({'rope_type': 'llama3', 'factor': 8, 'low_freq_factor': 1, 'high_freq_factor': 4, 'original_max_position_embeddings': 32}, {'type': 'linear', 'factor': 2.0},
                 {'rope_type': 'yarn', 'factor': 4, 'original_max_position_embeddings': 16, 'beta_fast': 32, 'beta_slow': 1, 'mscale': 1.0, 'mscale_all_dim': 0.5, 'truncate': True},
                 {'type': 'longrope', 'long_factor': [1, 2.5], 'short_factor': [1, 1.5], 'original_max_position_embeddings': 32}, {'rope_type': 'dynamic'}, {'type': 'default'}):  # fmt: skip
        yield {'rope_scaling': rope}
        yield {'rope_parameters': rope | {'rope_theta': 5e5}, 'head_dim': None, 'partial_rotary_factor': 1.0}
    yield from ({'quantization_config': {}}, {'use_sliding_window': True}, {'hidden_act': 'relu'}, {'tie_word_embeddings': False}, {'mlp_only_layers': [0]}, {'decoder_sparse_step': 2}, {'head_dim': 1}, {'model_type': 'none'}, {'model_type': None},
                {'model_type': 'llama', 'num_hidden_layers': None}, {'model_type': 'gemma2', 'layer_types': ['full_attention', 'x']}, {'model_type': 'qwen3_moe', 'norm_topk_prob': False}, {'use_bidirectional_attention': True} | gelu | {'model_type': 'gemma3_text'})  # fmt: skip


def tokenizer_seeds():
    """Ways to cut words, and characters with bytes behind them."""
    def split(regex, **more):
        return {'type': 'Split', 'pattern': {'Regex': regex}, 'behavior': 'Isolated'} | more

    quick = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    last = {'type': 'ByteLevel', 'add_prefix_space': False, 'use_regex': False}
    for steps in ([split(quick), last], [split(quick, behavior='Removed', invert=True), last], [{'type': 'Digits', 'individual_digits': True}, {'type': 'ByteLevel', 'add_prefix_space': False}], [{'type': 'ByteLevel'}], [split('x'), last]):
        yield {'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': steps}}
    vocabulary = {'<s>': 0} | {f'<0x{i:02X}>': 1 + i for i in range(100)} | {'\u2581': 101, 'a': 102, '\u2581a': 103}
    characters = {'type': 'BPE', 'byte_fallback': True, 'unk_token': '<s>', 'vocab': vocabulary, 'merges': ['\u2581 a']}
    replace = {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '\u2581'}
    plain = {'model': characters, 'added_tokens': [{'id': 0, 'content': '<s>', 'special': True}, {'id': 104, 'content': '<image>'}], 'post_processor': None}
    yield plain | {'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'Prepend', 'prepend': '\u2581'}, replace]}, 'pre_tokenizer': None}
    yield plain | {'normalizer': replace, 'pre_tokenizer': {'type': 'Split', 'pattern': {'String': ' '}, 'behavior': 'MergedWithPrevious'}}
    for scheme in ('first', 'always', 'never', 'last'):
        yield plain | {'normalizer': None, 'pre_tokenizer': {'type': 'Metaspace', 'replacement': '\u2581', 'prepend_scheme': scheme, 'split': False}}
    yield from ({'model': {'type': 'Unigram'}}, {'normalizer': {'type': 'Lowercase'}}, {'model': {'type': 'BPE', 'end_of_word_suffix': '</w>'}}, {'pre_tokenizer': None})


def folder_seeds():
    names = ('config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'model.safetensors.index.json')
    for i, name in enumerate(names):
        yield bytes([i]) + changed(name)
    yield from (bytes([0]) + changed('config.json', **keys) for keys in config_seeds())
    yield from (bytes([1]) + changed('tokenizer.json', **keys) for keys in tokenizer_seeds())
    yield from (bytes([2]) + changed('tokenizer_config.json', **keys) for keys in ({'eos_token': '</s>', 'chat_template': '{{ x }}'}, {'eos_token': 'absent'}, {'bos_token': None}))
    yield from (bytes([3]) + b'{"eos_token_id": ' + ids + b'}' for ids in (b'101', b'[1, 2, 3, 4]', b'[-1]'))
    places = json.loads(changed(names[4]))['weight_map']
    for name, file in (('model.norm.weight', 'a.safetensors'), ('model.norm.weight', 'c.safetensors'), ('model.norm.weight', '../x'), ('absent', 'a.safetensors')):
        yield bytes([4]) + json.dumps({'weight_map': places | {name: file}}).encode()
    yield bytes([5]) + b'{{ messages }}'


def onnx_seeds():
    """Models of script/corpus that are small, the valid ones and some of each fault."""
    for i, (_, expect, content) in enumerate(onnx_files()):
        content = content['model.onnx'] if isinstance(content, dict) else content
        if len(content) <= 1500 and (expect != 'must_fail' or i % 5 == 0):
            yield content


def template_seeds():
    for line in read('templates.jsonl').splitlines()[1:]:
        yield json.loads(line)['template'].encode()
    for template in TEMPLATES.values():
        content = template if isinstance(template, bytes) else template.encode()
        if len(content) < 1000:
            yield content
    yield from language_seeds()


TEXTS = ('Hello world', 'Grüße, 世界 👋🏽', '<bos><|im_start|>user\n', '  \t\r\n\n 123 4567890', "don't WON'T he'll", '\u0300\u200d\ufffd', 'iPhone HTTPServer ÉCOLE école ǅ', 'ab\n\n\nab  ', '한국어 ไทย हिन्दी ١٢٣4½ a/b|c`d', '… 。，、।۔،«»—_$+<=>^~')


def text_seeds():
    for family in range(100):  # the first byte tells the tokenizer: more than there are
        for i, text in enumerate(TEXTS):
            yield bytes([family, (0, 3, 31, 11)[(family + i) % 4]]) + text.encode()
    yield b'\0\3\xff\xfe\xc3\x28\xe2\x82'


def calls_seeds():
    for start in range(0, 64, 7):
        yield bytes([0, 1, 1, 1, 1, 0, 1, 1, 1, 5, 1, 1, 2]) + bytes((start * 37 + i * 11) % 256 for i in range(120))


SEEDS = {'calls': calls_seeds, 'folder': folder_seeds, 'gguf': gguf_seeds, 'json': json_seeds, 'onnx': onnx_seeds, 'safetensors': safetensors_seeds, 'template': template_seeds, 'text': text_seeds}  # fmt: skip
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
