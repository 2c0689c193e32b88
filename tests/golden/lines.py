#!/usr/bin/env python3
"""Writes a corpus of lines for comparing tokenizers: `lines.py OUT` (or `lines.py --sample OUT`: few, no translations).

Raw bytes, '\\n' after each line, nothing else ends one; many lines are not valid UTF-8 and some hold NUL or CR. Lines are
distinct and their order is fixed: names of languages, countries and currencies from the translations of Debian's
iso-codes package, cut to so many per script, then lines made here. Prints a JSON object with the counts.
"""
import argparse
import collections
import glob
import json
import random
import struct
import sys
import unicodedata

LOCALES = "/usr/share/locale"
LEAST_LINES, LEAST_SCRIPTS = 6000, 12
PER_SCRIPT, PER_LATIN = 330, 900
SCRIPTS = {"CJK": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana", "KATAKANA-HIRAGANA": "Kana"}


# ---- Translations ----------------------------------------------------------------------------------------------------

def translations(path):
    """The translated strings of a .mo file: two tables of (length, offset), originals and translations."""
    data = open(path, "rb").read()
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    _, _, count, originals, translated = struct.unpack_from(order + "5I", data)
    for i in range(count):
        if struct.unpack_from(order + "I", data, originals + 8 * i)[0] == 0:
            continue  # the header
        length, at = struct.unpack_from(order + "2I", data, translated + 8 * i)
        yield data[at:at + length].decode("utf-8", "replace").split("\0")[0]


def script_of(text):
    """The script of most letters, by the first word of their Unicode names; None where there are no letters."""
    letters = collections.Counter(
        unicodedata.name(c, "UNNAMED").split()[0] for c in text if unicodedata.category(c)[0] == "L")
    if not letters:
        return None
    name = letters.most_common(1)[0][0]
    return SCRIPTS.get(name, name.capitalize())


def thinned(items, count):
    """`count` of the items, evenly spread."""
    return items if len(items) <= count else [items[i * len(items) // count] for i in range(count)]


def translated_lines():
    by_script = collections.defaultdict(set)
    for path in sorted(glob.glob(f"{LOCALES}/*/LC_MESSAGES/iso_*.mo")):
        for text in translations(path):
            text = " ".join(text.split("\n"))
            script = script_of(text)
            if script and len(text) < 400:
                by_script[script].add(text)
    for script, texts in sorted(by_script.items()):
        most = PER_LATIN if script == "Latin" else PER_SCRIPT
        # By length, so that thinning keeps short and long ones; a third is joined to lists, as names are short.
        texts = thinned(sorted(texts, key=lambda t: (len(t), t)), 2 * most)
        single, rest = texts[::2], texts[1::2]
        rest = random.Random(script).sample(rest, len(rest))
        joined = [", ".join(rest[i:i + 4]) for i in range(0, len(rest), 4)]
        for text in thinned(single, most - len(joined)) + joined:
            yield script, text.encode()


# ---- Lines made here -------------------------------------------------------------------------------------------------

SMILE, FAMILY = "\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"


def emoji():
    yield from (SMILE, FAMILY, f"a{SMILE}b", f"{SMILE}{SMILE}{SMILE}", f"{SMILE} " * 12, "\u2764\uFE0F", "\u2764",
                "\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7\U0001F1EF", "1\uFE0F\u20E3 #\uFE0F\u20E3", "\u00A9\uFE0F\u2122",
                "\U0001F3F3\uFE0F\u200D\U0001F308", "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F")
    people = ("\U0001F44B", "\U0001F469", "\U0001F9D1", "\U0001F44D")
    tones = [chr(c) for c in range(0x1F3FB, 0x1F400)]
    for person in people:
        for tone in tones:
            yield f"Hello {person}{tone}!"
    for tone in tones:
        yield f"{people[1]}{tone}\u200D\U0001F4BB writes code"
        yield tone
    for start in range(0x1F300, 0x1FB00, 24):
        yield "".join(map(chr, range(start, start + 24, 3)))


def controls():
    for code in [*range(0x00, 0x0A), *range(0x0B, 0x20), 0x7F]:
        yield chr(code)
        yield f"a{chr(code)}b {chr(code)}{chr(code)} c"
    for code in range(0x80, 0xA0):
        yield f"x{chr(code)}y"
    for code in (0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202E, 0x2060, 0x2066, 0xFEFF, 0xFFFC, 0xFFFD, 0xFFFE,
                 0xFFFF, 0xE000, 0xF8FF, 0x10FFFF, 0x1FFFE, 0xE0001, 0xE0041, 0x0378, 0x2FE0):
        yield chr(code)
        yield f"left{chr(code)}right {chr(code)} end"
    yield "\0" * 7
    yield "\x1b[31mred\x1b[0m"


def spaces():
    for count in [*range(1, 41), 63, 64, 65, 100, 255, 256, 257]:
        yield " " * count
        yield "x" + " " * count + "y"
    for count in [*range(1, 33), 64, 100]:
        yield "\t" * count
        yield " " * (count % 7) + "\t" * (count % 5) + "z" + "\t" * (count % 3) + " " * (count % 4)
    for code in (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x200B), 0x2028, 0x2029,
                 0x202F, 0x205F, 0x3000, 0x2800, 0x3164):
        space = chr(code)
        yield f"one{space}two"
        yield f"{space}{space}three {space} four{space}"
    for text in ("\r", "a\rb", "a\r", "\ra", "\r\r", "a \r b", "\r\r\r\rx", "  \r  \r", "x\r\t y", "!\r", "!\r\r?", "word \r"):
        yield text
    for text in ("hello", "Hello, world", "1", "'s", ".", "日本"):
        for before in range(4):
            for after in range(3):
                yield " " * before + text + " " * after


def digits():
    for count in range(1, 31):
        yield "12345678901234567890123456789012345"[:count]
        yield "x" * (count % 3) + " " + "0" * count
    for text in ("1,000,000.00", "3.14159e-10", "0x7fff_ffff", "-42", "+1 (555) 010-9999", "2024-02-29T23:59:60Z", "192.168.0.1",
                 "1/2 3/4", "10%", "$1,234.56", "€9,99", "v1.2.3-rc4", "a1b2c3", "1st 2nd 3rd", "½ ¾ ⅓", "x² + y³ = z⁴",
                 "Ⅰ Ⅱ Ⅲ Ⅳ", "① ② ③", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "０１２３４", "一二三四五六七八九十",
                 "𝟎𝟏𝟐𝟑", "𐄇𐄈", "१२3४5", "1 2  3   4"):
        yield text


SAMPLES = ("The quick brown fox", "Быстрая лиса", "Η γρήγορη αλεπού", "الثعلب السريع", "השועל המהיר", "तेज़ लोमड़ी",
           "দ্রুত শিয়াল", "விரைவான நரி", "สุนัขจิ้งจอก", "სწრაფი მელა", "արագ աղվես", "빠른 여우", "快速的狐狸", "すばやいキツネ",
           "ፈጣን ቀበሮ", "កញ្ជ្រោង", "ໝາຈອກ", "མགྱོགས་པོ", "မြေခွေး", "ᏧᎶᎢ", "ᐊᖃᓪᓗᖅ", "ꦏꦤ꧀ꦕꦶꦭ꧀", "𐌰𐌱𐌲", "𝒻𝑜𝓍 𝕱𝖔𝖝")


def mixed():
    for i, left in enumerate(SAMPLES):
        for step in (1, 5, 11):
            right = SAMPLES[(i + step) % len(SAMPLES)]
            yield f"{left}{right}" if step == 1 else f"{left} {right}!" if step == 5 else f"({left})—«{right}»:{i}"
    yield " / ".join(SAMPLES)
    yield from ("e\u0301 é E\u0301cole", "n\u0303 ñ", "Z\u0351\u036B\u0343a\u0360l\u034Dg\u0321o\u035C", "ﬁ ﬂ ﬀ", "ǅ ǈ ǋ",
                "İstanbul ıI", "Straße STRASSE", "ΣΊΣΥΦΟΣ σίσυφος", "가각힣 가각", "\u1112\u1161\u11AB\u1100\u1173\u11AF",
                "クリスマス ｸﾘｽﾏｽ", "\u0915\u094D\u0937 \u0915\u094D\u200D\u0937", "a\u0300\u0301\u0302\u0303b", "\u0301 alone",
                "Tiếng Việt nghĩa là", "\u2581", "\u2581\u2581a\u2581b", "a \u2581 b", "Ġ Ċ Ġthe", "ĠĠĠ", "âĢĻ", "<0x", "▁the")


def code():
    yield from ("#include <stdio.h>", "int main(void) { return 0; }", "for (int i = 0; i < n; ++i) {", "\t\tif (x != NULL) {",
                "def f(x, *args, **kwargs) -> None:", "    return [y for y in x if y]", "        self.value = value  # why",
                "SELECT * FROM t WHERE id = 1;", "<div class=\"a b\">text</div>", "{\"key\": [1, 2.5, null, true]}",
                "const f = async (x) => await g(x ?? 0);", "let mut v: Vec<u8> = vec![0; 16];", "fn main() { println!(\"{}\", 1); }",
                "ls -la /usr/lib | grep -v '^d' > /dev/null 2>&1", "\\begin{equation} \\frac{a}{b} \\end{equation}", "std::vector<std::pair<int, int>>",
                "a+=b;c-=d;e*=f;g/=h;i%=j;", "((((((((((", "}}}}}}}}", "--------", "========", "________________", "/*****/", "// NOTE: x",
                "||||", "&&&&", "....", "......", "!!!!!!", "???", ":::", ";;;", "\"\"\"", "'''", "```python", "***bold***", "~~x~~",
                "https://example.org/a/b?c=d&e=%20#f", "user@example.org", "C:\\Windows\\System32", "../../etc", "\\n\\t\\0\\x41",
                "camelCaseWord snake_case_word SCREAMING_CASE kebab-case-word", "print('it''s')", "%s %d %5.2f %%", "<!-- c -->",
                "it's I'm you're they've we'll he'd", "IT'S I'M YOU'RE THEY'VE WE'LL HE'D", "it’s I’m you’re", "'s's's", "o'clock 'tis",
                "x'S y'Re z'LL", "can't've", "<table><tr><td>", "</b></i>", "<h1>x</h1>", "<br/>", "<ul><li>")


def long_words():
    maker = random.Random(1)
    for count in (50, 127, 128, 129, 500, 1500):
        yield "a" * count
        yield "ab" * (count // 2)
        yield "".join(maker.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(count))
    yield "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    yield "ไ" * 200
    yield "漢字" * 150
    yield "".join(chr(maker.randrange(0x4E00, 0x9FA0)) for _ in range(300))
    yield "".join(chr(maker.randrange(0xAC00, 0xD7A4)) for _ in range(200))
    yield "".join(maker.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") for _ in range(600))
    yield "=" * 300
    yield "!?" * 120
    for _ in range(40):
        yield "".join(chr(maker.choice((maker.randrange(32, 127), maker.randrange(0xA1, 0x2FF), maker.randrange(0x370, 0x530),
                                        maker.randrange(0x900, 0xE00), maker.randrange(0x3040, 0x3100)))) for _ in range(24))


def special():
    names = ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|repo_name|>",
             "<|file_sep|>", "<|fim_pad|>", "<|object_ref_start|>", "<|box_start|>", "<|vision_start|>", "<|image_pad|>", "<tool_call>",
             "</tool_call>", "<tool_response>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>",
             "<start_of_image>", "<image_soft_token>", "[multimodal]", "<unused0>", "<unused42>", "<unused99>", "<s>", "</s>", "[INST]",
             "<0x00>", "<0x0A>", "<0x20>", "<0xE2>", "<0xFF>", "<0x0a>", "[@BOS@]", "<h2>", "<sup>", "</strong>", "<blockquote>")
    for name in names:
        yield name
        yield f"before {name} after"
        yield f"{name}{name}x"
        yield name[:-1]
        yield name.upper() if name != name.upper() else f" {name} "
    yield "<|im_start|>system You are helpful.<|im_end|><|im_start|>user Hi<|im_end|>"
    yield "<start_of_turn>user Hi<end_of_turn><start_of_turn>model"
    yield "<|im_start|" + "<|im_start|>" + "|>"


def invalid():
    """Not UTF-8, each by itself, inside ASCII, doubled, and before a two-byte and a three-byte character."""
    pieces = [bytes([b]) for b in range(0x80, 0x100)]
    pieces += [bytes.fromhex(h) for h in (
        "C080", "C0AF", "C181", "C1BF", "E08080", "E080AF", "E09FBF", "F0808080", "F08080AF", "F08FBFBF",      # overlong
        "EDA080", "EDAFBF", "EDB080", "EDBFBF", "EDA0BDEDB880", "EDB080EDA080",                                # surrogates
        "F4908080", "F5808080", "F7BFBFBF", "F888808080", "FBBFBFBFBF", "FC8480808080", "FDBFBFBFBFBF",        # too large
        "C3", "E282", "E2", "F09F98", "F09F", "F0", "E4B8", "D0", "CE", "E0A4", "EFBF", "F48F", "F48FBF",      # cut short
        "C328", "E228A1", "E28228", "F0288CBC", "F09028BC", "F0288C28", "A0A1", "8080", "808080", "BFBFBFBF",  # broken
        "FE", "FF", "FEFF", "FFFE", "FEFEFFFF", "C2C2A0", "E2E282AC", "F0F09F9880", "C3A9A9", "E282ACAC", "F09F988080",
        "EFBFBD80", "C200", "E28200", "F09F9800", "00C2", "C220", "E22020", "F0202020", "E28220")]
    for piece in pieces:
        yield piece
        yield b"ab" + piece + b"cd"
        if len(piece) > 1:
            yield piece + piece
            yield b" " + piece + " é中".encode() + piece
        else:
            yield piece + "é中\U0001F600".encode()
    maker = random.Random(2)
    for i in range(120):
        yield bytes(maker.choice([b for b in range(256) if b != 10]) for _ in range(1 + i % 40))
    text = "naïve 中文 \U0001F600 Ελλάδα עברית".encode()
    for cut in range(1, len(text)):
        yield text[:cut]
        yield text[cut:]
    for at in range(0, len(text), 2):
        yield text[:at] + b"\xff" + text[at + 1:]


def generated_lines():
    yield "Empty", b""
    for family in (emoji, controls, spaces, digits, mixed, code, long_words, special):
        for text in family():
            yield family.__name__, text.encode()
    for piece in invalid():
        yield "invalid", piece


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", action="store_true", help="only the lines made here, every third of the short ones")
    parser.add_argument("out")
    arguments = parser.parse_args()
    scripts, kinds, seen = collections.Counter(), collections.Counter(), {}
    if not arguments.sample:
        for script, line in translated_lines():
            if b"\n" not in line and line not in seen:
                seen[line] = True
                scripts[script] += 1
        if len(scripts) < LEAST_SCRIPTS:
            sys.exit("lines.py: the translations of iso-codes are missing: apt-get install --reinstall iso-codes (with the "
                     "/usr/share/locale folder, which some container images leave out)")
    for number, (kind, line) in enumerate(generated_lines()):
        assert b"\n" not in line
        if line not in seen and not (arguments.sample and (number % 3 or len(line) > 40)):
            seen[line] = True
            kinds[kind] += 1
    with open(arguments.out, "wb") as out:
        out.write(b"".join(line + b"\n" for line in seen))
    print(json.dumps({"lines": len(seen), "bytes": sum(len(line) + 1 for line in seen), "scripts": dict(scripts),
                      "generated": dict(kinds)}, ensure_ascii=False))
    if not arguments.sample and (len(seen) < LEAST_LINES or len(scripts) < LEAST_SCRIPTS):
        sys.exit(f"lines.py: fewer than {LEAST_LINES} lines or {LEAST_SCRIPTS} scripts")


if __name__ == "__main__":
    main()
