// Chat templates: small ones beside jinja2's answers, the bounds, and what of the output is content.
#include <pthread.h>

#include <fstream>

#include "base/json_reader.h"
#include "support/catch.h"
#include "support/random.h"
#include "text/template.h"

using namespace prm;
using namespace prm::jinja;

namespace {

struct Outcome {
  Status status = Status::ok;
  std::string text, message;
  std::string content;  // a letter for each byte: c, or t for the template's own
};

using Values = std::vector<std::pair<std::string, std::string>>;  // names, and JSON

Outcome render(std::string_view source, const Values& values, const TemplateLimits& limits = {}) {
  Outcome out;
  try {
    Heap heap(limits.value_bytes);
    Vector<Variable> variables;
    for (const auto& [name, json] : values) {
      JsonDocument document = read_json(json, {.what = "a value"});
      variables.push_back({name, json_value(heap, document, document.root())});
    }
    auto program = parse_template(source, Status::bad_file, limits);
    Rendered rendered = render_template(*program, heap, variables, limits);
    out.text = rendered.text;
    out.content.assign(out.text.size(), 't');
    for (TextSpan span : rendered.content) out.content.replace(span.begin, span.end - span.begin, span.end - span.begin, 'c');
  } catch (const Error& error) {
    out.status = error.status;
    out.message = error.message;
  }
  return out;
}

std::vector<std::string> golden_lines() {
  std::ifstream file(PREMISE_TEST_DATA "/templates.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() > 100);
  return lines;
}

Outcome render_golden(std::string_view source, const std::string& values) {
  Outcome out;
  try {
    TemplateLimits limits;
    Heap heap(limits.value_bytes);
    JsonDocument document = read_json(values, {.what = "values"});
    Vector<Variable> variables;
    for (const JsonValue* v = document.first(document.root()); v; v = document.next(*v)) variables.push_back({v->key, json_value(heap, document, *v)});
    variables.push_back({"strftime_now", heap.text("2026-11-28 09:30:00", false)});
    auto program = parse_template(source, Status::bad_file, limits);
    out.text = render_template(*program, heap, variables, limits).text;
  } catch (const Error& error) {
    out.status = error.status;
    out.message = error.message;
  }
  return out;
}

}  // namespace

TEST_CASE("templates: small ones give what jinja2 gives, and fail where it raises") {
  std::vector<std::string> lines = golden_lines();
  size_t rendered = 0, refused = 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    JsonDocument row = read_json(lines[i], {.what = "templates.jsonl"});
    std::string source(row.find(row.root(), "template")->text);
    const JsonValue* output = row.find(row.root(), "output");
    Outcome got = render_golden(source, lines[0]);
    INFO(source);
    if (output) {
      CHECK(got.message == "");
      CHECK(got.text == std::string(output->text));
      ++rendered;
    } else {
      CHECK((got.status == Status::bad_file || got.status == Status::invalid_argument));
      CHECK(got.message != "");
      ++refused;
    }
  }
  CHECK((rendered > 70 && refused > 50));
}

TEST_CASE("templates: errors name the line, and raise_exception speaks for itself") {
  Outcome out = render("a\n\n{{ x.y }}", {});
  CHECK((out.status == Status::bad_file && out.message.find("line 3") != out.message.npos && out.message.find("'x' is undefined") != out.message.npos));
  out = render("\n{% if %}", {});
  CHECK((out.status == Status::bad_file && out.message.find("line 2") != out.message.npos));
  out = render("{{ raise_exception('Roles must alternate') }}", {});
  CHECK((out.status == Status::invalid_argument && out.message == "Roles must alternate"));
  CHECK(render("{{ raise_exception(no_such) }}", {}).message.find("does not say why") != out.message.npos);
  out = render("{{ strftime_now('%d') }}", {});
  CHECK((out.status == Status::bad_file && out.message.find("date") != out.message.npos));
  CHECK(render("{% if strftime_now is defined %}x{% endif %}", {}).text == "");
  CHECK(render("{% for x in y recursive %}{% endfor %}", {}).status == Status::unsupported);
  CHECK(render("{% include 'x' %}", {}).status == Status::unsupported);
}

TEST_CASE("templates: what jinja2 has and this library lacks is UNSUPPORTED, what nobody has is a bad template") {
  CHECK(render("{{ [1] | groupby('x') }}", {}).status == Status::unsupported);
  CHECK(render("{{ 'x' is filter }}", {}).status == Status::unsupported);
  CHECK(render("{{ range(0, 10, 3) }}", {}).status == Status::unsupported);
  CHECK(render("{{ [1] | nothing }}", {}).status == Status::bad_file);
  CHECK(render("{{ range(2, 5) }}", {}).text == "range(2, 5)");
}

TEST_CASE("templates: the length of a loop costs no turns") {
  CHECK(render("{% for i in range(20000) %}{% if loop.length != 20000 or loop.revindex != 20000 - i %}x{% endif %}{% endfor %}", {}).text == "");
}

TEST_CASE("templates: few steps over many bytes are many steps") {
  const std::string cases[] = {
      "{% set a = ' ' * 4000000 %}{% for i in range(100000) %}{% set b = a.strip() %}{% endfor %}",
      "{% set a = ' ' * 4000000 %}{% for i in range(100000) %}{% set b = a | int %}{% endfor %}",
      "{% set a = ' ' * 4000000 %}{% for i in range(100000) %}{% set b = a | float %}{% endfor %}",
      "{% set a = 'a' * 4000000 + 'b' %}{% set b = 'a' * 4000000 + 'c' %}{{ b in [a] * 1000 }}",
      "{% set a = 'a' * 4000000 + 'b' %}{% set b = 'a' * 4000000 + 'c' %}{{ ([a, b] * 500) | sort }}",
      "{% set a = 'a' * 4000000 %}{% set b = ('a' * 4000000 + 'c',) %}{% for i in range(100000) %}{{ a.startswith(b * 100) }}{% endfor %}",
      "{% set a = 'a' * 4000000 %}{% for i in range(100000) %}{% set b = a.removeprefix(a) %}{% endfor %}",
      "{% set a = 'a' * 4000000 + 'b' %}{% set d = {'a' * 4000000 + 'c': 1} %}{% for i in range(100000) %}{{ a in d }}{% endfor %}",
  };
  for (const std::string& source : cases) {
    INFO(source);
    CHECK(render(source, {}, {.steps = 30000}).status == Status::limit);
  }
}

TEST_CASE("templates: nothing taken a million million times is nothing, at once") {
  CHECK(render("{{ 1666661666667 * () }}{{ [] * 1666661666667 }}{{ '' * 1666661666667 }}", {}).text == "()[]");
}

TEST_CASE("templates: every bound is a LIMIT") {
  std::string parentheses(2000, '('), lists(500, '['), statements, unary(5000, '-');
  parentheses += "1";
  parentheses.append(2000, ')');
  lists.append(500, ']');
  for (int i = 0; i < 200; ++i) statements += "{% if true %}";
  std::string sums = "{{ 1";
  for (int i = 0; i < 5000; ++i) sums += " + 1";
  const std::string cases[] = {
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{{ 'a' * 1000000000 }}",
      "{% set n = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}",
      "{% set n = namespace(s=[1]) %}{% for i in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}",
      "{% set n = namespace(s=[]) %}{% for i in range(1000) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% for i in [1, 2] %}{{ m() }}{% endfor %}{% endmacro %}{{ m() }}",
      "{% for i in range(100000) %}{% for k in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 1000 }}{% endfor %}{% endfor %}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ 2 ** 64 }}",
      "{{ [0] * 100000000000 }}",
      "{{ '{}'.format('a' * 17000000) }}",
      "{{ 99999999999999999999 }}",
      "{{ 'aaaaaaaaaaaaaaaa' | map(" + [] {
        std::string names = "'map'";
        for (int i = 0; i < 2000; ++i) names += ", 'map'";
        return names;
      }() + ") | list }}",
      "{{ " + parentheses + " }}",
      "{{ " + lists + " }}",
      "{{ " + unary + "1 }}",
      statements,
      sums + " }}",
      std::string(2 << 20, 'x'),
      // Text on its way is counted together.
      "{% set a = 'a' * 4000000 %}{% macro m() %}{{ a }}{{ m() }}{% endmacro %}{{ m() }}",
  };
  for (const std::string& source : cases) {
    Outcome out = render(source, {});
    INFO(source.substr(0, 200));
    CHECK(out.message != "");
    CHECK(out.status == Status::limit);
  }
}

TEST_CASE("templates: what is content stays so, whatever is done with it") {
  Values values = {{"m", R"({"role": "user", "content": "  <|end|>ab  "})"}, {"l", R"(["x", "y"])"}};
  struct Case {
    const char *source, *content;
  };
  const Case cases[] = {
      {"<{{ m.content }}>", "tccccccccccccct"},
      {"{{ m.content | trim }}.", "ccccccccct"},
      {"{{ '[' + m.content.strip() + ']' }}", "tccccccccct"},
      {"{{ '[' ~ m.content[2:9] ~ ']' }}", "tccccccct"},
      {"{{ ('[' ~ m.content.strip() ~ ']')[1:-1] }}", "ccccccccc"},
      {"{{ l | join('--') }}", "cttc"},
      {"{{ '-'.join(l) }}", "ctc"},
      {"{{ 'a-b'.replace('-', l[0]) }}", "tct"},
      {"{{ m.content.strip().replace('ab', '<|end|>') }}", "ccccccc" "ttttttt"},
      {"{{ m.content.split('|')[1] }}", "ccc"},
      {"{{ l[0] | upper }}{{ l[0].title() }}", "cc"},
      {"{{ l | tojson }}", "ttcttttctt"},
      {"{{ l }}", "ttcttttctt"},
      {"{% set x %}a{{ l[0] }}b{% endset %}{{ x }}{{ x[::-1] }}", "tcttct"},
      {"{% macro f(t) %}<{{ t }}>{% endmacro %}{{ f(l[1]) | trim }}", "tct"},
      {"{% filter upper %}a{{ l[0] }}{% endfilter %}", "tc"},
      {"{{ l[0] * 3 }}{{ '%s|%s' % (l[0], 1) }}{{ '{}!'.format(l[1]) }}", "ccccttct"},
      {"{{ 'a\n' ~ l[0] | indent(1, true) }}", "tttc"},
      {"{{ m | string | length }}{% for k in m %}{{ k }}{% endfor %}", "ttccccccccccc"},
      {"{{ (l[0] | safe) + '<' }}", "ctttt"},
      {"{{ l | map('upper') | list | last }}{{ l | first }}", "cc"},
  };
  for (const Case& c : cases) {
    Outcome out = render(c.source, values);
    INFO(c.source << " gives " << out.text << out.message);
    CHECK(out.content == c.content);
  }
}

// On Windows a thread has the stack that the program's header names, when that is larger.
TEST_CASE("templates: the deepest ones fit a stack of 256 KiB") {
#ifdef __SANITIZE_ADDRESS__
  constexpr size_t stack = 2 << 20;  // its frames are larger
#else
  constexpr size_t stack = 256 << 10;
#endif
  std::string blocks, ends, deep = "1", lists;
  for (int i = 0; i < 40; ++i) blocks += "{% if true %}{% for x in [1] %}", ends = "{% endfor %}{% endif %}" + ends;
  for (int i = 0; i < 60; ++i) deep = "(" + deep + " + 1)", lists = "[" + lists;
  static std::vector<std::string> sources;
  sources = {"{% macro m(n) %}{% if n %}{% for i in [1] %}{{ m(n - 1) ~ ('a' | upper) }}{% endfor %}{% endif %}{% endmacro %}{{ m(10000) }}",
             "{% macro m(n) %}{% call m(n) %}{{ caller() }}{% endcall %}{% endmacro %}{{ m(1) }}",
             "{% macro m(n) %}{% set x %}{% filter upper %}"
             "{{ [{'a': (m(n) ~ '' if n else 1)}] | map('map') | list | tojson }}{% endfilter %}{% endset %}{% endmacro %}{{ m(1) }}",
             "{% macro m(a=m()) %}{% endmacro %}{{ m() }}",
             "{{ " + deep + " }}", "{{ " + lists + std::string(60, ']') + " | tojson }}", blocks.substr(0, 31 * 22) + "{{ " + deep + " }}",
             "{% set n = namespace(s=[]) %}{% for i in range(98) %}{% set n.s = [n.s] %}{% endfor %}"
             "{{ n.s }}{{ n.s | tojson(indent=1) | length }}{{ n.s == [n.s] }}"};
  pthread_attr_t attributes;
  REQUIRE(!pthread_attr_init(&attributes));
  REQUIRE(!pthread_attr_setstacksize(&attributes, stack));
  pthread_t thread;
  static int ended;
  ended = 0;
  REQUIRE(!pthread_create(&thread, &attributes, [](void*) -> void* {
    for (const std::string& source : sources) {
      Outcome out = render(source, {});
      ended += out.status == Status::ok || out.status == Status::limit || out.status == Status::bad_file;
    }
    return nullptr;
  }, nullptr));
  REQUIRE(!pthread_join(thread, nullptr));
  pthread_attr_destroy(&attributes);
  CHECK(ended == int(sources.size()));
}

TEST_CASE("templates: damaged ones end within their bounds") {
  std::vector<std::string> lines = golden_lines(), sources;
  for (size_t i = 1; i < lines.size(); ++i) {
    JsonDocument row = read_json(lines[i], {.what = "templates.jsonl"});
    sources.emplace_back(row.find(row.root(), "template")->text);
  }
  const std::string_view pieces[] = {"{{", "}}", "{%", "%}", "{#", "#}", "-", "(", ")", "[", "]", "|", "~", "'", "\"", "\\", "if ", "for x in ", " is ", "not ", "endfor",
                                     "**", "9999999999",
                                     "\xff", "\xe4\xb8", "{% set ns.x = ", "namespace(", "loop.", ".append(", "|map(", "|tojson", "range(", ":", ",", "="};
  TemplateLimits limits;
  limits.steps = 20000;
  limits.value_bytes = 4 << 20;
  limits.output_bytes = 1 << 20;
  test::Random random(5);
  auto below = [&](size_t n) { return size_t(random.below(int64_t(n))); };
  int rendered = 0, refused = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string source = sources[below(sources.size())];
    for (size_t changes = 1 + below(4); changes; --changes) {
      size_t at = below(source.size() + 1);
      const std::string& other = sources[below(sources.size())];
      switch (below(4)) {
        case 0: source.insert(at, pieces[below(std::size(pieces))]); break;
        case 1: source.erase(at, 1 + below(8)); break;
        case 2: source.insert(at, other.substr(below(other.size() + 1), 1 + below(30))); break;
        default:
          if (at < source.size()) source[at] = char(random.bits());
      }
    }
    Outcome out = render(source, {{"list", "[3, 1, 2]"}, {"d", R"({"b": 1, "a": [1, {"z": null}]})"}, {"s", "\" Gr\\u00f6\\u00dfe \""}, {"i", "7"},
                                  {"messages", R"([{"role": "user", "content": "U"}])"}}, limits);
    bool known = out.status == Status::ok || out.status == Status::bad_file || out.status == Status::limit || out.status == Status::invalid_argument ||
                 out.status == Status::unsupported;
    if (!known) FAIL(source << ": " << out.message);
    (out.status == Status::ok ? rendered : refused)++;
  }
  CHECK((rendered > 500 && refused > 500));
}
