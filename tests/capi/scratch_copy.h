/* A copy of a model file, or of a folder of files, in a folder of its own: to be cut while it is in use. */
#ifndef PREMISE_TESTS_SCRATCH_COPY_H
#define PREMISE_TESTS_SCRATCH_COPY_H

typedef struct scratch_copy {
    char origin[512]; /* the folder of the original */
    char folder[256];  /* "" : none */
    char model[512];  /* what to open */
    char only[128];   /* the one file that is copied; "": all; of a model in parts its first letters */
} scratch_copy;

/* 0 when it could not be made. */
int scratch_make(scratch_copy *copy, const char *model);
/* As the original is. */
int scratch_restore(const scratch_copy *copy);
/* Nothing is left in its files. */
int scratch_empty(const scratch_copy *copy);
void scratch_remove(scratch_copy *copy);

#endif
