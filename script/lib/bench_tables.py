"""The README's tables, from the lines of bench/results."""

import json
import os

from accept_tools import TREE
from readme_block import README, replaced

FOLDER = 'bench/results'
PEERS, TYPES, VISION = 'peers', 'types', 'vision'  # files of the folder, and parts of the README


def newest_of_each(lines):
    """The last line of each processor and set of models in their types, in the order of the file."""
    newest = {}
    for line in lines:
        if line.strip():
            result = json.loads(line)
            of = (result['cpu'], frozenset((case['model'], case['type']) for case in result['cases']))
            newest.pop(of, None)
            newest[of] = result
    return list(newest.values())


def number(value, form='{:.1f}'):
    return 'null' if value is None else form.format(value)


def table(result):
    rows = [
        f'{result["cpu"]}, {result["cores"]} cores, {result["isa"]}; commit {result["commit"]}, {result["date"]}; prompt '
        f'{result["prompt"]}, {result["gen"]} tokens generated, {result["rounds"]} rounds in turns:',
        '',
        '| model | type | phase | threads | Premise tok/s | llama.cpp tok/s | ratio | lower quartile | share of ceiling | disturbed rounds |',
        '|---|---|---|---|---|---|---|---|---|---|',
    ]
    for c in result['cases']:
        share = number(c['share'] and c['share'] * 100, '{:.0f} %')
        cells = [c['model'], c['type'], c['phase'], str(c['threads']), number(c['ours']['median'])]
        cells += [number(c['peer'] and c['peer']['median']), number(c['ratio'], '{:.2f}'), number(c['ratio_q25'], '{:.2f}')]
        rows.append('| ' + ' | '.join([*cells, share, str(c['disturbed_rounds'])]) + ' |')
    if any(c['disturbed_rounds'] for c in result['cases']):
        most = max(max(c['foreign_pct'], c['steal_pct']) for c in result['cases'])
        rows += ['', f'In disturbed rounds others used up to {most:.0f} % of the machine: speeds and shares are lower than it allows.']
    for start in result['startup']:
        first, rss = start['first_token_s'], start['peak_rss_mb']
        rows += ['', f'{start["model"]}, start to first token, --threads {start["threads"]}: {pair(first, 1e3, "ms")}; peak RSS {pair(rss, 1, "MB")}.']
    versions = sorted({c['peer']['version'] for c in result['cases'] if c['peer']})
    return '\n'.join(rows + (['', f'The peer is {", ".join(versions)}, {flags_of(result)}.'] if versions else []))


def peers_of(case):
    return [case['peer'], *case['others']] if case['peer'] else []


def vision_table(result):
    """Of script/bench peers --vision: milliseconds of a run, so that small is good; ratios are of speed."""
    rows = [
        f'{result["cpu"]}, {result["cores"]} cores, {result["isa"]}; commit {result["commit"]}, {result["date"]}; {result["rounds"]} rounds in turns:',
        '',
        '| model | type | threads | Premise ms | ONNX Runtime ms | OpenVINO ms | ratio to the faster | lower quartile | disturbed rounds |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for c in result['cases']:
        ms = {peer['name']: 1e3 / peer['median'] for peer in peers_of(c)}
        cells = [c['model'], c['type'], str(c['threads']), number(c['ours'] and 1e3 / c['ours']['median'], '{:.2f}')]
        cells += [number(ms.get(name), '{:.2f}') for name in ('onnxruntime', 'openvino')]
        cells += [number(c['ratio'], '{:.2f}'), number(c.get('ratio_q25'), '{:.2f}'), str(c.get('disturbed_rounds', ''))]
        rows.append('| ' + ' | '.join(cells) + ' |')
    rows += ['', '| model | threads | open and first run, s: Premise | ONNX Runtime | OpenVINO | memory, MB: Premise | ONNX Runtime | OpenVINO |', '|---|---|---|---|---|---|---|---|']
    for one in result['startup']:
        cells = [number(one[key][who]['median'], form) for key, form in (('load_s', '{:.3f}'), ('peak_rss_mb', '{:.0f}')) for who in ('ours', 'onnxruntime', 'openvino')]
        rows.append('| ' + ' | '.join([one['model'], str(one['threads']), *cells]) + ' |')
    told = sorted({f'{peer["name"]} {peer["version"]} ({peer["flags"]})' for c in result['cases'] for peer in peers_of(c)})
    return '\n'.join([*rows, '', f'The peers are {"; ".join(told)}. Their memory is what they take beside their own empty process, ours is all of it.'])


def pair(row, scale, unit):
    theirs = number(row['peer'] and row['peer']['median'] * scale, '{:.0f}')
    return f'{row["ours"]["median"] * scale:.0f} {unit}, llama.cpp {theirs}'


def flags_of(result):
    return '; '.join(sorted({c['peer']['flags'] for c in result['cases'] if c['peer']}))


def block(name):
    return f'script/bench readme, {name}'


def path_of(name):
    return os.path.join(TREE, FOLDER, name + '.jsonl')


def render(text, name, lines):
    """The README with the tables of one file made anew."""
    return replaced(text, block(name), '\n\n'.join(map(vision_table if name == VISION else table, newest_of_each(lines))) or 'not measured')


def lines_of(name):
    try:
        with open(path_of(name), encoding='utf-8') as file:
            return file.readlines()
    except FileNotFoundError:
        return []


def rendered():
    """The README as it is, and as it should be."""
    with open(README, encoding='utf-8') as file:
        text = made = file.read()
    for name in (PEERS, TYPES, VISION):
        made = render(made, name, lines_of(name))
    return text, made


def write():
    text, made = rendered()
    with open(README, 'w', encoding='utf-8') as file:
        file.write(made)
    return made != text


def append(result, name):
    os.makedirs(os.path.dirname(path_of(name)), exist_ok=True)
    with open(path_of(name), 'a', encoding='utf-8') as file:
        file.write(json.dumps(result, ensure_ascii=False) + '\n')
