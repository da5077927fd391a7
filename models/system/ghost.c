/*
 * Identity of interrupts: which one a pending bit, a message or a request stands for. Behaviour
 * never reads any of it.
 *
 * A slot number is an index of live plus 1; 0 is nobody.
 */
#include "internal.h"

#include <string.h>

static uint32_t ghost_free_slot(const vtdpi_system_t *sys)
{
    for (uint32_t i = 0; i < VTDPI_LIVE_MAX; i++) {
        if (sys->live[i].id == 0) {
            return i;
        }
    }
    VTDPI_UNREACHABLE("more live interrupts than slots");
    return 0;
}

uint32_t vtdpi_sys_born(vtdpi_system_t *sys, uint32_t source, vtdpi_place_t place, uint32_t where)
{
    if (!sys->p->ghost) {
        return 0;
    }
    uint32_t i = ghost_free_slot(sys);
    vtdpi_live_t *live = &sys->live[i];
    live->id = ++*sys->next_id;
    live->source = source;
    live->where = where;
    live->place = (uint8_t)place;
    if (i >= *sys->live_high) {
        *sys->live_high = i + 1;
    }
    sys->new_id = live->id;
    sys->moved = 1;
    sys->firing_id = live->id;
    return i + 1;
}

uint32_t vtdpi_sys_id(const vtdpi_system_t *sys, uint32_t slot)
{
    return slot == 0 ? 0 : sys->live[slot - 1].id;
}

void vtdpi_sys_place(vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t place, uint32_t where)
{
    if (slot == 0) {
        return;
    }
    sys->live[slot - 1].place = (uint8_t)place;
    sys->live[slot - 1].where = where;
    sys->moved = 1;
}

void vtdpi_sys_seal(vtdpi_system_t *sys, uint32_t slot, vtdpi_fate_t fate, uint32_t carrier,
                    uint8_t reason)
{
    if (slot == 0) {
        return;
    }
    VTDPI_ASSERT(sys->sealed_count < VTDPI_SEALED_MAX);
    vtdpi_sealed_t *sealed = &sys->sealed[sys->sealed_count++];
    memset(sealed, 0, sizeof(*sealed));
    sealed->id = sys->live[slot - 1].id;
    sealed->carrier = carrier;
    sealed->fate = (uint8_t)fate;
    sealed->reason = reason;
    memset(&sys->live[slot - 1], 0, sizeof(vtdpi_live_t));
    sys->moved = 1;
    while (*sys->live_high > 0 && sys->live[*sys->live_high - 1].id == 0) {
        (*sys->live_high)--;
    }
}

/* Interrupt [slot] arrives at the pending bit whose identity is [into]; the bit [was_set] before.
 */
void vtdpi_sys_merge(vtdpi_system_t *sys, uint32_t slot, uint32_t *into, vtdpi_place_t place,
                     uint32_t where, bool was_set, uint8_t vector)
{
    VTDPI_ASSERT(sys->p->ghost);
    if (was_set && slot != 0) {
        uint32_t carrier = vtdpi_sys_id(sys, *into);
        uint32_t firing_id = sys->firing_id;
        sys->firing_id = vtdpi_sys_id(sys, slot);
        vtdpi_sys_see(sys, VTDPI_EV_coalesced, VTDPI_NOBODY, carrier, vector, 0, 0);
        sys->firing_id = firing_id;
        vtdpi_sys_seal(sys, slot, VTDPI_FATE_COALESCED, carrier, 0);
        return;
    }
    if (!was_set) {
        *into = slot;
    }
    vtdpi_sys_place(sys, slot, place, where);
}

/* Interrupt [slot] moves on with what carried it, unless somebody else took it meanwhile. */
void vtdpi_sys_follow(vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t from, uint32_t from_where,
                      vtdpi_place_t to, uint32_t to_where)
{
    if (vtdpi_sys_is_at(sys, slot, from, from_where)) {
        vtdpi_sys_place(sys, slot, to, to_where);
    }
}

bool vtdpi_sys_is_at(const vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t place, uint32_t where)
{
    return slot != 0 && sys->live[slot - 1].id != 0 &&
           sys->live[slot - 1].place == (uint8_t)place && sys->live[slot - 1].where == where;
}

/* Takes the interrupt that software on CPU [c] has posted; 0 if there is none or it has moved on.
 */
uint32_t vtdpi_sys_take_posted(vtdpi_system_t *sys, uint32_t c)
{
    if (!sys->p->ghost) {
        return 0;
    }
    vtdpi_ghost_cpu_t *g = &sys->ghost_cpu[c];
    uint32_t slot = g->posted;
    bool same =
        vtdpi_sys_is_at(sys, slot, VTDPI_AT_CPU, c) && sys->live[slot - 1].id == g->posted_id;
    g->posted = 0;
    g->posted_id = 0;
    return same ? slot : 0;
}

/* Software on CPU [c] goes on to other things: what it posted waits at its vCPU. */
void vtdpi_sys_posted_done(vtdpi_system_t *sys, uint32_t c)
{
    uint32_t slot = vtdpi_sys_take_posted(sys, c);
    if (slot != 0) {
        vtdpi_sys_place(sys, slot, VTDPI_AT_VCPU, sys->sources[sys->live[slot - 1].source].vcpu);
    }
}
