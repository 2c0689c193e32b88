"""What the tests of guests share: an installed Premise, building a guest, and what each has to print."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'cli'))
from cli_support import DATA, PREMISE, ROOT, main, premise  # noqa: E402, F401

HERE = ROOT / 'tests/consumers'
BUILD = pathlib.Path(PREMISE).parents[1]
# An answer of this random model that is whole characters, one of them of three bytes.
MODEL, PROMPT, TOKENS = str(DATA / 'tiny-gemma3-f16.gguf'), 'he she 世界 in then', 12
CC, CXX = os.environ.get('CC', 'cc'), os.environ.get('CXX', 'c++')


def run(*command, cwd=None, **env):
    """stdout of a command that has to succeed; its talk is in the failure."""
    done = subprocess.run([str(part) for part in command], capture_output=True, cwd=cwd, env={**os.environ, **env}, timeout=3000, check=False)
    if done.returncode:
        told = (done.stdout + done.stderr).decode('utf-8', 'replace')
        raise AssertionError(f'{shlex.join(map(str, command))}: status {done.returncode}\n{told[-3000:]}')
    return done.stdout.decode()


def need(case, *tools):
    for tool in tools:
        if not shutil.which(tool):
            case.skipTest(f'{tool} is not installed: script/bootstrap --link')


def wanted():
    """What the program says: the same text, the same ids, the same error."""
    answer = json.loads(premise('run', '-m', MODEL, '-p', PROMPT, '-n', str(TOKENS), '--json').bytes)
    gone = json.loads(premise('run', '-m', 'gone.gguf', '-p', PROMPT, '--json').bytes)['error']
    return ' '.join(map(str, answer['tokens'])) + ' \n', gone['status'] + ': ', answer['text']


class GuestTest(unittest.TestCase):
    """Premise is installed once, and the folder moved: nothing that was installed may know where it was."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        cls.prefix = cls.path / 'moved'
        run('cmake', '--install', BUILD, '--prefix', cls.path / 'installed')
        os.rename(cls.path / 'installed', cls.prefix)
        cls.ids, cls.gone, cls.text = wanted()

    def flags(self, name='premise', prefix=None):
        need(self, 'pkg-config')
        packages = ':'.join(str(folder) for folder in (prefix or self.prefix).rglob('pkgconfig'))
        return shlex.split(run('pkg-config', '--cflags', '--libs', name, PKG_CONFIG_PATH=packages))

    def libraries(self, prefix=None):
        return str(next((prefix or self.prefix).rglob('libpremise.so.0')).parent)

    def build(self, source, *options, out=None):
        """A guest by one call of the compiler."""
        source = HERE / source
        compiler = [CXX, '-std=c++17'] if source.suffix == '.cpp' else [CC, '-std=c99', '-D_GNU_SOURCE']
        out = self.path / (out or source.stem)
        run(*compiler, '-Wall', '-Wextra', '-Werror', source, *options, '-o', out)
        return out

    def cmake(self, source, *options, folder='cmake'):
        build = self.path / folder
        run('cmake', '-G', 'Ninja', '-S', HERE / source, '-B', build, '-DCMAKE_BUILD_TYPE=Release', *options)
        run('cmake', '--build', build)
        return build

    def check(self, *command, times=1, libraries=None):
        """The guest says what the program says."""
        out = run(*command, MODEL, PROMPT, TOKENS, LD_LIBRARY_PATH=libraries or self.libraries())
        for _ in range(times):
            self.assertTrue(out.startswith(self.ids), out)
            gone, _, out = out[len(self.ids):].partition('\n')
            self.assertTrue(gone.startswith(self.gone) and 'gone.gguf' in gone, gone)
            self.assertTrue(out.startswith(self.text), out)
            out = out[len(self.text):]
        self.assertEqual(out, '')

    def needed(self, program):
        return run('readelf', '-d', program).count('[libpremise.so')
