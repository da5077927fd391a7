/* Where the time of each CPU goes: by what it did, or by how it waited. */
#include "engine/timed/state.h"

static uint64_t *occupancy_of(vtdpi_occupancy_t *o, unsigned use)
{
    switch ((timed_use_t)use) {
    case TIMED_GUEST:
        return &o->guest_ps;
    case TIMED_ROOT:
        return &o->root_ps;
    case TIMED_EXIT:
        return &o->exit_ps;
    case TIMED_HALT:
        return &o->halt_ps;
    case TIMED_IDLE:
    default:
        return &o->idle_ps;
    }
}

/* Accounts the time of the CPU whose actor is [a] up to [until]; other actors have none. */
void timed_occupancy(vtdpi_timed_t *t, uint32_t a, uint64_t until)
{
    const timed_actor_t *act = &t->actors[a];
    if (act->kind != TIMED_CPU) {
        return;
    }
    uint32_t c = timed_cpu_of(t, a);
    timed_cpu_t *cpu = &t->cpus[c];
    vtdpi_occupancy_t *o = &t->head->totals.occupancy[c];
    if (act->place == TIMED_NOWHERE) {
        bool nonroot = t->sys->cpus[c].mode == VTDPI_MODE_NONROOT;
        *occupancy_of(o, nonroot ? TIMED_HALT : TIMED_IDLE) += until - cpu->last;
        cpu->last = until;
        return;
    }
    if (act->halted != 0 && act->asked > cpu->last) {
        *occupancy_of(o, act->gap) += act->asked - cpu->last;
        cpu->last = act->asked;
    }
    *occupancy_of(o, act->use) += until - cpu->last;
    cpu->last = until;
}
