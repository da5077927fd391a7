#include "scenario/unbuild.h"

#include "scenario/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REFERENCE_TEXT = 100, VARIANT_BITS = 32 };

typedef struct {
    vtdpi_arena_t *arena;
    const vtdpi_scenario_t *in;
} unbuild_t;

/* Steps first … last-1 of a program become the list [target]. */
typedef struct program_job {
    struct program_job *next;
    const vtdpi_vcpu_cfg_t *vcpu;
    uint32_t first;
    uint32_t last;
    raw_list_t *target;
} program_job_t;

static void mark_present(raw_head_t *head, section_id_t section, const char *key)
{
    head->present |= UINT64_C(1) << (vtdpi_key_find(section, key) - vtdpi_section(section).keys);
}

static raw_word_t word_of(const char *text)
{
    return (raw_word_t){.text = text == NULL ? "" : text};
}

static raw_word_t reference(const unbuild_t *un, const char *name, uint32_t number)
{
    char text[REFERENCE_TEXT];
    (void)snprintf(text, sizeof text, "%s/%" PRIu32, name, number);
    return (raw_word_t){.text = vtdpi_arena_text(un->arena, text, strlen(text))};
}

static raw_word_t vcpu_reference(const unbuild_t *un, uint32_t index)
{
    VTDPI_ASSERT(index < un->in->vcpu_count);
    const vtdpi_vcpu_cfg_t *vcpu = &un->in->vcpus[index];
    return reference(un, un->in->vms[vcpu->vm].name, vcpu->number);
}

static bool same_source(const vtdpi_interrupt_cfg_t *a, const vtdpi_interrupt_cfg_t *b)
{
    return a->device == b->device && a->emulated == b->emulated;
}

static raw_word_t interrupt_reference(const unbuild_t *un, uint32_t index)
{
    VTDPI_ASSERT(index < un->in->interrupt_count);
    const vtdpi_interrupt_cfg_t *interrupts = un->in->interrupts;
    uint32_t number = 0;
    for (uint32_t i = 0; i < index; i++) {
        number += same_source(&interrupts[i], &interrupts[index]) ? 1 : 0;
    }
    return reference(un, un->in->devices[interrupts[index].device].name, number);
}

/* --- programs --- */

static uint32_t step_after(const vtdpi_vcpu_cfg_t *vcpu, uint32_t at, uint32_t last)
{
    uint32_t body = vcpu->program[at].kind == VTDPI_STEP_REPEAT ? vcpu->program[at].body : 0;
    return body < last - at ? at + 1 + body : last;
}

static void unbuild_step(const unbuild_t *un, const vtdpi_step_t *step, raw_step_t *raw)
{
    raw->head.kind = (uint32_t)step->kind;
    raw->span = step->span;
    raw->value = step->value;
    if (step->kind == VTDPI_STEP_SEND_IPI) {
        raw->ipi = (raw_ipi_t){.vcpu = vcpu_reference(un, step->target), .vector = step->value};
    } else if (step->kind == VTDPI_STEP_WRITE_MSI) {
        raw->msi = (raw_msi_t){.interrupt = interrupt_reference(un, step->target),
                               .vector = step->value,
                               .vcpu = vcpu_reference(un, step->vcpu)};
        mark_present(&raw->msi.head, SECTION_msi, "vector");
        mark_present(&raw->msi.head, SECTION_msi, "vcpu");
    } else if (step->kind == VTDPI_STEP_REPEAT) {
        raw->repeat.times = step->times;
    }
}

/* Fills one list; the bodies in it are appended to the queue. */
static void unbuild_steps(const unbuild_t *un, const program_job_t *job, program_job_t **last)
{
    const vtdpi_vcpu_cfg_t *vcpu = job->vcpu;
    uint32_t count = 0;
    for (uint32_t i = job->first; i < job->last; i = step_after(vcpu, i, job->last)) {
        count++;
    }
    raw_step_t *steps = vtdpi_arena_alloc(un->arena, count, sizeof *steps);
    if (steps == NULL) {
        return;
    }
    *job->target = (raw_list_t){.items = steps, .count = count};
    for (uint32_t i = job->first; i < job->last; i = step_after(vcpu, i, job->last), steps++) {
        unbuild_step(un, &vcpu->program[i], steps);
        if (vcpu->program[i].kind != VTDPI_STEP_REPEAT) {
            continue;
        }
        program_job_t *body = vtdpi_arena_alloc(un->arena, 1, sizeof *body);
        if (body == NULL) {
            return;
        }
        *body = (program_job_t){.vcpu = vcpu,
                                .first = i + 1,
                                .last = step_after(vcpu, i, job->last),
                                .target = &steps->repeat.steps};
        (*last)->next = body;
        *last = body;
    }
}

static void unbuild_program(const unbuild_t *un, const vtdpi_vcpu_cfg_t *vcpu, raw_list_t *target)
{
    program_job_t first = {.vcpu = vcpu, .last = vcpu->program_count, .target = target};
    program_job_t *last = &first;
    for (const program_job_t *job = &first; job != NULL; job = job->next) {
        unbuild_steps(un, job, &last);
    }
}

/* --- VMs --- */

static void unbuild_vcpu(const unbuild_t *un, const vtdpi_vcpu_cfg_t *vcpu, raw_vcpu_t *raw)
{
    raw->cfg = *vcpu;
    raw->cfg.timer_vector =
        vcpu->timer_vector != 0 ? vcpu->timer_vector : (uint8_t)VTDPI_GUEST_TIMER_VECTOR;
    raw->count = 1;
    mark_present(&raw->head, SECTION_vcpu, "start");
    unbuild_program(un, vcpu, &raw->program);
    raw_handler_t *handlers = vtdpi_arena_alloc(un->arena, vcpu->handler_count, sizeof *handlers);
    for (uint32_t i = 0; handlers != NULL && i < vcpu->handler_count; i++) {
        handlers[i].vector = vcpu->handlers[i].vector;
        handlers[i].length = vcpu->handlers[i].length;
    }
    raw->handlers = (raw_list_t){.items = handlers, .count = vcpu->handler_count};
}

static void unbuild_vms(const unbuild_t *un, raw_list_t *list)
{
    raw_vm_t *vms = vtdpi_arena_alloc(un->arena, un->in->vm_count, sizeof *vms);
    for (uint32_t v = 0; vms != NULL && v < un->in->vm_count; v++) {
        uint32_t count = un->in->vms[v].vcpu_count;
        raw_vcpu_t *vcpus = vtdpi_arena_alloc(un->arena, count, sizeof *vcpus);
        uint32_t filled = 0;
        for (uint32_t i = 0; vcpus != NULL && i < un->in->vcpu_count && filled < count; i++) {
            if (un->in->vcpus[i].vm == v) {
                unbuild_vcpu(un, &un->in->vcpus[i], &vcpus[filled++]);
            }
        }
        vms[v].name = word_of(un->in->vms[v].name);
        vms[v].vcpus = (raw_list_t){.items = vcpus, .count = filled};
    }
    *list = (raw_list_t){.items = vms, .count = vms == NULL ? 0 : un->in->vm_count};
}

/* --- interrupts --- */

/* The arrays are only read; the lists of raw.h serve reading files too. */
static raw_list_t times_list(const unbuild_t *un, const vtdpi_arrivals_t *in)
{
    uint64_t *times = vtdpi_arena_alloc(un->arena, in->times_count, sizeof *times);
    if (times != NULL && in->times_count > 0) {
        memcpy(times, in->times_ps, in->times_count * sizeof *times);
    }
    return (raw_list_t){.items = times, .count = times == NULL ? 0 : (uint32_t)in->times_count};
}

static void unbuild_list(const unbuild_t *un, const vtdpi_arrivals_t *in, raw_arrivals_t *raw)
{
    if (in->trace_file == NULL) {
        raw->head.kind = ARRIVALS_LIST;
        raw->list = (raw_times_t){
            .times = times_list(un, in), .offset_ps = in->offset_ps, .count = in->count};
        return;
    }
    raw->head.kind = ARRIVALS_TRACE;
    raw->trace = (raw_trace_t){.file = word_of(in->trace_file),
                               .limit = in->count,
                               .offset_ps = in->offset_ps,
                               .times = times_list(un, in)};
    mark_present(&raw->trace.head, SECTION_trace, "times");
}

static void unbuild_arrivals(const unbuild_t *un, const vtdpi_arrivals_t *in, raw_arrivals_t *raw)
{
    switch (in->kind) {
    case VTDPI_ARRIVE_NONE:
        raw->head.kind = ARRIVALS_NONE;
        break;
    case VTDPI_ARRIVE_PERIODIC:
        raw->head.kind = ARRIVALS_PERIODIC;
        raw->periodic = (raw_periodic_t){
            .period_ps = in->period_ps, .offset_ps = in->offset_ps, .count = in->count};
        break;
    case VTDPI_ARRIVE_POISSON:
        raw->head.kind = ARRIVALS_POISSON;
        raw->poisson = (raw_poisson_t){
            .period_ps = in->period_ps, .offset_ps = in->offset_ps, .count = in->count};
        mark_present(&raw->poisson.head, SECTION_poisson, "mean");
        break;
    case VTDPI_ARRIVE_BURST:
        raw->head.kind = ARRIVALS_BURST;
        raw->burst = (raw_burst_t){.period_ps = in->period_ps,
                                   .size = in->size,
                                   .gap_ps = in->gap_ps,
                                   .offset_ps = in->offset_ps,
                                   .count = in->count};
        break;
    case VTDPI_ARRIVE_LIST:
        unbuild_list(un, in, raw);
        break;
    }
}

static raw_list_t unbuild_source(const unbuild_t *un, uint32_t device, bool emulated)
{
    const vtdpi_interrupt_cfg_t source = {.device = device, .emulated = emulated};
    uint32_t count = 0;
    for (uint32_t i = 0; i < un->in->interrupt_count; i++) {
        count += same_source(&un->in->interrupts[i], &source) ? 1 : 0;
    }
    raw_interrupt_t *items = vtdpi_arena_alloc(un->arena, count, sizeof *items);
    uint32_t filled = 0;
    for (uint32_t i = 0; items != NULL && i < un->in->interrupt_count; i++) {
        const vtdpi_interrupt_cfg_t *interrupt = &un->in->interrupts[i];
        if (!same_source(interrupt, &source)) {
            continue;
        }
        raw_interrupt_t *raw = &items[filled++];
        raw->cfg = *interrupt;
        raw->count = 1;
        raw->vcpu = vcpu_reference(un, interrupt->vcpu);
        unbuild_arrivals(un, &interrupt->arrivals, &raw->arrivals);
    }
    return (raw_list_t){.items = items, .count = filled};
}

static void unbuild_devices(const unbuild_t *un, raw_list_t *list)
{
    raw_device_t *devices = vtdpi_arena_alloc(un->arena, un->in->device_count, sizeof *devices);
    for (uint32_t i = 0; devices != NULL && i < un->in->device_count; i++) {
        devices[i].cfg = un->in->devices[i];
        devices[i].name = word_of(un->in->devices[i].name);
        devices[i].interrupts = unbuild_source(un, i, false);
    }
    *list = (raw_list_t){.items = devices, .count = devices == NULL ? 0 : un->in->device_count};
}

static void unbuild_vmms(const unbuild_t *un, raw_list_t *list)
{
    raw_vmm_t *vmms = vtdpi_arena_alloc(un->arena, un->in->vmm_count, sizeof *vmms);
    for (uint32_t i = 0; vmms != NULL && i < un->in->vmm_count; i++) {
        vmms[i].cfg = un->in->vmms[i];
        vmms[i].name = word_of(un->in->vmms[i].name);
        vmms[i].interrupts = unbuild_source(un, i, true);
        mark_present(&vmms[i].head, SECTION_vmm, "start");
    }
    *list = (raw_list_t){.items = vmms, .count = vmms == NULL ? 0 : un->in->vmm_count};
}

/* --- the rest --- */

static void unbuild_event(const unbuild_t *un, const vtdpi_event_cfg_t *event, raw_event_t *raw)
{
    bool of_interrupt = event->kind == VTDPI_EVENT_WRITE_MSI || event->kind == VTDPI_EVENT_ATTACH ||
                        event->kind == VTDPI_EVENT_DETACH;
    raw->head.kind = (uint32_t)event->kind;
    raw->cfg = *event;
    raw->nmi_cpu = event->kind == VTDPI_EVENT_NMI ? event->cpu : 0;
    raw->who =
        of_interrupt ? interrupt_reference(un, event->interrupt) : vcpu_reference(un, event->vcpu);
    if (event->kind == VTDPI_EVENT_WRITE_MSI) {
        raw->vcpu = vcpu_reference(un, event->vcpu);
        mark_present(&raw->head, SECTION_event, "vector");
        mark_present(&raw->head, SECTION_event, "vcpu");
    }
}

static void unbuild_events(const unbuild_t *un, raw_list_t *list)
{
    raw_event_t *events = vtdpi_arena_alloc(un->arena, un->in->event_count, sizeof *events);
    for (uint32_t i = 0; events != NULL && i < un->in->event_count; i++) {
        unbuild_event(un, &un->in->events[i], &events[i]);
    }
    *list = (raw_list_t){.items = events, .count = events == NULL ? 0 : un->in->event_count};
}

static void unbuild_expects(const unbuild_t *un, raw_list_t *list)
{
    vtdpi_expect_t *expects = vtdpi_arena_alloc(un->arena, un->in->expect_count, sizeof *expects);
    for (uint32_t i = 0; expects != NULL && i < un->in->expect_count; i++) {
        expects[i] = un->in->expects[i];
    }
    *list = (raw_list_t){.items = expects, .count = expects == NULL ? 0 : un->in->expect_count};
}

static void unbuild_hypervisor(const unbuild_t *un, raw_hypervisor_t *raw)
{
    raw->cfg = un->in->hypervisor;
    raw->protocol = vtdpi_name_index(NAMES_PROTOCOL, raw->cfg.protocol);
    raw_word_t *words = vtdpi_arena_alloc(un->arena, VARIANT_BITS, sizeof *words);
    raw->variant.items = words;
    for (uint32_t i = 0; words != NULL && vtdpi_variant_name(raw->protocol, i) != NULL; i++) {
        const char *name = vtdpi_variant_name(raw->protocol, i);
        if ((raw->cfg.variant >> vtdpi_variant_bit(raw->protocol, name) & 1U) != 0) {
            words[raw->variant.count++] = word_of(name);
        }
    }
}

static void unbuild_asserts(const unbuild_t *un, raw_list_t *list)
{
    raw_word_t *words = vtdpi_arena_alloc(un->arena, VARIANT_BITS, sizeof *words);
    list->items = words;
    for (uint32_t i = 0; words != NULL && vtdpi_name(NAMES_MONITOR, i) != NULL; i++) {
        if ((un->in->asserts >> i & 1U) != 0) {
            words[list->count++] = word_of(vtdpi_name(NAMES_MONITOR, i));
        }
    }
}

static void unbuild_timing(const vtdpi_profile_t *profile, raw_timing_t *raw)
{
    static const char *const keys[] = {"name", "description", "core", "uncore", "values"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        mark_present(&raw->head, SECTION_timing, keys[i]);
    }
    raw->name = word_of(profile->name);
    raw->description = word_of(profile->description);
    raw->core_hz = profile->hz[VTDPI_DOMAIN_CORE];
    raw->uncore_hz = profile->hz[VTDPI_DOMAIN_UNCORE];
    for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
        raw->values[i].value =
            (vtdpi_span_t){.ps = profile->value[i].ps, .cyc = profile->value[i].cyc};
        raw->values[i].status = (uint32_t)profile->value[i].status;
        raw->values[i].source = profile->value[i].source;
    }
}

void vtdpi_unbuild(vtdpi_arena_t *arena, const vtdpi_scenario_t *scenario,
                   const vtdpi_profile_t *profile, raw_scenario_t *raw)
{
    unbuild_t un = {.arena = arena, .in = scenario};
    raw->name = word_of(scenario->name);
    raw->seed = scenario->seed;
    raw->duration_ps = scenario->duration_ps;
    raw->drain_limit_ps = scenario->drain_limit_ps;
    raw->platform.cfg = scenario->platform;
    raw->platform.iommu.posting = scenario->platform.iommu_posting;
    raw->platform.iommu.remapping = !scenario->platform.no_remapping;
    raw->platform.iommu.fault_records =
        scenario->platform.fault_records == 0 ? 1 : scenario->platform.fault_records;
    raw->platform.iommu.units =
        scenario->platform.iommu_units == 0 ? 1 : scenario->platform.iommu_units;
    raw->platform.iommu.cache = scenario->platform.iommu_cache;
    raw->platform.iommu.requests = scenario->platform.iommu_requests;
    raw->platform.iommu.coherent = scenario->platform.coherent;
    raw->platform.switches.cfg = scenario->platform.switches;
    raw->check.bounds = scenario->check;
    unbuild_timing(profile, &raw->timing);
    unbuild_hypervisor(&un, &raw->hypervisor);
    unbuild_vms(&un, &raw->vms);
    unbuild_devices(&un, &raw->devices);
    unbuild_vmms(&un, &raw->vmms);
    unbuild_events(&un, &raw->events);
    unbuild_expects(&un, &raw->expect);
    unbuild_asserts(&un, &raw->asserts);
}
