"""script/bench peers --vision: ONNX models beside ONNX Runtime and OpenVINO, round by round in turns. Rates are runs a second."""

import json
import os

from accept_tools import GOLDEN, PROGRAM, TREE, call, premise
from bench_peers import new_result
from bench_stats import case_of, geomeans, median, paired_ratio, summary
from bench_workers import Worker, quietest, say

PEERS = ('onnxruntime', 'openvino')
CASES = (
    'resnet50', 'densenet121', 'vgg19', 'shufflenet', 'squeezenet', 'ppocr-det-640', 'ppocr-det-960', 'ppocr-rec',
    'minilm-1x128', 'minilm-32x128', 'resnet50-int8',
)  # fmt: skip
PHASE = 'infer'
FOLDER = 'build/bench/vision'
# Errors of an output over its largest value, up to which two answers agree. Roundings of int8 that fall the other way grow through the
# layers of a network: both peers are some 0.1 from each other (tests/full/onnx_real holds ours to one quantum, tensor by tensor).
BOUNDS = {'f32': 1e-3, 'int8': 0.25}
A_ROUND = 0.4  # seconds of work of each side


def prepare(names):
    """The cases, whose models and inputs are made, and the python of the peers."""
    for folder in ('ppocr', 'minilm', 'vision'):
        call(['script/model', folder])
    python = call([f'{GOLDEN}/make_vision_venv']).strip().splitlines()[-1]
    call([python, f'{GOLDEN}/vision_cases.py', os.path.join(TREE, FOLDER), *names])
    with open(os.path.join(TREE, FOLDER, 'cases.json'), encoding='utf-8') as file:
        return json.load(file), python


def inputs_of(case):
    return [f'{name}={path}' for name, path in case['samples'][0].items()]


def take_the_best_isa():
    """AMX is for who asks for it (engine options, isa); the peers take it unasked."""
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
        if 'amx_int8' in file.read().split():
            os.environ.setdefault('PREMISE_ISA', 'amx')


def open_ours(case, threads):
    words = [word for one in inputs_of(case) for word in ('--input', one)]
    return Worker([PROGRAM, 'bench', '-m', case['model'], *words, '--threads', str(threads), '--serve', '--quiet'])


def open_peer(python, which, case, threads):
    return Worker([python, f'{GOLDEN}/vision_peer.py', which, case['model'], str(threads), json.dumps(case['extents']), *inputs_of(case)])


def memory_mb(worker, key):
    """VmRSS (now) or VmHWM (at most) of its process."""
    with open(f'/proc/{worker.process.pid}/status', encoding='ascii') as file:
        line = next(line for line in file if line.startswith(key + ':'))
    return int(line.split()[1]) * 1024 / 1e6


def answers_of_ours(case, threads):
    """{output: file}, as premise infer wrote them."""
    words = [word for one in inputs_of(case) for word in ('--input', one)]
    names = list(premise('infer', '-m', case['model'], *words)['outputs'])
    files = {name: os.path.join(TREE, FOLDER, case['name'], f'out{number}.npy') for number, name in enumerate(names)}
    words += [word for name, path in files.items() for word in ('--output', f'{name}={path}')]
    premise('infer', '-m', case['model'], *words, '--threads', str(threads))
    return files


def runs_for(worker):
    """How many runs a round takes: by the best of three, once it is warm."""
    worker.ask('1')
    return max(1, round(A_ROUND / min(worker.ask('3')['s'])))


def watched_round(workers, counts, tries):
    return quietest(lambda: [worker.ask_watched(str(count)) for worker, count in zip(workers, counts)], tries)


def rate(answer):
    return len(answer['s']) / sum(answer['s'])


def row_of(answers, at):
    row = {'ours': rate(answers[0]), 'ours_cpu': rate(answers[0])}
    if at:
        row |= {'peer': rate(answers[at]), 'peer_cpu': rate(answers[at])}
    return row | {key: max(one[key] for one in answers) for key in ('foreign', 'steal')}


def peer_part(who, told, rounds, at, errors):
    rates = [rate(answers[at]) for answers in rounds]
    return {'name': who, 'version': told['version'], 'flags': told['flags'], 'median': median(rates), 'samples': rates, 'error': max(errors.values())}


def bench_case(case, threads, python, options):
    """One case of the contract; the peer is the faster of those whose answers agree with ours."""
    name, kind = case['name'], case['type']
    files = answers_of_ours(case, threads)
    workers = [open_ours(case, threads), *(open_peer(python, who, case, threads) for who in PEERS)]
    try:
        told = [worker.ask('machine') for worker in workers]
        for worker in workers[1:]:
            worker.ask('load')
        errors = [worker.ask('compare ' + json.dumps(files))['error'] for worker in workers[1:]]
        counts = [runs_for(worker) for worker in workers]
        rounds = []
        for number in range(options.rounds):
            rounds.append(watched_round(workers, counts, options.tries))
            speeds = ' | '.join(f'{rate(one):.2f}' for one in rounds[-1])
            noise = ', '.join(f'{key} {100 * max(one[key] for one in rounds[-1]):.0f} %' for key in ('foreign', 'steal'))
            say(f'{name} {kind}, {threads} threads: round {number + 1}: {speeds} runs/s ({noise})')
    finally:
        for worker in workers:
            worker.__exit__()
    parts = [peer_part(who, told[at], rounds, at, errors[at - 1]) for at, who in enumerate(PEERS, 1)]
    best = max(range(len(parts)), key=lambda at: parts[at]['median'])
    agree = all(part['error'] <= BOUNDS[kind] for part in parts)
    made = case_of(name, kind, PHASE, threads, [row_of(answers, best + 1) for answers in rounds], (float(agree), agree), None)
    for key in ('ours_tok_cpu_s', 'peer_tok_cpu_s', 'cpu_ratio'):
        made.pop(key, None)
    return made | {'peer': parts[best], 'others': parts[:best] + parts[best + 1 :]}, told[0]


def started(open_worker, loads):
    """Seconds to open a model and run it once, and the most memory above that of the process without a model."""
    with open_worker() as worker:
        empty = 0.0
        if loads:
            worker.ask('machine')
            empty = memory_mb(worker, 'VmRSS')
        seconds = worker.ask('load')['load_s']
        worker.ask('3')
        return {'load_s': seconds, 'peak_rss_mb': memory_mb(worker, 'VmHWM') - empty, 'rss_mb': memory_mb(worker, 'VmRSS') - empty}


def startup(case, threads, python, options):
    """Ours counts whole, a peer without its empty process."""
    ways = {'ours': (lambda: open_ours(case, threads), False)}
    ways |= {who: (lambda who=who: open_peer(python, who, case, threads), True) for who in PEERS}
    samples = {who: [] for who in ways}
    for _ in range(min(options.rounds, 5)):
        for who, way in ways.items():
            samples[who].append(started(*way))
    result = {'model': case['name'], 'type': case['type'], 'threads': threads}
    for key in ('load_s', 'peak_rss_mb', 'rss_mb'):
        rows = {who: summary([one[key] for one in samples[who]]) for who in ways}
        least = min(PEERS, key=lambda who: rows[who]['median'])
        result[key] = rows | {'peer': least, 'ratio': paired_ratio(rows['ours']['samples'], rows[least]['samples'])[0]}
    return result


def failed(case, threads, error):
    """A case without figures, and why."""
    say(f'{case["name"]}: {error}')
    return {'model': case['name'], 'type': case['type'], 'phase': PHASE, 'threads': threads, 'ours': None, 'peer': None, 'ratio': None, 'why': str(error)}


def run(options):
    call(['script/build', 'release', '--target', 'premise_cli'])
    take_the_best_isa()
    result = new_result(options)
    listed, python = prepare(options.case or CASES)
    for case in listed:
        try:
            for threads in options.threads if not options.startup else ():
                made, machine = bench_case(case, threads, python, options)
                result['cases'].append(made)
                result['isa'] = machine['isa']
            result['startup'].append(startup(case, max(options.threads), python, options))
        except RuntimeError as error:
            result['cases'].append(failed(case, threads, error))
    result['geomean'] = geomeans(result['cases'])
    return result
