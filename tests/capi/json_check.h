#ifndef PREMISE_TESTS_JSON_CHECK_H
#define PREMISE_TESTS_JSON_CHECK_H
#include <stddef.h>

/* 1 when the text is one JSON value (RFC 8259) of well-formed UTF-8 and nothing else. */
int is_json(const char *text, size_t size);

#endif
