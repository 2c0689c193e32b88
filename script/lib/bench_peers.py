"""script/bench peers: premise beside llama.cpp, round by round in turns."""

import argparse
import datetime
import os
import re
import subprocess
import sys
import time

from accept_tools import GOLDEN, PROGRAM, call, cpu_name, model, premise
from bench_models import SYNTHETIC, TYPES, typed_model
from bench_stats import agreement, case_of, geomeans, median, paired_ratio, summary, tie_of
from bench_workers import Worker, first_byte, quietest, say

STARTUP_TEXT = 'The capital of France is'


def open_ours(path, threads, options):
    command = [PROGRAM, 'bench', '-m', path, '--serve', '--quiet', '--threads', str(threads)]
    return Worker([*command, '--prompt', str(options.prompt), '--gen', str(options.gen)])


def open_peer(peer, path, threads, repack, options):
    command = [peer, 'serve', path, '--threads', str(threads), '--repack', repack]
    return Worker([*command, '--prompt', str(options.prompt), '--gen', str(options.gen)])


def find_peer():
    """The path of the peer program, or None where it cannot be built."""
    try:
        return call([f'{GOLDEN}/build_peer']).strip().splitlines()[-1] + '/peer'
    except RuntimeError as error:
        say(f'llama.cpp cannot be built, its figures are null: {error}')
        return None


def prompt_line(path, length):
    """Ids of the text that every checkout has, so that what follows is language and answers can be compared."""
    ids = premise('tokenize', '-m', path, '-f', 'LICENSE')['ids']
    return ','.join(map(str, (ids * (length // len(ids) + 1))[:length]))


def rate(answer, phase, options, clock='s'):
    return (options.prompt if phase == 'prefill' else options.gen) / answer[f'{phase}_{clock}']


def peer_candidates(peer, path, threads, options):
    """Ways to run the peer on at most `threads` threads: our count and its own default, weights repacked or as they are."""
    with open_peer(peer, path, 1, 'on', options) as worker:
        own = worker.ask('machine')['default_threads']
    counts = [threads] + ([own] if own < threads else [])
    return [(count, repack) for count in counts for repack in ('on', 'off')]


def choose_peer(peer, path, threads, options, line):
    """({phase: the fastest candidate}, by the best of two rounds each; the margin that is a tie)."""
    best, told = {}, []
    for candidate in peer_candidates(peer, path, threads, options):
        with open_peer(peer, path, *candidate, options) as worker:
            worker.ask(line)
            answers = [worker.ask(line) for _ in range(2)]
        told.append(answers[0])
        for phase in ('prefill', 'decode'):
            speed = max(rate(answer, phase, options) for answer in answers)
            if speed > best.get(phase, (0,))[0]:
                best[phase] = (speed, candidate)
    return {phase: candidate for phase, (_, candidate) in best.items()}, tie_of(told)


def watched_round(workers, line, options, known=()):
    """All workers in turn, undisturbed where that can be had."""
    return quietest(lambda: [worker.ask_watched(line, known) for worker in workers], options.tries)


def bench_model(name, path, kind, threads, peer, options):
    line = prompt_line(path, options.prompt)
    chosen, tie = choose_peer(peer, path, threads, options, line) if peer else ({}, None)
    say(f'{name} {kind}, {threads} threads: {f"{chosen}, a tie is below {tie:.2f}" if peer else "no peer"}')
    distinct = sorted(set(chosen.values()))
    workers = [open_ours(path, threads, options), *(open_peer(peer, path, *c, options) for c in distinct)]
    try:
        machine = workers[0].ask('machine')
        told = [worker.ask('machine') for worker in workers[1:]]
        for worker in workers:
            worker.ask(line)
        rounds = []
        for number in range(options.rounds):
            rounds.append(watched_round(workers, line, options))
            say(f'{name} {kind}, {threads} threads: round {number + 1}: ' + round_text(rounds[-1], options))
        again = workers[0].ask('machine')
    finally:
        for worker in workers:
            worker.__exit__()
    for key in ('read_gbs_probe', 'int8_gops_probe', 'fma_gflops_probe'):
        machine[key] = max(machine[key], again[key])
    cases = []
    for phase in ('prefill', 'decode'):
        at = 1 + distinct.index(chosen[phase]) if peer else None
        cases.append(make_case(name, kind, phase, threads, rounds, at, machine, options, tie))
        if peer:
            cases[-1]['peer'] |= {'name': 'llama.cpp', 'version': told[at - 1]['version'], 'flags': told[at - 1]['flags']}
            cases[-1]['peer']['system'] = told[at - 1]['system']
    return cases, machine


def round_text(answers, options):
    speeds = (f'{rate(a, "prefill", options):.1f} + {rate(a, "decode", options):.1f} tok/s' for a in answers)
    foreign, steal = (max(a[key] for a in answers) * 100 for key in ('foreign', 'steal'))
    return f'{" | ".join(speeds)} (foreign {foreign:.0f} %, steal {steal:.0f} %)'


def make_case(name, kind, phase, threads, rounds, at, machine, options, tie):
    rows = []
    for answers in rounds:
        row = {'ours': rate(answers[0], phase, options), 'ours_cpu': rate(answers[0], phase, options, 'cpu_s')}
        if at:
            row |= {'peer': rate(answers[at], phase, options), 'peer_cpu': rate(answers[at], phase, options, 'cpu_s')}
        row |= {key: max(a[key] for a in answers) for key in ('foreign', 'steal')}
        rows.append(row)
    ours = median([row['ours'] for row in rows])
    if phase == 'decode':
        share = ours * machine['bytes_per_token'] / (machine['read_gbs_probe'] * 1e9)
    elif machine['prompt_macs'] is not None:
        share = ours * 2 * machine['prompt_macs'] / (machine['int8_gops_probe'] * 1e9)
    else:
        share = None
    first = rounds[0]
    agreed = agreement(first[0]['ids'], first[at]['ids'], first[at]['margins'], tie) if at else None
    return case_of(name, kind, phase, threads, rows, agreed, share) | {'tie': tie}


# ---- a busy neighbour ------------------------------------------------------------------------------------------------


def spin():
    """A process that never rests, at the priority of this one."""
    return subprocess.Popen([sys.executable, '-c', 'while True: pass'], stdin=subprocess.DEVNULL)


def busy_neighbour(name, threads, peer, options):
    """Tokens per CPU-second alone and beside a spinner, in turns; ratios busy / idle per round. Few tokens are generated:
    a peer whose threads wait for each other by spinning may need a second for each."""
    options = argparse.Namespace(**{**vars(options), 'gen': min(options.gen, 16)})
    path = model(name)
    line = prompt_line(path, options.prompt)
    names = ['ours'] + (['peer'] if peer else [])
    workers = [open_ours(path, threads, options)] + ([open_peer(peer, path, threads, 'on', options)] if peer else [])
    rounds = []
    try:
        for worker in workers:
            worker.ask(line)
        for number in range(options.rounds):
            idle = watched_round(workers, line, options)
            spinner = spin()
            try:
                time.sleep(0.2)
                busy = watched_round(workers, line, options, [spinner.pid])
            finally:
                spinner.kill()
                spinner.wait()
            rounds.append((idle, busy))
            say(f'{name}: busy neighbour, round {number + 1}')
    finally:
        for worker in workers:
            worker.__exit__()
    result = {'model': name, 'threads': threads, 'gen': options.gen}
    for i, who in enumerate(names):
        result[who] = {}
        for phase in ('prefill', 'decode'):
            alone, beside = ([rate(r[k][i], phase, options, 'cpu_s') for r in rounds] for k in (0, 1))
            ratio, low = paired_ratio(beside, alone)
            result[who][phase] = {'idle_tok_cpu_s': alone, 'busy_tok_cpu_s': beside, 'ratio': ratio, 'ratio_q25': low}
    result['foreign_pct'] = 100 * max(a['foreign'] for pair in rounds for answers in pair for a in answers)
    return result


def idle_cpu(name, options, seconds=3):
    """The share of one processor that an engine takes while nothing is asked of it."""
    path = model(name)
    with open_ours(path, 2, options) as worker:
        worker.ask(prompt_line(path, options.prompt))
        time.sleep(0.5)
        before, started = worker.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        used = worker.cpu_seconds() - before
        return {'model': name, 'threads': 2, 'seconds': seconds, 'cpu_pct': 100 * used / (time.monotonic() - started)}


# ---- startup ---------------------------------------------------------------------------------------------------------


def startup(name, threads, peer, options):
    """From execve to the first token, and peak RSS, files cached; ours in turns with the peer's two ways to load."""
    path = model(name)
    ours = [PROGRAM, 'run', '-m', path, '-p', STARTUP_TEXT, '-n', '1', '--temp', '0', '--quiet']
    commands = {'ours': [*ours, '--ctx', '512', '--threads', str(threads)]}
    for repack in ('on', 'off') if peer else ():
        command = [peer, 'first-token', path, STARTUP_TEXT, '--ctx', '512', '--threads', str(threads)]
        commands[f'repack {repack}'] = [*command, '--repack', repack]
    samples = {who: [] for who in commands}
    first_byte(commands['ours'])  # brings the file into the cache
    for _ in range(options.rounds):
        found = quietest(lambda: [first_byte(command) for command in commands.values()], options.tries)
        for who, one in zip(commands, found):
            samples[who].append(one)
    noise = [max(one['foreign'], one['steal']) for row in zip(*samples.values()) for one in row]
    result = {'model': name, 'threads': threads, 'ctx': 512, 'foreign_pct': 100 * max(noise)}
    for key in ('first_token_s', 'peak_rss_mb'):
        rows = {who: summary([one[key] for one in samples[who]]) for who in commands}
        best = min((who for who in rows if who != 'ours'), key=lambda who: rows[who]['median'], default=None)
        result[key] = {'ours': rows['ours'], 'peer': {'way': best, **rows[best]} if best else None, 'ratio': None}
        if best:
            result[key]['ratio'], _ = paired_ratio(rows['ours']['samples'], rows[best]['samples'])
    return result


# ---- all of it -------------------------------------------------------------------------------------------------------


def commit_name():
    name = call(['git', 'rev-parse', '--short=12', 'HEAD'], quiet=True).strip()
    return name + ('+' if call(['git', 'status', '--porcelain', '-uno'], quiet=True).strip() else '')


def add_model(result, name, path, kind, peer, options):
    for threads in options.threads:
        cases, machine = bench_model(name, path, kind, threads, peer, options)
        result['cases'] += cases
        result['isa'] = machine['isa']
        result['ceilings'][str(threads)] = {key: value for key, value in machine.items() if key.endswith('_probe')}


def run_types(result, peer, options):
    """One random model, written in each type by the peer's quantizer."""
    if not peer:
        raise RuntimeError('the types are written by llama.cpp, which cannot be built here')
    for kind in options.types or TYPES:
        with typed_model(peer, kind) as path:
            add_model(result, SYNTHETIC, path, kind, peer, options)


def run_models(result, peer, options):
    for name in options.model:
        path = model(name)
        if not options.startup:
            kind = (re.search(r'(?:q\d_\w+|f16|bf16|f32)(?=\.gguf)', path) or [''])[0]
            add_model(result, name, path, kind, peer, options)
        result['startup'].append(startup(name, max(options.threads), peer, options))
    if options.busy_neighbour:
        result['busy_neighbour'] = [busy_neighbour(n, max(options.threads), peer, options) for n in options.model]
        result['idle'] = [idle_cpu(n, options) for n in options.model]


def new_result(options):
    result = {'cpu': cpu_name(), 'isa': None, 'cores': len(os.sched_getaffinity(0)), 'commit': commit_name()}
    result |= {'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%MZ'), 'rounds': options.rounds}
    return result | {'cases': [], 'geomean': {}, 'ceilings': {}, 'startup': []}


def run(options):
    call(['script/build', 'release', '--target', 'premise_cli'])
    peer = find_peer()
    result = new_result(options) | {'prompt': options.prompt, 'gen': options.gen}
    (run_models if options.types is None else run_types)(result, peer, options)
    result['geomean'] = geomeans(result['cases'])
    return result
