"""The arithmetic of script/bench: pure functions over samples, ids and the text of /proc/stat."""

import itertools
import math

# A round with more of the machine taken by others, or stolen by the hypervisor, is repeated.
MOST_DISTURBED = 0.06
# Greedy answers may part where the peer's own two best logits are nearer than a tie: both sides quantize activations, and their
# rounding moves a logit by about a tenth. A part at a wider margin is an error of one side. What a tie is, the peer tells: its
# own ways (threads, repacked weights) give margins that differ, by 0.2 to 0.6 where it has AMX. Within these bounds:
LEAST_TIE, MOST_TIE = 0.25, 1.0


def quantile(values, share):
    """Linear between the neighbours of the sorted values."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values):
    return quantile(values, 0.5)


def paired_ratio(ours, theirs):
    """(median, lower quartile) of the ratios round by round."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return median(ratios), quantile(ratios, 0.25)


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def parse_stat(text):
    """Ticks of all processors since boot: busy (guests are in user already), stolen, and all."""
    words = next(line for line in text.splitlines() if line.startswith('cpu ')).split()[1:]
    ticks = [int(word) for word in words[:8]] + [0] * (8 - len(words))
    user, nice, system, idle, waiting, irq, softirq, steal = ticks
    busy = user + nice + system + irq + softirq
    return {'busy': busy, 'steal': steal, 'all': busy + steal + idle + waiting}


def disturbance(before, after, own_seconds, ticks_a_second):
    """(foreign, stolen): the shares of all processors' time that others used, and that the hypervisor kept."""
    whole = after['all'] - before['all']
    if whole <= 0:
        return 0.0, 0.0
    foreign = after['busy'] - before['busy'] - own_seconds * ticks_a_second
    return max(foreign, 0) / whole, (after['steal'] - before['steal']) / whole


def tie_of(answers):
    """The margin below which a choice is a tie: the most by which two ways of the peer differ in a margin at one place, as far
    as their ids are the same."""
    most = LEAST_TIE
    for a, b in itertools.combinations(answers, 2):
        for id_a, id_b, margin_a, margin_b in zip(a['ids'], b['ids'], a['margins'], b['margins']):
            if id_a != id_b:
                break
            most = max(most, abs(margin_a - margin_b))
    return min(most, MOST_TIE)


def agreement(ours, theirs, margins, tie=LEAST_TIE):
    """(share of equal ids, whether the first difference is a near tie of the peer)."""
    equal = sum(a == b for a, b in zip(ours, theirs))
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), None)
    near = len(ours) == len(theirs) and (at is None or margins[at] < tie)
    return equal / max(len(ours), len(theirs), 1), near


def summary(samples):
    return {'median': median(samples), 'min': min(samples), 'max': max(samples), 'samples': samples}


def case_of(model, kind, phase, threads, rounds, agreed, share):
    """One case of the contract. `rounds`: [{ours, peer (rates, or None), ours_cpu, peer_cpu, foreign, steal}]; `agreed`:
    (share, near tie) or None without a peer; the caller adds who the peer is."""
    ours = [r['ours'] for r in rounds]
    case = {'model': model, 'type': kind, 'phase': phase, 'threads': threads, 'ours': summary(ours), 'peer': None}
    case |= {'ratio': None, 'ratio_q25': None, 'agree': agreed[0] if agreed else None, 'share': share}
    case['steal_pct'] = 100 * max(r['steal'] for r in rounds)
    case['foreign_pct'] = 100 * max(r['foreign'] for r in rounds)
    case['disturbed_rounds'] = sum(max(r['foreign'], r['steal']) > MOST_DISTURBED for r in rounds)
    case['ours_tok_cpu_s'] = median([r['ours_cpu'] for r in rounds])
    if not agreed:
        return case
    theirs = [r['peer'] for r in rounds]
    case['peer'] = {'median': median(theirs), 'samples': theirs}
    case['peer_tok_cpu_s'] = median([r['peer_cpu'] for r in rounds])
    if agreed[1]:
        case['ratio'], case['ratio_q25'] = paired_ratio(ours, theirs)
        case['cpu_ratio'], _ = paired_ratio([r['ours_cpu'] for r in rounds], [r['peer_cpu'] for r in rounds])
    return case


def geomeans(cases):
    """By phase, over the cases that have a ratio."""
    phases = {case['phase'] for case in cases}
    return {p: geomean([c['ratio'] for c in cases if c['phase'] == p and c['ratio']]) for p in sorted(phases)}


def rounded(what, digits=6):
    """The same lists and objects, their floats cut to so many digits."""
    if isinstance(what, dict):
        return {key: rounded(value, digits) for key, value in what.items()}
    if isinstance(what, list):
        return [rounded(value, digits) for value in what]
    return float(f'{what:.{digits}g}') if isinstance(what, float) else what
