"""Malformed safetensors files and folders for script/corpus, as corpus_gguf.py makes GGUF files. A folder is {name: bytes}."""

import copy
import json
import os
import random
import struct

FAIL, MAY, LOAD = 'must_fail', 'may_load', 'must_load'
MOST_64 = 2**64 - 1
WEIGHTS, CONFIG, TOKENIZER, INDEX = 'model.safetensors', 'config.json', 'tokenizer.json', 'model.safetensors.index.json'


def as_json(value):
    return json.dumps(value, ensure_ascii=False).encode()


def split(weights):
    """(header without '__metadata__', tensors' bytes) of a safetensors file."""
    (length,) = struct.unpack_from('<Q', weights)
    header = json.loads(weights[8 : 8 + length])
    header.pop('__metadata__', None)
    return header, weights[8 + length :]


def joined(header, data, length=None):
    text = header if isinstance(header, bytes) else as_json(header)
    return struct.pack('<Q', len(text) if length is None else length) + text + data


def with_file(folder, name, content):
    changed = dict(folder)
    if content is None:
        changed.pop(name, None)
    else:
        changed[name] = content
    return changed


# ---- the safetensors file --------------------------------------------------------------------------------------------


def truncations(weights):
    (length,) = struct.unpack_from('<Q', weights)
    cuts = set(range(10)) | {8 + length * i // 12 for i in range(1, 13)} | {len(weights) * i // 8 for i in range(1, 8)} | {len(weights) - 1}
    for cut in sorted(cuts):
        yield f'cut-at-{cut}', FAIL, weights[:cut]
    yield 'bytes-behind', FAIL, weights + b'PK\x03\x04' + bytes(60)
    yield 'zeros', FAIL, bytes(4096)
    yield 'pickle', FAIL, b'\x80\x04\x95' + bytes(200)
    yield 'html', FAIL, b'<!DOCTYPE html><html><body>Not found</body></html>'


def lengths(weights):
    header, data = split(weights)
    real = len(as_json(header))
    for length in (0, 1, real - 1, real + 1, len(weights), 2**31, 2**32, 2**63, MOST_64, MOST_64 - 7, MOST_64 - 8, 100 * 2**20 + 1):
        yield f'length-{length}', FAIL, joined(header, data, length)


def headers(weights):
    header, data = split(weights)
    text = as_json(header)
    first = next(iter(header))
    entry = as_json({first: header[first]})[1:-1]
    for label, wrong in (
        ('list', b'[]'), ('empty', b''), ('null', b'null'), ('text', b'"a"'), ('bracket-million', b'[' * 10**6), ('brace-million', b'{"a":' * 10**6),
        ('nul', text.replace(b'"dtype"', b'"dty\0e"', 1)), ('no-utf-8', text.replace(first.encode(), b'\xff\xfe', 1)), ('twice', text[:-1] + b',' + entry + b'}'),
        ('comma', text[:-1] + b',}'), ('comment', b'{/**/' + text[1:]), ('behind', text + b'{}'), ('single-quotes', text.replace(b'"', b"'")), ('surrogate', text.replace(b'"dtype"', b'"\\ud800"', 1)),
    ):  # fmt: skip
        yield f'header-{label}', FAIL, joined(wrong, data)
    yield 'header-spaces-behind', LOAD, joined(text + b' ' * 64, data)
    yield 'header-metadata', LOAD, joined({'__metadata__': {'format': 'pt'}, **header}, data)
    yield 'header-metadata-number', MAY, joined({'__metadata__': 3, **header}, data)
    yield 'header-100000-spare', FAIL, joined({**header, **{f'spare.{i}': {'dtype': 'F32', 'shape': [0], 'data_offsets': [0, 0]} for i in range(100000)}}, data)
    for key in ('dtype', 'shape', 'data_offsets'):
        for label, value in (('missing', None), ('null', None), ('number', 3), ('text', 'x'), ('list', []), ('object', {}), ('true', True)):
            wrong = copy.deepcopy(header)
            wrong[first][key] = value
            if label == 'missing':
                del wrong[first][key]
            yield f'{key}-{label}', FAIL, joined(wrong, data)
    for dtype in ('F64', 'I8', 'U8', 'I64', 'BOOL', 'F8_E4M3', 'f16', 'F16 ', '', 'Q4_K', 'F' * 10**5):
        wrong = copy.deepcopy(header)
        wrong[first]['dtype'] = dtype
        yield f'dtype-{dtype[:10]}', FAIL, joined(wrong, data)


def places(weights):
    header, data = split(weights)
    first, second = list(header)[:2]
    real, shape = header[first]['data_offsets'], header[first]['shape']
    begin, end = real
    for label, offsets in (
        ('swapped', [end, begin]), ('negative', [-1, end]), ('beyond', [begin, len(data) + 1]), ('wrap', [begin, MOST_64]), ('wrap-begin', [MOST_64 - 1, end]), ('huge', [2**63, 2**63 + 4]),
        ('three', [begin, end, end]), ('one', [end]), ('fraction', [0.5, end]), ('exponent', [0, 1e300]), ('texts', ['0', str(end)]), ('overlap', header[second]['data_offsets']),
        ('short', [begin, end - 2]), ('nulls', [None, None]), ('hole', [begin + 2, end + 2]),
    ):  # fmt: skip
        wrong = copy.deepcopy(header)
        wrong[first]['data_offsets'] = offsets
        yield f'offsets-{label}', FAIL, joined(wrong, data)
    for label, extents in (
        ('empty', []), ('zero', [0, *shape[1:]]), ('negative', [-shape[0], *shape[1:]]), ('huge', [2**63, 2]), ('wraps', [2**32, 2**32]), ('wraps-to-it', [2**62, 4, *shape]),
        ('flat', [shape[0] * (shape[1] if len(shape) > 1 else 1) + 1]), ('long', [1] * 100000), ('texts', [str(n) for n in shape]), ('fractions', [n + 0.5 for n in shape]), ('nested', [shape]),
        ('turned', [shape[0] * 2, *[n // 2 for n in shape[1:]]]),
    ):  # fmt: skip
        wrong = copy.deepcopy(header)
        wrong[first]['shape'] = extents
        yield f'shape-{label}', FAIL, joined(wrong, data)
    yield 'hole-at-front', FAIL, joined({k: {**v, 'data_offsets': [n + 64 for n in v['data_offsets']]} for k, v in header.items()}, bytes(64) + data)
    for label, name in (('empty', ''), ('long', 'n' * 70000), ('strange', '../../etc/passwd'), ('deep', 'a.' * 10000)):
        yield f'name-{label}', FAIL, joined({**header, name: header[first]} | {first: header[second]}, data)


def missing(weights):
    header, data = split(weights)
    for name in header:
        begin, end = header[name]['data_offsets']
        rest = {k: copy.deepcopy(v) for k, v in header.items() if k != name}
        for entry in rest.values():
            if entry['data_offsets'][0] >= end:
                entry['data_offsets'] = [n - (end - begin) for n in entry['data_offsets']]
        yield f'without-{name}', FAIL, joined(rest, data[:begin] + data[end:])


def noise(weights):
    chance = random.Random(20261130)
    (length,) = struct.unpack_from('<Q', weights)
    for i in range(30):
        odd = bytearray(weights)
        for _ in range(1 + i % 4):
            odd[chance.randrange(8 + length)] ^= 1 << chance.randrange(8)
        yield f'bits-{i}', MAY, bytes(odd)


# ---- what stands beside it -------------------------------------------------------------------------------------------

SIZES = ('hidden_size', 'num_hidden_layers', 'num_attention_heads', 'num_key_value_heads', 'head_dim', 'intermediate_size')


def configs(folder):
    config = json.loads(folder[CONFIG])
    for key in SIZES:
        for value in (0, -1, 513, 2**31, 2**63, 1.5, '4', None, True, [4], config[key] + 1):
            if value is None:
                continue
            # Layers with experts have no plain feed-forward block.
            loose = key == 'intermediate_size' and isinstance(value, int) and value > 0
            yield f'{key}-{value}', MAY if loose else FAIL, with_file(folder, CONFIG, as_json({**config, key: value}))
    for key, value in (('model_type', ''), ('model_type', 'nosuch'), ('model_type', 3), ('model_type', None), ('rms_norm_eps', -1), ('rms_norm_eps', 'x'), ('rms_norm_eps', None),
                       ('rope_theta', 'x'), ('rope_theta', -5), ('hidden_act', 'nosuch'), ('hidden_act', 3), ('rope_scaling', {'type': 'nosuch', 'factor': 2}),
                       ('rope_scaling', {'rope_type': 'yarn', 'factor': 'x'}), ('rope_scaling', [1]), ('max_position_embeddings', -1), ('max_position_embeddings', 'x')):  # fmt: skip
        wrong = {**config, key: value}
        if value is None:
            del wrong[key]
        yield f'{key}-{str(value)[:24]}', MAY if value is None and key != 'model_type' else FAIL, with_file(folder, CONFIG, as_json(wrong))
    yield from broken_json(folder, CONFIG)


def broken_json(folder, name):
    text = folder[name]
    for label, wrong, expect in (
        ('missing', None, FAIL), ('empty', b'', FAIL), ('list', b'[]', FAIL), ('half', text[: len(text) // 2], FAIL), ('behind', text + b'x', FAIL), ('bom', b'\xef\xbb\xbf' + text, MAY),
        ('utf-16', text.decode().encode('utf-16'), FAIL), ('nested', b'{"a":' + b'[' * 10**5, FAIL), ('nan', b'{"a": NaN,' + text.lstrip()[1:], FAIL), ('zeros', bytes(100), FAIL),
        ('numbers', b'{"a": 1' + b'0' * 10**5 + b',' + text.lstrip()[1:], MAY), ('key-twice', b'{"model_type": "x", "model": 1,' + text.lstrip()[1:], MAY),  # the last one holds, as in Python
    ):  # fmt: skip
        yield f'{name}-{label}', expect, with_file(folder, name, wrong)


def tokenizers(folder):
    real = json.loads(folder[TOKENIZER])  # added tokens may lie beyond the model's embedding: some models have such

    def changed(edit):
        copied = copy.deepcopy(real)
        edit(copied)
        return with_file(folder, TOKENIZER, as_json(copied))

    def setter(*keys_and_value):
        *keys, last, value = keys_and_value

        def edit(tree):
            for key in keys:
                tree = tree[key]
            tree[last] = value

        return edit

    for label, expect, edit in (
        ('no-model', FAIL, lambda t: t.pop('model')), ('type', FAIL, setter('model', 'type', 'Unigram')), ('vocab-list', FAIL, setter('model', 'vocab', [])), ('vocab-empty', FAIL, setter('model', 'vocab', {})),
        ('id-negative', FAIL, setter('model', 'vocab', '!', -1)), ('id-huge', FAIL, setter('model', 'vocab', '!', 2**40)), ('id-twice', FAIL, setter('model', 'vocab', '!', 5)),
        ('id-text', FAIL, setter('model', 'vocab', '!', '0')), ('id-beyond', FAIL, setter('model', 'vocab', '!', 5000)), ('merges-text', FAIL, setter('model', 'merges', 'a b')), ('merge-number', FAIL, setter('model', 'merges', 0, 3)),
        ('merge-one', FAIL, setter('model', 'merges', 0, ['a'])), ('merge-three', FAIL, setter('model', 'merges', 0, ['a', 'b', 'c'])), ('merge-unknown', MAY, setter('model', 'merges', 0, ['qqqq', 'zzzz'])),
        ('pattern-unknown', FAIL, setter('pre_tokenizer', {'type': 'Split', 'pattern': {'Regex': '(a+)+$'}, 'behavior': 'Isolated', 'invert': False})),
        ('pre-tokenizer-unknown', FAIL, setter('pre_tokenizer', {'type': 'Metaspace2'})), ('normalizer-unknown', FAIL, setter('normalizer', {'type': 'Lowercase'})),
        ('added-id-huge', MAY, setter('added_tokens', 0, 'id', 2**40)), ('added-id-negative', FAIL, setter('added_tokens', 0, 'id', -1)), ('added-empty', MAY, setter('added_tokens', 0, 'content', '')),
        ('added-number', FAIL, setter('added_tokens', 0, 3)), ('added-no-list', FAIL, setter('added_tokens', 'x')), ('token-of-1-mb', FAIL, setter('model', 'vocab', 'x' * 10**6, 0)),
    ):  # fmt: skip
        yield f'tokenizer-{label}', expect, changed(edit)
    yield from broken_json(folder, TOKENIZER)


def shards(folder):
    index = json.loads(folder[INDEX])
    names = sorted({*index['weight_map'].values()})
    first = next(iter(index['weight_map']))

    def mapped(changes):
        return with_file(folder, INDEX, as_json({**index, 'weight_map': {**index['weight_map'], **changes}}))

    for label, where in (('parent', '../' + names[0]), ('absolute', '/etc/passwd'), ('nul', names[0] + '\0'), ('empty', ''), ('gone', 'gone.safetensors'), ('dot', '.'), ('folder', 'a/b'),
                         ('backslash', '..\\' + names[0]), ('device', '/dev/zero'), ('other', names[1]), ('number', 3), ('null', None)):  # fmt: skip
        yield f'shard-{label}', FAIL, mapped({first: where})
    yield 'shard-unknown-tensor', FAIL, mapped({'nosuch.weight': names[0]})
    for name in names:
        yield f'shard-missing-{name[6:11]}', FAIL, with_file(folder, name, None)
        yield f'shard-cut-{name[6:11]}', FAIL, with_file(folder, name, folder[name][:-7])
    yield 'shard-same-twice', FAIL, with_file(folder, names[1], folder[names[0]])
    for value in ({}, [], None, 3):
        yield f'weight-map-{value}', FAIL, with_file(folder, INDEX, as_json({**index, 'weight_map': value}))
    yield from broken_json(folder, INDEX)


def folder_files(data):
    """(id, expectation, {name: bytes}) of each; `data`: folders of tiny models."""
    known = {}
    for name in sorted(os.listdir(data)):
        known[name] = {}
        for part in sorted(os.listdir(os.path.join(data, name))):
            with open(os.path.join(data, name, part), 'rb') as file:
                known[name][part] = file.read()
        yield f'control-{name}', LOAD, known[name]
    base = known['tiny-qwen3moe-f16']
    for each in (truncations, lengths, headers, places, missing, noise):
        for what, expect, content in each(base[WEIGHTS]):
            yield what, expect, with_file(base, WEIGHTS, content)
    yield 'only-pickle', FAIL, {CONFIG: base[CONFIG], TOKENIZER: base[TOKENIZER], 'pytorch_model.bin': b'\x80\x02}q\0.'}
    yield 'only-config', FAIL, {CONFIG: base[CONFIG]}
    yield 'no-config', FAIL, with_file(base, CONFIG, None)
    yield 'no-weights', FAIL, with_file(base, WEIGHTS, None)
    for each, name in ((configs, 'tiny-qwen3moe-f16'), (tokenizers, 'tiny-qwen3moe-f16'), (shards, 'tiny-qwen3-f16')):
        for what, expect, content in each(known[name]):
            yield what, expect, content
    for label, template in (('nested', b'{{ ' + b'(' * 20000), ('no-utf-8', b'\xff\xfe'), ('of-2-mb', b'x' * 2 * 10**6), ('loop', b'{% for i in range(10**9) %}x{% endfor %}')):
        yield f'template-{label}', MAY, with_file(base, 'chat_template.jinja', template)
