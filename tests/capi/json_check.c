/* A strict JSON recognizer: each function eats one construct from *at and says whether it was there. */
#include "json_check.h"

#include <string.h>

typedef struct cursor {
    const unsigned char *at, *end;
} cursor;

static int value(cursor *c, int depth);

static void space(cursor *c) {
    while (c->at < c->end && *c->at && strchr(" \t\r\n", *c->at)) ++c->at;
}

static int eat(cursor *c, char wanted) {
    space(c);
    if (c->at == c->end || *c->at != (unsigned char)wanted) return 0;
    ++c->at;
    return 1;
}

static int word(cursor *c, const char *name) {
    size_t n = strlen(name);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, name, n)) return 0;
    c->at += n;
    return 1;
}

static int digits(cursor *c) {
    const unsigned char *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') ++c->at;
    return c->at > begin;
}

static int number(cursor *c) {
    word(c, "-");
    if (!word(c, "0") && !digits(c)) return 0;
    if (word(c, ".") && !digits(c)) return 0;
    if (word(c, "e") || word(c, "E")) {
        if (!word(c, "+")) word(c, "-");
        return digits(c);
    }
    return 1;
}

/* One well-formed UTF-8 character of two bytes or more. */
static int wide(cursor *c) {
    unsigned lead = *c->at, n = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1, i;
    if (lead < 0xc2 || lead > 0xf4 || (unsigned)(c->end - c->at) <= n) return 0;
    if ((lead == 0xe0 && c->at[1] < 0xa0) || (lead == 0xed && c->at[1] > 0x9f)) return 0;
    if ((lead == 0xf0 && c->at[1] < 0x90) || (lead == 0xf4 && c->at[1] > 0x8f)) return 0;
    for (i = 1; i <= n; ++i)
        if ((c->at[i] & 0xc0) != 0x80) return 0;
    c->at += n + 1;
    return 1;
}

static int escape(cursor *c) {
    int i;
    if (c->at == c->end || !*c->at || !strchr("\"\\/bfnrtu", *c->at)) return 0;
    if (*c->at++ != 'u') return 1;
    for (i = 0; i < 4; ++i, ++c->at)
        if (c->at == c->end || !*c->at || !strchr("0123456789abcdefABCDEF", *c->at)) return 0;
    return 1;
}

static int string(cursor *c) {
    if (!eat(c, '"')) return 0;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at < 0x20) return 0;
        if (*c->at >= 0x80) {
            if (!wide(c)) return 0;
        } else if (*c->at++ == '\\' && !escape(c)) {
            return 0;
        }
    }
    return eat(c, '"');
}

static int list(cursor *c, int depth, char close, int named) {
    if (eat(c, close)) return 1;
    do {
        if (named && (!string(c) || !eat(c, ':'))) return 0;
        if (!value(c, depth + 1)) return 0;
    } while (eat(c, ','));
    return eat(c, close);
}

static int value(cursor *c, int depth) {
    if (depth > 64) return 0;
    if (eat(c, '{')) return list(c, depth, '}', 1);
    if (eat(c, '[')) return list(c, depth, ']', 0);
    space(c);
    if (c->at < c->end && *c->at == '"') return string(c);
    return word(c, "true") || word(c, "false") || word(c, "null") || number(c);
}

int is_json(const char *text, size_t size) {
    cursor c;
    c.at = (const unsigned char *)text;
    c.end = c.at + size;
    if (!value(&c, 0)) return 0;
    space(&c);
    return c.at == c.end;
}
