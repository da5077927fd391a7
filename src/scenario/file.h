/*
 * Files that a scenario names.
 */
#ifndef VTDPI_SRC_SCENARIO_FILE_H
#define VTDPI_SRC_SCENARIO_FILE_H

#include "scenario/arena.h"

/** Reads regular file [path] of at most [max] bytes into the arena, or returns NULL with a reason
 * in [why]. */
char *vtdpi_file_read(vtdpi_arena_t *arena, const char *path, size_t max, size_t *length,
                      const char **why);

/** [name] as seen from the folder of [from]; an absolute name stays as it is. NULL when memory is
 * exhausted. */
char *vtdpi_file_beside(vtdpi_arena_t *arena, const char *from, const char *name);

#endif
