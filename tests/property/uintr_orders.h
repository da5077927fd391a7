/*
 * Every order in which actors can move: a depth-first search over states that are plain bytes.
 */
#ifndef VTDPI_TESTS_UINTR_ORDERS_H
#define VTDPI_TESTS_UINTR_ORDERS_H

#include "cmocka_all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Longest path; room for hashes of states, half of which may be used. */
enum { ORDERS_DEPTH = 256, ORDERS_SLOTS = 1 << 21 };

/* What moves. A state has [size] bytes, all of them meaningful. */
typedef struct {
    size_t size;
    unsigned actors;
    bool (*enabled)(void *context, const void *state, unsigned actor);
    void (*fire)(void *context, void *state, unsigned actor);
    void (*judge)(void *context, const void *state, bool end); /* end: nothing can move */
    void *context;
} orders_t;

static inline uint64_t orders_hash(const unsigned char *bytes, size_t size)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    h ^= h >> 29;
    return h != 0 ? h : 1;
}

/* Whether [state] is new. */
static inline bool orders_visit(const orders_t *o, uint64_t *visited, const void *state,
                                uint64_t *states)
{
    uint64_t h = orders_hash(state, o->size);
    size_t i = (size_t)(h & (ORDERS_SLOTS - 1));
    for (; visited[i] != 0; i = (i + 1) & (ORDERS_SLOTS - 1)) {
        if (visited[i] == h) {
            return false;
        }
    }
    visited[i] = h;
    (*states)++;
    assert_true(*states < ORDERS_SLOTS / 2);
    bool end = true;
    for (unsigned actor = 0; actor < o->actors; actor++) {
        end &= !o->enabled(o->context, state, actor);
    }
    o->judge(o->context, state, end);
    return true;
}

/* Visits every state that can be reached from [first]; returns how many there are. */
static inline uint64_t orders_explore(const orders_t *o, const void *first)
{
    uint64_t *visited = calloc(ORDERS_SLOTS, sizeof *visited);
    unsigned char *path = calloc(ORDERS_DEPTH, o->size);
    unsigned tried[ORDERS_DEPTH] = {0};
    uint64_t states = 0;
    unsigned depth = 0;
    if (visited == NULL || path == NULL) {
        abort();
    }
    memcpy(path, first, o->size);
    assert_true(orders_visit(o, visited, path, &states));
    for (;;) {
        unsigned char *here = path + (depth * o->size);
        unsigned char *next = here + o->size;
        if (tried[depth] == o->actors) {
            if (depth == 0) {
                break;
            }
            depth--;
            continue;
        }
        unsigned actor = tried[depth]++;
        if (!o->enabled(o->context, here, actor)) {
            continue;
        }
        assert_in_range(depth, 0, ORDERS_DEPTH - 2);
        memcpy(next, here, o->size);
        o->fire(o->context, next, actor);
        if (orders_visit(o, visited, next, &states)) {
            depth++;
            tried[depth] = 0;
        }
    }
    free(path);
    free(visited);
    return states;
}

#endif
