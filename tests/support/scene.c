#include "scene.h"

#include "vtdpi/scenario_io.h"

#include <stdlib.h>
#include <string.h>

#define US UINT64_C(1000000)

void scene_init(scene_t *scene, const char *protocol, uint32_t cpus)
{
    memset(scene, 0, sizeof *scene);
    vtdpi_scenario_t *s = &scene->s;
    vtdpi_scenario_default(s);
    s->name = "small";
    s->timing = "skylake_sp";
    s->seed = 7;
    s->duration_ps = 300 * US;
    s->drain_limit_ps = 300 * US;
    s->platform.cpus = cpus;
    s->platform.iommu_posting = true;
    s->hypervisor.protocol = protocol;
    s->hypervisor.timeslice_ps = 50 * US;
    s->vms = scene->vm;
    s->vcpus = scene->vcpu;
    s->devices = scene->device;
    s->vmms = scene->vmm;
    s->interrupts = scene->interrupt;
    s->events = scene->event;
    scene->device[0].name = "nic";
    scene->device[0].requester_id = 0x18;
    scene->device[0].msix = true;
    s->device_count = 1;
}

uint32_t scene_vcpu(scene_t *scene, uint32_t cpu, bool pinned, uint64_t compute_ps, bool halts)
{
    vtdpi_scenario_t *s = &scene->s;
    uint32_t v = s->vcpu_count++;
    vtdpi_vcpu_cfg_t *cfg = &scene->vcpu[v];
    static const char *const names[4] = {"a", "b", "c", "d"};
    scene->vm[v].name = names[v];
    scene->vm[v].vcpu_count = 1;
    s->vm_count++;
    cfg->vm = v;
    cfg->start_cpu = cpu;
    if (pinned) {
        vtdpi_set_add(cfg->affinity, cpu);
    }
    cfg->program = scene->step[v];
    cfg->program_count = halts ? 2 : 1;
    scene->step[v][0].kind = VTDPI_STEP_COMPUTE;
    scene->step[v][0].span.ps = compute_ps;
    scene->step[v][1].kind = VTDPI_STEP_HLT;
    cfg->handler.cyc = 500;
    return v;
}

vtdpi_interrupt_cfg_t *scene_interrupt(scene_t *scene, uint32_t vcpu, uint8_t vector,
                                       uint64_t offset_ps, uint64_t period_ps)
{
    vtdpi_interrupt_cfg_t *cfg = &scene->interrupt[scene->s.interrupt_count++];
    cfg->vector = vector;
    cfg->vcpu = vcpu;
    cfg->attached = true;
    cfg->arrivals.kind = VTDPI_ARRIVE_PERIODIC;
    cfg->arrivals.offset_ps = offset_ps;
    cfg->arrivals.period_ps = period_ps;
    return cfg;
}

vtdpi_event_cfg_t *scene_event(scene_t *scene, vtdpi_event_kind_t kind, uint64_t at_ps)
{
    vtdpi_event_cfg_t *e = &scene->event[scene->s.event_count++];
    e->kind = kind;
    e->at_ps = at_ps;
    e->times = 1;
    return e;
}

static void small_running(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 0, true, 20 * US, false);
    scene_vcpu(scene, 1, true, 13 * US, false);
    scene_interrupt(scene, v, 0x41, 3 * US, 11 * US)->host_cpu = 1;
}

static void small_halting(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 0, false, 9 * US, true);
    vtdpi_interrupt_cfg_t *cfg = scene_interrupt(scene, v, 0x51, 5 * US, 17 * US);
    cfg->arrivals.kind = VTDPI_ARRIVE_POISSON;
}

static void small_shared(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 1);
    uint32_t v = scene_vcpu(scene, 0, true, 30 * US, false);
    scene_vcpu(scene, 0, true, 25 * US, false);
    scene_interrupt(scene, v, 0x61, 4 * US, 23 * US)->urgent = true;
    scene_interrupt(scene, v, 0x71, 6 * US, 29 * US);
}

static void small_burst(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 1, true, 8 * US, true);
    for (unsigned i = 0; i < 3; i++) {
        vtdpi_interrupt_cfg_t *cfg =
            scene_interrupt(scene, v, (uint8_t)(0x81 + i), (3 + i) * US, 60 * US);
        cfg->arrivals.kind = VTDPI_ARRIVE_BURST;
        cfg->arrivals.size = 4;
        cfg->arrivals.gap_ps = 30000;
    }
}

static void small_moving(scene_t *scene, const char *protocol)
{
    small_running(scene, protocol);
    memset(scene->vcpu[0].affinity, 0, sizeof scene->vcpu[0].affinity);
    vtdpi_event_cfg_t *e = scene_event(scene, VTDPI_EVENT_MIGRATE, 20 * US);
    e->cpu = UINT32_MAX;
    e->every_ps = 70 * US;
    e->times = 3;
    e = scene_event(scene, VTDPI_EVENT_WRITE_MSI, 50 * US);
    e->vector = 0x42;
}

static void small_emulated(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 0, true, 20 * US, false);
    scene->vmm[0].name = "qemu";
    scene->vmm[0].start_cpu = 1;
    scene->vmm[0].work.ps = US;
    scene->s.vmm_count = 1;
    scene_interrupt(scene, v, 0x55, 3 * US, 40 * US)->emulated = true;
}

/* A guest that arms its timer, computes and halts, one that computes beside it, and NMIs. */
static void small_timers(scene_t *scene, const char *protocol)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 0, false, 9 * US, true);
    scene->step[v][2] = (vtdpi_step_t){.kind = VTDPI_STEP_ARM_TIMER, .span = {.ps = 14 * US}};
    scene->vcpu[v].program_count = 3;
    scene->vcpu[v].timer_vector = 0xEC;
    v = scene_vcpu(scene, 0, false, 5 * US, false);
    scene->step[v][1] = (vtdpi_step_t){.kind = VTDPI_STEP_ARM_TIMER, .span = {.ps = 3 * US}};
    scene->vcpu[v].program_count = 2;
    scene->vcpu[v].timer_vector = 0x30;
    scene->vcpu[v].timer_one_shot = true;
    scene_interrupt(scene, 0, 0x41, 3 * US, 31 * US);
    vtdpi_event_cfg_t *e = scene_event(scene, VTDPI_EVENT_NMI, 2 * US);
    e->every_ps = 7 * US;
    e->times = 12;
}

static void small_one_shot(scene_t *scene, const char *protocol)
{
    small_timers(scene, protocol);
    scene->s.platform.timer_one_shot = true;
    scene->s.platform.x2apic = false;
}

typedef struct {
    const char *name;
    void (*make)(scene_t *, const char *);
    const char *protocol;
} small_row_t;

static const small_row_t small_rows[] = {
    {"posted by kvm", small_running, "kvm"},
    {"posted by xen", small_running, "xen"},
    {"injected", small_running, "injected"},
    {"posted by software, xen", small_running, "cpu_posted_xen"},
    {"posted by software, kvm", small_running, "cpu_posted_kvm"},
    {"kvm, halting guest", small_halting, "kvm"},
    {"xen, halting guest", small_halting, "xen"},
    {"injected, halting guest", small_halting, "injected"},
    {"kvm 5.17, two vCPUs on a CPU, urgent", small_shared, "kvm_5_17"},
    {"xen, two vCPUs on a CPU", small_shared, "xen"},
    {"kvm, bursts", small_burst, "kvm"},
    {"kvm, migration and new MSI", small_moving, "kvm"},
    {"injected, migration and new MSI", small_moving, "injected"},
    {"kvm, emulated device", small_emulated, "kvm"},
    {"kvm, timers and NMIs", small_timers, "kvm"},
    {"xen, timers and NMIs", small_timers, "xen"},
    {"xen, one-shot timers, xAPIC", small_one_shot, "xen"},
    {"injected, timers and NMIs", small_one_shot, "injected"},
};

bool scene_small(scene_t *scene, unsigned n, const char **name)
{
    if (n >= sizeof small_rows / sizeof small_rows[0]) {
        return false;
    }
    small_rows[n].make(scene, small_rows[n].protocol);
    *name = small_rows[n].name;
    return true;
}

static void *grow(void *array, size_t *room, size_t count, size_t size)
{
    if (count < *room) {
        return array;
    }
    *room = *room == 0 ? 1024 : *room * 2;
    void *bigger = realloc(array, *room * size);
    if (bigger == NULL) {
        abort();
    }
    return bigger;
}

static void sink_event(void *user, const vtdpi_event_t *event)
{
    sink_t *sink = user;
    sink->event = grow(sink->event, &sink->event_room, sink->events, sizeof *event);
    sink->event[sink->events++] = *event;
}

static void sink_record(void *user, const vtdpi_interrupt_record_t *record)
{
    sink_t *sink = user;
    sink->record = grow(sink->record, &sink->record_room, sink->records, sizeof *record);
    sink->record[sink->records++] = *record;
}

void sink_init(sink_t *sink)
{
    memset(sink, 0, sizeof *sink);
}

vtdpi_listener_t sink_listener(sink_t *sink)
{
    vtdpi_listener_t listener = {sink, sink_event, sink_record, NULL};
    return listener;
}

void sink_free(sink_t *sink)
{
    free(sink->event);
    free(sink->record);
    sink_init(sink);
}

size_t sink_count(const sink_t *sink, unsigned event)
{
    size_t count = 0;
    for (size_t i = 0; i < sink->events; i++) {
        count += sink->event[i].event == event ? 1U : 0U;
    }
    return count;
}

const vtdpi_event_t *sink_first(const sink_t *sink, unsigned event)
{
    for (size_t i = 0; i < sink->events; i++) {
        if (sink->event[i].event == event) {
            return &sink->event[i];
        }
    }
    return NULL;
}

bool sink_equal(const sink_t *a, const sink_t *b)
{
    return a->events == b->events && a->records == b->records &&
           (a->events == 0 || memcmp(a->event, b->event, a->events * sizeof *a->event) == 0) &&
           (a->records == 0 || memcmp(a->record, b->record, a->records * sizeof *a->record) == 0);
}
