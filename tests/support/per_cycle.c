#include "per_cycle.h"

/* The actor that is due earliest, by looking at all of them; false: nobody. */
static bool earliest(const vtdpi_timed_t *t, uint32_t *actor, uint64_t *ps)
{
    bool found = false;
    for (uint32_t a = 0; a < t->sys->actor.count; a++) {
        uint64_t due = 0;
        if (vtdpi_timed_due(t, a, &due) && (!found || due < *ps)) {
            *actor = a;
            *ps = due;
            found = true;
        }
    }
    return found;
}

static uint64_t next_edge(const vtdpi_timed_t *t, uint64_t ps)
{
    uint64_t next = UINT64_MAX;
    for (unsigned d = 0; d < VTDPI_DOMAIN_COUNT; d++) {
        const vtdpi_clock_t *clock = &t->cfg->clock[d];
        uint64_t edge = vtdpi_clock_edge(clock, vtdpi_clock_at_or_after(clock, ps + 1));
        next = edge < next ? edge : next;
    }
    return next;
}

uint64_t per_cycle_run(vtdpi_timed_t *t)
{
    uint64_t edges = 0;
    uint64_t now = 0;
    uint32_t actor = 0;
    uint64_t ps = 0;
    uint32_t unused = 0;
    uint64_t ignored = 0;
    while (vtdpi_timed_next(t, &unused, &ignored)) {
        while (earliest(t, &actor, &ps) && ps == now && vtdpi_timed_next(t, &unused, &ignored)) {
            vtdpi_timed_fire(t, actor);
        }
        if (earliest(t, &actor, &ps) && ps < now) {
            return 0;
        }
        now = next_edge(t, now);
        edges++;
    }
    return edges;
}
