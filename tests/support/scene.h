/* Small scenarios made in C, and a listener that keeps everything it is told. */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include "vtdpi/run.h"
#include "vtdpi/scenario.h"

enum { SCENE_MAX = 20, SCENE_STEPS = 8 };

/** A scenario with the arrays that it points to. */
typedef struct {
    vtdpi_scenario_t s;
    vtdpi_vm_cfg_t vm[4];
    vtdpi_vcpu_cfg_t vcpu[4];
    vtdpi_step_t step[4][SCENE_STEPS];
    vtdpi_device_cfg_t device[2];
    vtdpi_vmm_cfg_t vmm[1];
    vtdpi_interrupt_cfg_t interrupt[SCENE_MAX];
    vtdpi_event_cfg_t event[4];
} scene_t;

/** What a run told. */
typedef struct {
    vtdpi_event_t *event;
    size_t events, event_room;
    vtdpi_interrupt_record_t *record;
    size_t records, record_room;
} sink_t;

/** A scenario of [cpus] CPUs with [protocol], timing skylake_sp, and one device but no VM. */
void scene_init(scene_t *scene, const char *protocol, uint32_t cpus);

/** Adds a VM of one vCPU that starts on [cpu] (and stays there if [pinned]) and computes for
 * [compute_ps], then halts if [halts]. */
uint32_t scene_vcpu(scene_t *scene, uint32_t cpu, bool pinned, uint64_t compute_ps, bool halts);

/** Adds an interrupt of the device to [vcpu] every [period_ps] from [offset_ps]. */
vtdpi_interrupt_cfg_t *scene_interrupt(scene_t *scene, uint32_t vcpu, uint8_t vector,
                                       uint64_t offset_ps, uint64_t period_ps);

/** Adds an outside event. */
vtdpi_event_cfg_t *scene_event(scene_t *scene, vtdpi_event_kind_t kind, uint64_t at_ps);

/** The small scenario number [n], or false beyond the last. [name] says what it is about. */
bool scene_small(scene_t *scene, unsigned n, const char **name);

/** An empty sink, and a listener that fills it. */
void sink_init(sink_t *sink);
vtdpi_listener_t sink_listener(sink_t *sink);
void sink_free(sink_t *sink);

/** How many events of kind [event] the sink has, and the first of them (NULL: none). */
size_t sink_count(const sink_t *sink, unsigned event);
const vtdpi_event_t *sink_first(const sink_t *sink, unsigned event);

/** Whether two sinks hold the same bytes. */
bool sink_equal(const sink_t *a, const sink_t *b);

#endif
