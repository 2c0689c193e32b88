#!/usr/bin/env python3
"""Tests of the premise program on tiny models: `PREMISE_BIN=build/release/bin/premise tests/cli/test_cli.py [FILTER]`.

FILTER: only tests whose name contains it. The last line is `N passed, N failed, N skipped`.
"""
import array
import hashlib
import json
import math
import pathlib
import re
import select
import shlex
import signal
import subprocess
import sys
import time

import cli_support
from cli_chat import Chat  # noqa: F401, its cases are cases of this file
from cli_formats import Formats  # noqa: F401, likewise
from cli_images import Images  # noqa: F401, likewise
from cli_ocr import Ocr  # noqa: F401, likewise
from cli_run import Run  # noqa: F401, likewise
from cli_sampling import Sampling  # noqa: F401, likewise
from cli_support import COMMANDS, DATA, GEMMA, PREMISE, QUANTIZED, QWEN, ROOT, TEXT, CliTest, Done, environment, in_terminal, premise
from cli_synth import Sizing, Synth  # noqa: F401, likewise
from cli_tensors import Classify, Tensors  # noqa: F401, likewise
from cli_verify import Verify  # noqa: F401, likewise


class Usage(CliTest):
    def test_help_names_every_command(self):
        shown = self.good('--help')
        for command in COMMANDS:
            self.assertRegex(shown.out, rf'(?m)^ +{command} ')
        self.assertIn('Examples:', shown.out)
        self.assertEqual(shown.talk, '')

    def test_every_command_has_help_with_examples(self):
        for command in COMMANDS:
            shown = self.good(command, '--help')
            self.assertIn('Examples:', shown.out)
            self.assertIn('--json', shown.out)
            self.assertRegex(shown.out, rf'(?m)^  .*premise {command} ')

    def test_examples_in_help_work(self):
        for command in ('', *COMMANDS):
            text = self.good(*([command] if command else []), '--help').out
            lines = [line.strip() for line in text.split('Examples:')[1].splitlines() if 'premise ' in line and line.startswith('  ')]
            self.assertTrue(lines, command)
            for line in lines:
                shell = line.replace('premise ', shlex.quote(PREMISE) + ' ')
                env = environment(PREMISE_DOCTOR_ROOT=str(self.path))  # what this machine lacks is no fault of the examples
                done = subprocess.run(['sh', '-c', shell], cwd=self.path, input=b'the hand\n', capture_output=True, env=env, timeout=120, check=False)
                self.assertEqual(done.returncode, 0, (line, done.stderr))
                self.assertTrue(done.stdout, line)

    def test_version(self):
        self.assertRegex(self.good('--version').out, r'\Apremise \d+\.\d+\.\d+ \(library \d+\.\d+\.\d+\)\n\Z')

    def test_no_command_is_wrong_usage(self):
        done = premise()
        self.assertEqual(done.code, 2, done)
        self.assertRegex(done.talk, r'\Apremise: .*premise --help')

    def test_mistyped_commands_get_the_near_name(self):
        for typed, meant in (('rnu', 'run'), ('inspct', 'inspect'), ('tokenise', 'tokenize'), ('perplexty', 'perplexity'), ('chekc', 'check')):
            self.assertIn(f"did you mean '{meant}'?", self.fails(2, typed)[0])
        self.assertNotIn('did you mean', self.fails(2, 'zzzzzz')[0])

    def test_mistyped_flags_get_the_near_name(self):
        for args, meant in ((('run', '--modle', 'x'), '--model'), (('run', '--thread=1'), '--threads'), (('logits', '--idz', '1'), '--ids'),
                            (('inspect', '--grpah'), '--graph')):
            talk, error = self.fails(2, *args)
            self.assertIn(f"did you mean '{meant}'?", talk)
            self.assertEqual(error['item'], args[1].split('=')[0])

    def test_wrong_values_are_wrong_usage(self):
        for flags in (['-n', '-1'], ['-n', 'x'], ['-n', '1.5'], ['-n', '9' * 30], ['-n', ''], ['--ctx', '0'], ['--ctx', '1x'], ['--ctx', '9999999G'],
                      ['--threads', '0'], ['--threads', '-1'], ['--chunk', '0'], ['--kv', 'q4_0'], ['--kv', 'f64'], ['--device', 'gpu'], ['--device', 'cuda:x'], ['--gpu-layers', '2'],
                      ['--device', 'tpu'], ['--require', 'gpu'], ['--device', 'cuda:1', '--require', 'cuda'], ['--temp', 'hot'], ['--deadline-ms', '0'], ['--system', 'x'], ['--template', 'x'], ['--template-json', '{}'],
                      ['--chat', '--template-json', '[1]'], ['--chat', '--template-json', '{'], ['--chat', '--raw'],
                      ['--seed', '-1'], ['-n'], ['-n', '1', '-n', '2'], ['extra words']):
            with self.subTest(flags):
                self.fails(2, 'run', '-m', GEMMA, '-p', 'the', *flags, status='INVALID_ARGUMENT')

    def test_what_is_missing_is_named(self):
        self.assertIn('-m', self.fails(2, 'run', '-p', 'the')[0])
        self.assertIn('-p', self.fails(2, 'run', '-m', GEMMA)[0])
        self.assertIn('-f', self.fails(2, 'run', '-m', GEMMA, '-p', 'a', '-f', 'b')[0])
        self.assertIn('--ids', self.fails(2, 'logits', '-m', GEMMA)[0])
        self.assertIn('-f', self.fails(2, 'perplexity', '-m', GEMMA)[0])
        self.fails(2, 'check')
        self.fails(2, 'tokenize', '-m', GEMMA, '-p', 'a', '--detokenize', '1')



class Failures(CliTest):
    def test_a_missing_model(self):
        for command, rest in (('run', ['-p', 'a']), ('tokenize', ['-p', 'a']), ('logits', ['--ids', '1']), ('inspect', [])):
            talk, error = self.fails(1, command, '-m', 'no/such.gguf', *rest, status='NOT_FOUND')
            self.assertIn('no/such.gguf', talk)
            self.assertEqual((error['code'], error['file']), (4, 'no/such.gguf'))

    def test_bad_models(self):
        for name in ('garbage.gguf', 'notes.txt', 'empty.gguf'):
            talk, error = self.fails(1, 'run', '-m', self.file(name), '-p', 'a', status='BAD_FILE')
            self.assertEqual((error['code'], error['file']), (10, self.file(name)))
            self.assertEqual(talk.count(name), 1, talk)

    def test_missing_text(self):
        self.assertIn('gone.txt', self.fails(1, 'run', '-m', GEMMA, '-f', 'gone.txt', status='NOT_FOUND')[0])
        self.assertIn('gone.txt', self.fails(1, 'perplexity', '-m', GEMMA, '-f', 'gone.txt', status='NOT_FOUND')[0])
        self.fails(1, 'run', '-m', GEMMA, '-f', str(self.path), status='IO')

    def test_a_context_over_the_models(self):
        talk, error = self.fails(1, 'run', '-m', GEMMA, '-p', 'a', '--ctx', '1M', status='INVALID_ARGUMENT')
        self.assertIn('1048576', talk)
        self.assertEqual(error['item'], 'context')

    def test_a_prompt_over_the_context(self):
        talk, _ = self.fails(1, 'run', '-m', GEMMA, '-p', TEXT, '--ctx', '16', status='CONTEXT_FULL')
        self.assertIn('16', talk)

    def test_instruction_sets(self):
        self.assertEqual(self.answer('logits', '-m', GEMMA, '--ids', '1', PREMISE_ISA='scalar')['isa'], 'scalar')
        self.assertIn('nonsense', self.fails(1, 'run', '-m', GEMMA, '-p', 'a', PREMISE_ISA='nonsense')[0])

    def test_failures_on_request(self):
        text = self.answer('run', QUANTIZED, 'the hand', '-n', '4')['text']
        for n in ('1', '2', '7', '40', '300', '1000', '3+', '200+'):
            self.fails(1, 'run', QUANTIZED, 'the hand', '-n', '4', status='OUT_OF_MEMORY', PREMISE_FAIL_ALLOC=n)
        for n in ('1', '2', '5', '2+'):
            self.fails(1, 'run', QUANTIZED, 'the hand', '-n', '4', status='CALLBACK', PREMISE_FAIL_READ=n)
        self.assertEqual(self.answer('run', QUANTIZED, 'the hand', '-n', '4', PREMISE_FAIL_ALLOC='1000000', PREMISE_FAIL_READ='100000')['text'], text)
        for wrong in ('0', '-1', 'x', '3++'):
            self.fails(2, 'run', QUANTIZED, 'the hand', PREMISE_FAIL_READ=wrong)

    def test_a_full_disk(self):
        with open('/dev/full', 'wb') as full:
            for args in (['tokenize', '-m', GEMMA, '-p', 'a'], ['inspect', '-m', GEMMA, '--json'], ['--help'],
                         ['run', '-m', GEMMA, '-p', 'a', '-n', '4', '--ignore-eos']):
                done = subprocess.run([PREMISE, *args], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False)
                self.assertEqual(done.returncode, 1, args)
                self.assertIn(b'standard output', done.stderr)
        self.fails(1, 'logits', '-m', GEMMA, '--ids', '1', '-o', 'no/such/folder/out.npy', status='NOT_FOUND')

    def test_a_reader_that_leaves(self):
        child = subprocess.Popen([PREMISE, 'tokenize', '-m', GEMMA, '-f', '-', '--lines'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=environment())
        child.stdout.close()
        _, talk = child.communicate(b'the hand\n' * 50000, timeout=60)
        self.assertEqual((child.returncode, talk), (1, b''))

    def test_names_from_files_cannot_drive_the_terminal(self):
        talk, _ = self.fails(1, 'run', '-m', 'x\x1b[2J\ny', '-p', 'a', status='NOT_FOUND')
        self.assertNotIn('\x1b', talk)


class Tokens(CliTest):
    def test_there_and_back(self):
        for model in (GEMMA, QWEN):
            ids = self.answer('tokenize', '-m', model, '-p', 'the hand, caf\u00e9')['ids']
            self.assertTrue(ids and all(isinstance(i, int) for i in ids))
            written = ','.join(map(str, ids))
            self.assertEqual(self.answer('tokenize', '-m', model, '--detokenize', written)['text'], 'the hand, caf\u00e9')
            self.assertEqual(self.good('tokenize', '-m', model, '--detokenize', f'[{written}]').out, 'the hand, caf\u00e9')
            self.assertEqual(json.loads(self.good('tokenize', '-m', model, '-p', 'the hand, caf\u00e9').out), ids)

    def test_lines(self):
        lines = ['the hand', '', 'caf\u00e9\r', 'last']
        done = self.good('tokenize', '-m', GEMMA, '-f', '-', '--lines', stdin='\n'.join(lines).encode())
        got = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual(got, [self.answer('tokenize', '-m', GEMMA, '-f', '-', stdin=line.encode())['ids'] for line in lines])
        self.assertEqual(self.answer('tokenize', '-m', GEMMA, '-f', '-', '--lines', stdin='\n'.join(lines).encode()), {'lines': got})
        self.assertEqual(self.good('tokenize', '-m', GEMMA, '-f', '-', '--lines', stdin=b'a\n').out.count('\n'), 1)

    def test_begin_and_control_tokens(self):
        with_begin, without = (self.answer('tokenize', '-m', GEMMA, '-p', 'the', *f)['ids'] for f in ([], ['--no-bos']))
        self.assertEqual(with_begin[1:], without)
        special = self.answer('tokenize', '-m', QWEN, '-p', '<|im_end|>', '--special')['ids']
        self.assertEqual(len(special), 1)
        self.assertEqual(self.answer('tokenize', '-m', QWEN, '--detokenize', str(special[0]))['text'], '')
        self.assertEqual(self.answer('tokenize', '-m', QWEN, '--detokenize', str(special[0]), '--special')['text'], '<|im_end|>')

    def test_wrong_ids(self):
        for ids in ('x', '1,,x', '-1', '1.5', '', '99999999999'):
            self.fails(2, 'tokenize', '-m', GEMMA, '--detokenize', ids)
        self.fails(1, 'tokenize', '-m', GEMMA, '--detokenize', '99999999', status='INVALID_ARGUMENT')


class Numbers(CliTest):
    def test_logits_file_and_digest(self):
        out = self.file('out.npy')
        a = self.answer('logits', '-m', GEMMA, '--ids', '30,31,32', '-o', out)
        raw = pathlib.Path(out).read_bytes()
        self.assertEqual(raw[:8], b'\x93NUMPY\x01\x00')
        length = int.from_bytes(raw[8:10], 'little')
        self.assertEqual((10 + length) % 64, 0)
        header = raw[10:10 + length].decode()
        rows, width = map(int, re.search(r"'shape': \((\d+), (\d+)\)", header).groups())
        self.assertTrue("'<f4'" in header and "'fortran_order': False" in header and header.endswith('\n'))
        data = raw[10 + length:]
        self.assertEqual((rows, len(data)), (3, rows * width * 4))
        self.assertEqual(a['sha256'], hashlib.sha256(data).hexdigest())
        floats = array.array('f', data)
        for t in range(rows):
            row = floats[t * width:(t + 1) * width]
            self.assertEqual(row.index(max(row)), a['argmax'][t])
        plain = self.good('logits', '-m', GEMMA, '-f', self.file('ids.txt'))
        self.assertEqual(plain.out, f'sha256 {a["sha256"]}\nargmax {json.dumps(a["argmax"], separators=(",", ":"))}\n')

    def test_one_digest_for_threads_chunks_and_instruction_sets(self):
        for model in (GEMMA, QUANTIZED):
            ids = ','.join(str(20 + i * 7 % 200) for i in range(40))
            digests = {self.answer('logits', '-m', model, '--ids', ids, *flags, **env)['sha256']
                       for flags, env in (([], {}), (['--threads', '1'], {}), (['--threads', '3', '--chunk', '1'], {}), (['--chunk', '7'], {}),
                                          ([], {'PREMISE_ISA': 'scalar'}))}
            self.assertEqual(len(digests), 1, model)

    def test_perplexity_counts_as_said(self):
        a = self.answer('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '32', '--chunks', '3', '--kv', 'f32')
        self.assertLessEqual({'perplexity', 'nll', 'tokens', 'ctx'}, set(a))
        self.assertEqual((a['ctx'], a['chunks'], a['tokens']), (32, 3, 3 * 15))
        self.assertAlmostEqual(a['perplexity'], math.exp(a['nll']), delta=1e-9 * a['perplexity'])
        # Again, from the logits of the same windows.
        ids = self.answer('tokenize', '-m', GEMMA, '-f', self.file('text.txt'))['ids']
        nll = 0.0
        for w in range(3):
            window = [ids[0]] + ids[w * 32 + 1:w * 32 + 32]
            out = self.file('window.npy')
            self.answer('logits', '-m', GEMMA, '--ids', ','.join(map(str, window)), '-o', out, '--kv', 'f32')
            floats = array.array('f', pathlib.Path(out).read_bytes()[128:])
            width = len(floats) // 32
            for t in range(16, 31):
                row = floats[t * width:(t + 1) * width]
                most = max(row)
                nll += math.log(sum(math.exp(x - most) for x in row)) - (row[window[t + 1]] - most)
        self.assertAlmostEqual(a['nll'], nll / 45, delta=1e-9 * a['nll'])

    def test_perplexity_of_too_little(self):
        talk, _ = self.fails(1, 'perplexity', '-m', GEMMA, '-f', self.file('prompt.txt'), '--ctx', '64')
        self.assertIn('prompt.txt', talk)
        self.fails(2, 'perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '3')
        plain = self.good('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '64', '--chunks', '1', '--quiet')
        self.assertRegex(plain.out, r'\Aperplexity: [\d.]+\n\Z')
        self.assertEqual(plain.talk, '')


class Files(CliTest):
    def test_inspect_json(self):
        for model, arch in ((GEMMA, 'gemma3'), (QUANTIZED, 'qwen2')):
            a = self.answer('inspect', '-m', model)
            self.assertLessEqual({'kind', 'arch', 'tensors', 'types', 'metadata', 'inputs', 'outputs', 'ops'}, set(a))
            self.assertEqual((a['kind'], a['arch']), ('gguf', arch))
            self.assertEqual(sum(a['types'].values()), len(a['tensors']))

    def test_inspect_for_people(self):
        shown = self.good('inspect', GEMMA)
        for word in ('gguf', 'gemma3', 'parameters', 'context', 'F32', 'metadata', 'general.architecture = gemma3', 'elements]'):
            self.assertIn(word, shown.out)
        self.assertLess(max(map(len, shown.out.splitlines())), 160)
        tensors = self.good('inspect', GEMMA, '--tensors').out.splitlines()
        self.assertEqual(len(tensors), len(self.answer('inspect', GEMMA)['tensors']))
        graph = self.good('inspect', GEMMA, '--graph').out
        self.assertGreater(graph.count('\n'), 20)
        self.assertEqual('\n'.join(self.answer('inspect', GEMMA, '--graph')['graph']) + '\n', graph)

    def test_check(self):
        self.assertRegex(self.good('check', GEMMA).out, r'\Aok: .*gguf.*\n\Z')
        a = self.answer('check', GEMMA)
        self.assertEqual((a['path'], a['kind'], a['ok']), (GEMMA, 'gguf', True))
        for name, kind, status in (('garbage.gguf', 'gguf', 'BAD_FILE'), ('notes.txt', 'unknown', 'BAD_FILE'), ('empty.gguf', 'unknown', 'BAD_FILE'),
                                   ('gone.gguf', 'unknown', 'NOT_FOUND')):
            self.fails(1, 'check', self.file(name), status=status)
            a = self.json_of(premise('check', self.file(name), '--json'))
            self.assertEqual((a['kind'], a['ok']), (kind, False))


class Plan(CliTest):
    def test_the_plan_is_what_a_run_charges(self):
        for path in (GEMMA, QUANTIZED, str(DATA / 'split-qwen3-f16-00001-of-00003.gguf'), str(DATA / 'folders/tiny-qwen3-f16')):
            for flags in ((), ('--ctx', '128', '--chunk', '16'), ('--kv', 'f32', '--threads', '1'), ('--kv', 'q8_0' if path == QUANTIZED else 'bf16')):
                plan = self.answer('plan', path, *flags)
                self.assertLessEqual({'host_bytes', 'device_bytes', 'weights_bytes', 'kv_bytes', 'scratch_bytes', 'fits', 'advice'}, set(plan))
                self.assertGreaterEqual(plan['host_bytes'], sum(plan[key] for key in ('weights_bytes', 'kv_bytes', 'scratch_bytes')))
                self.assertEqual((plan['fits'], plan['advice']), (True, []))
                self.assertEqual(self.answer('run', path, 'the hand', '-n', '8', *flags)['peak_charged_bytes'], plan['host_bytes'])

    def test_a_budget_is_kept_to_the_byte(self):
        need = self.answer('plan', QUANTIZED)['host_bytes']
        self.assertEqual(self.answer('run', QUANTIZED, 'the hand', '-n', '4', '--max-host-bytes', str(need))['generated_tokens'], 4)
        talk, _ = self.fails(1, 'run', QUANTIZED, 'the hand', '--max-host-bytes', str(need - 1), status='OVER_BUDGET')
        self.assertRegex(talk, r'needs \d+ bytes')
        plan = self.answer('plan', QUANTIZED, '--max-host-bytes', str(need - 1))
        self.assertFalse(plan['fits'])
        self.assertTrue(plan['advice'])

    def test_table_for_people(self):
        shown = self.good('plan', GEMMA, '--max-host-bytes', '1K').out
        self.assertRegex(shown, r'MiB  in all, at the peak \(\d+ bytes\)')
        self.assertIn('does not fit in 1024 bytes', shown)
        self.assertIn('advice: ', shown)


class Bench(CliTest):
    KEYS = ('prefill_tok_s decode_tok_s batch load_ms first_token_ms peak_rss_mb isa cpu threads read_gbs_probe int8_gops_probe '
            'fma_gflops_probe bytes_per_token share_read share_int8').split()

    def test_keys_and_figures(self):
        shown = self.answer('bench', QUANTIZED, '--prompt', '24', '--gen', '5', '--repeat', '2', '--threads', '1')
        self.assertLessEqual(set(self.KEYS), set(shown))
        self.assertEqual((shown['batch'], shown['threads'], shown['prompt'], shown['gen']), ({}, 1, 24, 5))
        for key in self.KEYS:
            if key not in ('batch', 'isa', 'cpu', 'threads', 'share_int8'):
                self.assertGreater(shown[key], 0, key)
        self.assertAlmostEqual(shown['share_read'], shown['bytes_per_token'] * shown['decode_tok_s'] / (shown['read_gbs_probe'] * 1e9))

    def test_bytes_per_token_are_weights_and_cache(self):
        """All tensors but a table that is only gathered, and half floats of keys and values at the mean position."""
        prompt, gen = 24, 5
        shown = self.answer('bench', QWEN, '--prompt', str(prompt), '--gen', str(gen), '--repeat', '1', PREMISE_ISA='scalar')
        report = self.answer('inspect', QWEN)
        metadata, tensors = report['metadata'], {t['name']: t for t in report['tensors']}
        weights = sum(t['bytes'] for name, t in tensors.items() if name != 'token_embd.weight' or 'output.weight' not in tensors)
        cached = tensors['blk.0.attn_k.weight']['shape'][0] * 2 * 2 * metadata['qwen2.block_count']
        self.assertEqual(shown['bytes_per_token'], weights + cached * (prompt + (gen + 1) / 2))
        self.assertIsNone(shown['share_int8'])  # no 8-bit products in a model of floats

    def test_table_for_people(self):
        done = self.good('bench', GEMMA, '--prompt', '8', '--gen', '2', '--repeat', '1')
        for word in ('machine', 'GB/s read', 'Gop/s int8', 'Gflop/s fma', 'prefill 8', 'decode 2', '% of read'):
            self.assertIn(word, done.out)

    def test_rounds_on_request(self):
        text = 'the hand in the thing'
        ids = self.answer('tokenize', GEMMA, text)['ids']
        wanted = self.answer('run', GEMMA, text, '-n', '7', '--ignore-eos')['tokens']
        line = ','.join(map(str, ids))
        done = self.good('bench', GEMMA, '--serve', '--prompt', '32', '--gen', '6', stdin=f'{line}\n1,2,3\nmachine\n{line}\n'.encode())
        first, other, machine, again = map(json.loads, done.out.splitlines())
        self.assertEqual((first['ids'], again['ids'], len(other['ids'])), (wanted, wanted, 7))
        self.assertGreater(min(first['prefill_s'], first['decode_s'], machine['read_gbs_probe'], machine['bytes_per_token']), 0)

    def test_wrong_usage(self):
        self.fails(2, 'bench', GEMMA, '--prompt', '0')
        self.fails(2, 'bench', GEMMA, '--repeat', '0')
        self.assertIn('--serve', premise('bench', GEMMA, '--serve', '--json').out)
        self.fails(1, 'bench', GEMMA, '--prompt', '1M', status='INVALID_ARGUMENT')


class People(CliTest):
    def test_nothing_moves_when_nobody_watches(self):
        done = self.good('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '32')
        self.assertNotIn('\x1b', done.talk + done.out)
        self.assertNotIn('\r', done.talk + done.out)

    def test_progress_is_wiped(self):
        done = in_terminal('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '32')
        self.assertEqual(done.code, 0, done)
        self.assertIn('window', done.talk)
        last = done.talk.rsplit('\x1b[K', 1)[1]
        self.assertNotIn('window ', last.split('nll')[0])
        for env, args in (({'TERM': 'dumb'}, []), ({}, ['--quiet'])):
            done = in_terminal('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '32', *args, **env)
            self.assertNotIn('\x1b', done.talk)

    def test_no_color(self):
        self.assertIn('\x1b[31m', in_terminal('check', 'gone.gguf').talk)
        self.assertNotIn('\x1b[31m', in_terminal('check', 'gone.gguf', NO_COLOR='1').talk)
        self.assertNotIn('\x1b[2m', in_terminal('perplexity', '-m', GEMMA, '-f', self.file('text.txt'), '--ctx', '32', NO_COLOR='1').talk)

    def interrupt(self, *args, feed=b''):
        child = subprocess.Popen([PREMISE, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        child.stdin.write(feed)
        child.stdin.flush()
        time.sleep(0.5)
        self.assertIsNone(child.poll(), args)
        child.send_signal(signal.SIGINT)
        out, talk = child.communicate(timeout=20)
        return Done(args, child.returncode, out, talk)

    def test_ctrl_c_while_reading(self):
        done = self.interrupt('run', '-m', GEMMA, '-p', '-', feed=b'the')
        self.assertEqual(done.code, 130, done)
        self.assertRegex(done.talk, r'\Apremise: interrupted[^\n]*\n\Z')
        done = self.interrupt('run', '-m', GEMMA, '-p', '-', '--json', feed=b'the')
        self.assertEqual((done.code, self.json_of(done)['error']['status']), (130, 'CANCELLED'))

    def test_ctrl_c_while_computing(self):
        long = self.file('long.txt')
        pathlib.Path(long).write_text(TEXT * 800)
        done = self.interrupt('perplexity', '-m', GEMMA, '-f', long, '--ctx', '64', '--json', '--threads', '1')
        self.assertEqual((done.code, self.json_of(done)['error']['status']), (130, 'CANCELLED'), done)

    def test_ctrl_c_keeps_the_text_so_far(self):
        """Tiny models are done before anybody could interrupt them."""
        real = next(iter(sorted((ROOT / 'models').glob('*.gguf'))), None)
        if real is None:
            self.skipTest('no model in models/ (script/model fetches one)')
        child = subprocess.Popen([PREMISE, 'run', '-m', str(real), '-p', 'Once upon a time', '-n', '4000', '--ignore-eos', '--quiet'],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self.assertTrue(select.select([child.stdout], [], [], 60)[0])
        child.send_signal(signal.SIGINT)
        out, talk = child.communicate(timeout=30)
        self.assertEqual((child.returncode, talk), (130, b''))
        self.assertTrue(out)


if __name__ == '__main__':
    sys.exit(cli_support.main(sys.modules[__name__]))
