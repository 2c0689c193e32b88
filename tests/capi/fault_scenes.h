/* What fault loops do again and again: calls whose answer is a status and, where that is OK, a digest of all bytes they gave. */
#ifndef PREMISE_TESTS_FAULT_SCENES_H
#define PREMISE_TESTS_FAULT_SCENES_H

#include <premise/premise.h>

#include "services.h"

typedef struct scene {
    const char *path;
    const prm_host *host;
    prm_engine *engine;
    prm_model *model; /* where the scenario has it loaded beforehand */
    uint64_t digest;  /* of what the last act gave */
} scene;

typedef struct scenario {
    const char *name, *path;
    int loaded;                   /* the model is opened before faults come */
    prm_status (*act)(scene *at); /* leaves nothing open; BROKEN_PROMISE when an output was written by a call that failed */
} scenario;

enum { BROKEN_PROMISE = -1, FAULT_SCENARIOS = 11 };
extern const scenario fault_scenarios[FAULT_SCENARIOS];

/* Engine and, where the scenario wants it, model over the services; `path` NULL: the scenario's own. */
prm_status scene_open(scene *at, const scenario *what, const char *path, const prm_host *host);
void scene_close(scene *at);

#endif
