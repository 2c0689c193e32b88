#!/usr/bin/env python3
"""The premise program with libpremise_cuda.so: the plug-in over the emulator of a GPU (build/PRESET/emulated), which gives the CPU's bytes.

PREMISE_BIN names the program (default: build/release/bin/premise). Ends with `N passed, N failed, N skipped`.
"""
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests/cli'))
import cli_support  # noqa: E402
import onnx_bytes  # noqa: E402
from cli_support import GEMMA, PREMISE, QUANTIZED, QWEN, premise  # noqa: E402

PLUGINS = str(pathlib.Path(PREMISE).parent.parent / 'emulated')
IDS = ('--ids', '1,20,30,7,9')


def on_gpu(*args, **env):
    return premise(*args, PREMISE_PLUGINS=env.pop('plugins', PLUGINS), **env)


class Plugin(unittest.TestCase):
    def good(self, *args, **env):
        done = on_gpu(*args, '--json', **env)
        self.assertEqual(done.code, 0, done)
        return json.loads(done.out)

    def fails(self, *args, **env):
        done = on_gpu(*args, '--json', **env)
        self.assertEqual(done.code, 1, done)
        return json.loads(done.out)['error']

    def test_answers_are_the_cpus(self):
        for model in (GEMMA, QWEN, QUANTIZED):
            for kv in ('f32', 'f16', 'bf16'):
                with self.subTest(model=model, kv=kv):
                    flags = ('-m', model, '-p', 'the hand in the', '-n', '12', '--kv', kv)
                    cpu, gpu = self.good('run', *flags), self.good('run', *flags, '--device', 'cuda')
                    self.assertEqual((cpu['device'], gpu['device']), ('cpu', 'cuda:0'))
                    self.assertEqual(cpu['tokens'], gpu['tokens'])

    def test_logits_have_the_cpus_bytes_for_any_number_of_layers_and_chunks(self):
        for model in (GEMMA, QUANTIZED):
            truth = self.good('logits', '-m', model, *IDS)['sha256']
            for more in (['--require', 'cuda'], ['--gpu-layers', '1'], ['--chunk', '2'], ['--threads', '2']):
                with self.subTest(model=model, more=more):
                    wanted = [] if '--require' in more else ['--device', 'cuda']
                    self.assertEqual(self.good('logits', '-m', model, *IDS, *wanted, *more)['sha256'], truth)

    def test_without_the_plugin_it_runs_on_the_cpu_and_says_why(self):
        with tempfile.TemporaryDirectory() as empty:
            done = on_gpu('run', '-m', QUANTIZED, '-p', 'the', '-n', '2', '--device', 'cuda', '--json', plugins=empty)
            self.assertEqual((done.code, json.loads(done.out)['device']), (0, 'cpu'), done)
            self.assertIn('libpremise_cuda.so', done.talk)
            self.assertEqual(len(done.talk.splitlines()), 1)
            error = self.fails('run', '-m', QUANTIZED, '-p', 'the', '-n', '2', '--require', 'cuda', plugins=empty)
            self.assertEqual(error['status'], 'DEVICE_UNAVAILABLE')
            self.assertIn(empty + '/libpremise_cuda.so', error['message'])

    def test_a_plugin_that_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'libpremise_cuda.so')
            for content in (b'', b'no library', pathlib.Path(PLUGINS, path.name).read_bytes()[:20000]):
                path.write_bytes(content)
                self.assertIn('libpremise_cuda.so', self.fails('run', '-m', QUANTIZED, '-p', 'the', '--require', 'cuda', plugins=folder)['message'])

    def test_a_gpu_that_is_not_there(self):
        error = self.fails('run', '-m', QUANTIZED, '-p', 'the', '--require', 'cuda:5')
        self.assertIn('sees 1 GPU', error['message'])

    def test_layers_as_many_as_fit(self):
        whole = self.good('plan', '-m', GEMMA, '--device', 'cuda')
        self.assertGreater(whole['device_bytes'], 0)
        half = self.good('plan', '-m', GEMMA, '--device', 'cuda', '--max-device-bytes', str(whole['device_bytes'] - 1))
        self.assertLess(half['device_layers'], whole['device_layers'])
        self.assertLess(half['device_bytes'], whole['device_bytes'])
        self.assertGreater(half['host_bytes'], whole['host_bytes'])
        flags = ('-m', GEMMA, '-p', 'the', '-n', '3', '--max-device-bytes', str(half['device_bytes']))
        self.assertEqual(self.good('run', *flags, '--device', 'cuda')['tokens'], self.good('run', '-m', GEMMA, '-p', 'the', '-n', '3')['tokens'])
        error = self.fails('run', *flags, '--require', 'cuda')
        self.assertEqual(error['status'], 'OUT_OF_DEVICE_MEMORY')
        self.assertIn(f"need {whole['device_bytes']} bytes", error['message'])

    def test_tensor_models_stay_on_the_cpu(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'model.onnx')
            path.write_bytes(onnx_bytes.affine())
            done = on_gpu('infer', '-m', str(path), '--input', 'x=zeros:1x3', '--device', 'cuda', '--json')
            self.assertEqual(done.code, 0, done)
            self.assertIn('on the CPU alone', done.talk)


if __name__ == '__main__':
    sys.exit(cli_support.main(sys.modules[__name__]))
