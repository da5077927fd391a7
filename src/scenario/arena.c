#include "scenario/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGN = 16, ARENA_CHUNK = 16 * 1024 };

struct vtdpi_arena_chunk {
    struct vtdpi_arena_chunk *next;
    size_t used;
    size_t size;
    size_t pad_;
    unsigned char bytes[];
};

static struct vtdpi_arena_chunk *arena_chunk_add(vtdpi_arena_t *arena, size_t size)
{
    size_t bytes = size > ARENA_CHUNK ? size : (size_t)ARENA_CHUNK;
    struct vtdpi_arena_chunk *chunk = calloc(1, sizeof *chunk + bytes);
    if (chunk == NULL) {
        arena->failed = true;
        return NULL;
    }
    chunk->size = bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *vtdpi_arena_alloc(vtdpi_arena_t *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size) {
        arena->failed = true;
        return NULL;
    }
    size_t bytes = (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct vtdpi_arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < bytes) {
        chunk = arena_chunk_add(arena, bytes);
    }
    if (chunk == NULL) {
        return NULL;
    }
    void *start = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return start;
}

char *vtdpi_arena_text(vtdpi_arena_t *arena, const char *text, size_t length)
{
    char *copy = vtdpi_arena_alloc(arena, length + 1, 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

void vtdpi_arena_release(vtdpi_arena_t *arena)
{
    while (arena->chunks != NULL) {
        struct vtdpi_arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    arena->failed = false;
}
