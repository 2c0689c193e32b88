"""Models of random weights: premise synth, --synth wherever a model is named, and the sizing table made from their plans."""
import array
import hashlib
import math
import os
import resource
import shutil
import signal
import subprocess
import time

from cli_support import GEMMA, PREMISE, ROOT, CliTest, environment, in_terminal, premise

TINY, LLAMA = 'qwen2-tiny-q4_k_m', 'llama-tiny-f16:5'
IDS = ','.join(str(i * 37 % 2000) for i in range(24))


class Synth(CliTest):
    def left_in(self, folder):
        return sorted(os.listdir(folder))

    def new_folder(self, name):
        path = self.path / name
        path.mkdir(exist_ok=True)
        return path

    def test_a_file_is_what_is_read_from_memory(self):
        for name in (TINY, LLAMA, 'qwen2-tiny-q8_0'):
            path = self.file(name.replace(':', '-') + '.gguf')
            a = self.answer('synth', name, '-o', path, '--sha256')
            data = open(path, 'rb').read()
            self.assertEqual((len(data), hashlib.sha256(data).hexdigest(), a['path']), (a['bytes'], a['sha256'], path))
            self.assertEqual(self.answer('synth', name, '--sha256')['sha256'], a['sha256'])
            from_file, from_memory = (self.answer('logits', *which, '--ids', IDS) for which in (('-m', path), ('--synth', name)))
            self.assertEqual((from_file['sha256'], from_file['argmax'], from_file['shape']), (from_memory['sha256'], from_memory['argmax'], from_memory['shape']))
            self.assertEqual((from_file['model'], from_memory['model']), (path, name))
            self.assertGreater(len(set(from_memory['argmax'])), 6)
        self.assertNotEqual(self.answer('synth', TINY + ':2', '--sha256')['sha256'], self.answer('synth', TINY + ':1', '--sha256')['sha256'])

    def test_logits_are_of_the_size_that_trained_models_have(self):
        for name in (TINY, LLAMA, 'qwen2-tiny-f16'):
            a = self.answer('logits', '--synth', name, '--ids', IDS, '-o', self.file('logits.npy'))
            values = array.array('f', (self.path / 'logits.npy').read_bytes()[-4 * math.prod(a['shape']):])
            mean = sum(values) / len(values)
            deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
            self.assertTrue(abs(mean) < 0.2 and 0.7 < deviation < 1.4, (name, mean, deviation))

    def test_text_is_no_sense_but_not_constant(self):
        for name in (TINY, 'qwen2-tiny-q8_0', LLAMA):
            a = self.answer('run', '--synth', name, '-p', 'the hand', '-n', '48', '--ignore-eos')
            self.assertEqual(len(a['tokens']), 48)
            self.assertGreater(len(set(a['tokens'])), 24, a['tokens'])
            self.assertEqual(self.answer('run', '--synth', name, '-p', 'the hand', '-n', '48', '--ignore-eos', '--threads', '1')['tokens'], a['tokens'])
            self.assertNotEqual(self.answer('run', '--synth', name, '-p', 'the thing', '-n', '48', '--ignore-eos')['tokens'], a['tokens'])
        self.good('run', '--synth', TINY, '--chat', '-p', 'the hand', '-n', '4')

    def test_every_command_takes_one(self):
        ids = self.answer('tokenize', '--synth', TINY, '-p', 'the hand, caf\u00e9')['ids']
        self.assertEqual(self.answer('tokenize', '--synth', TINY, '--detokenize', ','.join(map(str, ids)))['text'], 'the hand, caf\u00e9')
        self.assertEqual(self.answer('inspect', '--synth', TINY)['arch'], 'qwen2')
        a = self.answer('check', '--synth', TINY)
        self.assertEqual((a['kind'], a['ok'], a['path']), ('gguf', True, TINY))
        self.good('bench', '--synth', TINY, '--prompt', '8', '--gen', '2', '--repeat', '1')
        self.good('perplexity', '--synth', TINY, '-f', self.file('text.txt'), '--ctx', '64')
        self.assertEqual(self.answer('run', '--synth', TINY, '-p', 'a', '-n', '2', '--max-host-bytes', '64M')['model'], TINY)
        self.fails(1, 'run', '--synth', TINY, '-p', 'a', '--max-host-bytes', '1M', status='OVER_BUDGET')

    def test_large_ones_are_planned_without_their_weights(self):
        for name, least in (('qwen2-32b-q4_k_m', 19.8e9), ('qwen2-32b-f16', 65.5e9), ('llama-8b-q8_0', 8.5e9)):
            began = time.monotonic()
            plan = self.answer('plan', '--synth', name, '--ctx', '8192')
            self.assertLess(time.monotonic() - began, 10)
            self.assertTrue(least < plan['weights_bytes'] < least * 1.03, plan)

    def test_names(self):
        talk, error = self.fails(2, 'synth', 'qwen2-7b-q4_0')
        for known in ('did you mean', 'qwen2-0.5b-q8_0', 'qwen2-32b-f16', 'llama-8b-q4_k_m'):
            self.assertIn(known, talk)
        self.fails(2, 'run', '--synth', 'x', '-p', 'a')
        self.fails(2, 'run', '--synth', TINY + ':x', '-p', 'a')
        self.fails(2, 'synth')
        self.fails(2, 'run', '--synth', TINY, '-m', GEMMA, '-p', 'a')
        self.assertIn('-p', self.fails(2, 'run', '--synth', TINY, 'the hand')[0])

    def test_files_are_not_overwritten(self):
        folder = self.new_folder('kept')
        path = folder / 'model.gguf'
        path.write_text('mine')
        self.assertIn('--force', self.fails(2, 'synth', TINY, '-o', str(path))[0])
        self.assertEqual(path.read_text(), 'mine')
        self.assertRegex(self.good('synth', TINY, '-o', str(path), '--force').out, r'\Awritten: .*model.gguf: \d+ bytes in 51 tensors, .*GB/s\n\Z')
        self.assertEqual(self.good('synth', TINY, '-o', str(path), '--force', '--quiet').out, '')
        self.good('check', str(path))
        self.fails(1, 'synth', TINY, '-o', self.file('no/such/model.gguf'), status='NOT_FOUND')
        self.assertEqual(self.left_in(folder), ['model.gguf'])

    def test_a_file_that_cannot_be_whole_is_not_there(self):
        folder = self.new_folder('full')
        limited = subprocess.run([PREMISE, 'synth', TINY, '-o', str(folder / 'model.gguf')], capture_output=True, env=environment(), timeout=60, check=False,
                                 restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
        self.assertEqual((limited.returncode, limited.stdout), (1, b''), limited)
        self.assertIn(b'cannot write', limited.stderr)
        self.assertEqual(self.left_in(folder), [])
        child = subprocess.Popen([PREMISE, 'synth', 'qwen2-1.5b-f16', '-o', str(folder / 'model.gguf')], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
        while child.poll() is None and not self.left_in(folder):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        self.assertEqual((child.returncode, self.left_in(folder)), (130, []))

    def test_a_disk_without_room_is_told_before(self):
        free = shutil.disk_usage(self.path).free
        if free > 65e9:
            self.skipTest(f'the disk has room for every model: {free} bytes')
        talk, _ = self.fails(1, 'synth', 'qwen2-32b-f16', '-o', self.file('large.gguf'), status='IO')
        self.assertIn('no room', talk)

    def test_progress_for_a_person_alone(self):
        path = self.file('watched.gguf')
        self.assertIn('writing', in_terminal('synth', TINY, '-o', path).talk)
        self.assertNotIn('\x1b', in_terminal('synth', TINY, '-o', path, '--force', '--quiet').talk)
        self.assertEqual(premise('synth', TINY, '-o', path, '--force').talk, '')


class Sizing(CliTest):
    def test_the_document_is_what_the_plans_say(self):
        written = (ROOT / 'docs/sizing.md').read_text()
        self.assertEqual(self.good('plan', '--table').out, written, 'build/release/bin/premise plan --table > docs/sizing.md')
        self.assertIn('docs/sizing.md', (ROOT / 'README.md').read_text())

    def test_its_figures_are_those_of_single_plans(self):
        plans = {(p['model'], p['context'], p['kv']): p for p in self.answer('plan', '--table')['plans']}
        self.assertEqual(len(plans), 54)
        for model, context, kv in (('qwen2-7b-q4_k_m', 8192, 'f16'), ('qwen2-32b-q8_0', 32768, 'q8_0')):
            alone = self.answer('plan', '--synth', model, '--ctx', str(context), '--kv', kv, '--threads', '1')
            listed = plans[model, context, kv]
            for figure in ('host_bytes', 'weights_bytes', 'kv_bytes', 'scratch_bytes'):
                self.assertEqual(listed[figure], alone[figure], (model, figure))
        # 2 (keys, values) x 28 layers x 4 heads x 128 values of 2 bytes a token, as Qwen2.5's report has it
        self.assertEqual(plans['qwen2-7b-f16', 4096, 'f16']['kv_bytes'], 2 * 28 * 4 * 128 * 2 * 4096)
        self.fails(2, 'plan', '--table', GEMMA)
