/*
 * What leaves the system while an operation fires: observations, and the actors that it concerns.
 */
#include "internal.h"

#include <string.h>

void vtdpi_sys_see(vtdpi_system_t *sys, unsigned event, uint32_t cpu, uint64_t a0, uint64_t a1,
                   uint64_t a2, uint64_t a3)
{
    vtdpi_obs_t *obs = sys->obs;
    if (obs == NULL) {
        return;
    }
    VTDPI_ASSERT(obs->count < obs->capacity);
    vtdpi_event_t *e = &obs->event[obs->count++];
    e->ps = 0;
    e->cyc = 0;
    e->a[0] = a0;
    e->a[1] = a1;
    e->a[2] = a2;
    e->a[3] = a3;
    memset(e->pad_, 0, sizeof(e->pad_));
    e->id = sys->firing_id;
    e->event = (uint16_t)event;
    e->actor = (uint16_t)sys->firing;
    e->cpu = cpu == VTDPI_NOBODY ? UINT16_MAX : (uint16_t)cpu;
}

void vtdpi_sys_touch(vtdpi_system_t *sys, uint32_t actor)
{
    VTDPI_ASSERT(actor < sys->actor.count);
    uint32_t n = sys->touched_count;
    if (n > 0 && sys->touched[n - 1] == actor) {
        return;
    }
    VTDPI_ASSERT(n < VTDPI_TOUCHED_MAX);
    sys->touched[n] = actor;
    sys->touched_count = n + 1;
}

void vtdpi_sys_touch_cpu(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_sys_touch(sys, sys->actor.cpu + c);
}

void vtdpi_sys_monitor(vtdpi_system_t *sys, unsigned monitor, uint32_t cpu, uint32_t vcpu)
{
    if ((sys->p->protocol->monitors & (UINT32_C(1) << monitor)) == 0) {
        return;
    }
    sys->monitors |= UINT64_C(1) << monitor;
    vtdpi_sys_see(sys, VTDPI_EV_monitor_fired, cpu, monitor, vcpu, 0, 0);
}
