/*
 * From raw.h to a vtdpi_scenario_t: lists become flat arrays, names become indices, and what
 * contradicts is refused.
 */
#ifndef VTDPI_SRC_SCENARIO_RESOLVE_H
#define VTDPI_SRC_SCENARIO_RESOLVE_H

#include "scenario/decode.h"
#include "scenario/raw.h"

/** Limits of a scenario that no single key sets. */
enum {
    VTDPI_RESOLVE_VCPUS_MAX = 256,
    VTDPI_RESOLVE_INTERRUPTS_MAX = 4096,
    VTDPI_RESOLVE_STEPS_MAX = 16384
};

/** What building needs. Interrupt sources are the devices, then the VMM threads. */
typedef struct {
    const vtdpi_reading_t *reading;
    const raw_scenario_t *raw;
    vtdpi_scenario_t *out;
    const char *file;
    const raw_vcpu_t **vcpu_raw;           /**< where each vCPU stands */
    const raw_interrupt_t **interrupt_raw; /**< where each interrupt stands */
    uint32_t *vm_first;                    /**< first vCPU of each VM */
    uint32_t *source_first;                /**< first interrupt of each source */
    uint32_t *source_count;                /**< interrupts of each source */
} vtdpi_resolve_t;

/** Fills [out] from [raw], which was read from [file]; all that is wrong is added to the
 * diagnostics. */
void vtdpi_resolve(const vtdpi_reading_t *reading, const raw_scenario_t *raw, const char *file,
                   vtdpi_scenario_t *out);

/** Fills the array of interrupts. */
void vtdpi_resolve_interrupts(vtdpi_resolve_t *resolve);

/** Fills the programs and handlers of all vCPUs. */
void vtdpi_resolve_programs(const vtdpi_resolve_t *resolve, vtdpi_vcpu_cfg_t *vcpus);

/** Fills the array of outside events. */
void vtdpi_resolve_events(const vtdpi_resolve_t *resolve);

/** Adds a diagnostic for every contradiction between keys. */
void vtdpi_resolve_check(const vtdpi_resolve_t *resolve);

/** Finds the vCPU that [word] names; false if it names none (then a diagnostic says so, unless
 * [word] is absent). */
bool vtdpi_resolve_vcpu(const vtdpi_resolve_t *resolve, raw_word_t word, uint32_t *index);

/** Finds the interrupt of a device that [word] names; false as for vtdpi_resolve_vcpu. */
bool vtdpi_resolve_interrupt(const vtdpi_resolve_t *resolve, raw_word_t word, uint32_t *index);

/** How many interrupt sources there are, and the name of one. */
uint32_t vtdpi_resolve_source_count(const vtdpi_resolve_t *resolve);
const raw_word_t *vtdpi_resolve_source_name(const vtdpi_resolve_t *resolve, uint32_t source);

/** Where the value of [key] of the map at [head] stands, or the map itself. */
vtdpi_position_t vtdpi_resolve_place(const raw_head_t *head, const char *key);

/** Whether [key] was given in the map of section [section] at [head], and its value accepted. */
bool vtdpi_resolve_given(const raw_head_t *head, section_id_t section, const char *key);

#endif
