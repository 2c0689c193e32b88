#!/usr/bin/env python3
"""Writes data/templates.jsonl: small templates of our own, and what jinja2 makes of them (set up as transformers does it).

Usage: .peers/template-venv/bin/python tests/golden/small_templates.py > tests/golden/data/templates.jsonl
"""
import json

import jinja2

from templates import environment

VALUES = {
    "n": None, "yes": True, "i": 7, "f": 2.5, "big": 18446744073709551616, "s": " Größe 你好 ", "empty": "", "list": [3, 1, 2],
    "words": ["b", "A", "c"], "mixed": [1, "a'b", None, True, 2.0, ["x"], {"k": "\"v'\n"}], "d": {"b": 1, "a": [1, {"z": None}], "items": "own"},
    "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": " U1 \n"}, {"role": "assistant", "content": "A1"}, {"role": "user", "content": "U2"}],
    "deep": {"a": {"b": [{"c": 5}]}}, "quote": "it's \"q\" \\ \t\u00a0\u200b\u0085é😀\x07", "html": "<a href='x'>&</a>",
}

CASES = r"""
{{ 1 + 2 * 3 - 4 // 3 }} {{ 7 % 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 ** 2 }} {{ 2 ** -1 }} {{ -2 ** 2 }}
{{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789.125 }} {{ 0.1 + 0.2 }} {{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 10.0 }} {{ 7 // 2.0 }} {{ -7.5 % 2 }}
{{ 1 == 1.0 }} {{ True == 1 }} {{ "a" < "b" }} {{ [1, 2] < [1, 3] }} {{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 3 in list }} {{ 9 not in list }} {{ "ö" in s }} {{ "b" in d }}
{{ not yes or f and n }} {{ n or "x" }} {{ 0 and 1 }} {{ "" or [] or {} or "last" }} {{ not n is none }} {{ not (1 in list) }}
{{ i if yes else "no" }}|{{ "a" if n }}|{{ ("a" if n) is defined }}|{{ 1 if 0 else 2 if 0 else 3 }}
{{ "a" "b" 'c' }} {{ "a" ~ 1 ~ none ~ true ~ 2.0 ~ [1] }} {{ "x" * 3 }} {{ 2 * "y" }} {{ [0] * 3 }} {{ (1,) + (2, 3) }} {{ [1] + [] }}
{{ "\n\t\\\'\"\x41\u00e9\U0001F600\101\q" }} {{ 'it''s' }}
{{ mixed }} {{ d }} {{ (1,) }} {{ () }} {{ [] }} {{ {} }} {{ {1: 2, none: true, "a": 1.0} }} {{ quote }} {{ [quote] }}
{{ n }} {{ yes }} {{ not yes }} {{ f }} {{ i }} {{ big }} {{ [big] }} {{ big is number }} {{ big | tojson }}
{{ nothing }}|{{ nothing is defined }}|{{ nothing | default("d") }}|{{ n | default("d") }}|{{ n | default("d", true) }}|{{ empty | d("e", boolean=true) }}|{{ d.nothing is undefined }}
{{ list[0] }} {{ list[-1] }} {{ list[9] is defined }} {{ list[1:] }} {{ list[::-1] }} {{ list[:-1] }} {{ list[-2:] }} {{ list[5:] }} {{ list[::2] }} {{ list[2:0:-1] }}
{{ s[1] }} {{ s[-2] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[8:] }}| {{ "abc"[1:][0] }} {{ "abc"[5] is defined }} {{ "äöü"[-2:] }} {{ "x"[-5:5] }}
{{ d.b }} {{ d["b"] }} {{ d.items is callable }} {{ d["items"] }} {{ deep.a.b[0].c }} {{ deep["a"].b.0.c }} {{ d.get("b") }} {{ d.get("q") }} {{ d.get("q", 5) }}
{{ d.keys() }} {{ d.values() | list }} {{ d.items() }} {{ d.keys() | list | join(",") }} {{ d | length }} {{ d | list }} {{ "b" in d.keys() }} {{ d.items() | length }}
{{ s | trim }}|{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ "xxaxx".strip("x") }}|{{ "xyaxy".lstrip("yx") }}|{{ "abc" | trim("ac") }}|{{ "äxä".strip("ä") }}|{{ n | trim }}
{{ "a,b,,c".split(",") }} {{ "a,b,c".split(",", 1) }} {{ " a  b ".split() }} {{ " a  b c ".split(none, 1) }} {{ "a,b,c".rsplit(",", 1) }} {{ " a b  c ".rsplit(maxsplit=1) }} {{ "".split() }} {{ "".split(",") }} {{ "a</think>b</think>c".split("</think>")[-1] }}
{{ "abc".startswith("ab") }} {{ "abc".startswith(("x", "a")) }} {{ "abc".endswith("bc") }} {{ "abc".endswith(("x", "y")) }} {{ "abc".startswith("b", 1) }} {{ "".startswith("") }}
{{ "aXbX".replace("X", "--") }} {{ "aXbX".replace("X", "", 1) }} {{ "abc".replace("", "-") }} {{ "aXb" | replace("X", 1) }} {{ "äö".replace("", ".", 2) }}
{{ "Größe ß ǆ".upper() }} {{ "GRÖSSE ΑΣ Σ".lower() }} {{ "hello wORLD it's".title() }} {{ "hELLO w".capitalize() }} {{ "ﬁ x" | upper }} {{ "ab cd-ef (gh" | title }} {{ "éA" | capitalize }} {{ n | upper }}
{{ "-".join(["a", "b"]) }} {{ list | join }} {{ list | join(", ") }} {{ messages | join("/", attribute="role") }} {{ "abc" | join("-") }} {{ [1, none, true] | join("|") }}
{{ "abcabc".find("c") }} {{ "äbc".find("c") }} {{ "abc".find("x") }} {{ "abcabc".rfind("c") }} {{ "abcabc".count("bc") }} {{ "abc".count("") }} {{ "a\nb\r\nc".splitlines() }} {{ "a-b-c".partition("-") }} {{ "a-b-c".rpartition("-") }} {{ "abc".partition("x") }}
{{ "12".isdigit() }} {{ "1a".isdigit() }} {{ " ".isspace() }} {{ "ab".isalpha() }} {{ "AB1".isupper() }} {{ "ab".islower() }} {{ "".isalpha() }} {{ "preX".removeprefix("pre") }} {{ "Xsuf".removesuffix("suf") }}
{{ "{} and {}".format(1, "b") }} {{ "{0}{1}{0}".format("a", 2) }} {{ "{x}{{}}".format(x=5) }} {{ "%s-%d%%" % ("a", 3) }} {{ "%s" % "x" }} {{ "%s %s" | format("a", [1]) }}
{{ d | tojson }} {{ mixed | tojson }} {{ quote | tojson }} {{ html | tojson }} {{ [] | tojson }} {{ {} | tojson(indent=2) }} {{ 1.0 | tojson }} {{ none | tojson }} {{ {1: 2, true: none, 1.5: 1} | tojson }}
{{ d | tojson(indent=2) }} {{ mixed | tojson(indent=1) }}
{{ {"b": {"d": 1, "c": 2}, "a": [1, 2]} | tojson(sort_keys=true) }} {{ d | tojson(separators=(",", ":")) }} {{ d | tojson(ensure_ascii=true) }} {{ "é😀" | tojson(ensure_ascii=true) }} {{ [1, 2] | tojson(indent=4, separators=(";", "=")) }} {{ 1e300 * 1e10 }} {{ (1e300 * 1e10) | tojson }}
{{ list | first }} {{ list | last }} {{ [] | first is defined }} {{ list | length }} {{ s | length }} {{ "abc" | list }} {{ "abc" | last }} {{ (1, 2) | count }} {{ range(3) | list }} {{ range(5, 1, -2) | list }} {{ range(2, 5) | length }} {{ range(3) }}
{{ messages | map(attribute="role") | list }} {{ words | map("upper") | join }} {{ words | map("replace", "A", "Z") | list }} {{ messages | map(attribute="x", default="-") | list }} {{ [[1, 2], [3]] | map("first") | list }} {{ [] | map("upper") | list }}
{{ messages | selectattr("role", "equalto", "user") | list | length }} {{ messages | rejectattr("role", "eq", "user") | map(attribute="content") | list }} {{ [1, 0, none, "a"] | select | list }} {{ [1, 2, 3] | select("odd") | list }} {{ [1, 2, 3] | reject("gt", 1) | list }} {{ messages | selectattr("name", "defined") | list }} {{ messages | selectattr("content") | list | length }} {{ ["a", "b"] | select("in", ["b"]) | list }}
{{ {"B": 1, "a": 0} | dictsort }} {{ {"B": 1, "a": 0} | dictsort(true) }} {{ {"B": 1, "a": 0} | dictsort(by="value") }} {{ {"B": 1, "a": 0} | dictsort(reverse=true) }} {{ d | items | list }} {{ nothing | items | list }} {{ words | sort }} {{ words | sort(case_sensitive=true, reverse=true) }} {{ messages | sort(attribute="content") | map(attribute="content") | list }}
{{ words | unique | list }} {{ ["a", "A", "b"] | unique | list }} {{ list | min }} {{ list | max }} {{ words | min }} {{ list | sum }} {{ messages | map(attribute="content") | map("length") | sum }} {{ list | reverse | list }} {{ "abc" | reverse }} {{ [1.5, 2] | sum }}
{{ "12" | int }} {{ "x" | int }} {{ "x" | int(5) }} {{ 3.9 | int }} {{ "3.9" | int }} {{ "1.5" | float }} {{ 3 | float }} {{ "x" | float }} {{ -3 | abs }} {{ 2.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(0, "ceil") }} {{ 2.9 | round(method="floor") | int }} {{ true | int }} {{ " 7 " | int }}
{{ "a\nb\n\nc" | indent }}|{{ "a\nb" | indent(2, true) }}|{{ "a\n\nb" | indent(2, blank=true) }}|{{ "a\nb" | indent("> ") }}|{{ "" | indent }}|{{ "a\n" | indent(1) }}
{{ i is number }} {{ i is integer }} {{ f is float }} {{ yes is boolean }} {{ yes is integer }} {{ yes is number }} {{ s is string }} {{ d is mapping }} {{ list is sequence }} {{ list is iterable }} {{ s is iterable }} {{ d is sequence }} {{ i is iterable }} {{ n is none }} {{ yes is true }} {{ 1 is true }} {{ nothing is iterable }} {{ range is callable }}
{{ 3 is odd }} {{ 3 is even }} {{ 9 is divisibleby(3) }} {{ 9 is divisibleby 2 }} {{ "a" is in "abc" }} {{ 1 is in list }} {{ "A" is upper }} {{ "a" is lower }} {{ n is sameas none }} {{ i is eq 7 }} {{ i is not equalto 7 }} {{ 1 is lt 2 }} {{ i is defined and i is ge 7 }} {{ "x" is not string }}
{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ x }}{{ loop.previtem }}{{ loop.nextitem }};{% else %}none{% endfor %}
{% for x in [] %}x{% else %}none{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}{% for c in "äb" %}[{{ c }}]{% endfor %}{% for x in nothing %}x{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for m in messages if m.role == "user" %}{{ loop.index }}/{{ loop.length }}{{ m.content | trim }}{{ loop.last }} {% endfor %}{% for x in list if x > 5 %}{% else %}no{% endfor %}{% for x in list if x > 1 %}{{ loop.previtem is defined }}{{ loop.nextitem }};{% endfor %}
{% for x in [1, 2, 3, 4, 5] %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 4 %}{% break %}{% endif %}{{ x }}{% endfor %}{% for x in [1, 2] %}{% for y in [1, 2] %}{% if y == 2 %}{% break %}{% endif %}{{ x }}{{ y }}{{ loop.first }}{% endfor %}{{ loop.last }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }};{% endfor %}{{ x }}{{ i }}{% if true %}{% set x = 5 %}{% endif %}{{ x }}
{% set ns = namespace(a=1, found=false) %}{% for x in list %}{% if x == 1 %}{% set ns.found = true %}{% endif %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns.found }}{% set ns.b = [] %}{% set ns.b = ns.b + [1] %}{{ ns.b }}{{ ns.c is defined }}
{% set ns = namespace(skip=2) %}{% for x in [1, 2, 3] if x != ns.skip %}{{ x }}{% endfor %}
{% set ns = namespace(stop=false) %}{% for x in [1, 2, 3, 4] if not ns.stop %}{{ x }}{% if x == 2 %}{% set ns.stop = true %}{% endif %}{% endfor %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}{% set a, b = b, a %}{{ a }}{{ b }}{% set block %}x{{ a }}  {% endset %}[{{ block }}]{% set block | trim | upper %} y {% endset %}[{{ block }}]
{% macro m(a, b=2, c="x" ~ a) %}<{{ a }}|{{ b }}|{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, c=3) }}{{ m(b=1, a=0) }}{{ m() }}{{ m(1, 2, 3) | upper }}{{ m("a") ~ "z" }}
{% macro rec(n) %}{{ n }}{% if n > 0 %},{{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(5) }}{% macro outer() %}[{{ caller() }}]{% endmacro %}{% call outer() %}in{{ i }}{% endcall %}{% macro each(l) %}{% for x in l %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(y) each(list) %}({{ y }}){% endcall %}
{% set g = "g1" %}{% macro show() %}{{ g }}{{ local is defined }}{% endmacro %}{% set g = "g2" %}{% for local in [1] %}{{ show() }}{% set g = "g3" %}{{ show() }}{% endfor %}{% macro va() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ va(1, 2, x=3) }}
{% filter upper %}abc {{ s | trim }}{% endfilter %}{% filter replace("a", "b") | upper %}aa{% endfilter %}{% generation %}gen{{ i }}{% endgeneration %}{%- generation -%}  x {%- endgeneration -%} y
{% raw %}{{ not }} {% if %}{% endraw %}|{% raw -%}  a  {%- endraw %} b{# comment {{ x }} #}c{#- strip -#} d
{% if i > 5 %}a{% elif i > 3 %}b{% else %}c{% endif %}{% if n %}a{% elif yes %}b{% endif %}{% if false %}{% elif false %}{% else %}e{% endif %}
{{ html | safe }}{{ (html | safe) + "<" }}{{ "<" + (html | safe) }}{{ "<b>" ~ (html | safe) }}{{ html | escape }}{{ html | e | e }}{{ (html | safe).strip() + "&" }}{{ [html | safe, "<"] | join("&") }}
{{ dict(a=1, b="x") }} {{ dict({"a": 1}, b=2) }} {{ dict([("a", 1)]) }} {{ {"a": 1, "a": 2} }} {{ {"a": 1} == {"a": 1.0} }} {{ [1, [2]] == [1, [2]] }} {{ (1,) == [1] }} {{ nothing == nope }} {{ none == nothing }}
{{ strftime_now("%Y-%m-%d %d %b %B %y %H:%M:%S %A %a %I %p %j %-d %%") }}
{{ messages[1:] | length }} {{ messages[::-1][0].content }} {{ messages[-1]["role"] }} {{ messages[0]["content"] ~ messages[1].content }}
{{ [1, 2, 3][1:][::-1] }} {{ {"a": [1, 2]}["a"][0] }} {{ [[1, 2], [3, 4]][1][0] }} {{ ("a", "b")[0] }} {{ "a".upper().lower().strip() }} {{ [1, 2] | list | length + 1 }} {{ -1 | abs }} {{ 1 - -1 }} {{ +3 }}
{{ true and "yes" or "no" }} {{ 1 if [] else 2 }} {{ 1 if nothing else 2 }} {{ 1 if "0" else 2 }} {{ 1 if 0.0 else 2 }} {{ not nothing }} {{ ([] | map("upper")) and 1 }}
{{ [1, 2, 3] | map("string") | join("+") }} {{ [3, 1] | sort | first }} {{ "b" > "a" }} {{ "é" > "z" }} {{ [1] in [[1], 2] }} {{ none in [none] }} {{ "" in "a" }} {{ 1.0 in [1] }}
"""

LINES = [
    "a\n{% if true %}\nb\n{% endif %}\nc\n", "  {% if true %}  \n  b  \n  {% endif %}  \n", "x {%- if true -%}  \n y {%- endif %} z", "  {%+ if true %}x{% endif +%}\ny",
    "{% for x in [1, 2] %}\n  {{ x }}\n{% endfor %}\nend", "{%- for x in [1, 2] %}\n  {{- x -}}\n{%- endfor %}\nend\n\n", "a\r\nb\rc\n{{ 'x' }}\r\n", "  {# c #}  \n  x {# d #}\n{#- e -#}\n y",
    "\n\n{{ 1 }}\n\n", "{{ 1 }}\n", "{% raw %}\n  x\n{% endraw %}\ny", "  {{ 1 }}\n\t{% set x = 1 %}\nz", "{% set x %}\n  a\n{% endset %}\n[{{ x }}]", "a {{- ' b ' -}} c", "{{ '{{' }} {{ '%}' }} {{ {'a': {'b': 1}} }}", "{% if true %}a{% endif %} \n b", "\u00a0{%- if true %}x{% endif %}", "{{\n1\n+\n2\n}}{%\nif true\n%}y{%\nendif\n%}", "", "{{ 1 }}{% if true %}\n\n x{% endif %}",
]

RAISES = r"""
{{ nothing.x }}
{{ nothing["x"] }}
{{ nothing() }}
{{ nothing + 1 }}
{{ "a" + 1 }}
{{ 1 + none }}
{{ "a" < 1 }}
{{ 1 // 0 }}
{{ 5 | length }}
{{ none | length }}
{{ raise_exception("No: " ~ i) }}
{{ list.append(1) }}
{{ d.update({"x": 1}) }}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% set d.x = 1 %}
{{ nothing | tojson }}
{{ range | tojson }}
{{ (list | map("string")) | tojson }}
{{ list | nofilter }}
{{ 1 is notest }}
{{ "a".split("") }}
{{ 1 | first }}
{{ "abc".index("x") }}
{{ [1, "a"] | sort }}
{{ d | dictsort(by="z") }}
{{ list[::0] }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=1) }}
{{ range(1000000) | list }}
{{ {[]: 1} }}
{{ "%d" % "a" }}
{{ "{}".format() }}
{{ 1 if }}
{{ 1 + }}
{{ (1 }}
{{ 1 ) }}
{{ [1, 2 }}
{% if true %}
{% endif %}
{% for x in list %}{% endif %}
{% foo %}
{{ 'a }}
{{ 1
{% break %}
{{ a b }}
{{ $ }}
{% set 1 = 2 %}
{% set true = 2 %}
{% macro m(a=1, b) %}{% endmacro %}
{{ f(a=1, 2) }}
{# x
{% raw %} x
{{ x is is }}
"""


def main():
    env = environment()
    templates = [line for line in CASES.strip("\n").split("\n")] + LINES + RAISES.strip("\n").split("\n")
    print(json.dumps(VALUES, ensure_ascii=True))
    for template in templates:
        try:
            row = {"template": template, "output": env.from_string(template).render(**VALUES)}
        except Exception as error:  # noqa: BLE001: templates raise what they like
            row = {"template": template, "raises": type(error).__name__}
            assert isinstance(error, (jinja2.TemplateError, SyntaxError, TypeError, ValueError, ZeroDivisionError, IndexError, LookupError, OverflowError)), (template, error)
        if ("raises" in row) != (template in RAISES.strip("\n").split("\n")):
            raise SystemExit(f"{template!r} gives {row}")
        print(json.dumps(row, ensure_ascii=True))


if __name__ == "__main__":
    main()
