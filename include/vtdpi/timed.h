/*
 * The timed engine: decides when each operation of a system takes effect. It gives every operation
 * its cost, resolves contention for memory lines, and says which actor fires next; whoever drives
 * it (the SystemC kernel, a plain loop, a test) only asks "who is next, and when" and "let it
 * happen".
 *
 * All that the engine remembers is one block of plain data: copied together with the system's block
 * it is a snapshot of a run. Tables that never change (costs, clocks) lie outside, in
 * vtdpi_timed_cfg_t.
 *
 * *Choice:* what is due together fires in the order of actor numbers. A line has one owner, the
 * last agent that touched it (a reader too); who asks first for a line gets it first.
 */
#ifndef VTDPI_TIMED_H
#define VTDPI_TIMED_H

#include "vtdpi/op.h"
#include "vtdpi/platform.h"
#include "vtdpi/profile.h"
#include "vtdpi/run.h"
#include "vtdpi/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A clock: edge k lies at floor(k * num / den) picoseconds, which is floor(k * 10^12 / hz). */
typedef struct {
    uint64_t hz;  /**< frequency, a multiple of 1 kHz */
    uint64_t num; /**< 10^12 / hz, reduced */
    uint64_t den;
    uint64_t inverse; /**< floor(2^64 / den) + 1 if products with it are exact here, else 0 */
    uint64_t near;    /**< edges below that convert by one multiplication with it */
} vtdpi_clock_t;

/** Entries of the table of logarithms; one more stands at the end. */
enum { VTDPI_LOG_TABLE = 256 };

/** What never changes during a run. */
typedef struct {
    const vtdpi_platform_t *p;
    const vtdpi_scenario_t *scenario; /**< arrivals, duration, seed */
    vtdpi_clock_t clock[VTDPI_DOMAIN_COUNT];
    uint32_t cyc[VTDPI_DOMAIN_COUNT]
                [VTDPI_T_COUNT];     /**< parameters in cycles of a domain, at least 1 */
    uint32_t lump[VTDPI_LUMP_COUNT]; /**< lumps less what is inside them, core cycles */
    uint8_t guess[VTDPI_T_COUNT];    /**< 1: the value is a guess */
    uint8_t lump_guess[VTDPI_LUMP_COUNT];
    uint32_t log_table[VTDPI_LOG_TABLE + 1]; /**< log2(1 + i / 256), 24 bits of fraction */
} vtdpi_timed_cfg_t;

/** A handle: views into one block. The handle is not state. */
typedef struct {
    vtdpi_system_t *sys;
    const vtdpi_timed_cfg_t *cfg;
    const vtdpi_listener_t *listener; /**< may be NULL */
    uint8_t *block;
    size_t size;
    struct timed_head *head;
    struct timed_actor *actors;
    struct timed_line *lines;
    struct timed_source *sources;
    struct timed_cpu *cpus;
    struct timed_vcpu *vcpus;
    struct timed_entry *ledger;
    struct timed_rest *rests;
    uint64_t *deadlines; /**< by timer */
    struct timed_due *heap;
    uint32_t rest_count;
    uint32_t told; /**< counts calls of the listener, and now and then where there is none */
    vtdpi_obs_t obs;
    vtdpi_event_t events[VTDPI_OBS_MAX + 1];
} vtdpi_timed_t;

/** Makes the tables for [scenario] on platform [p] with the costs of [profile]; both must outlive
 * [cfg]. */
VTDPI_API void vtdpi_timed_configure(vtdpi_timed_cfg_t *cfg, const vtdpi_platform_t *p,
                                     const vtdpi_scenario_t *scenario,
                                     const vtdpi_profile_t *profile);

/** Size of the engine's block for a platform. *Units:* bytes. */
VTDPI_API size_t vtdpi_timed_size(const vtdpi_platform_t *p);

/** Binds [t] to a bound system and to the caller's [block] of vtdpi_timed_size bytes (aligned to
 * 64), without touching it. */
VTDPI_API void vtdpi_timed_bind(vtdpi_timed_t *t, vtdpi_system_t *sys, const vtdpi_timed_cfg_t *cfg,
                                void *block);

/** Starts a run of the bound, initialised system at time 0. */
VTDPI_API void vtdpi_timed_start(vtdpi_timed_t *t);

/** Copies the state of a run, the system's included, into handles bound to blocks of their own.
 * *Pre:* same platform. */
VTDPI_API void vtdpi_timed_copy(vtdpi_timed_t *to, const vtdpi_timed_t *from);

/** Whether anything happens any more; if so, which [actor] is next and at which time [ps]. */
VTDPI_API bool vtdpi_timed_next(const vtdpi_timed_t *t, uint32_t *actor, uint64_t *ps);

/** Lets [actor] do what it is about to do. *Pre:* no other actor is due earlier. */
VTDPI_API void vtdpi_timed_fire(vtdpi_timed_t *t, uint32_t actor);

/** Fires everything that is due up to [horizon], but returns when the listener was told something
 * (now and then without one): it may have changed what else there is. Returns the time of the last
 * operation. *Units:* picoseconds. */
VTDPI_API uint64_t vtdpi_timed_run(vtdpi_timed_t *t, uint64_t horizon);

/** When [actor] is due. Returns false if it has nothing under way. */
VTDPI_API bool vtdpi_timed_due(const vtdpi_timed_t *t, uint32_t actor, uint64_t *ps);

/**
 * Fires everything to the end, driven by the SystemC kernel of this process: beside whatever else
 * lives in it, one run after another. *Errors:* VTDPI_ERR_INTERNAL (the kernel refused, or its time
 * resolution is not 1 ps).
 */
VTDPI_API vtdpi_err_t vtdpi_timed_pump(vtdpi_timed_t *t);

/** Ends the run: settles the fate of what is left, and fills [totals]. */
VTDPI_API void vtdpi_timed_finish(vtdpi_timed_t *t, vtdpi_totals_t *totals);

/** Time of the edge number [edge]. *Units:* picoseconds. */
VTDPI_API uint64_t vtdpi_clock_edge(const vtdpi_clock_t *clock, uint64_t edge);

/** Number of the first edge at or after [ps]. */
VTDPI_API uint64_t vtdpi_clock_at_or_after(const vtdpi_clock_t *clock, uint64_t ps);

/** Makes the clock of frequency [hz]. *Pre:* hz is a multiple of 1 kHz, at least 1 MHz. */
VTDPI_API void vtdpi_clock_make(vtdpi_clock_t *clock, uint64_t hz);

#ifdef __cplusplus
}
#endif

#endif
