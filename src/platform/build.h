/* The parts of the builder: each fills its own arrays of a build whose scenario has been checked.
 */
#ifndef PLATFORM_BUILD_H
#define PLATFORM_BUILD_H

#include "vtdpi/build.h"
#include "vtdpi/protocol.h"

struct vtdpi_build {
    vtdpi_platform_t platform;
    const vtdpi_scenario_t *scenario;
    vtdpi_line_t *lines;
    vtdpi_vcpu_fixed_t *vcpus;
    uint16_t *cpu_lines;
    vtdpi_thread_fixed_t *threads;
    vtdpi_source_fixed_t *sources;
    vtdpi_event_cfg_t *events;
};

/** Addresses of what the builder declares; below 2^46, each area apart from the others. */
#define VTDPI_ADDR_VAPIC       UINT64_C(0x20000000)
#define VTDPI_ADDR_VCPU        UINT64_C(0x30000000)
#define VTDPI_ADDR_SOFT        UINT64_C(0x31000000)
#define VTDPI_ADDR_CPU         UINT64_C(0x32000000)
#define VTDPI_ADDR_DRIVER      UINT64_C(0x33000000)
#define VTDPI_ADDR_IRTE        UINT64_C(0x40000000)
#define VTDPI_ADDR_QUEUE       UINT64_C(0x50000000)
#define VTDPI_ADDR_PIDS        UINT64_C(0x60000000)
#define VTDPI_ADDR_APIC_ACCESS UINT64_C(0xFEE00000)

/** Writes a text of the caller's into [why]; returns VTDPI_ERR_INPUT. */
vtdpi_err_t build_refuse(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Whether the scenario is one that a platform can be built of. */
vtdpi_err_t build_check(const vtdpi_scenario_t *s, char *why, size_t why_size);

/** Sources: remapping entries and host vectors. Needs threads. */
void build_sources(vtdpi_build_t *b);

/** Number of entries that the remapping table of [s] needs: a power of two, at least 4. */
/** Whether anything in [s] can make the host rewrite a remapping entry. */
bool build_rewrites_entries(const vtdpi_scenario_t *s);

uint32_t build_irte_count(const vtdpi_scenario_t *s);

/** Memory lines. Needs the counts of the platform. */
void build_lines(vtdpi_build_t *b);

/** Number of lines that build_lines declares. */
uint32_t build_line_count(const vtdpi_build_t *b);

/** vCPUs with their VMCS. Needs lines. */
void build_vcpus(vtdpi_build_t *b);

#endif
