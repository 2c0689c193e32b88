"""Tests of the sampling flags of `premise run`; a part of test_cli.py."""
import math
import re

from cli_support import GEMMA, QUANTIZED, QWEN, CliTest

HOT = ('--temp', '1.3', '--top-k', '200', '--top-p', '0.98', '--ignore-eos')


class Sampling(CliTest):
    def tokens(self, *args, **env):
        return self.answer('run', QWEN, 'the hand in the', '-n', '24', *args, **env)['tokens']

    def test_a_seed_is_a_text(self):
        one = self.tokens(*HOT, '--seed', '5')
        self.assertEqual(self.answer('run', QWEN, 'the hand in the', '-n', '24', *HOT, '--seed', '5')['seed'], 5)
        for flags, env in (([], {}), (['--threads', '3', '--chunk', '1'], {}), ([], {'PREMISE_ISA': 'scalar'})):
            self.assertEqual(self.tokens(*HOT, '--seed', '5', *flags, **env), one)
        self.assertNotEqual(self.tokens(*HOT, '--seed', '6'), one)
        self.assertEqual(self.tokens(*HOT), self.tokens(*HOT, '--seed', '0'))

    def test_greedy_is_the_default_and_one_candidate(self):
        greedy = self.tokens('--ignore-eos')
        for flags in (['--temp', '0'], ['--temp', '1', '--top-k', '1'], ['--temp', '1', '--top-p', '0.0001'], ['--temp', '1', '--min-p', '1'],
                      ['--seed', '9'], ['--repeat-penalty', '1'], ['--repeat-penalty', '3', '--repeat-last-n', '0']):
            self.assertEqual(self.tokens('--ignore-eos', *flags), greedy, flags)

    def test_every_flag_changes_a_text(self):
        greedy, hot = self.tokens('--ignore-eos'), self.tokens(*HOT[:2], '--ignore-eos')
        for flags in (['--top-k', '3'], ['--top-p', '0.3'], ['--min-p', '0.5'], ['--typical-p', '0.2'], ['--seed', '2']):
            self.assertNotEqual(self.tokens(*HOT[:2], '--ignore-eos', *flags), hot, flags)
        for flags in (['--repeat-penalty', '1.9'], ['--presence-penalty', '3'], ['--frequency-penalty', '3'],
                      ['--logit-bias', f'{greedy[0]}=-inf'], ['--logit-bias', f'{greedy[0]}=-30', '--logit-bias', f'{greedy[1]}=-30']):
            self.assertNotEqual(self.tokens('--ignore-eos', *flags), greedy, flags)
        self.assertNotIn(greedy[0], self.tokens('--ignore-eos', '--logit-bias', f'{greedy[0]}=-inf'))

    def test_stop_strings(self):
        text = self.answer('run', GEMMA, 'the hand', '-n', '40', '--ignore-eos')['text']
        stop = re.search('[ -~]{2}', text).group()
        a = self.answer('run', GEMMA, 'the hand', '-n', '40', '--ignore-eos', '--stop', 'not to be seen', '--stop', stop)
        self.assertEqual((a['text'], a['finish_reason']), (text[:text.index(stop)], 'stop'))
        self.assertEqual(self.good('run', GEMMA, 'the hand', '-n', '40', '--ignore-eos', '--stop', stop, '--quiet').out, a['text'])
        a = self.answer('run', GEMMA, 'the hand', '-n', '8', '--ignore-eos', '--stop', stop, '--min-tokens', '8')
        self.assertEqual((a['finish_reason'], a['generated_tokens']), ('length', 8))
        self.fails(1, 'run', GEMMA, 'the', '--stop', 'x' * 257, status='INVALID_ARGUMENT')
        self.fails(1, 'run', GEMMA, 'the', '--stop', '', status='INVALID_ARGUMENT')

    def test_logprobs(self):
        a = self.answer('run', QUANTIZED, 'the hand', '-n', '6', '--ignore-eos', '--logprobs', '4')
        self.assertEqual([place['id'] for place in a['logprobs']], a['tokens'])
        joined = ''.join(place['text'] for place in a['logprobs'])
        if '\ufffd' not in joined:  # no character in pieces
            self.assertEqual(joined, a['text'])
        for place in a['logprobs']:
            self.assertEqual(len(place['top']), 4)
            self.assertEqual((place['top'][0]['id'], place['top'][0]['logprob']), (place['id'], place['logprob']))  # greedy
            self.assertLessEqual(sum(math.exp(t['logprob']) for t in place['top']), 1.000001)
            self.assertEqual(sorted((t['logprob'] for t in place['top']), reverse=True), [t['logprob'] for t in place['top']])
        a = self.answer('run', QUANTIZED, 'the hand', '-n', '2', '--logprobs', '0')
        self.assertEqual([place['top'] for place in a['logprobs']], [[]] * len(a['tokens']))
        self.assertNotIn('logprobs', self.answer('run', QUANTIZED, 'the hand', '-n', '2'))

    def test_wrong_values(self):
        for flags in (['--temp', '-1'], ['--temp', '101'], ['--temp', 'nan'], ['--temp', ''], ['--top-p', '1.5'], ['--top-k', '-1'], ['--min-p', 'x'],
                      ['--typical-p', '2'], ['--repeat-penalty', '0'], ['--presence-penalty', '1000'], ['--repeat-last-n', '-2'], ['--min-tokens', '-1'],
                      ['--logit-bias', '5'], ['--logit-bias', '5=x'], ['--logit-bias', '=1'], ['--logit-bias', '5=inf'], ['--logprobs', '65']):
            self.fails(2, 'run', GEMMA, 'the', *flags)
        self.assertIn('--json', self.good('run', '--help').out)
        self.fails(1, 'run', GEMMA, 'the', '--logit-bias', '99999999=1', status='INVALID_ARGUMENT')
        self.fails(1, 'run', GEMMA, 'the', '-n', '3', '--min-tokens', '4', status='INVALID_ARGUMENT')
