/* What a scenario must be for a platform to exist; a scenario that was read from a file has passed
 * more than this already. */
#include "platform/build.h"

#include <stdarg.h>
#include <stdio.h>

vtdpi_err_t build_refuse(char *why, size_t why_size, const char *format, ...)
{
    if (why != NULL && why_size > 0) {
        va_list args;
        va_start(args, format);
        /* clang 14's analyzer does not see va_start:
         * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
        (void)vsnprintf(why, why_size, format, args);
        va_end(args);
    }
    return VTDPI_ERR_INPUT;
}

static vtdpi_err_t in_range(const char *what, uint64_t value, uint64_t low, uint64_t high,
                            char *why, size_t why_size)
{
    if (value >= low && value <= high) {
        return VTDPI_OK;
    }
    return build_refuse(why, why_size, "%s is %llu, expected %llu to %llu", what,
                        (unsigned long long)value, (unsigned long long)low,
                        (unsigned long long)high);
}

static vtdpi_err_t check_counts(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    const struct {
        const char *what;
        uint64_t value, low, high;
    } rows[] = {
        {"platform.cpus", s->platform.cpus, 1, VTDPI_CPUS_MAX},
        {"platform.store_buffer", s->platform.store_buffer, 1, VTDPI_STORE_BUFFER_MAX},
        {"platform.iommu.cache", s->platform.iommu_cache, 0, VTDPI_IEC_MAX},
        {"platform.iommu.requests", s->platform.iommu_requests, 1, VTDPI_REQUESTS_MAX},
        {"hypervisor.host_vectors", s->hypervisor.host_vectors, 0,
         (uint64_t)VTDPI_HV_TIMER - VTDPI_HV_FIRST_DEVICE},
        {"number of vCPUs", s->vcpu_count, 0, VTDPI_VCPUS_MAX},
        {"number of interrupts", s->interrupt_count, 0, VTDPI_SOURCES_MAX},
        {"duration (ps)", s->duration_ps, 0, UINT64_C(1) << 60},
        {"drain_limit (ps)", s->drain_limit_ps, 0, UINT64_C(1) << 60},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_err_t err =
            in_range(rows[i].what, rows[i].value, rows[i].low, rows[i].high, why, why_size);
        if (err != VTDPI_OK) {
            return err;
        }
    }
    return VTDPI_OK;
}

static bool set_within(const uint64_t set[4], uint32_t cpus)
{
    for (uint32_t c = cpus; c < 4 * 64; c++) {
        if (vtdpi_set_has(set, c)) {
            return false;
        }
    }
    return true;
}

static vtdpi_err_t check_place(const char *what, uint32_t i, const uint64_t affinity[4],
                               uint32_t start, uint32_t cpus, char *why, size_t why_size)
{
    bool anywhere = vtdpi_set_highest(affinity) < 0;
    if (!set_within(affinity, cpus)) {
        return build_refuse(why, why_size, "%s %u may run on a CPU that does not exist", what, i);
    }
    if (start >= cpus || (!anywhere && !vtdpi_set_has(affinity, start))) {
        return build_refuse(why, why_size, "%s %u starts on CPU %u, where it may not run", what, i,
                            start);
    }
    return VTDPI_OK;
}

static vtdpi_err_t check_threads(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    vtdpi_err_t err = VTDPI_OK;
    for (uint32_t i = 0; i < s->vcpu_count && err == VTDPI_OK; i++) {
        const vtdpi_vcpu_cfg_t *v = &s->vcpus[i];
        err = check_place("vCPU", i, v->affinity, v->start_cpu, s->platform.cpus, why, why_size);
        if (err == VTDPI_OK && (v->program_count == 0 || v->vm >= s->vm_count)) {
            err = build_refuse(why, why_size, "vCPU %u has no program or no VM", i);
        }
    }
    for (uint32_t i = 0; i < s->vmm_count && err == VTDPI_OK; i++) {
        const vtdpi_vmm_cfg_t *v = &s->vmms[i];
        err = check_place("VMM thread", i, v->affinity, v->start_cpu, s->platform.cpus, why,
                          why_size);
    }
    return err;
}

static vtdpi_err_t check_units(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    uint32_t units = s->platform.iommu_units == 0 ? 1 : s->platform.iommu_units;
    if (units > VTDPI_UNITS_MAX || units * s->platform.iommu_requests > VTDPI_REQUESTS_MAX) {
        return build_refuse(why, why_size,
                            "%u remapping units with %u requests each, expected at most %d units "
                            "and %d requests together",
                            units, s->platform.iommu_requests, (int)VTDPI_UNITS_MAX,
                            (int)VTDPI_REQUESTS_MAX);
    }
    for (uint32_t d = 0; d < s->device_count; d++) {
        if (s->devices[d].unit >= units) {
            return build_refuse(why, why_size, "device %u is at remapping unit %u of %u", d,
                                s->devices[d].unit, units);
        }
    }
    return VTDPI_OK;
}

static vtdpi_err_t check_faults(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    if (s->platform.fault_records > VTDPI_FRCD_MAX) {
        return build_refuse(why, why_size, "%u fault recording registers, expected at most %d",
                            s->platform.fault_records, (int)VTDPI_FRCD_MAX);
    }
    return VTDPI_OK;
}

static vtdpi_err_t check_timers(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    for (uint32_t v = 0; v < s->vcpu_count; v++) {
        unsigned vector = s->vcpus[v].timer_vector;
        if (vector > 0 && vector < 16) {
            return build_refuse(why, why_size,
                                "vCPU %u has timer vector %u, expected 16 to 255, or 0", v, vector);
        }
    }
    return VTDPI_OK;
}

static vtdpi_err_t check_interrupts(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    for (uint32_t i = 0; i < s->interrupt_count; i++) {
        const vtdpi_interrupt_cfg_t *cfg = &s->interrupts[i];
        uint32_t owners = cfg->emulated ? s->vmm_count : s->device_count;
        if (cfg->device >= owners || cfg->vcpu >= s->vcpu_count ||
            cfg->host_cpu >= s->platform.cpus) {
            return build_refuse(why, why_size,
                                "interrupt %u names a device, vCPU or CPU that does not exist", i);
        }
        if (cfg->vector < 16) {
            return build_refuse(why, why_size, "interrupt %u has vector %u, expected 16 to 255", i,
                                (unsigned)cfg->vector);
        }
    }
    return VTDPI_OK;
}

/** What an event needs of the scenario. */
static bool event_ok(const vtdpi_scenario_t *s, const vtdpi_event_cfg_t *e)
{
    bool vcpu = e->vcpu < s->vcpu_count;
    bool interrupt = e->interrupt < s->interrupt_count;
    switch (e->kind) {
    case VTDPI_EVENT_MIGRATE:
        return vcpu && (e->cpu < s->platform.cpus || e->cpu == UINT32_MAX);
    case VTDPI_EVENT_PREEMPT:
    case VTDPI_EVENT_WAKE:
        return vcpu;
    case VTDPI_EVENT_NMI:
        return e->cpu < s->platform.cpus;
    case VTDPI_EVENT_WRITE_MSI:
        return vcpu && interrupt && e->vector >= 16;
    case VTDPI_EVENT_ATTACH:
    case VTDPI_EVENT_DETACH:
        return interrupt;
    case VTDPI_EVENT_COUNT:
    default:
        return false;
    }
}

static vtdpi_err_t check_events(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (!event_ok(s, &s->events[i])) {
            return build_refuse(why, why_size,
                                "event %u names a vCPU, interrupt or CPU that does not exist", i);
        }
    }
    return VTDPI_OK;
}

static vtdpi_err_t check_protocol(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    const char *name = s->hypervisor.protocol;
    const vtdpi_protocol_t *protocol = name != NULL ? vtdpi_protocol_find(name) : NULL;
    if (protocol == NULL) {
        return build_refuse(why, why_size, "there is no protocol \"%s\"", name != NULL ? name : "");
    }
    if (protocol->posting && !s->platform.iommu_posting) {
        return build_refuse(why, why_size, "protocol \"%s\" needs platform.iommu.posting", name);
    }
    if (s->platform.no_remapping && (protocol->posting || build_rewrites_entries(s))) {
        return build_refuse(why, why_size,
                            "without platform.iommu.remapping nothing is posted, and no interrupt "
                            "can move");
    }
    if (s->hypervisor.ipi_virtualization && !protocol->ipiv) {
        return build_refuse(why, why_size, "protocol \"%s\" does not use IPI virtualization", name);
    }
    return VTDPI_OK;
}

vtdpi_err_t build_check(const vtdpi_scenario_t *s, char *why, size_t why_size)
{
    vtdpi_err_t (*const checks[])(const vtdpi_scenario_t *, char *, size_t) = {
        check_protocol, check_counts, check_threads,    check_timers,
        check_faults,   check_units,  check_interrupts, check_events};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        vtdpi_err_t err = checks[i](s, why, why_size);
        if (err != VTDPI_OK) {
            return err;
        }
    }
    return VTDPI_OK;
}
