"""What the tests of the premise program share: running it, terminals, the checks of its answers, the counting."""
import errno
import fcntl
import json
import os
import pathlib
import pty
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/golden'))
import onnx_bytes  # noqa: E402

DATA = ROOT / 'tests/golden/data'
PREMISE = os.path.abspath(os.environ.get('PREMISE_BIN', ROOT / 'build/release/bin/premise'))
GEMMA, QWEN = str(DATA / 'tiny-gemma3-f32.gguf'), str(DATA / 'tiny-qwen2-f32.gguf')
QUANTIZED = str(DATA / 'tiny-qwen2-q4_k_m-like.gguf')
COMMANDS = ('run', 'chat', 'tokenize', 'perplexity', 'logits', 'infer', 'inspect', 'check', 'verify', 'plan', 'bench', 'doctor', 'synth')
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = 'the hand in the thing and the other hand. ' * 40


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith('PREMISE_') and k not in ('NO_COLOR', 'TERM')}
    return {**kept, 'TERM': 'xterm', **more}


def give_template(source, path, template):
    """A copy of a GGUF file that has a chat template; what follows stays aligned."""
    model, key = pathlib.Path(source).read_bytes(), b'tokenizer.chat_template'
    head = struct.pack('<Q', len(key)) + key + struct.pack('<I', 8)
    text = template.encode()
    text += b'{#' + b' ' * (-(len(head) + 8 + len(text) + 4) % 32) + b'#}'
    count = struct.unpack_from('<Q', model, 16)[0]
    path.write_bytes(model[:16] + struct.pack('<Q', count + 1) + head + struct.pack('<Q', len(text)) + text + model[24:])


class Done:
    """What a run of the program left behind."""

    def __init__(self, args, code, out, talk):
        self.args, self.code, self.bytes = args, code, out
        self.out, self.talk = out.decode('utf-8', 'replace'), talk.decode('utf-8', 'replace')

    def __str__(self):
        return f'premise {shlex.join(self.args)}: code {self.code}\nstdout: {self.out[:400]}\nstderr: {self.talk[:400]}'


def premise(*args, stdin=b'', cwd=None, timeout=120, **env):
    done = subprocess.run([PREMISE, *args], input=stdin, capture_output=True, cwd=cwd, timeout=timeout, env=environment(**env), check=False)
    return Done(args, done.returncode, done.stdout, done.stderr)


def in_terminal(*args, **env):
    """stderr is a terminal, stdout a pipe; gives stdout, what the terminal got, and the code."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([PREMISE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=environment(**env))
    os.close(theirs)
    seen = b''
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            part = b''
        if not part:
            break
        seen += part
    out = child.stdout.read()
    child.stdout.close()
    os.close(ours)
    return Done(args, child.wait(timeout=60), out, seen)


def take_terminal(fd):
    """Before exec: the new session's own terminal, so that Ctrl-C typed there is a signal."""
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        for name, content in (('text.txt', TEXT), ('prompt.txt', 'the hand'), ('ids.txt', '30, 31, 32\n'), ('garbage.gguf', 'GGUF\3\0\0\0' + 'x' * 200),
                              ('notes.txt', 'no model at all'), ('empty.gguf', ''), ('chat.jinja', CHAT)):
            (cls.path / name).write_text(content)
        give_template(GEMMA, cls.path / 'model.gguf', CHAT)
        (cls.path / 'model.onnx').write_bytes(onnx_bytes.affine())
        image = onnx_bytes.value_info('data', onnx_bytes.FLOAT, (1, 3, 4, 4))
        (cls.path / 'classifier.onnx').write_bytes(onnx_bytes.model([onnx_bytes.node('Relu', 'data', 'y')], [], [image], [onnx_bytes.value_info('y', onnx_bytes.FLOAT, (1, 3, 4, 4))]))
        (cls.path / 'photo.ppm').write_bytes(b'P6 2 2 255\n' + bytes(12))
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }".ljust(117) + b'\n'
        (cls.path / 'x.npy').write_bytes(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + struct.pack('<3f', 1, 2, 3))

    def file(self, name):
        return str(self.path / name)

    def good(self, *args, **kw):
        done = premise(*args, **kw)
        self.assertEqual(done.code, 0, done)
        return done

    def json_of(self, done):
        """stdout is one object and one newline."""
        self.assertTrue(done.out.startswith('{') and done.out.endswith('}\n') and done.out.count('\n') == 1, done)
        return json.loads(done.bytes)

    def answer(self, *args, **kw):
        return self.json_of(self.good(*args, '--json', **kw))

    def fails(self, code, *args, status=None, **kw):
        """One line without --json, one object with it; the same code."""
        plain = premise(*args, **kw)
        self.assertEqual(plain.code, code, plain)
        self.assertRegex(plain.talk, r'\Apremise: [^\n]+: [^\n]+\n\Z', plain)
        self.assertEqual(plain.out, '', plain)
        shown = premise(*args, '--json', **kw)
        self.assertEqual((shown.code, shown.talk), (code, ''), shown)
        error = self.json_of(shown)['error']
        self.assertLessEqual({'status', 'code', 'message', 'file', 'item'}, set(error))
        self.assertTrue(error['message'] and '\n' not in error['message'], shown)
        if status:
            self.assertEqual(error['status'], status, shown)
        return plain.talk, error


class Counting(unittest.TextTestResult):
    """Prints each skip's reason, and counts what passed."""
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f'skipped: {test.id()}: {reason}', flush=True)


def main(tests):
    if not os.access(PREMISE, os.X_OK):
        print(f'premise program: {PREMISE}: not there: build it, or set PREMISE_BIN')
        return 2
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        loader.testNamePatterns = [f'*{sys.argv[1]}*']
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Counting, verbosity=1).run(loader.loadTestsFromModule(tests))
    failed = len({test.id() for test, _ in result.failures + result.errors})
    print(f'{result.passed} passed, {failed} failed, {len(result.skipped)} skipped')
    return 1 if failed else 0
