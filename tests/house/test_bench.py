"""The arithmetic and the forms of script/bench."""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, 'script', 'lib'))
import bench_ops  # noqa: E402
import bench_peers  # noqa: E402
import bench_stats  # noqa: E402
import bench_tables  # noqa: E402
import bench_workers  # noqa: E402
import readme_block  # noqa: E402

STAT = 'cpu  {user} 10 {system} {idle} 5 1 2 {steal} 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 1\n'


def stat(**ticks):
    return bench_stats.parse_stat(STAT.format(**{'user': 100, 'system': 50, 'idle': 1000, 'steal': 20} | ticks))


class StatsTest(unittest.TestCase):
    def test_quantiles_lie_between_neighbours(self):
        self.assertEqual(bench_stats.median([3, 1, 2]), 2)
        self.assertEqual(bench_stats.median([4, 1, 2, 3]), 2.5)
        self.assertEqual(bench_stats.quantile([5, 1, 2, 3, 4], 0.25), 2)
        self.assertEqual(bench_stats.quantile([0, 10], 0.25), 2.5)
        self.assertEqual(bench_stats.quantile([7], 0.25), 7)

    def test_ratios_are_paired_before_the_median(self):
        """A machine that halves its speed for some rounds changes both sides of them and no ratio."""
        ours, theirs = [10, 5, 10, 5, 12], [5, 2.5, 5, 2.5, 4]
        self.assertEqual(bench_stats.paired_ratio(ours, theirs), (2, 2))
        self.assertEqual(bench_stats.paired_ratio([1, 2, 3, 4, 5], [1] * 5), (3, 2))
        with self.assertRaises(ValueError):
            bench_stats.paired_ratio([1, 2], [1])

    def test_geomean(self):
        self.assertAlmostEqual(bench_stats.geomean([2, 8]), 4)
        self.assertIsNone(bench_stats.geomean([]))

    def test_figures_are_cut_to_six_digits(self):
        told = {'a': [1 / 3, 123456789.0, 7], 'b': None, 'c': 'x', 'd': True}
        self.assertEqual(bench_stats.rounded(told), {'a': [0.333333, 123457000.0, 7], 'b': None, 'c': 'x', 'd': True})

    def test_stat_counts_guests_once_and_steal_apart(self):
        self.assertEqual(stat(), {'busy': 100 + 10 + 50 + 1 + 2, 'steal': 20, 'all': 163 + 20 + 1005})
        self.assertEqual(bench_stats.parse_stat('cpu 1 2 3 4\n'), {'busy': 6, 'steal': 0, 'all': 10})

    def test_foreign_time_is_what_is_busy_and_not_ours(self):
        after = stat(user=180, idle=1100, steal=40)  # 80 busy, 100 idle, 20 stolen
        foreign, stolen = bench_stats.disturbance(stat(), after, 0.5, 100)
        self.assertAlmostEqual(foreign, 30 / 200)
        self.assertAlmostEqual(stolen, 20 / 200)
        self.assertEqual(bench_stats.disturbance(stat(), after, 2.0, 100)[0], 0)
        self.assertEqual(bench_stats.disturbance(stat(), stat(), 1, 100), (0, 0))

    def test_ids_agree_when_they_part_at_a_near_tie(self):
        self.assertEqual(bench_stats.agreement([1, 2, 3], [1, 2, 3], [9, 9, 9]), (1, True))
        self.assertEqual(bench_stats.agreement([1, 5, 3, 8], [1, 2, 3, 4], [9, 0.01, 9, 9]), (0.5, True))
        self.assertEqual(bench_stats.agreement([1, 5], [1, 2], [9, 0.5]), (0.5, False))
        self.assertFalse(bench_stats.agreement([1], [1, 2], [9, 9])[1])
        self.assertEqual(bench_stats.agreement([1, 5], [1, 2], [9, 0.5], 0.6), (0.5, True))

    def test_what_a_tie_is_the_ways_of_the_peer_tell(self):
        def answer(ids, margins):
            return {'ids': ids, 'margins': margins}

        self.assertEqual(bench_stats.tie_of([answer([1, 2], [3, 4])]), bench_stats.LEAST_TIE)
        self.assertEqual(bench_stats.tie_of([answer([1, 2, 3], [3, 4, 0.1]), answer([1, 2, 4], [3.5, 4, 9])]), 0.5)
        self.assertEqual(bench_stats.tie_of([answer([1, 2], [3, 4]), answer([1, 2], [3, 9])]), bench_stats.MOST_TIE)


class CaseTest(unittest.TestCase):
    ROUNDS = [
        {'ours': 20, 'peer': 10, 'ours_cpu': 9, 'peer_cpu': 3, 'foreign': 0.01, 'steal': 0},
        {'ours': 30, 'peer': 10, 'ours_cpu': 9, 'peer_cpu': 3, 'foreign': 0.10, 'steal': 0.02},
        {'ours': 40, 'peer': 10, 'ours_cpu': 9, 'peer_cpu': 3, 'foreign': 0.00, 'steal': 0.00},
    ]

    def case(self, agreed, rounds=None):
        return bench_stats.case_of('m', 'q4_k_m', 'decode', 2, rounds or self.ROUNDS, agreed, 0.5)

    def test_keys_of_the_contract(self):
        case = self.case((1.0, True))
        self.assertLessEqual(set('model type phase threads ours peer ratio ratio_q25 agree share steal_pct'.split()), set(case))
        self.assertEqual(case['ours'], {'median': 30, 'min': 20, 'max': 40, 'samples': [20, 30, 40]})
        self.assertEqual(case['peer'], {'median': 10, 'samples': [10, 10, 10]})
        self.assertEqual((case['ratio'], case['ratio_q25'], case['cpu_ratio']), (3, 2.5, 3))
        self.assertEqual((case['steal_pct'], case['foreign_pct'], case['disturbed_rounds']), (2, 10, 1))

    def test_no_ratio_when_outputs_disagree(self):
        case = self.case((0.25, False))
        self.assertEqual((case['ratio'], case['ratio_q25'], case['agree']), (None, None, 0.25))
        self.assertEqual(case['peer']['median'], 10)

    def test_no_peer_is_null(self):
        case = self.case(None, [{'ours': 2, 'ours_cpu': 1, 'foreign': 0, 'steal': 0}])
        self.assertEqual((case['peer'], case['ratio'], case['agree']), (None, None, None))
        json.dumps(case, allow_nan=False)

    def test_geomeans_leave_out_what_has_no_ratio(self):
        cases = [{'phase': 'decode', 'ratio': r} for r in (2, 8, None)] + [{'phase': 'prefill', 'ratio': None}]
        got = bench_stats.geomeans(cases)
        self.assertTrue(math.isclose(got['decode'], 4))
        self.assertIsNone(got['prefill'])


class WorkerTest(unittest.TestCase):
    ECHO = 'import json,sys\nfor line in sys.stdin:\n  print(json.dumps({"line": line.strip()}), flush=True)'

    def test_answers_line_by_line_and_is_watched(self):
        with bench_workers.Worker([sys.executable, '-c', self.ECHO]) as worker:
            self.assertEqual(worker.ask('a'), {'line': 'a'})
            answer = worker.ask_watched('b')
            self.assertGreater(worker.cpu_seconds(), 0)
        self.assertEqual(answer['line'], 'b')
        self.assertTrue(0 <= answer['foreign'] <= 1 and 0 <= answer['steal'] <= 1)
        self.assertEqual(worker.process.returncode, 0)

    def test_a_worker_that_dies_is_an_error(self):
        with bench_workers.Worker([sys.executable, '-c', 'raise SystemExit(3)']) as worker:
            with self.assertRaisesRegex(RuntimeError, 'status 3'):
                worker.ask('a')

    def test_first_byte_is_timed_and_memory_counted(self):
        code = 'import time; a = bytearray(90 << 20); print("x", flush=True); time.sleep(0.5)'
        started = time.monotonic()
        found = bench_workers.first_byte([sys.executable, '-c', code])
        self.assertLess(found['first_token_s'], time.monotonic() - started - 0.4)
        self.assertGreater(found['peak_rss_mb'], 90)
        self.assertTrue(0 <= found['foreign'] <= 1)
        with self.assertRaises(RuntimeError):
            bench_workers.first_byte([sys.executable, '-c', ''])

    def test_a_disturbed_round_is_repeated_and_the_quietest_kept(self):
        class Fake:
            def __init__(self, *foreign):
                self.foreign = list(foreign)

            def ask_watched(self, *_):
                return {'foreign': self.foreign.pop(0), 'steal': 0, 'left': len(self.foreign)}

        options = type('Options', (), {'tries': 3})
        loud = Fake(0.5, 0.2, 0.3, 0.0)
        self.assertEqual(bench_peers.watched_round([loud], '', options)[0]['foreign'], 0.2)
        self.assertEqual(len(loud.foreign), 1)
        calm = Fake(0.5, 0.02, 0.0)
        self.assertEqual(bench_peers.watched_round([calm], '', options)[0]['left'], 1)


class TableTest(unittest.TestCase):
    def result(self, **more):
        case = CaseTest().case((1.0, True))
        case['peer'] |= {'name': 'llama.cpp', 'version': 'llama.cpp b1', 'flags': 'threads 2'}
        row = {'ours': {'median': 0.1}, 'peer': {'median': 0.2}}
        start = {'model': 'm', 'threads': 2, 'first_token_s': row, 'peak_rss_mb': {'ours': {'median': 300}, 'peer': None}}
        result = {'cpu': 'A', 'cores': 2, 'isa': 'avx2', 'commit': 'c1', 'date': 'd', 'prompt': 512, 'gen': 64, 'rounds': 3}
        return result | {'cases': [case], 'startup': [start]} | more

    def test_the_last_line_of_each_processor_counts(self):
        lines = [json.dumps(self.result(cpu=cpu, commit=c)) for cpu, c in (('A', 'old'), ('B', 'b'), ('A', 'new'))]
        self.assertEqual([r['commit'] for r in bench_tables.newest_of_each(lines)], ['b', 'new'])

    def test_a_part_of_the_types_replaces_no_whole(self):
        part = self.result(commit='part')
        part['cases'][0]['type'] = 'other'
        lines = [json.dumps(result) for result in (self.result(commit='whole'), part)]
        self.assertEqual([r['commit'] for r in bench_tables.newest_of_each(lines)], ['whole', 'part'])

    def test_tables_stand_between_their_marks(self):
        text = f'before\n{readme_block.begin(bench_tables.block("peers"))}\nold\n{readme_block.END}\nafter\n'
        made = bench_tables.render(text, 'peers', [json.dumps(self.result())])
        self.assertTrue(made.startswith('before\n') and made.endswith('after\n') and 'old' not in made)
        for part in ('others used up to 10 % of the machine', '| m | q4_k_m | decode | 2 | 30.0 | 10.0 | 3.00 | 2.50 | 50 % | 1 |', '100 ms, llama.cpp 200', '300 MB, llama.cpp null'):
            self.assertIn(part, made)
        self.assertEqual(bench_tables.render(made, 'peers', [json.dumps(self.result())]), made)
        with self.assertRaises(RuntimeError):
            bench_tables.render('no marks', 'peers', [])

    def test_without_results_nothing_is_measured(self):
        text = f'{readme_block.begin(bench_tables.block("types"))}\nold\n{readme_block.END}'
        self.assertIn('\nnot measured\n', bench_tables.render(text, 'types', []))

    def test_the_tables_of_the_readme_are_current(self):
        text, made = bench_tables.rendered()
        self.assertEqual(text, made)

    def test_a_vision_table_has_failed_cases_too(self):
        peers = [{'name': name, 'version': '1', 'flags': 'all', 'median': median} for name, median in (('openvino', 100.0), ('onnxruntime', 50.0))]
        case = {'model': 'net', 'type': 'f32', 'threads': 1, 'ours': {'median': 125.0}, 'peer': peers[0], 'others': peers[1:], 'ratio': 1.25, 'ratio_q25': 1.2, 'disturbed_rounds': 0}
        failed = {'model': 'other', 'type': 'int8', 'threads': 0, 'ours': None, 'peer': None, 'ratio': None, 'why': 'unsupported'}
        result = {'cpu': 'c', 'cores': 2, 'isa': 'avx2', 'commit': 'x', 'date': 'd', 'rounds': 9, 'cases': [case, failed], 'startup': []}
        made = bench_tables.vision_table(result)
        self.assertIn('| net | f32 | 1 | 8.00 | 20.00 | 10.00 | 1.25 | 1.20 | 0 |', made)
        self.assertIn('| other | int8 | 0 | null | null | null | null | null |  |', made)

    def test_rows_of_ops_are_in_nanoseconds(self):
        entry = {'name': 'matmul', 'cpu_time': 2.0, 'time_unit': 'us', 'GB/s': 4.0, 'share_read': 0.5, 'iterations': 3}
        self.assertEqual(bench_ops.row(entry), {'name': 'matmul', 'ns': 2000, 'GB/s': 4.0, 'share_read': 0.5})
        self.assertIn('50 % read', bench_ops.line(bench_ops.row(entry)))


class UsageTest(unittest.TestCase):
    def test_wrong_usage(self):
        for words in ([], ['peers'], ['peers', '--json', 'x', '--threads', '0'], ['peers', '--json', 'x', '--model', 'no'], ['peers', '--json', 'x', '--vision', '--types'], ['peers', '--json', 'x', '--case', 'resnet50'], ['ops', '--no']):
            with self.subTest(words):
                done = subprocess.run([os.path.join(ROOT, 'script', 'bench'), *words], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)

    def test_results_are_appended(self):
        with tempfile.TemporaryDirectory() as folder:
            kept, bench_tables.TREE = bench_tables.TREE, folder
            self.addCleanup(setattr, bench_tables, 'TREE', kept)
            bench_tables.append({'a': 1}, 'types')
            bench_tables.append({'a': 2}, 'types')
            with open(os.path.join(folder, 'bench', 'results', 'types.jsonl'), encoding='utf-8') as file:
                self.assertEqual(file.read(), '{"a": 1}\n{"a": 2}\n')


if __name__ == '__main__':
    unittest.main()
