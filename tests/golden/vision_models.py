"""vision_models.py PACKAGE FOLDER: networks for images, FOLDER/NAME.onnx. PACKAGE is not used: the graphs are the `light_*` files of the
onnx package, which hold no weights. They get He-normal ones of a fixed seed, and the batch-norm statistics of one pass over real
images (vision_images.py), so that values stay in the range of a trained network's. resnet50-int8 is resnet50 as onnxruntime's static
quantization over the same images makes it, up to the logits: QDQ, weights int8 by channel, activations uint8."""

import os
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import vision_images
from onnx import helper, numpy_helper
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

NAMES = ('resnet50', 'densenet121', 'vgg19', 'shufflenet', 'squeezenet', 'inception_v1', 'inception_v2')
ROLES = {('Conv', 1): 'weight', ('Gemm', 1): 'weight', ('Conv', 2): 'bias', ('Gemm', 2): 'bias', ('Mul', 1): 'scale', ('Add', 1): 'bias'}
ROLES |= {('BatchNormalization', i): role for i, role in enumerate(('scale', 'bias', 'mean', 'variance'), 1)}


def constants(graph):
    """{name: shape} of what the file leaves open: initializers of floats, and constants that only have a shape."""
    held = {tensor.name: tensor for tensor in graph.initializer}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    shapes |= {node.output[0]: tuple(numpy_helper.to_array(held[node.input[0]])) for node in graph.node if node.op_type == 'ConstantOfShape'}
    return shapes


def role_of(graph, name, shape):
    """(what a constant is to the node that computes with it, the shape that it has there); None where none does."""
    held = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for i, used in enumerate(node.input):
            if used == name and node.op_type in ('Unsqueeze', 'Reshape'):
                return role_of(graph, node.output[0], tuple(numpy_helper.to_array(held[node.input[1]])) if node.op_type == 'Reshape' else shape)
            if used == name:
                return ROLES[node.op_type, i], shape
    return None


def values_of(role, shape, there, random):
    drawn = random.standard_normal(shape, numpy.float32)
    if role == 'weight':
        return drawn * numpy.float32(numpy.sqrt(2 / numpy.prod(there[1:])))
    return {'bias': drawn * 0.1, 'scale': 1 + drawn * 0.1, 'mean': drawn * 0, 'variance': drawn * 0 + 1}[role].astype(numpy.float32)


def with_weights(model, seed):
    """The model with weights, and with inputs that are inputs."""
    graph, random = model.graph, numpy.random.Generator(numpy.random.PCG64(seed))
    shapes = constants(graph)
    tensors = [tensor for tensor in graph.initializer if tensor.name not in shapes]
    for name in sorted(shapes):
        if role := role_of(graph, name, shapes[name]):
            tensors.append(numpy_helper.from_array(values_of(role[0], shapes[name], role[1], random), name))
    nodes = [node for node in graph.node if node.op_type != 'ConstantOfShape']
    used = {name for node in nodes for name in node.input}
    inputs = [one for one in graph.input if one.name in used and one.name not in {tensor.name for tensor in tensors}]
    for what, kept in (('initializer', [tensor for tensor in tensors if tensor.name in used]), ('node', nodes), ('input', inputs)):
        graph.ClearField(what)
        getattr(graph, what).extend(kept)
    model.ir_version = 8
    return model


def watching(model, batch):
    """The model over a batch, with normalizations that take the statistics of what comes, and give them."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph, nodes, outputs = model.graph, [], []
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    for tensor in graph.initializer:  # shapes of one image: the batch stays what it is
        if tensor.data_type == onnx.TensorProto.INT64 and (shape := numpy_helper.to_array(tensor)).size > 1 and shape[0] == 1:
            tensor.CopyFrom(numpy_helper.from_array(numpy.concatenate([[0], shape[1:]]), tensor.name))
    for node in graph.node:
        if node.op_type == 'BatchNormalization':
            x, mean, variance = node.input[0], f'{node.output[0]}.mean', f'{node.output[0]}.variance'
            nodes += [helper.make_node('ReduceMean', [x], [mean], axes=[0, 2, 3], keepdims=0)]
            nodes += [helper.make_node('ReduceMean', [x], [mean + '.kept'], axes=[0, 2, 3], keepdims=1)]
            nodes += [helper.make_node('Sub', [x, mean + '.kept'], [x + '.centred.' + mean]), helper.make_node('Mul', [x + '.centred.' + mean] * 2, [x + '.squared.' + mean])]
            nodes += [helper.make_node('ReduceMean', [x + '.squared.' + mean], [variance], axes=[0, 2, 3], keepdims=0)]
            node.input[3], node.input[4] = mean, variance
            outputs += [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in (mean, variance)]
        nodes.append(node)
    graph.ClearField('node')
    graph.ClearField('output')
    graph.node.extend(nodes)
    graph.output.extend(outputs)
    return model, [one.name for one in outputs]


def coarse(values):
    """Eight bits of each value: processors add up in different orders, and their files shall be the same."""
    fraction, exponent = numpy.frexp(values)
    return numpy.ldexp(numpy.round(fraction * 256) / 256, exponent).astype(numpy.float32)


def with_statistics(model, images):
    watched, names = watching(model, len(images))
    if not names:
        return model
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=['CPUExecutionProvider'])
    found = dict(zip(names, session.run(names, {session.get_inputs()[0].name: images})))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == 'BatchNormalization':
            mean, variance = (found[f'{node.output[0]}.{what}'] for what in ('mean', 'variance'))
            variance = numpy.maximum(variance, variance.mean() * 0.01)
            for name, values in ((node.input[3], mean), (node.input[4], variance)):
                tensors[name].CopyFrom(numpy_helper.from_array(coarse(values), name))
    return model


class Reader(quantization.CalibrationDataReader):
    def __init__(self, name, images):
        self.left = [{name: image[None]} for image in images]

    def get_next(self):
        return self.left.pop(0) if self.left else None


def without_softmax(model):
    """The model up to its logits, of which one quantum tells more than of shares; sums of two as exporters write them."""
    for node in model.graph.node:
        if node.op_type == 'Sum' and len(node.input) == 2:
            node.op_type = 'Add'
    model.graph.output[0].name = model.graph.node[-1].input[0]
    del model.graph.node[-1]
    return model


def quantized(model, images, path):
    model = without_softmax(model)
    with tempfile.TemporaryDirectory() as folder:
        plain, ready = os.path.join(folder, 'plain.onnx'), os.path.join(folder, 'ready.onnx')
        onnx.save(onnx.version_converter.convert_version(model, 13), plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready, path, Reader(model.graph.input[0].name, images), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip


def main():
    folder = sys.argv[2]
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)
    images = numpy.concatenate([vision_images.classified(name) for name in vision_images.CALIBRATION])
    light = os.path.join(os.path.dirname(onnx.__file__), 'backend/test/data/light')
    for seed, name in enumerate(NAMES, 1):
        model = with_statistics(with_weights(onnx.load(os.path.join(light, f'light_{name}.onnx')), seed), images)
        onnx.checker.check_model(model)
        onnx.save(model, os.path.join(folder, f'{name}.onnx'))
        if name == 'resnet50':
            quantized(model, images, os.path.join(folder, 'resnet50-int8.onnx'))


if __name__ == '__main__':
    main()
