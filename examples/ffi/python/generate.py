#!/usr/bin/env python3
"""Streams a model's answer, and the ids of its tokens on stderr. Usage: generate.py MODEL PROMPT [TOKENS [CANCEL_AFTER]]

CANCEL_AFTER: fire a cancel token after so many tokens, as another thread might at any time.
"""

import sys

import premise


def main(arguments):
    if not 2 <= len(arguments) <= 4:
        print(__doc__, file=sys.stderr)
        return 2
    path, prompt = arguments[:2]
    max_tokens, cancel_after = ([int(number) for number in arguments[2:]] + [64, 0][len(arguments) - 2 :])[:2]
    ids = []
    try:
        cancel = premise.Cancel()

        def on_token(token):
            ids.append(token)
            if len(ids) == cancel_after:
                cancel.fire()

        model = premise.Model(premise.Engine(), path)
        model.generate(prompt, max_tokens, lambda text: print(text, end='', flush=True), on_token, cancel)
    except premise.CancelledError:
        print(f'cancelled after {len(ids)} tokens', file=sys.stderr)
    except premise.PremiseError as error:
        print(f'{error.name}: {error}', file=sys.stderr)
        return 1
    print()
    print('ids:', *ids, file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
