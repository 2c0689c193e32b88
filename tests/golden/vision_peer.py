"""vision_peer.py onnxruntime|openvino MODEL THREADS EXTENTS INPUT=FILE.npy...: one of the peers of script/bench peers --vision, at its best flags.
EXTENTS is a JSON object of those that have a name in the model. Answers each line on stdin with a JSON object a line:
  machine           {version, flags}: nothing is loaded before it is asked for
  load              {load_s}: opens the model for the extents of these inputs and runs it once
  N                 {s: [seconds of each of N runs]}
  compare {"OUTPUT": "FILE.npy"}   {error: {OUTPUT: the largest difference over the largest value}}"""

import json
import sys
import time

import numpy


class OnnxRuntime:
    def __init__(self, model, threads, inputs, extents):
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        onnxruntime.set_default_logger_severity(3)
        self.library, self.model, self.threads, self.inputs, self.extents = onnxruntime, model, threads, inputs, extents
        self.version = onnxruntime.__version__
        self.flags = 'graph optimizations all, sequential, intra-op threads spin, extents overridden, I/O bound'

    def load(self):
        options = self.library.SessionOptions()
        options.graph_optimization_level = self.library.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        for name, extent in self.extents.items():
            options.add_free_dimension_override_by_name(name, extent)
        self.session = self.library.InferenceSession(self.model, options, providers=['CPUExecutionProvider'])
        self.names = [one.name for one in self.session.get_outputs()]
        self.binding = self.session.io_binding()
        for name, array in self.inputs.items():
            self.binding.bind_cpu_input(name, array)
        for name in self.names:
            self.binding.bind_output(name, 'cpu')

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return dict(zip(self.names, self.binding.copy_outputs_to_cpu()))


class OpenVino:
    def __init__(self, model, threads, inputs, extents):
        import openvino

        self.library, self.model, self.inputs = openvino, model, inputs
        self.version = openvino.__version__
        self.config = {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': threads, 'INFERENCE_PRECISION_HINT': 'f32', 'NUM_STREAMS': 1}
        self.flags = ', '.join(f'{name} {value}' for name, value in self.config.items() if name != 'INFERENCE_NUM_THREADS') + ', extents fixed'

    def load(self):
        core = self.library.Core()
        network = core.read_model(self.model)
        network.reshape({name: list(array.shape) for name, array in self.inputs.items()})
        compiled = core.compile_model(network, 'CPU', self.config)
        self.request = compiled.create_infer_request()
        for name, array in self.inputs.items():
            self.request.set_tensor(name, self.library.Tensor(array, shared_memory=True))
        self.ports = {output.any_name: output for output in compiled.outputs}

    def run(self):
        self.request.infer()

    def outputs(self):
        return {name: self.request.get_tensor(port).data for name, port in self.ports.items()}


def error_of(found, wanted):
    if found.shape != wanted.shape:
        return float('inf')
    error = numpy.abs(found.astype(numpy.float64) - wanted).max() / max(numpy.abs(wanted).max(), 1e-30)
    return float(error) if numpy.isfinite(found).all() else float('inf')


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def answer(peer, line):
    if line == 'machine':
        return {'version': peer.version, 'flags': peer.flags}
    if line == 'load':
        return {'load_s': timed(lambda: (peer.load(), peer.run()))}
    if line.startswith('compare '):
        peer.run()
        wanted = peer.outputs()
        files = json.loads(line[8:])
        return {'error': {name: error_of(numpy.load(path), wanted[name]) for name, path in files.items()}}
    return {'s': [timed(peer.run) for _ in range(int(line))]}


def main():
    which, model, threads, extents, *words = sys.argv[1:]
    inputs = {name: numpy.load(path) for name, path in (word.split('=', 1) for word in words)}
    peer = {'onnxruntime': OnnxRuntime, 'openvino': OpenVino}[which](model, int(threads), inputs, json.loads(extents))
    for line in sys.stdin:
        print(json.dumps(answer(peer, line.strip())), flush=True)


if __name__ == '__main__':
    main()
