"""onnx_real.py PREMISE FOLDER [NAME...]: real models (vision_cases.py) as `premise infer` runs them, held against ONNX Runtime on real
images and texts. float32: the largest error of an output tensor over its largest value. int8 (QDQ): every quantized tensor within one
quantum, each made of the quantized tensors before it (onnx_quanta.py); the whole network no farther from ONNX Runtime's plain
computation than ONNX Runtime's own optimized one is, and one quantum. Ends with `N passed, N failed, N skipped`."""

import os
import subprocess
import sys

import numpy
import onnx
import onnx_quanta
import onnxruntime
import vision_cases
from onnx import numpy_helper

BOUND = 1e-4
VARY = 1e-2  # of the largest value, between two samples
A_PIECE = 12  # quantized tensors


class Judge:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, ok, what):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        print(f'{"ok" if ok else "FAIL"}: {what}', flush=True)


def theirs(model, sample, plain=False):
    """{output: values} by ONNX Runtime, of a file or of a model's bytes."""
    options = onnxruntime.SessionOptions()
    if plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, sample)))


def ours(program, model, sample, names, folder):
    """{output: values} by premise infer."""
    command, outs = [program, 'infer', '-m', model, '--json', '--quiet'], {}
    for number, (name, array) in enumerate(sample.items()):
        path = os.path.join(folder, f'in{number}.npy')
        numpy.save(path, array)
        command += ['--input', f'{name}={path}']
    for number, name in enumerate(names):
        outs[name] = os.path.join(folder, f'out{number}.npy')
        command += ['--output', f'{name}={outs[name]}']
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).strip()[-400:])
    return {name: numpy.load(path) for name, path in outs.items()}


def error_of(found, wanted, scale=0.0):
    """The largest difference, over the largest value wanted, or over `scale` where that is larger."""
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return float('inf')
    error = numpy.abs(found.astype(numpy.float64) - wanted).max() / max(numpy.abs(wanted).max(), scale, 1e-30)
    return float(error) if numpy.isfinite(found).all() else float('inf')


def judge_floats(judge, program, case, folder):
    name, model, _, samples = case
    wanted = [theirs(model, sample) for sample in samples]
    for output, values in wanted[0].items():
        apart = error_of(wanted[1][output], values)
        judge.say(apart > VARY, f'{name} {output}: between two samples {apart:.2g}')
    for number, (sample, right) in enumerate(zip(samples, wanted)):
        found = ours(program, model, sample, list(right), folder)
        for output, values in right.items():
            # Of all samples: where one has nothing to find, an answer of 1e-7 has no digits that two programs share.
            scale = max(float(numpy.abs(one[output]).max()) for one in wanted)
            error = error_of(found[output], values, scale)
            judge.say(error <= BOUND, f'{name} sample {number} {output} {list(values.shape)}: {error:.2g}')


def judge_quanta(judge, program, case, folder):
    name, path, _, samples = case
    model = onnx.load(path)
    last = next(node for node in model.graph.node if node.output[0] == model.graph.output[0].name)
    quantum = float(next(numpy_helper.to_array(one) for one in model.graph.initializer if one.name == last.input[1]))
    output = model.graph.output[0].name
    told = [theirs(onnx_quanta.telling(model).SerializeToString(), sample, plain=True) for sample in samples]
    apart = numpy.abs(told[0][output] - told[1][output]).max() / quantum
    judge.say(apart > 10, f'{name} {output}: between two samples {apart:.0f} quanta')
    makers = onnx_quanta.quantizers(model)
    for number, (sample, values) in enumerate(zip(samples, told)):
        known = values | sample
        for at in range(0, len(makers), A_PIECE):
            some = makers[at : at + A_PIECE]
            part = onnx_quanta.piece(model, some, known)
            onnx.save(part, os.path.join(folder, 'piece.onnx'))
            given = {one.name: known[one.name.removesuffix('.given')] for one in part.graph.input}
            found = ours(program, os.path.join(folder, 'piece.onnx'), given, [one.name for one in part.graph.output], folder)
            for node in some:
                wrong = numpy.abs(onnx_quanta.codes_of(model, node, found[node.output[0] + '.made']) - values[node.output[0]].astype(int))
                judge.say(wrong.max() <= 1, f'{name} sample {number} {node.output[0]}: at most {wrong.max()} quanta, {100 * (wrong > 0).mean():.3f} % of them other')
        best = numpy.abs(theirs(path, sample)[output] - values[output]).max() / quantum
        mine = numpy.abs(ours(program, path, sample, [output], folder)[output] - values[output]).max() / quantum
        judge.say(round(mine) <= round(best) + 1, f'{name} sample {number} {output}: {mine:.1f} quanta, ONNX Runtime optimized {best:.1f}')


def main():
    program, folder, *wanted = sys.argv[1:]
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)
    judge = Judge()
    for case in vision_cases.cases():
        if wanted and case[0] not in wanted:
            continue
        at = os.path.join(folder, case[0])
        os.makedirs(at, exist_ok=True)
        case = (case[0], os.path.join(vision_cases.ROOT, 'models', case[1]), *case[2:])
        try:
            (judge_quanta if case[2] == 'int8' else judge_floats)(judge, program, case, at)
        except RuntimeError as error:
            judge.say(False, f'{case[0]}: {error}')
    print(f'{judge.passed} passed, {judge.failed} failed, 0 skipped')
    sys.exit(judge.failed > 0)


if __name__ == '__main__':
    main()
