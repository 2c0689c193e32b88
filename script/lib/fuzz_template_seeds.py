"""Templates for the fuzz target of that name: between them they call what the language has, rightly and wrongly."""

WHOLE = (
    '{{ strftime_now("%Y %y %m %d %e %H %I %M %S %j %p %A %a %B %b %F %T %Z %% %-d %-m %-H") }}',
    '{{ "xyaxy".strip("xy") }}{{ " a ".lstrip() }}{{ "aab".rstrip("b") }}{{ "xay"|trim("xy") }}{{ "éaé".strip("é") }}{{ "ab"|trim(none) }}',
    '{{ "Ab" | lower }}{{ "ab" | upper }}{{ "ab cd-ef" | title }}{{ "ab" | capitalize }}{{ "ΑΣ ΑΣΑ" | lower }}{{ "ß ŉ" | title }}{{ "\ufffd a" | title }}',
    '{{ "abc" | reverse }}{{ [1, 2] | reverse | list }}{{ range(3) | reverse | list }}{{ (messages | map(attribute="role")) | reverse }}',
    '{{ [1, 2.5] | sum }}{{ [{"a": 1}, {"a": 2}] | sum(attribute="a", start=3) }}{{ {"a": 1} | attr("items") is callable }}',
    '{{ tools[0] | length }}{{ tools[0] | list }}{{ "é世a"[1] }}{{ "abc"[-1] }}{{ "abc"[5] is undefined }}{{ "aébc"[1:3] }}{{ "abc"[::-1] }}{{ "abcdef"[::2] }}',
    '{{ [[1, 2], [3, 4]] | map(attribute="1") | list }}{{ [{"a": [5]}] | map(attribute="a.0") | list }}{{ messages | groupby("role") | list | length }}',
    '{{ [none, true, 1, 2.5, 1e308 * 10, -1e308 * 10, 1e308 * 10 - 1e308 * 10, "a\\"\\\\\\n\\r\\t\x07\x0c\x08/é👋", {"a": [], 1: 2, none: 3, true: 4, 2.5: 5}, [], {}] | tojson }}',
    '{{ {"b": [1, {"c": "<a>&\'"}], "a": {}} | tojson(indent=2) }}{{ {"b": 1, "a": 2} | tojson(sort_keys=true, ensure_ascii=true, separators=(",", ":")) }}{{ "é" | tojson(ensure_ascii=false) }}',
    '{% set d = {"a": 1, "b": 2} %}{{ d.keys() | list }}{{ d.values() | list }}{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}{{ d.get("a") }}{{ d.get("c", 3) }}{{ d.get("c") }}{{ d.copy() == d }}{{ d.items() }}{{ d.keys() }}{{ d.values() }}',
    '{{ [1, 2, 1].count(1) }}{{ ["a", "b"].index("b") }}{{ "aba".count("a") }}{{ "aba".find("b") }}{{ "aba".index("a") }}{{ "aba".rfind("a") }}{{ "a,b".split(",") }}{{ "a b".rsplit(None, 1) }}{{ "a\\nb".splitlines(true) }}',
    '{{ "a1".isalnum() }}{{ "é".isalpha() }}{{ "12".isdigit() }}{{ "١".isdecimal() }}{{ "½".isnumeric() }}{{ " ".isspace() }}{{ "A".isupper() }}{{ "a".islower() }}{{ "Aa".istitle() }}{{ "".isalnum() }}',
    '{{ "ab".startswith("a") }}{{ "ab".endswith(("b", "c")) }}{{ "a-b".partition("-") }}{{ "a-b".rpartition("-") }}{{ "a".join(["x", "y"]) }}{{ "aa".replace("a", "b", 1) }}{{ "a".center(5) }}{{ "a".ljust(3) }}{{ "a".zfill(3) }}{{ "pre-a".removeprefix("pre-") }}{{ "a-s".removesuffix("-s") }}',
    '{{ "{} {1} {name}".format(1, 2, name="x") }}', '{{ "{0} {0}".format("a") }}{{ "{{}}".format() }}', '{{ "%s %d %.2f %5s %-5s| %x %r %%" % ("a", 1, 2.5, "b", "c", 255, "d") }}',
    '{{ "%s" | format(1) }}{{ "%(a)s" | format(a=1) }}', '{{ (1 <= 2) ~ (2 >= 1.0) ~ ("a" <= "b") ~ ([1] < [2]) ~ ([1, 2] >= [1]) ~ (1 < 2 <= 3) }}{{ 7 // 2 }}{{ -7 % 3 }}{{ 2 ** 10 }}{{ 2 ** -1 }}{{ 7.5 // 2 }}{{ 7.5 % 2 }}{{ 1.5 - 2 }}{{ 1.5 * 2 }}{{ 1 / 4 }}{{ 2.0 ** 0.5 }}{{ -1.5 }}{{ +2 }}',
    '{{ 9223372036854775807 + 1 }}{{ 99999999999999999999 * 3 }}{{ 10 ** 30 }}{{ -(9223372036854775807) - 2 }}{{ 10 ** 20 == 10.0 ** 20 }}{{ 10 ** 30 // 7 }}', '{{ [1] + [2] }}{{ "a" * 3 }}{{ [0] * 2 }}{{ (1,) + (2,) }}{{ {"a": [1, 2.5]} == {"a": [1, 2.5]} }}{{ {"a": 1} == {"a": 2} }}{{ range == range }}{{ none == none }}{{ absent == none }}',
    '{{ ["\x07", "\u00ad", "\u0431", "\u2028", "\U000e0001", "\'", "\\"", "\'\\"", "\\\\", "\\n\\r\\t"] }}{{ (1,) }}{{ () }}{{ {"a": none, "b": true} }}{{ range(3) }}{{ 1e16 }}{{ 1e-5 }}{{ 1.0 }}{{ true }}{{ none }}{{ absent }}',
    '{{ [1 is defined, x is undefined, none is none, true is boolean, true is true, false is false, 1 is integer, 1.5 is float, 1 is number, "a" is string, {} is mapping, [] is sequence, 1 is iterable, range is callable, "a" is escaped, "a" is lower, "A" is upper, 1 is odd, 2 is even, 4 is divisibleby(2)] }}',
    '{{ [1 is sameas(1), "a" is sameas("a"), true is sameas(true), none is sameas(none), [] is sameas([]), 1 is sameas("a"), 1 is in([1]), 1 is eq(1), 1 is equalto(1), 1 is ne(2), 1 is lt(2), 1 is lessthan(2), 1 is le(2), 1 is gt(0), 1 is greaterthan(0), 1 is ge(1)] }}',
    '{{ [1, 2, 3] | select("==", 2) | list }}{{ [1, 2] | select("!=", 2) | list }}{{ [1, 2] | select("<", 2) | list }}{{ [1, 2] | select("<=", 2) | list }}{{ [1, 2] | select(">", 1) | list }}{{ [1, 2] | reject(">=", 2) | list }}{{ messages | selectattr("role", "equalto", "user") | list }}{{ messages | rejectattr("content") | list }}',
    '{{ [3, 1, 2] | sort }}{{ ["b", "A"] | sort(case_sensitive=true, reverse=true) }}{{ messages | sort(attribute="role") | length }}{{ {"b": 1, "a": 2} | dictsort }}{{ {"b": 1, "a": 2} | dictsort(by="value") }}{{ [1, 1, 2] | unique | list }}{{ [1, 2] | max }}{{ [1, 2] | min }}{{ [1, 2] | first }}{{ [1, 2] | last }}{{ [] | first is undefined }}',
    '{{ "a\\n\\nb" | indent(2, true, true) }}{{ "a b c" | wordcount }}{{ "abcdef" | truncate(4) }}{{ "<a>" | e }}{{ "<a>" | safe }}{{ ("<a>" | safe) ~ "<b>" }}{{ "<b>x" | striptags }}{{ "a" | default("b") }}{{ "" | default("b", true) }}{{ absent | d("c") }}{{ "3" | int }}{{ "x" | int(5) }}{{ "1.5" | float }}{{ -1 | abs }}{{ 1.55 | round(1) }}{{ 5 | string }}{{ [1, 2, 3] | batch(2) | list }}{{ [1, 2, 3] | slice(2) | list }}{{ "ab" | list }}{{ {"a": 1} | items | list }}{{ [[1, 2]] | map("join", "-") | list }}{{ "a" | replace("a", "b") }}{{ "abc" | length }}',
    '{% macro m(a, b=2) %}{{ a }}{{ b }}{{ caller() if caller }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}{% call m(1) %}x{% endcall %}{% filter upper %}abc{% endfilter %}{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}{% set x %}block{% endset %}{{ x }}{% with a = 1 %}{{ a }}{% endwith %}{% raw %}{{ x }}{% endraw %}',
    '{% for a in [1, 2, 3] if a != 2 %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle("a", "b") }}{{ loop.changed(a) }}{% else %}none{% endfor %}{% for t in [[1, [2]]] recursive %}{{ t if t is integer else loop(t) }}{% endfor %}{% for i in range(9) %}{% if i == 1 %}{% continue %}{% elif i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}',
    '{%- generation -%}a{%- endgeneration -%}{#- note -#}\n# line\n{{- "a" -}}  {%+ if 1 %}x{% endif +%}', '{{ "\\x41\\u00e9\\U0001f44b\\101\\a\\b\\f\\v\\0\\\'" }}{{ \'a\' "b" }}{{ 0x1f }}{{ 0b11 }}{{ 0o17 }}{{ 1_000 }}{{ 1.5e3 }}',
)  # fmt: skip
FAILING = (
    'strftime_now("%q")', '"x".strftime_now', '"a" | frobnicate', '"a" | urlize', '1 is filter', '1 is frob', '1 is odd(1)', '1.5 is odd', '"ab".append', '[1].append(2)', '{"a": 1}.update({})', '[1].index(2)',
    '"{a}".format(b=1)', '"{a.b}".format(a=1)', '"{3}".format(1)', '"{".format()', 'none + 1', 'true < []', '1.5 < {}', '{} < namespace()', 'loop < 1', '1 <= none', '"a" >= 1', '1 > range', '"a" - 1', '[] * "a"', '{} / 1', '1 // "a"', '"a" ** 2',
    '1 / 0', '1 % 0', '1 // 0', '1.5 // 0', '0 ** -1', '(0.0) ** -1', '2 ** 99999', '-"a"', '+[]', '[1][none]', '{}[[]]', '{[]: 1}', 'absent.x.y', 'absent[0]', 'absent()', '1()', 'range(1, 2, 0)', 'range(10 ** 9)', 'range("a")', 'range | tojson', '{(1,): 2} | tojson', 'absent | tojson', '{} | first',
    '1 | length', '1 | list', '1 | join', '[1, "a"] | sort', '[{}] | sort', '1 | map("upper") | list', '"abc"[::0]', '"a" * (10 ** 12)', '"%d" % "a"', '"%s" % ()', '"%z" % 1', '"%s" % (1, 2)', 'raise_exception("no")', 'raise_exception()', 'dict(a=1)', 'dict(1)', 'namespace(1)', '"a".split("")', '"a".replace("a")', '"a".nosuch()', 'cycler(1)', 'joiner()', 'lipsum()', '_x.__class__', '"".__class__', 'messages.0.role.x',
)  # fmt: skip
BROKEN = (
    '{% if %}', '{% for x %}', '{% endfor %}', '{% set 1 = 2 %}', '{% set a.b.c = 1 %}', '{% macro %}', '{{ a', '{% raw %}x', '{# x', '{{ "a }}', '{{ 1 if }}', '{{ [1 }}', '{{ {1} }}', '{{ f(a=1, 2) }}', '{{ a b }}', '{{ a..b }}', '{{ "\\x4" }}', '{{ 1__0 }}', '{{ $ }}', '{% include "x" %}', '{% extends "x" %}', '{% import "x" as y %}', '{% block x %}{% endblock %}', '{% frob %}', '{% break %}', '{% for a, b in [1] %}{% endfor %}',
    '{% for a, b in [[1]] %}{% endfor %}', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', '{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}', '{% macro m(a) %}{% endmacro %}{{ m(b=1) }}', '{% call 1 %}{% endcall %}', '{% autoescape true %}{% endautoescape %}', '{{ ' + '(' * 80 + '1' + ')' * 80 + ' }}', '{{ ' + '[' * 40 + ']' * 40 + ' }}',
)  # fmt: skip


def language_seeds():
    for text in (*WHOLE, *('{{ ' + one + ' }}' for one in FAILING), *BROKEN):
        yield text.encode()
