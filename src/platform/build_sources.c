/* Interrupt sources: which remapping entry, which host vector. */
#include "platform/build.h"

static uint32_t power_of_two_at_least(uint32_t n)
{
    uint32_t power = 1;
    while (power < n) {
        power *= 2;
    }
    return power;
}

/** Interrupts of device [device] that are no emulated ones. */
static uint32_t device_interrupts(const vtdpi_scenario_t *s, uint32_t device)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->interrupt_count; i++) {
        count += !s->interrupts[i].emulated && s->interrupts[i].device == device ? 1U : 0U;
    }
    return count;
}

/** First entry of [device] when [next] is the first free one: a run of MSI messages is aligned to
 * its size. */
static uint32_t device_first(const vtdpi_scenario_t *s, uint32_t device, uint32_t next,
                             uint32_t *after)
{
    uint32_t count = device_interrupts(s, device);
    uint32_t size = s->devices[device].msix ? count : power_of_two_at_least(count);
    uint32_t first = s->devices[device].msix || size == 0 ? next : (next + size - 1) / size * size;
    *after = first + (count == 0 ? 0 : size);
    return first;
}

uint32_t build_irte_count(const vtdpi_scenario_t *s)
{
    uint32_t next = 0;
    for (uint32_t d = 0; d < s->device_count; d++) {
        (void)device_first(s, d, next, &next);
    }
    return power_of_two_at_least(next < 4 ? 4 : next);
}

static void sources_irte(vtdpi_build_t *b)
{
    const vtdpi_scenario_t *s = b->scenario;
    uint32_t next = 0;
    for (uint32_t d = 0; d < s->device_count; d++) {
        uint32_t irte = device_first(s, d, next, &next);
        uint32_t first = irte;
        for (uint32_t i = 0; i < s->interrupt_count; i++) {
            if (!s->interrupts[i].emulated && s->interrupts[i].device == d) {
                bool run = !s->devices[d].msix;
                b->sources[i].handle = run ? first : irte;
                b->sources[i].subhandle_valid = run ? 1 : 0;
                b->sources[i].irte = irte++;
            }
        }
    }
}

/** The next vector of a CPU's pool after [used] were handed out, or 0. */
static uint8_t pool_vector(const vtdpi_platform_t *p, uint32_t used)
{
    return used < p->host_vectors ? (uint8_t)((uint32_t)VTDPI_HV_FIRST_DEVICE + used) : 0;
}

static void sources_vectors(vtdpi_build_t *b)
{
    uint32_t used[VTDPI_CPUS_MAX] = {0};
    for (uint32_t i = 0; i < b->platform.source_count; i++) {
        vtdpi_source_fixed_t *source = &b->sources[i];
        bool posted = b->platform.protocol->posting && source->attached != 0;
        if (source->vmm_thread != VTDPI_NOBODY || posted) {
            continue;
        }
        source->host_vector = pool_vector(&b->platform, used[source->host_cpu]);
        used[source->host_cpu] += source->host_vector != 0 ? 1U : 0U;
    }
}

static void source_make(vtdpi_build_t *b, uint32_t i)
{
    const vtdpi_interrupt_cfg_t *cfg = &b->scenario->interrupts[i];
    vtdpi_source_fixed_t *source = &b->sources[i];
    source->vmm_thread = VTDPI_NOBODY;
    source->vcpu = cfg->vcpu;
    source->host_cpu = cfg->host_cpu;
    source->budget = UINT32_MAX;
    source->vector = cfg->vector;
    source->urgent = cfg->urgent ? 1 : 0;
    source->attached = cfg->attached ? 1 : 0;
    source->device = cfg->device;
    if (cfg->emulated) {
        source->vmm_thread = b->platform.cpu_count + b->platform.vcpu_count + cfg->device;
        return;
    }
    source->unit = (uint8_t)b->scenario->devices[cfg->device].unit;
    source->requester = b->scenario->devices[cfg->device].requester_id;
    source->integrated = b->scenario->devices[cfg->device].integrated ? 1 : 0;
}

void build_sources(vtdpi_build_t *b)
{
    for (uint32_t i = 0; i < b->platform.source_count; i++) {
        source_make(b, i);
    }
    sources_irte(b);
    sources_vectors(b);
}
