"""Malformed GGUF files for script/corpus: every class of defect that readers of the format were known for, and controls.

Two tiny models (experts with BPE tokens; soft caps and windows with SentencePiece) are made wrong in one thing at a time.
must_fail: no reader may take the file. may_load: odd, but a meaning can be seen; what matters is that it is bounded. must_load:
a control."""

import os
import random
import struct

from gguf_bytes import ARRAY, BOOL, F32, F64, I8, I16, I32, I64, TEXT, U8, U16, U32, U64, Tensor, number, read_gguf, text

MOST_32, MOST_64 = 2**32 - 1, 2**64 - 1
FAIL, MAY, LOAD = 'must_fail', 'may_load', 'must_load'
NAN, INFINITY = float('nan'), float('inf')


def lively_counts(real):
    """Counts that wrap when they are multiplied, and those next to the real one."""
    wraps = (2**63, MOST_64, MOST_64 // 88 + 1, MOST_64 // 368 + 1, MOST_64 // 4 + 1, MOST_64 // 8 + 1, 2**32, 2**31)
    return (0, real - 1, real + 1, *wraps)


# ---- where a file ends, and how it begins ----------------------------------------------------------------------------


def truncations(base):
    whole, head = base.bytes(), len(base.head())
    cuts = set(range(25)) | {24 + (head - 24) * i // 60 for i in range(60)} | {head - 1, head, head + 1}
    cuts |= {head + (len(whole) - head) * i // 12 for i in range(1, 12)} | {len(whole) - 1}
    for cut in sorted(cuts):
        yield f'cut-at-{cut}', FAIL, whole[:cut]
    yield 'zeros-behind', MAY, whole + bytes(4096)
    yield 'only-zeros', FAIL, bytes(4096)
    yield 'header-zeroed', FAIL, whole[:4] + bytes(len(whole) - 4)


def beginnings(base):
    for magic in (b'GGUX', b'gguf', b'FUGG', b'ggml', b'ggjt', b'\x7fELF', b'PK\x03\x04', b'\x80\x04\x95\x00'):
        wrong = base.copy()
        wrong.magic = magic
        yield f'magic-{magic.hex()}', FAIL, wrong.bytes()
    for version in (0, 1, 4, 255, 3 << 24, MOST_32):
        wrong = base.copy()
        wrong.version = version
        yield f'version-{version}', FAIL, wrong.bytes()
    for what in ('pair_count', 'tensor_count'):
        real = len(base.metadata if what == 'pair_count' else base.tensors)
        for count in lively_counts(real):
            wrong = base.copy()
            setattr(wrong, what, count)
            yield f'{what}-{count}', FAIL, wrong.bytes()


# ---- metadata as such ------------------------------------------------------------------------------------------------

LENGTHS = (2**63, MOST_64, MOST_64 - 7, 2**32, 2**31, 10**6)


def strings(base):
    for length in LENGTHS:
        for where in (0, 3, len(base.metadata) - 1):
            pairs = base.pairs()
            pairs[where] = number(U64, length) + pairs[where][8:]
            yield f'key-{where}-of-{length}-bytes', FAIL, with_pairs(base, pairs)
        pairs = base.pairs()
        at = [key for key, _, _ in base.metadata].index('general.name')
        pairs[at] = text('general.name') + number(U32, TEXT) + number(U64, length) + b'tiny'
        yield f'text-of-{length}-bytes', FAIL, with_pairs(base, pairs)
    for label, key in (('empty', ''), ('with-nul', 'general.\0name'), ('no-utf-8', b'\xff\xfe\x80'), ('long', 'k' * 70000)):
        wrong = base.copy()
        wrong.metadata.append([key, U32, 1])
        yield f'key-{label}', FAIL if label in ('empty', 'long') else MAY, wrong.bytes()
    for key in ('general.architecture', 'tokenizer.ggml.tokens'):
        wrong = base.copy()
        wrong.metadata.append(list(wrong.find(key)))
        yield f'twice-{key}', FAIL, wrong.bytes()
    for value in ('', 'nosuch', 'qwen3moe\0', 'QWEN3MOE', 'a' * 10**6, b'\xff\xfe', '../qwen3moe', '%s%n%s', '{}{0}'):
        wrong = base.copy().set('general.architecture', TEXT, value)
        yield f'architecture-{repr(value)[:12]}', FAIL, wrong.bytes()


def with_pairs(base, pairs):
    """A file with these bytes for pairs of metadata."""
    head = b'GGUF' + number(U32, 3) + number(U64, len(base.tensors)) + number(U64, len(pairs)) + b''.join(pairs)
    head += b''.join(tensor.entry() for tensor in base.tensors)
    whole = base.bytes()
    data = whole[-(-len(base.head()) // 32) * 32 :]
    return head + bytes(-len(head) % 32) + data


def value_types(base):
    for kind in (13, 14, 255, 2**31, MOST_32):
        wrong = base.copy()
        wrong.metadata.append(['odd.key', kind, bytes(8)])
        yield f'value-type-{kind}', FAIL, wrong.bytes()
        wrong.metadata[-1] = ['odd.key', ARRAY, number(U32, kind) + number(U64, 1) + bytes(8)]
        yield f'array-of-type-{kind}', FAIL, wrong.bytes()
    for element in (U8, U16, U32, U64, TEXT, ARRAY):
        for count in (2**63, MOST_64, MOST_64 // 8 + 1, 2**32, 2**24 + 1):
            wrong = base.copy()
            wrong.metadata.append(['odd.key', ARRAY, number(U32, element) + number(U64, count) + bytes(8)])
            yield f'array-{element}-of-{count}', FAIL, wrong.bytes()
    for depth in (1, 8, 1000, 20000):
        wrong = base.copy()
        inner = number(U32, U8) + number(U64, 1) + b'\1'
        for _ in range(depth):
            inner = number(U32, ARRAY) + number(U64, 1) + inner
        wrong.metadata.append(['odd.key', ARRAY, inner])
        yield f'arrays-nested-{depth}', MAY if depth < 1000 else FAIL, wrong.bytes()
    wrong = base.copy()
    wrong.metadata.append(['odd.key', BOOL, 2])
    yield 'bool-of-2', MAY, wrong.bytes()
    for key in ('tokenizer.ggml.tokens', 'tokenizer.ggml.token_type', 'tokenizer.ggml.merges', 'tokenizer.ggml.scores'):
        if not base.find(key):
            continue
        real, (_, items) = base.find(key)[2][0], base.value(key)
        for element in SAMPLES:
            if element != real and not (real == I32 and element in (I8, I16, I64, U8, U16, U32, U64)):
                wrong = base.copy().set(key, ARRAY, (element, [SAMPLES[element]] * len(items)))
                yield f'{key[15:]}-as-{element}', FAIL, wrong.bytes()
        for kind in (U32, TEXT, F32):
            yield f'{key[15:]}-is-no-array-{kind}', FAIL, base.copy().set(key, kind, SAMPLES[kind]).bytes()
        yield f'{key[15:]}-empty', MAY if key.endswith(('merges', 'type')) else FAIL, base.copy().set(key, ARRAY, (real, [])).bytes()
        if not key.endswith('merges'):
            yield f'{key[15:]}-too-few', FAIL, base.copy().set(key, ARRAY, (real, items[:-1])).bytes()
            yield f'{key[15:]}-too-many', FAIL, base.copy().set(key, ARRAY, (real, items + items[-1:])).bytes()


SAMPLES = {U8: 1, I8: 1, U16: 1, I16: 1, U32: 1, I32: 1, F32: 1.0, BOOL: 1, TEXT: 'a', U64: 1, I64: 1, F64: 1.0}

# ---- what the architecture reads -------------------------------------------------------------------------------------

COUNTS = (0, 513, 2**31 - 1, 2**31, MOST_32)
SIZES = ('block_count', 'embedding_length', 'attention.head_count', 'attention.head_count_kv', 'attention.key_length')
FEED = ('expert_count', 'expert_used_count', 'expert_feed_forward_length', 'feed_forward_length')


def hyper_parameters(base):
    arch = base.value('general.architecture').decode()
    for key in SIZES + FEED + ('attention.value_length', 'context_length', 'attention.sliding_window'):
        name = f'{arch}.{key}'
        if not base.find(name):
            continue
        # What no tensor's shape depends on may have a meaning; models with experts may lack a plain feed-forward block.
        loose = key in ('context_length', 'attention.sliding_window') or (key == 'feed_forward_length' and base.find(f'{arch}.expert_count'))
        for value in COUNTS:
            yield f'{key}-{value}', MAY if loose else FAIL, base.copy().set(name, U32, value).bytes()
        yield f'{key}-one-more', MAY if loose or key == 'expert_used_count' else FAIL, base.copy().set(name, U32, base.value(name) + 1).bytes()
        for kind, value in ((I32, -1), (I64, -(2**63)), (U64, MOST_64), (TEXT, '2'), (F32, NAN), (F32, 2.0), (ARRAY, (U32, [])), (ARRAY, (U32, [2] * 99))):
            yield f'{key}-as-{kind}-{str(value)[:8]}', MAY if loose else FAIL, base.copy().set(name, kind, value).bytes()
        if not loose and key not in FEED:
            yield f'{key}-missing', MAY if key != 'block_count' else FAIL, base.copy().drop(name).bytes()


def floats(base):
    arch = base.value('general.architecture').decode()
    for key in ('attention.layer_norm_rms_epsilon', 'rope.freq_base', 'attn_logit_softcapping', 'final_logit_softcapping'):
        name = f'{arch}.{key}'
        for value in (NAN, INFINITY, -INFINITY, -1.0, 0.0, 1e-45, 3e38):
            if base.find(name):
                wrong = value != value or abs(value) == INFINITY or value < 0
                yield f'{key}-{value}', FAIL if wrong else MAY, base.copy().set(name, F32, value).bytes()
        for kind in (TEXT, BOOL, U32):
            if base.find(name):
                yield f'{key}-as-{kind}', MAY if kind == U32 else FAIL, base.copy().set(name, kind, SAMPLES[kind]).bytes()
    for key, value in (('rope.scaling.type', 'nosuch'), ('rope.scaling.type', ''), ('rope.dimension_count', 0), ('rope.dimension_count', 7),
                       ('rope.dimension_count', 4096), ('rope.dimension_count', MOST_32)):
        kind = TEXT if isinstance(value, str) else U32
        yield f'{key}-{value}', MAY if value in (0, '') else FAIL, base.copy().set(f'{arch}.{key}', kind, value).bytes()
    for factor in (NAN, INFINITY, 0.0, -2.0):
        odd = base.copy().set(f'{arch}.rope.scaling.type', TEXT, 'linear').set(f'{arch}.rope.scaling.factor', F32, factor)
        yield f'rope-factor-{factor}', MAY if factor == 0 else FAIL, odd.bytes()


def alignments(base):
    for value in (0, 1, 3, 4, 33, 48, 2**20 + 1, 2**31, MOST_32):
        yield f'alignment-{value}', FAIL, base.copy().set('general.alignment', U32, value).bytes()
    for kind, value in ((I32, -32), (TEXT, '32'), (F32, 32.0), (U64, 2**63), (ARRAY, (U32, [32]))):
        yield f'alignment-as-{kind}', FAIL, base.copy().set('general.alignment', kind, value).bytes()
    wide = base.copy().set('general.alignment', U32, 64)
    wide.alignment = 64
    yield 'alignment-64', LOAD, wide.place().bytes()


# ---- tensors ---------------------------------------------------------------------------------------------------------


def missing_tensors(base):
    for tensor in base.tensors:
        wrong = base.copy()
        wrong.tensors = [t for t in wrong.tensors if t.name != tensor.name]
        yield f'without-{tensor.name}', FAIL, wrong.place().bytes()
    bare = base.copy()
    bare.tensors = []
    yield 'without-tensors', FAIL, bare.bytes()


def shapes(base):
    for name in ('token_embd.weight', 'blk.0.attn_q.weight', 'blk.0.attn_norm.weight', 'blk.1.attn_v.weight'):
        real = base.tensor(name).extents
        huge = [2**40, 2**42 + 1, 2**63, MOST_64, 0x7FFFFFFFFFFFFFC0, 0]
        wrong_ones = [[n, *real[1:]] for n in huge] + [[*real[:-1], n] for n in huge if len(real) > 1]
        wrong_ones += [[0x7FFFFFFFFFFFFFC0] * 2, [2**32, 2**32], [2**16] * 4, [], [*real, 1, 1, 1, 1], [*real, 2], real[::-1] if len(real) > 1 else [real[0], real[0]]]
        wrong_ones += [[real[0] + 1, *real[1:]], [real[0] - 1, *real[1:]], [1] * len(real)]
        for i, extents in enumerate(wrong_ones):
            if extents != real:
                wrong = base.copy()
                wrong.tensor(name).extents = extents
                yield f'{name}-shape-{i}', FAIL, wrong.bytes()
    for rank in (0, 5, 255, 2**31, MOST_32):
        wrong = base.copy()
        entry = wrong.tensors[1].entry
        wrong.tensors[1].entry = lambda entry=entry, rank=rank, name=wrong.tensors[1].name: patched(entry(), 8 + len(name), rank)
        yield f'rank-{rank}', FAIL, wrong.bytes()


def patched(entry, at, value):
    return entry[:at] + number(U32, value) + entry[at + 4 :]


def kinds(base):
    for kind in (4, 5, 9, 15, 16, 24, 25, 26, 27, 28, 31, 36, 40, 99, 2**31, MOST_32):
        wrong = base.copy()
        wrong.tensors[1].kind = kind
        yield f'tensor-type-{kind}', FAIL, wrong.bytes()
    for name in ('blk.0.attn_norm.weight', 'output_norm.weight'):
        for kind in (1, 8, 12, 26, 30):
            wrong = base.copy()
            wrong.tensor(name).kind = kind
            yield f'{name}-type-{kind}', MAY if kind in (1, 30) else FAIL, wrong.bytes()


def offsets(base):
    whole = len(base.bytes())
    last = base.tensors[-1]
    for label, offset in (('at-end', whole), ('near-end', whole - 32), ('odd', last.offset + 1), ('half', last.offset + 16), ('wraps', MOST_64 - 31),
                          ('huge', 2**63), ('over-another', base.tensors[0].offset), ('beyond', last.offset + 2**20)):
        raw = base.bytes()
        at = raw.index(last.entry()) + len(last.entry()) - 8
        yield f'offset-{label}', FAIL, raw[:at] + number(U64, offset) + raw[at + 8 :]
    for label, name in (('empty', ''), ('long', 'n' * 70000), ('twice', base.tensors[0].name), ('no-utf-8', b'\xff\xfe'), ('with-nul', 'a\0b')):
        wrong = base.copy()
        wrong.tensors[1].name = name
        yield f'tensor-name-{label}', FAIL, wrong.bytes()
    extra = base.copy()
    extra.tensors.append(Tensor('spare.weight', [32], 0, 0, bytes(128)))
    yield 'tensor-spare', MAY, extra.place().bytes()
    many = base.copy()
    many.tensors += [Tensor(f'spare.{i}', [1], 0, 0, bytes(4)) for i in range(5000)]
    yield 'tensors-5000-spare', MAY, many.place().bytes()


def weights(base):
    for label, value in (('nan', NAN), ('infinity', INFINITY), ('huge', 3e38), ('zero', 0.0)):
        for name in ('blk.0.attn_norm.weight', 'output_norm.weight'):
            odd = base.copy()
            odd.tensor(name).data = struct.pack('<f', value) * (len(odd.tensor(name).data) // 4)
            yield f'{name}-{label}', MAY, odd.bytes()
        odd = base.copy()
        half = {'nan': b'\0\x7e', 'infinity': b'\0\x7c', 'huge': b'\xff\x7b', 'zero': b'\0\0'}[label]
        odd.tensors[0].data = half * (len(odd.tensors[0].data) // 2)
        yield f'embedding-{label}', MAY, odd.bytes()


# ---- text ------------------------------------------------------------------------------------------------------------


def tokenizers(base):
    for key, values in (('model', ('', 'nosuch', 'gpt2\0', 'none')), ('pre', ('nosuch', 'qwen2\0'))):
        if key == 'pre' and base.value('tokenizer.ggml.model') != b'gpt2':
            continue
        for value in values:
            yield f'tokenizer-{key}-{value!r}', FAIL, base.copy().set(f'tokenizer.ggml.{key}', TEXT, value).bytes()
        for kind in (U32, ARRAY):
            yield f'tokenizer-{key}-as-{kind}', FAIL, base.copy().set(f'tokenizer.ggml.{key}', kind, SAMPLES.get(kind) or (U8, [1])).bytes()
    for key in ('model', 'tokens'):
        yield f'tokenizer-{key}-missing', FAIL, base.copy().drop(f'tokenizer.ggml.{key}').bytes()
    _, tokens = base.value('tokenizer.ggml.tokens')
    for label, at, token in (('empty', 20, b''), ('twice', 20, tokens[21]), ('of-1-mb', 20, b'x' * 10**6), ('no-utf-8', 20, b'\xff\xfe'), ('with-nul', 20, b'a\0b'),
                             ('byte-minus-1', 20, b'<0x-1>'), ('byte-zz', 20, b'<0xZZ>'), ('byte-100', 20, b'<0x100>'), ('byte-empty', 20, b'<0x>')):
        wrong = base.copy().set('tokenizer.ggml.tokens', ARRAY, (TEXT, [*tokens[:at], token, *tokens[at + 1 :]]))
        yield f'token-{label}', MAY, wrong.bytes()
    _, types = base.value('tokenizer.ggml.token_type')
    for value in (0, 7, 99, -1, 2**31 - 1, -(2**31)):
        yield f'token-type-{value}', MAY, base.copy().set('tokenizer.ggml.token_type', ARRAY, (I32, [*types[:20], value, *types[21:]])).bytes()
    yield 'token-type-all-bytes', MAY, base.copy().set('tokenizer.ggml.token_type', ARRAY, (I32, [6] * len(types))).bytes()
    yield 'token-type-all-control', MAY, base.copy().set('tokenizer.ggml.token_type', ARRAY, (I32, [3] * len(types))).bytes()
    for key in ('bos_token_id', 'eos_token_id'):
        for kind, value in ((U32, len(tokens)), (U32, MOST_32), (I32, -1), (I64, -(2**63)), (TEXT, 'x'), (F32, 1.5)):
            yield f'{key}-as-{kind}-{value}', FAIL if kind in (TEXT, F32) else MAY, base.copy().set(f'tokenizer.ggml.{key}', kind, value).bytes()
    for key in ('add_bos_token', 'add_space_prefix'):
        for kind in (TEXT, F32, ARRAY):
            yield f'{key}-as-{kind}', MAY, base.copy().set(f'tokenizer.ggml.{key}', kind, SAMPLES.get(kind) or (U8, [1])).bytes()
    yield from merges(base) if base.find('tokenizer.ggml.merges') else scores(base)


def merges(base):
    _, known = base.value('tokenizer.ggml.merges')
    for label, merge in (('empty', b''), ('without-space', b'abc'), ('of-spaces', b'   '), ('of-unknown', b'qqqq zzzz'), ('leading-space', b' a'), ('no-utf-8', b'\xff \xfe'),
                         ('of-1-mb', b'x' * 500000 + b' ' + b'y' * 500000), ('with-nul', b'a \0'), ('twice', known[1])):
        yield f'merge-{label}', MAY, base.copy().set('tokenizer.ggml.merges', ARRAY, (TEXT, [merge, *known[1:]])).bytes()
    yield 'merges-100000', MAY, base.copy().set('tokenizer.ggml.merges', ARRAY, (TEXT, known * (100000 // len(known) + 1))).bytes()
    yield 'merges-missing', FAIL, base.copy().drop('tokenizer.ggml.merges').bytes()


def scores(base):
    _, known = base.value('tokenizer.ggml.scores')
    for value in (NAN, INFINITY, -INFINITY, 3e38):
        yield f'score-{value}', MAY, base.copy().set('tokenizer.ggml.scores', ARRAY, (F32, [value] * len(known))).bytes()


TEMPLATES = {
    'class': '{{ messages.__class__.__mro__[1].__subclasses__() }}', 'include': '{% include "/etc/passwd" %}', 'import': '{% import "os" as os %}',
    'loop': '{% for i in range(1000000000) %}x{% endfor %}', 'multiply': "{{ 'a' * 4000000000 }}", 'parentheses': '{{ ' + '(' * 20000 + '1' + ')' * 20000 + ' }}',
    'ifs': '{% if 1 %}' * 20000, 'macro': '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', 'unclosed': '{{ messages', 'empty': '', 'raise': "{{ raise_exception('no') }}",
    'no-utf-8': b'{{ "\xff\xfe" }}', 'of-2-mb': 'x' * 2 * 10**6, 'lists': '{{ ' + '[' * 20000 + ']' * 20000 + ' }}', 'divide': '{{ 1 // 0 }}', 'power': '{{ 9 ** 9 ** 9 }}',
}  # fmt: skip


def templates(base):
    for label, template in TEMPLATES.items():
        yield f'template-{label}', MAY, base.copy().set('tokenizer.chat_template', TEXT, template).bytes()
    for kind in (U32, ARRAY):
        yield f'template-as-{kind}', MAY, base.copy().set('tokenizer.chat_template', kind, SAMPLES.get(kind) or (U8, [1])).bytes()


def splits(base):
    for key, kind, value in (('count', U16, 0), ('count', U16, 2), ('count', U16, 65535), ('count', TEXT, '2'), ('no', U16, 7), ('tensors.count', I32, -1)):
        odd = base.copy().set('split.count', U16, 2).set('split.no', U16, 0).set('split.tensors.count', I32, 99)
        yield f'split-{key}-{value}', MAY if value == 0 else FAIL, odd.set(f'split.{key}', kind, value).bytes()


def noise(base):
    chance = random.Random(20261130)
    whole, head = base.bytes(), len(base.head())
    for i in range(40):
        odd = bytearray(whole)
        for _ in range(1 + i % 4):
            odd[chance.randrange(head)] ^= 1 << chance.randrange(8)
        yield f'bits-{i}', MAY, bytes(odd)
    for i in range(10):
        yield f'noise-{i}', FAIL, b'GGUF' + number(U32, 3) + chance.randbytes(2000)
    for i in range(10):
        yield f'noise-behind-counts-{i}', FAIL, whole[:24] + chance.randbytes(head)


CLASSES = (truncations, beginnings, strings, value_types, hyper_parameters, floats, alignments, missing_tensors, shapes, kinds, offsets, weights,
           tokenizers, templates, splits, noise)  # fmt: skip
# The second model repeats only what differs with it.
SECOND = (hyper_parameters, floats, missing_tensors, value_types, tokenizers)


def gguf_files(data):
    """(id, expectation, bytes) of each; `data`: the folder with tiny models."""
    for name in sorted(os.listdir(data)):
        if name.startswith('tiny-') and name.endswith('.gguf'):
            with open(os.path.join(data, name), 'rb') as file:
                yield f'control-{name[5:-5]}', LOAD, file.read()
    for label, name, classes in (('', 'tiny-qwen3moe-f16.gguf', CLASSES), ('gemma2-', 'tiny-gemma2-f16.gguf', SECOND)):
        with open(os.path.join(data, name), 'rb') as file:
            base = read_gguf(file.read())
        for each in classes:
            for what, expect, content in each(base):
                yield label + what, expect, content
