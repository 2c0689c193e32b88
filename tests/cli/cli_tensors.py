"""Models that take tensors: ONNX files through infer, inspect, check, plan and bench, and the classify example."""
import ast
import hashlib
import json
import os
import struct
import subprocess
import time

import onnx_bytes
from cli_support import GEMMA, PREMISE, CliTest, environment, premise
from onnx_bytes import FLOAT, field, node, tensor, value_info

AFFINE = [1.0, 2.0, 3.0, -1.0, -2.0, -3.0]  # x
ANSWER = [0.0, 4.0, 10.0, 0.0, 0.0, 0.0]  # y


def npy(shape, values, descr='<f4', code='f', order='False', version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape!r}, }}".encode()
    header += b' ' * (63 - (10 + len(header)) % 64) + b'\n'
    length = struct.pack('<H' if version == 1 else '<I', len(header))
    return b'\x93NUMPY' + bytes([version, 0]) + length + header + struct.pack(f'<{len(values)}{code}', *values)


def read_npy(path):
    data = path.read_bytes()
    end = 10 + struct.unpack_from('<H', data, 8)[0]
    header = ast.literal_eval(data[10:end].decode())
    code = {'<f4': 'f', '<i8': 'q', '<f2': 'e'}[header['descr']]
    return header['shape'], list(struct.unpack(f'<{(len(data) - end) // struct.calcsize(code)}{code}', data[end:]))


def picture(colour, depth=255, side=12):
    pixel = b''.join(struct.pack('>H' if depth > 255 else 'B', v * depth // 255) for v in colour)
    return f'P{6 if len(colour) == 3 else 5}\n# made here\n{side} {side}\n{depth}\n'.encode() + pixel * side * side


class Tensors(CliTest):
    def infer(self, *args, **kw):
        return self.answer('infer', self.file('model.onnx'), *args, **kw)

    def test_infer_reads_and_writes_arrays(self):
        x = self.path / 'wide.npy'
        x.write_bytes(npy((2, 3), AFFINE))
        outputs = [f'--output={name}={self.file(name)}.npy' for name in 'ykh']
        shown = self.infer('--input', f'x={x}', *outputs, '--repeat', '5')
        self.assertEqual(read_npy(self.path / 'y.npy'), ((2, 3), ANSWER))
        self.assertEqual(read_npy(self.path / 'k.npy'), ((2, 3), [-1, 4, 10, -3, -4, -8]))
        self.assertEqual(read_npy(self.path / 'h.npy'), ((2, 3), ANSWER))
        self.assertEqual(shown['outputs']['y'], {'shape': [2, 3], 'dtype': 'float32', 'sha256': hashlib.sha256(struct.pack('<6f', *ANSWER)).hexdigest()})
        self.assertEqual((shown['outputs']['k']['dtype'], shown['outputs']['h']['dtype'], shown['allocations']), ('int64', 'float16', 0))
        self.assertLessEqual(shown['ms']['min'], shown['ms']['median'])
        self.assertLessEqual(shown['ms']['median'], shown['ms']['p99'])
        plain = self.good('infer', self.file('model.onnx'), '--input', f'x={x}')
        self.assertRegex(plain.out, r'(?m)^y float32 \[2, 3\] sha256 [0-9a-f]{64}$')

    def test_infer_makes_inputs_up(self):
        a, b = (self.infer('--input', 'x=random:4x3')['outputs'] for _ in range(2))
        self.assertEqual(a, b)
        self.assertEqual(a['y']['shape'], [4, 3])
        self.assertNotEqual(a, self.infer('--input', 'x=zeros:4x3')['outputs'])
        self.assertEqual(self.infer('--input', 'x=zeros')['outputs']['y']['shape'], [1, 3])
        self.assertEqual(self.infer('--input', 'x=zeros:0x3')['outputs']['y']['shape'], [0, 3])

    def test_other_arrays_are_read(self):
        for name, data in (('v2.npy', npy((2, 3), AFFINE, version=2)), ('v3.npy', npy((2, 3), AFFINE, version=3))):
            (self.path / name).write_bytes(data)
            self.assertEqual(self.infer('--input', f'x={self.file(name)}')['outputs']['y']['shape'], [2, 3])

    def test_what_is_missing_or_wrong_is_named(self):
        model = self.file('model.onnx')
        talk, error = self.fails(2, 'infer', model, status='INVALID_ARGUMENT')
        self.assertIn("'x' float32 [?, 3]", talk)
        self.assertIn('--input x=', talk)
        self.assertIn('z', self.fails(1, 'infer', model, '--input', 'z=zeros:1x3', status='NOT_FOUND')[0])
        self.assertIn('it has: x', self.fails(2, 'infer', model, '--input', 'x=zeros', '--input', 'z=zeros')[0])
        self.assertIn('it has: y, k, h', self.fails(2, 'infer', model, '--input', 'x=zeros', '--output', 'q=q.npy')[0])
        self.assertIn('[N, 3]', self.fails(1, 'infer', model, '--input', 'x=zeros:1x4', status='INVALID_ARGUMENT')[0])
        (self.path / 'double.npy').write_bytes(npy((1, 3), AFFINE[:3], '<f8', 'd'))
        self.assertIn('f64', self.fails(1, 'infer', model, '--input', f'x={self.file("double.npy")}', status='INVALID_ARGUMENT')[0])
        for words in (['--input', 'x'], ['--input', '=zeros'], ['--input', 'x='], ['--input', 'x=zeros:axb'], ['--input', 'x=zeros:-1x3'], ['--input', 'x=zeros', '--input', 'x=zeros'],
                      ['--input', 'x=zeros:1x1x1x1x1x1x1x1x1'], ['--input', 'x=zeros', '--output', 'y'], ['--input', 'x=zeros', '--repeat', '0']):
            with self.subTest(words):
                self.fails(2, 'infer', model, *words, status='INVALID_ARGUMENT')

    def test_broken_arrays(self):
        good = npy((2, 3), AFFINE)
        broken = {
            'short': good[:-1], 'long': good + b'x', 'no magic': b'x' + good[1:], 'header': good[:8] + b'\xff\xff' + good[10:], 'empty': b'', 'columns': npy((2, 3), AFFINE, order='True'),
            'big endian': npy((2, 3), AFFINE, '>f4'), 'complex': npy((2, 3), AFFINE, '<c8'), 'rank': npy((1,) * 9, AFFINE), 'huge': npy((1 << 62, 1 << 62), AFFINE),
            'shape': good.replace(b'(2, 3)', b'(2, x)'), 'no shape': good.replace(b"'shape'", b"'sharp'"),
        }
        for name, data in broken.items():
            with self.subTest(name):
                (self.path / 'broken.npy').write_bytes(data)
                talk, error = self.fails(1, 'infer', self.file('model.onnx'), '--input', f'x={self.file("broken.npy")}')
                self.assertIn(error['status'], ('BAD_FILE', 'LIMIT'))
                self.assertIn('broken.npy', talk)
        self.fails(1, 'infer', self.file('model.onnx'), '--input', 'x=gone.npy', status='NOT_FOUND')

    def test_inspect_has_the_form_of_text_models(self):
        shown, text = self.answer('inspect', self.file('model.onnx')), self.answer('inspect', GEMMA)
        self.assertLessEqual({'kind', 'arch', 'parameters', 'tensors', 'types', 'metadata', 'inputs', 'outputs', 'ops'}, set(shown) & set(text))
        self.assertEqual((shown['kind'], shown['arch'], shown['parameters'], shown['types']), ('onnx', 'onnx', 7, {'F32': 3}))
        self.assertEqual(shown['inputs'], [{'name': 'x', 'dtype': 'f32', 'shape': ['N', 3]}])
        self.assertEqual([o['name'] for o in shown['outputs']], ['y', 'k', 'h'])
        self.assertEqual(shown['operators'], {'Add': 1, 'Cast': 2, 'Mul': 2, 'Relu': 1})
        self.assertEqual(set(shown['tensors'][0]), set(text['tensors'][0]))
        lines = {name: self.good('inspect', path, '--graph').out.splitlines() for name, path in (('onnx', self.file('model.onnx')), ('gguf', GEMMA))}
        for name, graph in lines.items():
            for line in graph:
                self.assertRegex(line, r'^\S+ = \w+\(.*\) -> \[.*\] \w+', name)
        self.assertIn('[8, 3] f32', self.good('inspect', self.file('model.onnx'), '--graph', '--input', 'x=zeros:8x3').out)
        self.assertIn('operators', self.good('inspect', self.file('model.onnx')).out)

    def test_check(self):
        self.assertRegex(self.good('check', self.file('model.onnx')).out, r'\Aok: .*onnx.*loads and runs\n\Z')
        self.assertEqual(self.answer('check', self.file('model.onnx'))['kind'], 'onnx')
        for name, data, status in (
            ('cut.onnx', onnx_bytes.affine()[:-40], 'BAD_FILE'),
            ('op.onnx', self.one_node('Frobnicate', ['x']), 'UNSUPPORTED'),
            ('cycle.onnx', self.one_node('Relu', ['y']), 'BAD_FILE'),
        ):
            (self.path / name).write_bytes(data)
            talk, error = self.fails(1, 'check', self.file(name), status=status)
            self.assertIn(name, talk)

    @staticmethod
    def one_node(op, inputs):
        value = [value_info('x', FLOAT, [2])]
        return onnx_bytes.model([node(op, ' '.join(inputs), 'y')], [], value, [value_info('y', FLOAT, [2])])

    def test_check_of_hostile_files_ends_soon(self):
        side = 4096
        shape = field(1, 2) + field(2, 7) + field(8, 'shape') + field(9, struct.pack('<2q', side, side))
        grown = [node('Expand', 'x shape', 'big')] + [node('Sin', f't{i}' if i else 'big', f't{i + 1}') for i in range(300)]
        files = {
            'wide.onnx': onnx_bytes.model([node('Relu', 'x', 'y')], [], [value_info('x', FLOAT, [1 << 40])], [value_info('y', FLOAT, [1 << 40])]),
            'deep.onnx': onnx_bytes.model(grown, [shape], [value_info('x', FLOAT, [1, 1])], [value_info('t300', FLOAT, [side, side])]),
            'slow.onnx': onnx_bytes.model([node('MatMul', 'x x', 'y')], [], [value_info('x', FLOAT, [2048, 2048])], [value_info('y', FLOAT, [2048, 2048])]),
        }
        for name, data in files.items():
            with self.subTest(name):
                (self.path / name).write_bytes(data)
                began = time.monotonic()
                done = subprocess.run([PREMISE, 'check', self.file(name), '--json'], capture_output=True, env=environment(), timeout=60, check=False)
                self.assertIn(done.returncode, (0, 1), done)
                self.assertLess(time.monotonic() - began, 5)  # a second of its own, beside other programs
                self.assertTrue(done.stdout.startswith(b'{'), done)

    def test_plan_is_what_infer_takes(self):
        for n in (1, 7, 500):
            plan = self.answer('plan', self.file('model.onnx'), '--input', f'x=zeros:{n}x3')
            self.assertEqual((plan['kv_bytes'], plan['shapes']), (0, {'x': [n, 3]}))
            self.assertEqual(self.infer('--input', f'x=zeros:{n}x3')['peak_charged_bytes'], plan['host_bytes'])
        self.assertFalse(self.answer('plan', self.file('model.onnx'), '--max-host-bytes', '1000')['fits'])
        self.assertIn('advice', self.good('plan', self.file('model.onnx'), '--max-host-bytes', '1000').out)

    def test_a_budget(self):
        plan = self.answer('plan', self.file('model.onnx'), '--input', 'x=zeros:9x3')['host_bytes']
        self.infer('--input', 'x=zeros:9x3', '--max-host-bytes', str(plan))
        self.fails(1, 'infer', self.file('model.onnx'), '--input', 'x=zeros:9x3', '--max-host-bytes', str(plan - 1), status='OVER_BUDGET')

    def test_bench(self):
        shown = self.answer('bench', self.file('model.onnx'), '--input', 'x=random:16x3', '--runs', '30')
        self.assertLessEqual({'runs_s', 'ms', 'runs', 'load_ms', 'first_run_ms', 'peak_rss_mb', 'isa', 'threads', 'shapes'}, set(shown))
        self.assertEqual((shown['runs'], shown['shapes']), (30, {'x': [16, 3]}))
        self.assertGreater(shown['runs_s'], 0)
        self.assertIn('a second', self.good('bench', self.file('model.onnx'), '--runs', '3').out)

    def test_bench_serves_rounds(self):
        machine, load, runs = self.serve('machine\nload\n7\n')
        self.assertGreater(min(machine['threads'], load['load_s'], *runs['s']), 0)
        self.assertEqual(len(runs['s']), 7)
        for line in ('0', '-1', '1x', '', '99999999999'):
            self.assertIn('give a line like', premise('bench', self.file('model.onnx'), '--serve', stdin=f'{line}\n'.encode()).talk)

    def serve(self, lines):
        return map(json.loads, self.good('bench', self.file('model.onnx'), '--serve', stdin=lines.encode()).out.splitlines())

    def test_commands_of_text_say_what_to_use(self):
        for args in (['run', '-p', 'a'], ['tokenize', '-p', 'a'], ['logits', '--ids', '1'], ['chat']):
            talk, _ = self.fails(1, args[0], '-m', self.file('model.onnx'), *args[1:], status='UNSUPPORTED')
            self.assertIn('premise infer', talk)

    def test_infer_runs_text_models_too(self):
        (self.path / 'tokens.npy').write_bytes(npy((1, 3), [30, 31, 32], '<i4', 'i'))
        shown = self.answer('infer', GEMMA, '--input', f'tokens={self.file("tokens.npy")}')
        logits = self.answer('logits', GEMMA, '--ids', '30,31,32')
        self.assertEqual(shown['outputs']['logits']['sha256'], logits['sha256'])


CLASSIFY = os.path.join(os.path.dirname(PREMISE), 'classify')


class Classify(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kernel = field(1, 'kernel_shape') + field(8, 4) + field(8, 4) + field(20, 7)
        pool = node('AveragePool', 'x', 'pooled') + field(5, kernel)
        sharpen = tensor('scale', [], [50])
        nodes = [pool, node('Flatten', 'pooled', 'flat', axis=1), node('Mul', 'flat scale', 'y')]
        model = onnx_bytes.model(nodes, [sharpen], [value_info('x', FLOAT, ['N', 3, 4, 4])], [value_info('y', FLOAT, ['N', 3])])
        (cls.path / 'colours.onnx').write_bytes(model)
        (cls.path / 'labels.txt').write_text('red\ngreen\nblue\n')

    def classify(self, *args):
        return subprocess.run([CLASSIFY, self.file('colours.onnx'), *args], capture_output=True, text=True, timeout=60, check=False)

    def test_colours(self):
        for colour, name in (((250, 10, 20), 'red'), ((10, 250, 20), 'green'), ((0, 40, 255), 'blue')):
            for depth in (255, 65535):
                (self.path / 'p.ppm').write_bytes(picture(colour, depth))
                done = self.classify(self.file('p.ppm'), self.file('labels.txt'), '--mean', '0,0,0', '--std', '1,1,1')
                self.assertEqual(done.returncode, 0, done)
                self.assertRegex(done.stdout, rf'\A *\d+\.\d\d %  {name}\n', done)
                self.assertEqual(len(done.stdout.splitlines()), 3)
                self.assertGreater(float(done.stdout.split()[0]), 99)

    def test_grey_and_no_labels(self):
        (self.path / 'p.pgm').write_bytes(picture((128,)))
        done = self.classify(self.file('p.pgm'), '--mean', '0,0,0', '--std', '1,1,1')
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()], ['33.33'] * 3, done)
        self.assertIn('class 0', done.stdout)

    def test_what_is_wrong(self):
        self.assertEqual(self.classify().returncode, 2)
        self.assertEqual(self.classify('p.ppm', '--mean', '1,2').returncode, 2)
        good = picture((1, 2, 3))
        for data, why in ((b'', 'PPM'), (good[:-1], 'too early'), (b'P6 99999 99999 255\n', 'too large'), (b'P6 0 1 255\n', 'PPM'), (b'P3 1 1 255\n1', 'PPM')):
            (self.path / 'bad.ppm').write_bytes(data)
            done = self.classify(self.file('bad.ppm'))
            self.assertEqual(done.returncode, 1, data)
            self.assertIn(why, done.stderr)
        (self.path / 'good.ppm').write_bytes(good)
        done = subprocess.run([CLASSIFY, self.file('model.onnx'), self.file('good.ppm')], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no classifier', done.stderr)
