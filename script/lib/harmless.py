"""The points of `script/accept harmless`: each returns (value, why); why is empty when the point is passed."""

import re

import harmless_faults
import harmless_linking
import harmless_weights
from accept_tools import build, call, output_of, scratch

# ---- 1: malformed files ----------------------------------------------------------------------------------------------


def corpus_runs():
    """Each kind under release, and under ASan and UBSan, which take some ten times as much."""
    for kind in ('gguf', 'safetensors'):
        folder = scratch(f'corpus-{kind}')
        call(['script/corpus', kind, folder])
        yield f'{kind}, release', ['script/corpus', 'run', folder]
        yield f'{kind}, sanitizers', ['script/corpus', 'run', folder, '--cmd', 'build/dev/bin/premise check {}', '--seconds', '10', '--mib', '1024']


def line_1(_):
    build()
    call(['script/build', 'dev', '--target', 'premise_cli'])
    value, why = {}, []
    for name, command in corpus_runs():
        status, out = output_of(command, {'ASAN_OPTIONS': 'allocator_may_return_null=1'})
        value[name] = out.strip().splitlines()
        if status:
            why.append(f'{name}: status {status}')
    return value, '; '.join(why)


# ---- 2: fuzz targets -------------------------------------------------------------------------------------------------

PARSERS = ('gguf', 'safetensors', 'json', 'folder', 'template', 'text')
EXECUTIONS, COVERED = 10_000_000, 90.0


def line_2(_):
    status, out = output_of(['script/fuzz', *PARSERS, '--runs', str(EXECUTIONS)])
    found = {name: {'executions': int(runs), 'findings': int(findings)} for name, runs, findings in re.findall(r'^(\w+): (\d+) executions, (\d+) findings', out, re.M)}
    covered = {path: float(share) for path, share in re.findall(r'^\w+ +(\S+) +([\d.]+)% of', call(['script/fuzz', *PARSERS, '--coverage']), re.M)}
    why = [f'status {status}'] if status else []
    why += [f'{name}: {found.get(name)}' for name in PARSERS if not found.get(name) or found[name]['executions'] < EXECUTIONS or found[name]['findings']]
    why += [f'{path}: {share} % of lines' for path, share in covered.items() if share < COVERED]
    if not covered:
        why.append('no coverage')
    return {'targets': found, 'lines_percent': covered}, '; '.join(why)


# ---- 4 and 5: several parts each -------------------------------------------------------------------------------------


def together(parts):
    """A point whose parts are points of their own, by name."""

    def check(options):
        value, why = {}, []
        for name, part in parts.items():
            value[name], wrong = part(options)
            if wrong:
                why.append(f'{name}: {wrong}')
        return value, '; '.join(why)

    return check


line_4 = together({
    'threads': harmless_faults.line_threads,
    'abuse': harmless_faults.line_abuse,
    'consumers': harmless_linking.line_consumers,
    'dlopen': harmless_linking.line_dlopen,
    'abidiff': harmless_linking.line_abidiff,
    'languages': harmless_linking.line_languages,
})  # fmt: skip
line_5 = together({'flips': harmless_weights.line_flips, 'speed': harmless_weights.line_verify_speed})

POINTS = {
    1: (line_1, 'no crash, hang or excess; controls load; >= 98 % of the invalid refused', 'script/corpus run'),
    2: (line_2, '>= 10^7 executions a parser, no finding, >= 90 % of its lines', 'script/fuzz --runs 10000000; script/fuzz --coverage'),
    3: (harmless_faults.line_faults, '0 leaks, 0 crashes, 100 % equal bytes afterwards', 'build/{release,dev}/bin/test_faults --all --json'),
    4: (line_4, 'all pass', 'tests/full/threads 300; test_capi abuse: close: fork: limits: turns:; tests/full/linking; test_dlopen; script/abi; tests/full/languages'),
    5: (line_5, '1000 of 1000; 1 GB/s a core', f'{harmless_weights.BIN}/test_capi verify:; premise verify'),
    6: (harmless_weights.line_mutants, '>= 40, all killed', 'script/mutate'),
}
