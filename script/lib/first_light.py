"""The points of `script/accept first-light`: each returns (value, why); why is empty when the point is passed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import fresh_root
from accept_tools import (
    GOLDEN,
    MODELS,
    PROGRAM,
    TREE,
    build,
    call,
    cpu_name,
    isas,
    model,
    peers,
    premise,
    read_json_lines,
    read_npy,
    say,
    scratch,
)

# ---- 1: the demo in a fresh root -------------------------------------------------------------------------------------


def line_1(options):
    started = time.monotonic()
    status, out, absent = fresh_root.run(
        TREE, ['script/demo'], options.mirror, options.suite, options.overlay, sys.stderr
    )
    lines = out.strip().splitlines() or ['']
    match = re.fullmatch(r'tokens_per_s: ([0-9.]+)', lines[-1])
    value = {
        'tokens_per_s': float(match.group(1)) if match else None,
        'seconds': round(time.monotonic() - started),
        'answer': '\n'.join(lines[:-1])[-600:],
        'absent_before': absent,
    }
    why = '' if match and status == 0 else f'status {status}, last line: {lines[-1][:200]}'
    if not why and not ''.join(lines[:-1]).strip():
        why = 'no answer before the last line'
    return value, why


# ---- 2: the tests from a clean clone ---------------------------------------------------------------------------------


def line_2(_):
    with tempfile.TemporaryDirectory(prefix='premise-clone-') as folder:
        clone = os.path.join(folder, 'premise')
        call(['git', 'clone', '--quiet', '--no-local', TREE, clone], quiet=True)
        started = time.monotonic()
        test = subprocess.Popen(
            ['script/test'],
            cwd=clone,
            env={**os.environ, 'CCACHE_DISABLE': '1'},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            errors='replace',
        )
        out = ''
        for line in test.stdout:
            out += line
            print(f'{(time.monotonic() - started) / 60:5.1f} min  {line}', end='', file=sys.stderr, flush=True)
        test.wait()
        minutes = (time.monotonic() - started) / 60
        house = subprocess.run(['script/house'], cwd=clone, stdout=subprocess.PIPE, text=True, check=False)
    last = (out.strip().splitlines() or [''])[-3:]
    value = {
        'minutes': round(minutes, 1),
        'last_lines': last,
        'house': (house.stdout.strip().splitlines() or [''])[-1],
        'uncommitted': bool(call(['git', 'status', '--porcelain'], quiet=True).strip()),
    }
    why = []
    if test.returncode or not re.fullmatch(r'\d+ passed, 0 failed, \d+ skipped', last[-1]):
        why.append(
            f'script/test: status {test.returncode}: '
            + '; '.join(re.findall(r'^failed: (.*)$', out, re.M))[:600]
        )
    if len(last) < 3 or not last[0].startswith('isa-run: ') or not last[1].startswith('device-run: '):
        why.append('script/test: the last lines are not in the form of the contract')
    if minutes > 25:
        why.append(f'{minutes:.1f} minutes')
    if house.returncode:
        why.append('script/house: ' + value['house'])
    return value, '; '.join(why)


# ---- 3: greedy tokens ------------------------------------------------------------------------------------------------


# tests/golden/check.py judges; its verdict is in what it prints.
def judge(*arguments):
    done = subprocess.run(
        [sys.executable, f'{GOLDEN}/check.py', *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if not done.stdout.strip():
        raise RuntimeError(f'check.py {arguments[0]}: status {done.returncode}')
    return json.loads(done.stdout)


def line_3(_):
    value, why = {}, []
    bin_folder = peers()
    for name in MODELS:
        path, fresh = model(name), scratch(f'greedy-{name}.jsonl')
        with open(fresh, 'w', encoding='utf-8') as file:
            file.write(call([f'{bin_folder}/peer', 'greedy', path, f'{GOLDEN}/prompts.json', '16'], quiet=True))
        with open(fresh, encoding='utf-8') as new, open(f'{GOLDEN}/greedy-{name}.jsonl', encoding='utf-8') as old:
            committed = [d['ids'] for d in read_json_lines(new.read())] == [
                d['ids'] for d in read_json_lines(old.read())
            ]
        prompts = judge('greedy', fresh, '--', PROGRAM, 'run', '-m', path, '--quiet')['prompts']
        equal = sum(p.get('equal', -1) == p.get('of') for p in prompts)
        near = sum(p.get('ok', False) for p in prompts) - equal
        value[name] = {
            'prompts': len(prompts),
            'equal': equal,
            'near_tie': near,
            'different': len(prompts) - equal - near,
            'committed_goldens_are_the_same': committed,
        }
        why += [f'{name}: {json.dumps(p, ensure_ascii=False)}' for p in prompts if not p.get('ok')]
        if len(prompts) < 10:
            why.append(f'{name}: {len(prompts)} prompts')
    return value, '; '.join(why)


# ---- 4: perplexity, KL, agreement ------------------------------------------------------------------------------------

GOLDEN_BIN = '.peers/bin'
WINDOWS = 80  # of 512 tokens, 255 scored in each: 20,400


ISO_CODES = ('3166-1', '639-2', '15924', '4217', '639-5', '3166-3')


def country_codes():
    """Debian's iso-codes as one text: countries, languages, scripts and currencies, as JSON in many spellings."""
    folder = '/usr/share/iso-codes/json'
    if not os.path.isdir(folder):
        call(['script/bootstrap', '--accept'])
    path = scratch('iso-codes.txt')
    with open(os.path.join(TREE, path), 'wb') as text:
        for standard in ISO_CODES:
            with open(f'{folder}/iso_{standard}.json', 'rb') as part:
                text.write(part.read())
    return path


def bible():
    """The first books of the King James Bible from Debian's bible-kjv-text, a verse a line, without the numbers."""
    if not shutil.which('bible'):
        call(['script/bootstrap', '--accept'])
    text = call(['bible', '-f', 'Gen1:1-Exo40:38'], {'COLUMNS': '100000'}, quiet=True)
    verses = [re.sub(r'^\w+:\d+ ', '', line).strip() for line in text.splitlines()]
    path = scratch('bible.txt')
    with open(os.path.join(TREE, path), 'w', encoding='utf-8') as file:
        file.write('\n'.join(v for v in verses if v)[:260_000] + '\n')
    return path


def compare(path, text, windows, *more):
    command = [f'{GOLDEN_BIN}/compare', path, text, '--ctx', '512', '--chunks', str(windows), *more]
    return json.loads(call(command))


def noise_floor(path):
    """On prose a model that is unsure of itself turns on the rounding of its activations: llama.cpp with an F32 cache is
    then as far from llama.cpp with an F16 cache as Premise is. Both distances, on the same windows; not judged."""
    text = bible()
    ours, self = compare(path, text, 20), compare(path, text, 20, '--self', '1')
    return {
        'scored': ours['scored'],
        'mean_kl': ours['mean_kl'],
        'mean_kl_of_llama_cpp_from_itself': self['mean_kl'],
        'top1': ours['top1_agree'],
        'top1_of_llama_cpp_with_itself': self['top1_agree'],
    }


def line_4(_):
    value, why = {}, []
    text = country_codes()
    peers()
    for name in MODELS:
        path = model(name)
        say(f'{name}: llama.cpp and libpremise side by side over {WINDOWS} windows')
        both = compare(path, text, WINDOWS)
        say(f'{name}: premise perplexity')
        ours = premise('perplexity', '-m', path, '-f', text, '--ctx', '512', '--chunks', str(WINDOWS))
        off = ours['perplexity'] / both['ppl_peer'] - 1
        value[name] = {
            'perplexity': ours['perplexity'],
            'llama_cpp': both['ppl_peer'],
            'off_percent': round(100 * off, 3),
            'scored': both['scored'],
            'top1': both['top1_agree'],
            'mean_kl': both['mean_kl'],
            'on_bible_kjv_text': noise_floor(path),
        }
        checks = {
            'fewer than 20,000 scored tokens': both['scored'] >= 20_000,
            'perplexity off by more than 0.5 %': abs(off) <= 0.005,
            'top-1 agreement below 97 %': both['top1_agree'] >= 0.97,
            'mean KL above 0.01 nat': both['mean_kl'] <= 0.01,
        }
        why += [f'{name}: {what}' for what, good in checks.items() if not good]
    return value, '; '.join(why)


# ---- 5: token ids ----------------------------------------------------------------------------------------------------


def line_5(_):
    if not os.path.isdir('/usr/share/iso-codes') and not os.path.isdir('/usr/share/xml/iso-codes'):
        call(['script/bootstrap', '--accept'])
    lines = scratch('lines.bin')
    corpus = json.loads(call([sys.executable, f'{GOLDEN}/lines.py', lines]))
    value, why = {'lines': corpus['lines'], 'scripts': len(corpus['scripts'])}, []
    bin_folder = peers()
    for name in MODELS:
        path, outputs = model(name), [scratch(f'{side}-{name}.jsonl') for side in ('peer', 'ours')]
        commands = [
            [f'{bin_folder}/peer', 'tokenize', path, lines],
            [PROGRAM, 'tokenize', '-m', path, '-f', lines, '--lines'],
        ]
        for command, output in zip(commands, outputs):
            with open(output, 'w', encoding='utf-8') as file:
                file.write(call(command, quiet=True))
        value[name] = judge('lines', *outputs, lines)
        if value[name].get('different', 1):
            why.append(f'{name}: {json.dumps(value[name])}')
        elif value[name]['judged'] < 5000 or len(corpus['scripts']) < 12:
            why.append(f'{name}: fewer than 5,000 lines or 12 scripts')
    return value, '; '.join(why)


# ---- 6: one sha256 ---------------------------------------------------------------------------------------------------


def forty_ids(name):
    with open(os.path.join(TREE, GOLDEN, f'greedy-{name}.jsonl'), encoding='utf-8') as file:
        longest = max(read_json_lines(file.read()), key=lambda line: len(line['prompt_ids']))
    return (longest['prompt_ids'] + longest['ids'])[:40]


def line_6(_):
    build()
    value, why = {}, []
    for name in MODELS:
        path, ids = model(name), ','.join(map(str, forty_ids(name)))
        found = {}
        for isa in isas():
            for threads in ('1', '2', '3'):
                for chunk in ('1', '7', '4096'):
                    say(f'{name}: {isa}, {threads} threads, chunks of {chunk}')
                    got = premise(
                        'logits',
                        '-m',
                        path,
                        '--ids',
                        ids,
                        '-o',
                        scratch('logits.npy'),
                        '--threads',
                        threads,
                        '--chunk',
                        chunk,
                        environment={'PREMISE_ISA': isa},
                    )
                    found.setdefault(got['sha256'], []).append(f'{isa}/{threads}/{chunk}')
        value[name] = {'sha256': list(found), 'runs': sum(map(len, found.values())), 'isas': isas()}
        if len(found) != 1:
            why.append(f'{name}: {len(found)} sums, e.g. ' + ', '.join(runs[0] for runs in found.values()))
    if isas() == ['scalar']:
        why.append('this CPU lacks AVX2: only scalar ran')
    step = subprocess.run(
        ['script/test', '--preset', 'release', '--filter', 'runtime'],
        cwd=TREE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    value['step_test'] = (step.stdout.strip().splitlines() or [''])[-1]
    if step.returncode:
        why.append('the step test failed')
    return value, '; '.join(why)


# ---- 7: float models -------------------------------------------------------------------------------------------------


def line_7(_):
    build()
    value, why = {}, []
    data = f'{GOLDEN}/data'
    names = sorted(
        f[: -len('.gguf')] for f in os.listdir(os.path.join(TREE, data)) if re.search(r'-f(16|32)\.gguf$', f)
    )
    for name in names:
        out = scratch('tiny.npy')
        # What LongRoPE does depends on the opened context: the goldens are of 256.
        flags = ('--kv', 'f32', '--ctx', '256')
        premise('logits', '-m', f'{data}/{name}.gguf', '-f', f'{data}/{name}.ids', '-o', out, *flags)
        (shape, ours), (wanted_shape, wanted) = read_npy(out), read_npy(f'{data}/{name}.logits.npy')
        if shape != wanted_shape:
            why.append(f'{name}: {shape} for {wanted_shape}')
            continue
        largest = max(map(abs, wanted))
        worst = max(abs(a - b) for a, b in zip(ours, wanted)) / largest
        value[name] = float(f'{worst:.3g}')
        if not worst <= 1e-4:
            why.append(f'{name}: off by {worst:.3g} of the largest logit')
    if len(names) < 4:
        why.append(f'{len(names)} float models in {data}')
    return value, '; '.join(why)


# ---- 8: symbols ------------------------------------------------------------------------------------------------------


def line_8(_):
    build()
    done = subprocess.run(['script/symbols'], cwd=TREE, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines() or ['']
    why = [line for line in lines if line.startswith('FAIL')]
    if done.returncode or not re.fullmatch(r'[1-9]\d* passed, 0 failed', lines[-1]):
        why.append(f'status {done.returncode}')
    return lines[-1], '; '.join(why)


# ---- 9: speed --------------------------------------------------------------------------------------------------------


def line_9(_):
    bin_folder = peers()
    value = {'cpu': cpu_name()}
    threads = min(len(os.sched_getaffinity(0)), 8)
    prompt = ' '.join(f'The {word} of the number {n} is known.' for n in range(8) for word in ('sum', 'root'))
    for name in MODELS:
        path = model(name)
        run = premise(
            'run', '-m', path, '-p', prompt, '-n', '32', '--temp', '0', '--ignore-eos', '--threads', str(threads)
        )
        peer = json.loads(
            call(
                [
                    f'{bin_folder}/peer',
                    'speed',
                    path,
                    '--prompt',
                    str(run['prompt_tokens']),
                    '--gen',
                    '32',
                    '--threads',
                    str(threads),
                ],
                quiet=True,
            )
        )
        value[name] = {
            'threads': run['threads'],
            'isa': run['isa'],
            'prompt_tokens': run['prompt_tokens'],
            'generated_tokens': run['generated_tokens'],
            'decode_tok_s': {'premise': round(run['tokens_per_s'], 2), 'llama_cpp': round(peer['decode_tok_s'], 2)},
            'prefill_tok_s': {'premise': round(run['prefill_tok_s'], 1), 'llama_cpp': round(peer['prefill_tok_s'], 1)},
            'peer': peer['version'],
        }
    return value, ''


POINTS = {
    1: (line_1, 'the last line is tokens_per_s: X', 'script/demo in debootstrap minbase'),
    2: (line_2, 'green, <= 25 minutes, house clean', 'git clone, script/test, script/house'),
    3: (line_3, '16 tokens of 10 prompts equal, or a near tie', 'premise run --temp 0 -n 16 --json'),
    4: (line_4, '>= 20,000 tokens of iso-codes, 0.5 %, top-1 >= 0.97, KL <= 0.01', 'premise perplexity; tests/golden/compare'),
    5: (line_5, '>= 5,000 lines in >= 12 scripts equal', 'premise tokenize --lines'),
    6: (line_6, 'one sha256', 'premise logits --threads 1,2,3 --chunk 1,7,4096, PREMISE_ISA scalar, avx2, avx512'),
    7: (line_7, '<= 1e-4 relative', 'premise logits on tests/golden/data/*-f32.gguf and *-f16.gguf'),
    8: (line_8, 'all pass', 'script/symbols'),
    9: (line_9, 'printed', 'premise run --json; tests/golden/peer speed'),
}
