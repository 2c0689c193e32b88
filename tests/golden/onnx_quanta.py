"""QDQ networks in pieces. A rounding that falls the other way moves what comes behind it, through fifty layers by several quanta, in
ONNX Runtime with and without its optimizations too. So each quantized tensor is made of quantized tensors that are given. Both pass
through DequantizeLinear and QuantizeLinear in a piece as in the network, so that what is fused there is fused here."""

import numpy
import onnx
from onnx import helper, numpy_helper


def quantizers(model):
    """The nodes that quantize what is computed."""
    held = {tensor.name for tensor in model.graph.initializer}
    return [node for node in model.graph.node if node.op_type == 'QuantizeLinear' and node.input[0] not in held]


def telling(model):
    """The model with every quantized tensor as an output, too."""
    told = onnx.ModelProto.FromString(model.SerializeToString())
    known = {one.name for one in told.graph.output}
    told.graph.output.extend(helper.make_empty_tensor_value_info(node.output[0]) for node in quantizers(model) if node.output[0] not in known)
    return told


def codes_of(model, node, values):
    """What a quantizer made, of the values that its codes stand for."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    zero = int(held[node.input[2]]) if len(node.input) > 2 else 0
    return numpy.rint(values.astype(numpy.float64) / float(held[node.input[1]])).astype(int) + zero


def piece(model, some, values):
    """A model of what computes the outputs of some quantizers, dequantized, by the names NAME.made; other quantized tensors are its
    inputs, by the names NAME.given."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    held = {tensor.name: tensor for tensor in graph.initializer}
    given = {node.output[0] for node in quantizers(model)} | {one.name for one in graph.input if one.name not in held}
    wanted, inputs, weights = set(), set(), set()
    waiting = [name for node in some for name in node.input]
    while waiting:
        name = waiting.pop()
        if name in given:
            inputs.add(name)
        elif name in held:
            weights.add(name)
        elif name and makers[name].output[0] not in wanted:
            wanted.add(makers[name].output[0])
            waiting += makers[name].input
    first, last = [], []
    of = {node.output[0]: node for node in quantizers(model)}
    for name in sorted(inputs & set(of)):
        scales = list(of[name].input[1:])
        first += [helper.make_node('DequantizeLinear', [name + '.given', *scales], [name + '.stands']), helper.make_node('QuantizeLinear', [name + '.stands', *scales], [name])]
        weights.update(scales)
    for node in some:
        made = helper.make_node('QuantizeLinear', list(node.input), [node.output[0] + '.codes'], name=node.name)
        made.attribute.extend(node.attribute)
        last += [made, helper.make_node('DequantizeLinear', [node.output[0] + '.codes', *node.input[1:]], [node.output[0] + '.made'])]
    types = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in values.items()}
    ins = [helper.make_tensor_value_info(name + '.given' * (name in of), types[name], values[name].shape) for name in sorted(inputs)]
    outs = [helper.make_tensor_value_info(node.output[0] + '.made', onnx.TensorProto.FLOAT, values[node.output[0]].shape) for node in some]
    nodes = [node for node in graph.node if node.output[0] in wanted]
    made = helper.make_graph(first + nodes + last, 'piece', ins, outs, [held[name] for name in sorted(weights)])
    return helper.make_model(made, opset_imports=list(model.opset_import), ir_version=model.ir_version)
