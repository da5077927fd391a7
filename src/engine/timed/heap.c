/* An indexed binary heap of actors, earliest (due, number) first. */
#include "engine/timed/state.h"

static bool heap_before(const vtdpi_timed_t *t, uint32_t a, uint32_t b)
{
    uint64_t x = t->actors[a].due;
    uint64_t y = t->actors[b].due;
    return x < y || (x == y && a < b);
}

static void heap_set(vtdpi_timed_t *t, uint32_t place, uint32_t a)
{
    t->heap[place] = a;
    t->actors[a].place = place;
}

static void heap_up(vtdpi_timed_t *t, uint32_t place, uint32_t a)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!heap_before(t, a, t->heap[parent])) {
            break;
        }
        heap_set(t, place, t->heap[parent]);
        place = parent;
    }
    heap_set(t, place, a);
}

static void heap_down(vtdpi_timed_t *t, uint32_t place, uint32_t a)
{
    uint32_t count = t->head->heap_count;
    for (;;) {
        uint32_t child = (2 * place) + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count && heap_before(t, t->heap[child + 1], t->heap[child])) {
            child++;
        }
        if (!heap_before(t, t->heap[child], a)) {
            break;
        }
        heap_set(t, place, t->heap[child]);
        place = child;
    }
    heap_set(t, place, a);
}

static void heap_count_kind(vtdpi_timed_t *t, uint32_t a, uint32_t step)
{
    uint8_t kind = t->actors[a].kind;
    if (kind == TIMED_SOURCE) {
        t->head->sources_due += step;
    } else if (kind == TIMED_OUTSIDE) {
        t->head->outside_due += step;
    }
}

void timed_heap_put(vtdpi_timed_t *t, uint32_t a)
{
    VTDPI_ASSERT(t->actors[a].place == TIMED_NOWHERE);
    heap_count_kind(t, a, 1);
    if (t->head->hole != 0) {
        t->head->hole = 0;
        heap_down(t, 0, a);
        return;
    }
    heap_up(t, t->head->heap_count++, a);
}

/* Takes off [a], which is the first. */
void timed_heap_open(vtdpi_timed_t *t, uint32_t a)
{
    VTDPI_ASSERT(t->heap[0] == a && t->head->hole == 0);
    t->actors[a].place = TIMED_NOWHERE;
    heap_count_kind(t, a, UINT32_MAX);
    t->head->hole = 1;
}

/* Fills the hole, if there still is one. */
void timed_heap_close(vtdpi_timed_t *t)
{
    if (t->head->hole == 0) {
        return;
    }
    t->head->hole = 0;
    uint32_t last = t->heap[--t->head->heap_count];
    if (t->head->heap_count > 0) {
        heap_down(t, 0, last);
    }
}

void timed_heap_remove(vtdpi_timed_t *t, uint32_t a)
{
    timed_heap_close(t);
    uint32_t place = t->actors[a].place;
    VTDPI_ASSERT(place < t->head->heap_count && t->heap[place] == a);
    uint32_t last = t->heap[--t->head->heap_count];
    t->actors[a].place = TIMED_NOWHERE;
    heap_count_kind(t, a, UINT32_MAX);
    if (last == a) {
        return;
    }
    if (place > 0 && heap_before(t, last, t->heap[(place - 1) / 2])) {
        heap_up(t, place, last);
    } else {
        heap_down(t, place, last);
    }
}
