/* Wrong calls: each is named with its function, and counted for it. What a wrong call must leave as it was is checked behind it. */
#ifndef PREMISE_TESTS_ABUSE_H
#define PREMISE_TESTS_ABUSE_H

#include <premise/premise.h>
#include <stdint.h>

/* What wrong calls are made on. */
typedef struct victims {
    prm_engine *engine, *closed_engine;
    prm_model *model, *header, *closed_model;
    prm_session *session, *closed_session;
    prm_cancel *cancel, *closed_cancel;
} victims;

int victims_open(victims *on);
void victims_close(victims *on);
/* All are as they were: the model answers the same. */
int victims_well(const victims *on);

/* What no open handle looks like. */
#define GARBAGE(type) ((type *)(uintptr_t)0x7ffd12345678)

void abuse_seen(const char *file, int line, const char *function, const char *what, prm_status found, prm_status expected);
void abuse_held(const char *file, int line, const char *function, const char *what, int holds);

/* `call` gives a status. */
#define WRONG(function, what, expected, call) abuse_seen(__FILE__, __LINE__, #function, what, (call), PRM_STATUS_##expected)
/* A call that has no status was made: `holds` is true after it. */
#define HOLDS(function, what, holds) abuse_held(__FILE__, __LINE__, #function, what, (holds))

void abuse_of_engines(const victims *on);
void abuse_of_models(const victims *on);
void abuse_of_texts(const victims *on);
void abuse_of_runs(const victims *on);
void abuse_of_sessions(const victims *on);
void abuse_of_tensors(const victims *on);
void abuse_of_images(const victims *on);

#endif
