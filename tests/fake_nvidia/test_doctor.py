#!/usr/bin/env python3
"""Tests of `premise doctor` over machines that are made up: `PREMISE_BIN=build/release/bin/premise tests/fake_nvidia/test_doctor.py [FILTER]`.

A case is a file in scenes/: what is different from the fit machine of machine.json. `files` stand under a folder in place of /, `libraries`
are stubs of build/PRESET/fake_nvidia with their answers (fake_answers.h), in folders of LD_LIBRARY_PATH (lib, lib2) or of that root;
null takes one away. `expect` has the state of each check that does not pass, `says` a pattern for what is found and the fix. The last line
is `N passed, N failed, N skipped`.
"""
import ctypes
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'cli'))
import cli_support  # noqa: E402
from cli_support import PREMISE, ROOT, CliTest, Done, environment  # noqa: E402

STUBS = pathlib.Path(PREMISE).parent.parent / 'fake_nvidia'
MACHINE = json.loads((HERE / 'machine.json').read_text())
CHECKS = ('os_kernel cpu_isa cpu_amx cpu_cores cgroup_cpu ram cgroup_memory numa huge_pages disk gpu gpu_driver cuda_driver nvml gpu_permissions '
          'cuda_runtime cublas cudnn nccl library_majors compute_capability gpu_memory gpu_ecc gpu_throttling gpu_mig').split()


class Machine:
    """A folder that stands for a machine."""

    def __init__(self, folder, scene):
        self.folder, self.scene, self.root = folder, scene, folder / 'root'
        for name in ('lib', 'lib2', 'root'):
            (folder / name).mkdir()
        for name, text in {**MACHINE['files'], **scene.get('files', {})}.items():
            if text is not None:
                self.place(self.root / name).write_text(text)
        lines = []
        for name, answers in {**MACHINE['libraries'], **scene.get('libraries', {})}.items():
            if answers is not None:
                lines += self.add_library(name, answers)
        (folder / 'answers').write_text(''.join(lines))

    def place(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add_library(self, name, answers):
        path = self.place(self.root / name[1:] if name.startswith('/') else self.folder / name)
        stub = (STUBS / (path.name.split('.so')[0] + '.so')).read_bytes()
        if isinstance(answers, str):
            path.write_bytes({'truncated': stub[: len(stub) // 3], 'empty': b'', '32 bits': stub[:4] + b'\1' + stub[5:]}[answers])
            return []
        path.write_bytes(stub)
        return [f'{path.name} {key} {value}\n' for key, value in answers.items()]

    def environment(self):
        return environment(
            PREMISE_DOCTOR_ROOT=str(self.root), PREMISE_FAKE_NVIDIA=str(self.folder / 'answers'), LD_LIBRARY_PATH=f'{self.folder}/lib:{self.folder}/lib2', **self.scene.get('environment', {})
        )

    def doctor(self, *args, **more):
        args = ('doctor', *self.scene.get('arguments', []), *args)
        done = subprocess.run([PREMISE, *args], stdin=subprocess.DEVNULL, capture_output=True, cwd=self.folder, timeout=60, check=False, **{'env': self.environment(), **more})
        return Done(args, done.returncode, done.stdout, done.stderr)


class DoctorTest(CliTest):
    def machine(self, scene=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Machine(pathlib.Path(folder.name), scene or {})

    def checks_of(self, done):
        """By id, when the answer has the form that is promised."""
        shown = self.json_of(done)
        self.assertEqual(done.talk, '', done)
        states = []
        for check in shown['checks']:
            self.assertEqual(set(check), {'id', 'state', 'found', 'need', 'fix'}, check)
            self.assertIn(check['state'], ('pass', 'warn', 'fail'), check)
            self.assertTrue(check['found'] and check['need'], check)
            self.assertEqual(bool(check['fix']), check['state'] != 'pass', check)
            self.assertNotIn('\n', check['fix'])
            states.append(check['state'])
        self.assertEqual([shown[name] for name in ('passed', 'warned', 'failed')], [states.count(state) for state in ('pass', 'warn', 'fail')])
        self.assertEqual(done.code, 1 if 'fail' in states else 0, done)
        self.assertEqual([check['id'] for check in shown['checks']], CHECKS)
        return {check['id']: check for check in shown['checks']}

    def check_scene(self, scene):
        checks = self.checks_of(self.machine(scene).doctor('--json'))
        states = {name: check['state'] for name, check in checks.items() if check['state'] != 'pass'}
        self.assertEqual(states, scene['expect'], json.dumps(checks, indent=1))
        for name, pattern in scene.get('says', {}).items():
            self.assertRegex(f"{checks[name]['found']} fix: {checks[name]['fix']}", pattern)


class Scenes(DoctorTest):
    pass


for path in sorted((HERE / 'scenes').glob('*.json')):
    setattr(Scenes, f'test_{path.stem}', lambda self, path=path: self.check_scene(json.loads(path.read_text())))


class Doctor(DoctorTest):
    OLD = {'libraries': {'lib/libcudart.so.13': None, 'lib/libcudart.so.12': {'version': 12040}}, 'files': {'proc/sys/kernel/osrelease': '4.18.0\n'}}

    def test_this_machine(self):
        done = cli_support.premise('doctor', '--json', '--folder', '.')
        self.assertEqual(self.checks_of(done)['os_kernel']['state'], 'pass', done)

    def test_isa_is_what_the_engine_uses(self):
        checks = self.checks_of(cli_support.premise('doctor', '--json', PREMISE_ISA='scalar'))
        self.assertIn('Premise uses scalar', checks['cpu_isa']['found'])

    def test_lines_for_people(self):
        done = self.machine(self.OLD).doctor()
        self.assertEqual((done.code, done.talk), (1, ''), done)
        lines = done.out.splitlines()
        self.assertEqual(len([line for line in lines if re.match(r'(PASS|WARN|FAIL)  \w+ +\S', line)]), len(CHECKS), done)
        self.assertEqual(len([line for line in lines if re.match(r' +fix: \S', line)]), 2, done)
        self.assertRegex(done.out, r'(?m)^FAIL  os_kernel .*\(needs Linux >= 5\.4\)\n +fix: ')
        self.assertEqual(lines[-1], '23 passed, 0 to look at, 2 failed')
        self.assertNotIn('\x1b', done.out)

    def test_quiet_shows_what_is_wrong_alone(self):
        done = self.machine(self.OLD).doctor('--quiet')
        self.assertEqual([line[:4] for line in done.out.splitlines() if line[0] != ' '], ['FAIL', 'FAIL'], done)
        self.assertEqual(self.machine().doctor('-q').out, '')

    def on_terminal(self, **more):
        machine = self.machine(self.OLD)
        ours, theirs = pty.openpty()
        child = subprocess.Popen([PREMISE, 'doctor'], stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env={**machine.environment(), **more})
        os.close(theirs)
        seen = b''
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        child.communicate(timeout=60)
        return seen.decode()

    def test_colours_on_a_terminal_alone(self):
        self.assertIn('\x1b[31mFAIL\x1b[0m  os_kernel', self.on_terminal())
        self.assertNotIn('\x1b', self.on_terminal(NO_COLOR='1'))

    def test_wrong_usage(self):
        self.fails(2, 'doctor', '--require', 'rocm', status='INVALID_ARGUMENT')
        self.fails(2, 'doctor', '--timeout', '0')
        self.fails(2, 'doctor', 'extra')

    def test_hanging_libraries_take_no_longer_than_was_granted(self):
        hang = {'load': 'hang'}
        machine = self.machine({'libraries': {'lib/libcudart.so.13': hang, 'lib/libcublas.so.13': hang}, 'arguments': ['--timeout', '1']})
        start = time.monotonic()
        checks = self.checks_of(machine.doctor('--json'))
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual({checks[name]['state'] for name in ('cuda_runtime', 'cublas')}, {'fail'})

    def test_nodes_without_permission(self):
        """As root, without the capability that opens everything."""
        machine = self.machine({'libraries': {'lib/libcuda.so.1': {'cuInit': 100}}})
        (machine.root / 'dev/nvidia-uvm').chmod(0)
        libc = ctypes.CDLL(None)
        checks = self.checks_of(machine.doctor('--json', preexec_fn=lambda: [libc.prctl(24, capability) for capability in (1, 2)]))
        self.assertEqual(checks['gpu_permissions']['state'], 'fail', checks)
        self.assertRegex(checks['gpu_permissions']['found'], '/dev/nvidia-uvm: Permission denied')

    def test_library_that_may_not_be_read(self):
        machine = self.machine()
        (machine.folder / 'lib/libcudart.so.13').chmod(0)
        libc = ctypes.CDLL(None)
        checks = self.checks_of(machine.doctor('--json', preexec_fn=lambda: [libc.prctl(24, capability) for capability in (1, 2)]))
        self.assertRegex(checks['cuda_runtime']['fix'], 'chmod a[+]r .*libcudart')

    def test_ctrl_c_ends_it_while_a_library_hangs(self):
        machine = self.machine({'libraries': {'lib/libcuda.so.1': {'cuInit': 'hang'}}})
        child = subprocess.Popen([PREMISE, 'doctor'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=machine.environment())
        while not (hanging := pathlib.Path(f'/proc/{child.pid}/task/{child.pid}/children').read_text().split()):
            self.assertIsNone(child.poll())
        time.sleep(0.5)  # into the hang
        child.send_signal(signal.SIGINT)
        out, talk = child.communicate(timeout=8)
        self.assertEqual((child.returncode, out), (130, b''), talk)
        self.assertFalse([pid for pid in hanging if os.path.exists(f'/proc/{pid}')])

    def test_a_crash_leaves_no_core_and_no_child(self):
        machine = self.machine({'libraries': {'lib/libcublas.so.13': {'load': 'crash'}}})
        machine.doctor()
        self.assertEqual([name for name in os.listdir(machine.folder) if name.startswith('core')], [])

    def test_readme_says_what_is_supported(self):
        sentence = re.search(r'(?s)Supported: (.*?)\.\n', self.good('doctor', '--help').out).group(1)
        readme = ' '.join((ROOT / 'README.md').read_text().split())
        self.assertTrue(' '.join(sentence.split()) in readme, sentence)

    def test_kernels_are_those_that_are_compiled(self):
        compiled = re.search(r'ARCHITECTURES = \((.*)\)', (ROOT / 'tests/cuda/test_cuda_compile.py').read_text()).group(1)
        numbers = re.findall(r"'sm_(\d+)'", compiled)
        self.assertIn('sm_' + ' sm_'.join(numbers) + '.', ' '.join(self.good('doctor', '--help').out.split()))


if __name__ == '__main__':
    if not STUBS.is_dir():
        sys.exit(f'{STUBS}: not there: build the release preset with its tests')
    sys.exit(cli_support.main(sys.modules[__name__]))
