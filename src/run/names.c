/* Names of what a run is made of, as the log prints them. */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>

/* The number of a remapping unit, where there are several. */
static void unit_number(const vtdpi_platform_t *p, unsigned unit, char out[4])
{
    out[0] = '\0';
    if (p->unit_count > 1) {
        (void)snprintf(out, 4, "%u", unit % 100);
    }
}

static void name_unit(const vtdpi_platform_t *p, const char *what, unsigned unit, char *out)
{
    char number[4];
    unit_number(p, unit, number);
    (void)snprintf(out, VTDPI_RUN_NAME, "%s%s", what, number);
}

static void name_line(const vtdpi_platform_t *p, const vtdpi_line_t *line, char *out)
{
    char unit[4];
    unit_number(p, line->part, unit);
    static const char *const parts[VTDPI_VL_COUNT] = {"priority", "visr0", "visr4",
                                                      "virr0",    "virr4", "icr"};
    unsigned n = line->owner;
    size_t size = VTDPI_RUN_NAME;
    switch ((vtdpi_line_kind_t)line->kind) {
    case VTDPI_LINE_PID:
        (void)snprintf(out, size, "pid%u", n);
        break;
    case VTDPI_LINE_VAPIC:
        (void)snprintf(out, size, "vapic%u %s", n, parts[line->part]);
        break;
    case VTDPI_LINE_VCPU:
        (void)snprintf(out, size, "vcpu%u", n);
        break;
    case VTDPI_LINE_SOFT:
        (void)snprintf(out, size, "softapic%u", n);
        break;
    case VTDPI_LINE_CPU:
        (void)snprintf(out, size, "cpu%u", n);
        break;
    case VTDPI_LINE_IRTE:
        (void)snprintf(out, size, "irte%s %u-%u", unit, n, n + 3);
        break;
    case VTDPI_LINE_QUEUE:
        (void)snprintf(out, size, "queue%s %u-%u", unit, n, n + 3);
        break;
    case VTDPI_LINE_PIDS:
        (void)snprintf(out, size, "pid pointers%u %u-%u", n, 8U * line->part,
                       (8U * line->part) + 7U);
        break;
    case VTDPI_LINE_DRIVER:
    default:
        (void)snprintf(out, size, "iommu driver%s", unit);
        break;
    }
}

/* "nic/0": device or VMM thread, and the number of the interrupt within it. */
static void name_source(const vtdpi_scenario_t *s, uint32_t source, char *out)
{
    const vtdpi_interrupt_cfg_t *cfg = &s->interrupts[source];
    unsigned number = 0;
    for (uint32_t i = 0; i < source; i++) {
        const vtdpi_interrupt_cfg_t *other = &s->interrupts[i];
        number += other->emulated == cfg->emulated && other->device == cfg->device ? 1U : 0U;
    }
    const char *owner = cfg->emulated ? s->vmms[cfg->device].name : s->devices[cfg->device].name;
    (void)snprintf(out, VTDPI_RUN_NAME, "%s/%u", owner != NULL ? owner : "device", number);
}

static void name_actor(const vtdpi_run_t *run, uint32_t a, char *out)
{
    const vtdpi_actors_t *n = &run->system->actor;
    size_t size = VTDPI_RUN_NAME;
    if (a < n->drain) {
        (void)snprintf(out, size, "cpu%u", a - n->cpu);
    } else if (a < n->timer) {
        (void)snprintf(out, size, "drain%u", a - n->drain);
    } else if (a < n->request) {
        (void)snprintf(out, size, "timer%u/%u", (a - n->timer) / VTDPI_SLOTS,
                       (a - n->timer) % VTDPI_SLOTS);
    } else if (a < n->message) {
        (void)snprintf(out, size, "request %u", a - n->request);
    } else if (a < n->source) {
        (void)snprintf(out, size, "message %u", a - n->message);
    } else if (a < n->queue) {
        name_source(run->scenario, a - n->source, out);
    } else if (a < n->outside) {
        name_unit(run->system->p, "queue", a - n->queue, out);
    } else {
        (void)snprintf(out, size, a < n->evict ? "event %u" : "eviction", a - n->outside);
    }
}

static void name_thread(const vtdpi_run_t *run, const vtdpi_thread_fixed_t *thread, char *out)
{
    const vtdpi_scenario_t *s = run->scenario;
    size_t size = VTDPI_RUN_NAME;
    if (thread->kind == VTDPI_THREAD_IDLE) {
        (void)snprintf(out, size, "idle%u", thread->who);
    } else if (thread->kind == VTDPI_THREAD_VCPU) {
        const vtdpi_vcpu_cfg_t *v = &s->vcpus[thread->who];
        const char *vm = s->vms[v->vm].name;
        (void)snprintf(out, size, "%s/%u", vm != NULL ? vm : "vm", v->number);
    } else if (thread->who == VTDPI_NOBODY) {
        (void)snprintf(out, size, "toolstack");
    } else {
        const char *name = s->vmms[thread->who].name;
        (void)snprintf(out, size, "%s", name != NULL ? name : "vmm");
    }
}

bool run_names(vtdpi_run_t *run)
{
    const vtdpi_platform_t *p = vtdpi_build_platform(run->build);
    vtdpi_system_bind(run->system, p, run->system_block);
    run->line_names = calloc(p->line_count, sizeof *run->line_names);
    run->actor_names = calloc(run->system->actor.count, sizeof *run->actor_names);
    run->thread_names = calloc(p->thread_count, sizeof *run->thread_names);
    if (run->line_names == NULL || run->actor_names == NULL || run->thread_names == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < p->line_count; i++) {
        name_line(p, &p->lines[i], run->line_names[i]);
    }
    for (uint32_t i = 0; i < run->system->actor.count; i++) {
        name_actor(run, i, run->actor_names[i]);
    }
    for (uint32_t i = 0; i < p->thread_count; i++) {
        name_thread(run, &p->threads[i], run->thread_names[i]);
    }
    return true;
}

const char *vtdpi_run_line_name(const vtdpi_run_t *run, uint32_t line)
{
    return line < run->system->p->line_count ? run->line_names[line] : NULL;
}

const char *vtdpi_run_actor_name(const vtdpi_run_t *run, uint32_t actor)
{
    return actor < run->system->actor.count ? run->actor_names[actor] : NULL;
}

const char *vtdpi_run_thread_name(const vtdpi_run_t *run, uint32_t thread)
{
    return thread < run->system->p->thread_count ? run->thread_names[thread] : NULL;
}
