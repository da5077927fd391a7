/* An indexed binary heap of actors, earliest (due, number) first. Entries travel as two scalars:
 * structures of two words go through memory. */
#include "engine/timed/state.h"

static inline bool heap_before(uint64_t ps, uint64_t actor, const timed_due_t *other)
{
    return ps < other->ps || (ps == other->ps && actor < other->actor);
}

static inline void heap_set(vtdpi_timed_t *t, uint32_t place, uint64_t ps, uint64_t actor)
{
    t->heap[place].ps = ps;
    t->heap[place].actor = actor;
    t->actors[actor].place = place;
}

static void heap_up(vtdpi_timed_t *t, uint32_t place, uint64_t ps, uint64_t actor)
{
    while (place > 0) {
        const timed_due_t *parent = &t->heap[(place - 1) / 2];
        if (!heap_before(ps, actor, parent)) {
            break;
        }
        heap_set(t, place, parent->ps, parent->actor);
        place = (place - 1) / 2;
    }
    heap_set(t, place, ps, actor);
}

static void heap_down(vtdpi_timed_t *t, uint32_t place, uint64_t ps, uint64_t actor)
{
    uint32_t count = t->head->heap_count;
    for (;;) {
        uint32_t child = (2 * place) + 1;
        if (child >= count) {
            break;
        }
        const timed_due_t *first = &t->heap[child];
        if (child + 1 < count && heap_before(first[1].ps, first[1].actor, first)) {
            first++;
            child++;
        }
        if (heap_before(ps, actor, first)) {
            break;
        }
        heap_set(t, place, first->ps, first->actor);
        place = child;
    }
    heap_set(t, place, ps, actor);
}

/* Whether the entry comes before all below the root: the most frequent case by far. */
static inline bool heap_first(const vtdpi_timed_t *t, uint64_t ps, uint64_t actor)
{
    uint32_t count = t->head->heap_count;
    return (count < 2 || heap_before(ps, actor, &t->heap[1])) &&
           (count < 3 || heap_before(ps, actor, &t->heap[2]));
}

static inline void heap_count_kind(vtdpi_timed_t *t, uint32_t a, uint32_t step)
{
    uint8_t kind = t->actors[a].kind;
    if (kind < TIMED_SOURCE) {
        return;
    }
    if (kind == TIMED_SOURCE) {
        t->head->sources_due += step;
    } else if (kind == TIMED_OUTSIDE) {
        t->head->outside_due += step;
    }
}

void timed_heap_put(vtdpi_timed_t *t, uint32_t a)
{
    VTDPI_ASSERT(t->actors[a].place == TIMED_NOWHERE);
    uint64_t ps = t->actors[a].due;
    heap_count_kind(t, a, 1);
    if (t->head->hole != 0) {
        t->head->hole = 0;
        if (heap_first(t, ps, a)) {
            heap_set(t, 0, ps, a);
        } else {
            heap_down(t, 0, ps, a);
        }
        return;
    }
    heap_up(t, t->head->heap_count++, ps, a);
}

/* Takes off [a], which is the first. */
void timed_heap_open(vtdpi_timed_t *t, uint32_t a)
{
    VTDPI_ASSERT(t->heap[0].actor == a && t->head->hole == 0);
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
    const timed_due_t *last = &t->heap[--t->head->heap_count];
    if (t->head->heap_count > 0) {
        heap_down(t, 0, last->ps, last->actor);
    }
}

void timed_heap_remove(vtdpi_timed_t *t, uint32_t a)
{
    timed_heap_close(t);
    uint32_t place = t->actors[a].place;
    VTDPI_ASSERT(place < t->head->heap_count && t->heap[place].actor == a);
    const timed_due_t *last = &t->heap[--t->head->heap_count];
    t->actors[a].place = TIMED_NOWHERE;
    heap_count_kind(t, a, UINT32_MAX);
    if (last->actor == a) {
        return;
    }
    if (place > 0 && heap_before(last->ps, last->actor, &t->heap[(place - 1) / 2])) {
        heap_up(t, place, last->ps, last->actor);
    } else {
        heap_down(t, place, last->ps, last->actor);
    }
}
