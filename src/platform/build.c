/* From a scenario to a platform: counts, threads, outside events, and the order in which the parts
 * are made. */
#include "platform/build.h"

#include <stdlib.h>

/* Of a platform that nobody gives a timing profile to. */
enum { TSC_KHZ = 2100000 };

enum { QUEUE_DESCRIPTORS = 256, OUTSIDE_MAX = 16384 };

/** Whether some outside event is a request to the toolstack. */
static bool needs_tools(const vtdpi_scenario_t *s)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        vtdpi_event_kind_t kind = s->events[i].kind;
        if (kind == VTDPI_EVENT_WRITE_MSI || kind == VTDPI_EVENT_ATTACH ||
            kind == VTDPI_EVENT_DETACH) {
            return true;
        }
    }
    return false;
}

static bool program_has(const vtdpi_vcpu_cfg_t *vcpu, vtdpi_step_kind_t kind)
{
    for (uint32_t i = 0; i < vcpu->program_count; i++) {
        if (vcpu->program[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/** Whether anything in [s] can make the host rewrite a remapping entry. */
bool build_rewrites_entries(const vtdpi_scenario_t *s)
{
    if (needs_tools(s) || s->hypervisor.irq_follows_vcpu) {
        return true;
    }
    for (uint32_t v = 0; v < s->vcpu_count; v++) {
        if (program_has(&s->vcpus[v], VTDPI_STEP_WRITE_MSI)) {
            return true;
        }
    }
    return false;
}

/** Whether some guest arms its APIC timer. */
static bool arms_timers(const vtdpi_scenario_t *s)
{
    for (uint32_t v = 0; v < s->vcpu_count; v++) {
        if (program_has(&s->vcpus[v], VTDPI_STEP_ARM_TIMER)) {
            return true;
        }
    }
    return false;
}

static uint32_t occurrences(const vtdpi_scenario_t *s)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < s->event_count; i++) {
        count += s->events[i].times == 0 ? 1 : s->events[i].times;
    }
    return count > OUTSIDE_MAX ? UINT32_MAX : (uint32_t)count;
}

/** One entry an occurrence, so that each happens once. */
static void build_events(vtdpi_build_t *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->scenario->event_count; i++) {
        vtdpi_event_cfg_t e = b->scenario->events[i];
        uint32_t times = e.times == 0 ? 1 : e.times;
        for (uint32_t k = 0; k < times; k++) {
            b->events[n] = e;
            b->events[n].at_ps = e.at_ps + (k * e.every_ps);
            b->events[n].times = 1;
            b->events[n++].every_ps = 0;
        }
    }
}

static void thread_make(vtdpi_thread_fixed_t *t, vtdpi_thread_kind_t kind, uint32_t who,
                        uint32_t start_cpu, const uint64_t *affinity, uint32_t cpus)
{
    t->kind = (uint8_t)kind;
    t->who = who;
    t->start_cpu = start_cpu;
    bool anywhere = affinity == NULL || vtdpi_set_highest(affinity) < 0;
    for (uint32_t c = 0; c < cpus; c++) {
        if (anywhere || vtdpi_set_has(affinity, c)) {
            vtdpi_set_add(t->affinity, c);
        }
    }
}

static void build_threads(vtdpi_build_t *b)
{
    const vtdpi_scenario_t *s = b->scenario;
    vtdpi_thread_fixed_t *t = b->threads;
    uint32_t cpus = s->platform.cpus;
    for (uint32_t c = 0; c < cpus; c++) {
        uint64_t only[4] = {0};
        vtdpi_set_add(only, c);
        thread_make(t++, VTDPI_THREAD_IDLE, c, c, only, cpus);
    }
    for (uint32_t v = 0; v < s->vcpu_count; v++) {
        const vtdpi_vcpu_cfg_t *cfg = &s->vcpus[v];
        thread_make(t++, VTDPI_THREAD_VCPU, v, cfg->start_cpu, cfg->affinity, cpus);
    }
    for (uint32_t v = 0; v < s->vmm_count; v++) {
        const vtdpi_vmm_cfg_t *cfg = &s->vmms[v];
        t->work = cfg->work;
        thread_make(t++, VTDPI_THREAD_VMM, v, cfg->start_cpu, cfg->affinity, cpus);
    }
    if (needs_tools(b->scenario)) {
        thread_make(t, VTDPI_THREAD_VMM, VTDPI_NOBODY, cpus - 1, NULL, cpus);
    }
}

static void build_unit(vtdpi_platform_t *p, const vtdpi_platform_cfg_t *cfg)
{
    p->iommu.iec_entries = cfg->iommu_cache;
    p->iommu.frcd_count = (uint8_t)(cfg->fault_records == 0 ? 1 : cfg->fault_records);
    p->iommu.haw = VTDPI_PHYSICAL_WIDTH;
    p->iommu.mhmv = 8;
    p->iommu.pi = cfg->iommu_posting && !cfg->no_remapping;
    p->iommu.ir = !cfg->no_remapping;
    p->iommu.eim = cfg->x2apic;
    p->iommu.coherent = cfg->coherent;
    p->iommu.pid_ndst_check = cfg->switches.pid_ndst_check != 0;
    p->iommu.index_wrap16 = cfg->switches.index_wrap16 != 0;
    p->iommu.dlm_check = cfg->switches.dlm_check != 0;
    p->iommu.fault_collapse = cfg->switches.fault_collapse != 0;
    p->iommu.svt3_code = cfg->switches.svt3_code;
    p->iommu.irte_check_order = cfg->switches.irte_check_order;
}

static void build_counts(vtdpi_build_t *b)
{
    const vtdpi_scenario_t *s = b->scenario;
    vtdpi_platform_t *p = &b->platform;
    p->protocol = vtdpi_protocol_find(s->hypervisor.protocol);
    p->cpu_count = s->platform.cpus;
    p->vcpu_count = s->vcpu_count;
    p->source_count = s->interrupt_count;
    p->event_count = occurrences(s);
    p->thread_count = p->cpu_count + p->vcpu_count + s->vmm_count + (needs_tools(s) ? 1U : 0U);
    p->unit_count = s->platform.iommu_units == 0 ? 1 : s->platform.iommu_units;
    p->request_count = s->platform.iommu_requests * p->unit_count;
    p->store_buffer = s->platform.store_buffer;
    p->irte_count = build_irte_count(s);
    p->queue_count = build_rewrites_entries(s) ? QUEUE_DESCRIPTORS : 0;
    p->x2apic = s->platform.x2apic;
    p->ghost = true;
    p->irq_follows_vcpu = s->hypervisor.irq_follows_vcpu;
    p->variant = s->hypervisor.variant;
    p->timeslice_ps = s->hypervisor.timeslice_ps;
    p->halt_poll_ps = s->hypervisor.halt_poll_ps;
    p->host_vectors = s->hypervisor.host_vectors;
    p->guest_timers = arms_timers(s);
    p->timer_one_shot = s->platform.timer_one_shot;
    p->ipiv = s->hypervisor.ipi_virtualization;
    p->switches = s->platform.switches;
    p->tsc_khz = TSC_KHZ;
    p->timers = VTDPI_SLOTS;
    build_unit(p, &s->platform);
}

static void *array_of(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

static bool build_allocate(vtdpi_build_t *b)
{
    vtdpi_platform_t *p = &b->platform;
    b->lines = array_of(build_line_count(b), sizeof *b->lines);
    b->vcpus = array_of(p->vcpu_count, sizeof *b->vcpus);
    b->cpu_lines = array_of(p->cpu_count, sizeof *b->cpu_lines);
    b->threads = array_of(p->thread_count, sizeof *b->threads);
    b->sources = array_of(p->source_count, sizeof *b->sources);
    b->events = array_of(p->event_count, sizeof *b->events);
    p->lines = b->lines;
    p->vcpus = b->vcpus;
    p->cpu_lines = b->cpu_lines;
    p->threads = b->threads;
    p->sources = b->sources;
    p->events = b->events;
    return b->lines != NULL && b->vcpus != NULL && b->cpu_lines != NULL && b->threads != NULL &&
           b->sources != NULL && b->events != NULL;
}

static vtdpi_err_t build_fill(vtdpi_build_t *b, char *why, size_t why_size)
{
    build_counts(b);
    if (b->platform.event_count == UINT32_MAX) {
        return build_refuse(why, why_size, "outside events happen more than %d times in all",
                            (int)OUTSIDE_MAX);
    }
    if (build_line_count(b) > VTDPI_LINES_MAX) {
        return build_refuse(why, why_size, "the platform needs more memory lines than %d",
                            (int)VTDPI_LINES_MAX);
    }
    if (!build_allocate(b)) {
        (void)build_refuse(why, why_size, "out of memory");
        return VTDPI_ERR_INTERNAL;
    }
    build_threads(b);
    build_events(b);
    build_lines(b);
    build_vcpus(b);
    build_sources(b);
    return VTDPI_OK;
}

vtdpi_err_t vtdpi_build_create(const vtdpi_scenario_t *scenario, vtdpi_build_t **out, char *why,
                               size_t why_size)
{
    *out = NULL;
    vtdpi_err_t err = build_check(scenario, why, why_size);
    if (err != VTDPI_OK) {
        return err;
    }
    vtdpi_build_t *b = calloc(1, sizeof *b);
    if (b == NULL) {
        (void)build_refuse(why, why_size, "out of memory");
        return VTDPI_ERR_INTERNAL;
    }
    b->scenario = scenario;
    err = build_fill(b, why, why_size);
    if (err != VTDPI_OK) {
        vtdpi_build_free(b);
        return err;
    }
    *out = b;
    return VTDPI_OK;
}

void vtdpi_build_free(vtdpi_build_t *build)
{
    if (build == NULL) {
        return;
    }
    free(build->lines);
    free(build->vcpus);
    free(build->cpu_lines);
    free(build->threads);
    free(build->sources);
    free(build->events);
    free(build);
}

vtdpi_platform_t *vtdpi_build_platform(vtdpi_build_t *build)
{
    return &build->platform;
}
