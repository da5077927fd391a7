/* Where the time of each CPU goes: by what it did, or by how it waited. */
#include "engine/timed/state.h"

/* Accounts the time of the CPU whose actor is [a] up to [until]; other actors have none. */
void timed_occupancy(vtdpi_timed_t *t, uint32_t a, uint64_t until)
{
    const timed_actor_t *act = &t->actors[a];
    if (act->kind != TIMED_CPU) {
        return;
    }
    uint32_t c = timed_cpu_of(t, a);
    timed_cpu_t *cpu = &t->cpus[c];
    if (act->place == TIMED_NOWHERE) {
        bool nonroot = t->sys->cpus[c].mode == VTDPI_MODE_NONROOT;
        cpu->use_ps[nonroot ? TIMED_HALT : TIMED_IDLE] += until - cpu->last;
        cpu->last = until;
        return;
    }
    if (act->halted != 0 && act->asked > cpu->last) {
        cpu->use_ps[act->gap] += act->asked - cpu->last;
        cpu->last = act->asked;
    }
    cpu->use_ps[act->use] += until - cpu->last;
    cpu->last = until;
}

/* At the end of the run: CPU [c] into the totals. */
void timed_occupancy_end(vtdpi_timed_t *t, uint32_t c)
{
    const uint64_t *use_ps = t->cpus[c].use_ps;
    vtdpi_occupancy_t *o = &t->head->totals.occupancy[c];
    timed_occupancy(t, t->sys->actor.cpu + c, t->head->now);
    o->guest_ps = use_ps[TIMED_GUEST];
    o->root_ps = use_ps[TIMED_ROOT];
    o->exit_ps = use_ps[TIMED_EXIT];
    o->idle_ps = use_ps[TIMED_IDLE];
    o->halt_ps = use_ps[TIMED_HALT];
}
