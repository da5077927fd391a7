/*
 * What somebody outside the guests causes: migration, preemption, a request to the toolstack, a
 * wake-up for no reason.
 */
#include "vtdpi/lapic.h"

#include "internal.h"

bool vtdpi_sys_outside_enabled(const vtdpi_system_t *sys, uint32_t e)
{
    return sys->outside[e] == 0;
}

static uint32_t outside_next_cpu(const vtdpi_system_t *sys, uint32_t v)
{
    const vtdpi_thread_fixed_t *fixed = &sys->p->threads[sys->p->vcpus[v].thread];
    uint32_t cpu = sys->threads[sys->p->vcpus[v].thread].cpu;
    for (uint32_t i = 0; i < sys->p->cpu_count; i++) {
        cpu = (cpu + 1) % sys->p->cpu_count;
        if (vtdpi_set_has(fixed->affinity, cpu)) {
            return cpu;
        }
    }
    return cpu;
}

static void outside_migrate(vtdpi_system_t *sys, const vtdpi_event_cfg_t *event)
{
    uint32_t t = sys->p->vcpus[event->vcpu].thread;
    uint32_t to = event->cpu == VTDPI_NOBODY ? outside_next_cpu(sys, event->vcpu) : event->cpu;
    uint32_t from = sys->threads[t].cpu;
    bool running = sys->threads[t].on_cpu != 0;
    vtdpi_sys_move(sys, t, to);
    if (running && from != to) {
        vtdpi_sys_kick(sys, from);
    } else if (sys->threads[t].state == VTDPI_TS_RUNNABLE) {
        vtdpi_sys_kick(sys, to);
    }
}

static void outside_preempt(vtdpi_system_t *sys, uint32_t v)
{
    vtdpi_thread_t *th = &sys->threads[sys->p->vcpus[v].thread];
    if (th->on_cpu) {
        th->yield = 1;
        vtdpi_sys_kick(sys, th->cpu);
    }
}

static void outside_wake(vtdpi_system_t *sys, uint32_t t)
{
    uint32_t cpu = vtdpi_sys_wake(sys, t, VTDPI_NOBODY);
    if (cpu != VTDPI_NOBODY) {
        vtdpi_sys_kick(sys, cpu);
    }
}

/* A watchdog or a button: an NMI message to one CPU. */
static void outside_nmi(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_intr_msg_t msg = {0};
    msg.dest = sys->cpus[c].apic.id;
    msg.delivery_mode = VTDPI_DLM_NMI;
    msg.level = 1;
    msg.wide = sys->p->x2apic;
    (void)vtdpi_lapic_accept(&sys->cpus[c].apic, &msg);
    vtdpi_sys_touch_cpu(sys, c);
}

/* The toolstack is the last thread where there is one. */
static void outside_tool(vtdpi_system_t *sys, uint32_t e)
{
    sys->tools[e].event++;
    outside_wake(sys, sys->p->thread_count - 1);
}

/* What the event is about is told, and nothing else. */
static void outside_see(vtdpi_system_t *sys, const vtdpi_event_cfg_t *event)
{
    bool of_interrupt = event->kind == VTDPI_EVENT_WRITE_MSI || event->kind == VTDPI_EVENT_ATTACH ||
                        event->kind == VTDPI_EVENT_DETACH;
    bool of_cpu = event->kind == VTDPI_EVENT_NMI;
    vtdpi_sys_see(sys, VTDPI_EV_outside, VTDPI_NOBODY, event->kind,
                  of_cpu ? VTDPI_NOBODY : event->vcpu,
                  of_interrupt ? event->interrupt : VTDPI_NOBODY,
                  of_cpu || event->kind == VTDPI_EVENT_MIGRATE ? event->cpu : VTDPI_NOBODY);
}

void vtdpi_sys_outside(vtdpi_system_t *sys, uint32_t e)
{
    const vtdpi_event_cfg_t *event = &sys->p->events[e];
    sys->outside[e] = 1;
    outside_see(sys, event);
    switch (event->kind) {
    case VTDPI_EVENT_MIGRATE:
        outside_migrate(sys, event);
        break;
    case VTDPI_EVENT_PREEMPT:
        outside_preempt(sys, event->vcpu);
        break;
    case VTDPI_EVENT_WAKE:
        outside_wake(sys, sys->p->vcpus[event->vcpu].thread);
        break;
    case VTDPI_EVENT_NMI:
        outside_nmi(sys, event->cpu);
        break;
    case VTDPI_EVENT_WRITE_MSI:
    case VTDPI_EVENT_ATTACH:
    case VTDPI_EVENT_DETACH:
        outside_tool(sys, e);
        break;
    case VTDPI_EVENT_COUNT:
    default:
        VTDPI_UNREACHABLE("unknown outside event");
        break;
    }
}
