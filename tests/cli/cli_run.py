"""Cases of test_cli.py: premise run."""

from cli_support import CliTest, GEMMA, QUANTIZED, QWEN, TEXT, premise


class Run(CliTest):
    KEYS = {'text', 'tokens', 'prompt_tokens', 'generated_tokens', 'finish_reason', 'cancel_latency_ms', 'ttft_ms', 'tokens_per_s', 'seed', 'isa',
            'device', 'threads', 'peak_charged_bytes', 'prefill_tok_s', 'model', 'cpu'}

    def test_keys(self):
        a = self.answer('run', '-m', GEMMA, '-p', 'the hand', '-n', '9', '--ignore-eos', '--seed', '7', '--threads', '2', '--temp', '0')
        self.assertLessEqual(self.KEYS, set(a))
        self.assertEqual((a['generated_tokens'], len(a['tokens']), a['finish_reason']), (9, 9, 'length'))
        self.assertEqual((a['seed'], a['threads'], a['device'], a['model'], a['cancel_latency_ms']), (7, 2, 'cpu', GEMMA, None))
        self.assertGreater(min(a['ttft_ms'], a['tokens_per_s'], a['prefill_tok_s'], a['peak_charged_bytes'], a['prompt_tokens']), 0)

    def test_text_is_data_and_summary_is_talk(self):
        plain = self.good('run', GEMMA, 'the hand', '-n', '9', '--ignore-eos')
        a = self.answer('run', GEMMA, 'the hand', '-n', '9', '--ignore-eos')
        self.assertEqual(plain.out, a['text'])
        self.assertRegex(plain.talk, r'\Atokens_per_s: [\d.]+ \(9 tokens, first after [\d.]+ s, \w+, \d+ threads?\)\n\Z')
        quiet = self.good('run', GEMMA, 'the hand', '-n', '9', '--ignore-eos', '--quiet')
        self.assertEqual((quiet.bytes, quiet.talk), (plain.bytes, ''))

    def test_prompts_from_everywhere_are_the_same(self):
        wanted = self.answer('run', '-m', GEMMA, '-p', 'the hand', '-n', '4')
        for args, stdin in ((['-p', '-'], b'the hand'), (['-f', '-'], b'the hand'), (['-f', self.file('prompt.txt')], b'')):
            got = self.answer('run', '-m', GEMMA, *args, '-n', '4', stdin=stdin)
            self.assertEqual((got['tokens'], got['prompt_tokens']), (wanted['tokens'], wanted['prompt_tokens']))

    def test_any_bytes_come_in_by_stdin(self):
        a = self.answer('run', '-m', GEMMA, '-f', '-', '-n', '2', stdin=b'a\0b\xff\xfe\n')
        self.assertGreaterEqual(a['prompt_tokens'], 6)

    def test_prompts_that_look_like_flags_or_lists(self):
        for text in ('-n', '--json', '[1,2]', '{}', '%%', '"x"'):
            ids = self.answer('tokenize', '-m', QWEN, '-p', text)['ids']
            self.assertEqual(self.answer('run', '-m', QWEN, '-p', text, '-n', '1')['prompt_tokens'], len(ids))

    def test_threads_and_chunks_do_not_matter(self):
        wanted = self.answer('run', '-m', QUANTIZED, '-p', TEXT[:100], '-n', '20')
        for flags in (['--threads', '1'], ['--threads', '3', '--chunk', '1'], ['--chunk', '7']):
            self.assertEqual(self.answer('run', '-m', QUANTIZED, '-p', TEXT[:100], '-n', '20', *flags)['tokens'], wanted['tokens'])

    def test_a_full_context_ends_a_run_without_bound(self):
        a = self.answer('run', '-m', GEMMA, '-p', 'the', '-n', '0', '--ctx', '24', '--ignore-eos')
        self.assertEqual(a['finish_reason'], 'length')
        self.assertIn(a['prompt_tokens'] + a['generated_tokens'], (24, 25))

    def test_cancel_and_deadline_keep_the_text(self):
        a = self.answer('run', '-m', GEMMA, '-p', 'the', '-n', '200', '--ignore-eos', '--cancel-after-ms', '0')
        self.assertEqual(a['finish_reason'], 'cancelled')
        self.assertTrue(0 <= a['cancel_latency_ms'] < 1000)
        self.assertEqual(a['generated_tokens'], len(a['tokens']))
        a = self.answer('run', '-m', GEMMA, '-p', TEXT[:200], '-n', '200', '--ignore-eos', '--deadline-ms', '1')
        self.assertIn(a['finish_reason'], ('deadline', 'length'))
        self.assertIsNone(a['cancel_latency_ms'])

    def test_special_tokens_in_the_prompt(self):
        text = '<|im_start|>user'
        raw, special = (self.answer('run', '-m', QWEN, '-p', text, '-n', '1', flag)['prompt_tokens'] for flag in ('--raw', '--special'))
        self.assertLess(special, raw)

    def test_kv_require_and_device(self):
        for flags in (['--kv', 'f32'], ['--kv', 'f16'], ['--kv', 'bf16'], ['--device', 'cpu']):
            self.assertEqual(self.answer('run', '-m', GEMMA, '-p', 'the', '-n', '3', *flags)['generated_tokens'], 3)
        self.assertEqual(self.answer('run', '-m', QUANTIZED, '-p', 'the', '-n', '3', '--kv', 'q8_0')['generated_tokens'], 3)
        talk, error = self.fails(1, 'run', '-m', GEMMA, '-p', 'the', '--kv', 'q8_0', status='UNSUPPORTED')
        self.assertEqual(error['item'], 'cache_dtype')
        self.assertIn('head size of 16', talk)
        done = premise('run', '-m', GEMMA, '-p', 'the', '-n', '3', '--require', 'cpu', '--json')
        if done.code:
            self.assertEqual(self.json_of(done)['error']['status'], 'DEVICE_UNAVAILABLE', done)
