/*
 * A scenario as it stands in a file: names instead of indices, lists inside lists. keys.def says
 * which key fills which field; resolve.c makes a vtdpi_scenario_t of it, unbuild.c the reverse.
 */
#ifndef VTDPI_SRC_SCENARIO_RAW_H
#define VTDPI_SRC_SCENARIO_RAW_H

#include "vtdpi/profile.h"
#include "vtdpi/scenario.h"

#include "scenario/node.h"

/** Kinds of arrivals as keys; a trace becomes a list. */
enum {
    ARRIVALS_NONE,
    ARRIVALS_PERIODIC,
    ARRIVALS_POISSON,
    ARRIVALS_BURST,
    ARRIVALS_LIST,
    ARRIVALS_TRACE
};

/** Every map starts with this. */
typedef struct {
    const vtdpi_node_t *node; /**< where it stands; NULL when it was not read */
    uint64_t present;         /**< keys that were given, a bit each in the order of keys.def */
    uint64_t bad;             /**< keys whose value was refused */
    uint32_t kind;            /**< its CHOICE */
} raw_head_t;

/** A text with its place. */
typedef struct {
    const char *text;         /**< NULL when absent */
    const vtdpi_node_t *node; /**< NULL when it was not read */
} raw_word_t;

/** A list of maps, words or times. */
typedef struct {
    void *items;
    uint32_t count;
} raw_list_t;

typedef struct {
    raw_head_t head;
    vtdpi_span_t value;
    uint32_t status;
    const char *source;
} raw_value_t;

typedef struct {
    raw_head_t head;
    raw_word_t profile;
    raw_word_t name;
    raw_word_t description;
    uint64_t core_hz;
    uint64_t uncore_hz;
    raw_value_t values[VTDPI_T_COUNT];
} raw_timing_t;

typedef struct {
    raw_head_t head;
    bool posting;
    uint32_t units;
    bool remapping;
    uint32_t fault_records;
    uint32_t cache;
    uint32_t requests;
    bool coherent;
} raw_iommu_t;

typedef struct {
    raw_head_t head;
    vtdpi_switches_t cfg;
} raw_switches_t;

typedef struct {
    raw_head_t head;
    vtdpi_platform_cfg_t cfg;
    raw_iommu_t iommu;
    raw_switches_t switches;
} raw_platform_t;

typedef struct {
    raw_head_t head;
    vtdpi_hypervisor_cfg_t cfg;
    uint32_t protocol;
    raw_list_t variant; /**< raw_word_t */
} raw_hypervisor_t;

typedef struct {
    raw_head_t head;
    raw_word_t name;
    raw_list_t vcpus;
} raw_vm_t;

typedef struct {
    raw_head_t head;
    vtdpi_vcpu_cfg_t cfg;
    raw_list_t program;
    raw_list_t handlers;
    uint32_t count;
} raw_vcpu_t;

typedef struct {
    raw_head_t head;
    uint8_t vector;
    vtdpi_span_t length;
} raw_handler_t;

typedef struct {
    raw_head_t head;
    raw_word_t vcpu;
    uint32_t vector;
} raw_ipi_t;

typedef struct {
    raw_head_t head;
    raw_word_t interrupt;
    uint32_t vector;
    raw_word_t vcpu;
} raw_msi_t;

typedef struct {
    raw_head_t head;
    uint32_t times;
    raw_list_t steps;
} raw_repeat_t;

typedef struct {
    raw_head_t head;
    vtdpi_span_t span;
    uint32_t value;
    raw_ipi_t ipi;
    raw_msi_t msi;
    raw_repeat_t repeat;
} raw_step_t;

typedef struct {
    raw_head_t head;
    raw_word_t name;
    vtdpi_device_cfg_t cfg;
    raw_list_t interrupts;
} raw_device_t;

typedef struct {
    raw_head_t head;
    uint64_t period_ps;
    uint64_t offset_ps;
    uint64_t count;
} raw_periodic_t;

typedef struct {
    raw_head_t head;
    uint64_t rate_hz;
    uint64_t period_ps;
    uint64_t offset_ps;
    uint64_t count;
} raw_poisson_t;

typedef struct {
    raw_head_t head;
    uint64_t period_ps;
    uint32_t size;
    uint64_t gap_ps;
    uint64_t offset_ps;
    uint64_t count;
} raw_burst_t;

typedef struct {
    raw_head_t head;
    raw_list_t times; /**< uint64_t */
    uint64_t offset_ps;
    uint64_t count;
} raw_times_t;

typedef struct {
    raw_head_t head;
    raw_word_t file;
    uint64_t limit;
    uint64_t offset_ps;
    raw_list_t times; /**< uint64_t */
} raw_trace_t;

typedef struct {
    raw_head_t head;
    raw_periodic_t periodic;
    raw_poisson_t poisson;
    raw_burst_t burst;
    raw_times_t list;
    raw_trace_t trace;
} raw_arrivals_t;

typedef struct {
    raw_head_t head;
    vtdpi_interrupt_cfg_t cfg;
    raw_word_t vcpu;
    raw_arrivals_t arrivals;
    uint32_t count;
} raw_interrupt_t;

/** The same with fewer keys. */
typedef raw_interrupt_t raw_emulated_t;

typedef struct {
    raw_head_t head;
    raw_word_t name;
    vtdpi_vmm_cfg_t cfg;
    raw_list_t interrupts;
} raw_vmm_t;

typedef struct {
    raw_head_t head;
    vtdpi_event_cfg_t cfg;
    raw_word_t who;
    raw_word_t vcpu;
    uint32_t nmi_cpu;
} raw_event_t;

typedef struct {
    raw_head_t head;
    vtdpi_bounds_t bounds;
} raw_check_t;

typedef struct {
    raw_head_t head;
    raw_word_t name;
    raw_timing_t timing;
    uint64_t seed;
    uint64_t duration_ps;
    uint64_t drain_limit_ps;
    raw_platform_t platform;
    raw_hypervisor_t hypervisor;
    raw_list_t vms;
    raw_list_t devices;
    raw_list_t vmms;
    raw_list_t events;
    raw_list_t expect; /**< vtdpi_expect_t */
    raw_check_t check;
    raw_list_t asserts; /**< raw_word_t */
} raw_scenario_t;

#endif
