/*
 * Memory that is released all at once: everything that belongs to one scenario lies in one arena.
 */
#ifndef VTDPI_SRC_SCENARIO_ARENA_H
#define VTDPI_SRC_SCENARIO_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/** An arena; all zero is an empty one. */
typedef struct {
    struct vtdpi_arena_chunk *chunks; /**< newest first */
    bool failed;                      /**< an allocation failed since the start */
} vtdpi_arena_t;

/** Returns [count] * [size] zeroed bytes, or NULL (and sets failed) when memory is exhausted. */
void *vtdpi_arena_alloc(vtdpi_arena_t *arena, size_t count, size_t size);

/** Returns a terminated copy of [length] bytes of [text], or NULL. */
char *vtdpi_arena_text(vtdpi_arena_t *arena, const char *text, size_t length);

/** Releases everything and leaves an empty arena. */
void vtdpi_arena_release(vtdpi_arena_t *arena);

#endif
