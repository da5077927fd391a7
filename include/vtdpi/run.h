/*
 * Running a scenario on the timed engine, and what comes out of it.
 *
 * A run hands out three things, each only if somebody asked: events (the log), one record an
 * interrupt when its fate is known, and totals at the end. The library prints nothing and never
 * exits.
 */
#ifndef VTDPI_RUN_H
#define VTDPI_RUN_H

#include "vtdpi/base.h"
#include "vtdpi/event.h"
#include "vtdpi/profile.h"
#include "vtdpi/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/** An interrupt from the device's write to its fate. */
typedef struct {
    uint32_t id;        /**< from 1, in the order of the writes */
    uint32_t carrier;   /**< COALESCED: id of the one that it merged into */
    uint32_t interrupt; /**< index in the scenario */
    uint32_t vcpu;      /**< target vCPU when written */
    uint8_t vector;     /**< guest vector when written */
    uint8_t fate;       /**< vtdpi_fate_t */
    uint8_t reason;     /**< BLOCKED: fault reason */
    uint8_t pad_;
    uint32_t exits;       /**< VM exits taken on its behalf */
    uint64_t intended_ps; /**< intended arrival */
    uint64_t written_ps;  /**< the device's write fired */
    uint64_t done_ps;     /**< its fate was sealed; DELIVERED: first instruction of the handler */
    uint64_t guess_ps;    /**< part of the stages' sum whose cost is a guess */
    uint64_t stage_ps[VTDPI_STAGE_COUNT]; /**< adds up to done_ps - written_ps */
    uint64_t
        core_cyc[3]; /**< cycles that it took from cores: in guest, in root, in exits and entries */
} vtdpi_interrupt_record_t;

/** Where the cycles of a CPU went. *Units:* picoseconds of core time. */
typedef struct {
    uint64_t guest_ps; /**< non-root operation, guest code and microcode */
    uint64_t root_ps;  /**< root operation but for idle */
    uint64_t exit_ps;  /**< VM exits and entries, hardware part */
    uint64_t idle_ps;  /**< host idle */
    uint64_t halt_ps;  /**< non-root HLT */
} vtdpi_occupancy_t;

/** Samples of one exit reason. *Units:* picoseconds from VM exit to the next VM entry of that vCPU.
 */
typedef struct {
    uint64_t samples, time_ps, min_ps, max_ps;
} vtdpi_exit_stat_t;

enum { VTDPI_EXIT_REASONS = 80, VTDPI_CPU_MAX = 64 };

/** Totals of a run. */
typedef struct {
    uint64_t end_ps;                      /**< time of the last operation */
    uint64_t arrivals_end_ps;             /**< when arrivals stopped */
    uint64_t cycles;                      /**< cycles of the core domain until then */
    uint64_t core_hz;                     /**< frequency of the core domain */
    uint64_t operations;                  /**< operations fired */
    uint64_t locked_ops_pid;              /**< locked operations on descriptors, CPU and unit */
    uint64_t host_vectors_used;           /**< distinct (CPU, vector) pairs in use at the peak */
    uint64_t notifications_urgent;        /**< notification_sent with urgent = 1 */
    uint64_t notifications_spurious;      /**< pi_processed with found = 0 and misdirected = 0 */
    uint64_t notifications_misdirected;   /**< pi_processed with misdirected = 1 */
    uint64_t preemptions;                 /**< sched_switch with preempted = 1 */
    uint64_t fired_monitors;              /**< set of monitors, a bit each */
    bool drained;                         /**< nothing was pending when the run ended */
    bool limit;                           /**< cut off by drain_limit */
    uint32_t cpus;                        /**< entries used of occupancy */
    uint64_t event_count[VTDPI_EV_COUNT]; /**< how often each event happened */
    vtdpi_exit_stat_t exits[VTDPI_EXIT_REASONS]; /**< by basic exit reason */
    vtdpi_occupancy_t occupancy[VTDPI_CPU_MAX];  /**< by CPU */
} vtdpi_totals_t;

/** Who listens. Any of them may be NULL; an absent listener costs nothing. */
typedef struct {
    void *user;
    void (*event)(void *user, const vtdpi_event_t *event);
    void (*interrupt)(void *user, const vtdpi_interrupt_record_t *record);
    void (*progress)(void *user, uint64_t now_ps, uint64_t end_ps);
} vtdpi_listener_t;

/** A platform built from a scenario, ready to run. */
typedef struct vtdpi_run vtdpi_run_t;

/** Builds the platform of [scenario], which must outlive the run. *Errors:* VTDPI_ERR_INPUT with a
 * text in [why] (may be NULL). */
VTDPI_API vtdpi_err_t vtdpi_run_create(const vtdpi_scenario_t *scenario, vtdpi_run_t **out,
                                       char *why, size_t why_size);

/** Frees [run]; NULL is allowed. */
VTDPI_API void vtdpi_run_free(vtdpi_run_t *run);

/** Runs to the end on the SystemC kernel, telling [listener] (may be NULL), and fills [totals]. */
VTDPI_API vtdpi_err_t vtdpi_run_simulate(vtdpi_run_t *run, const vtdpi_listener_t *listener,
                                         vtdpi_totals_t *totals);

/** The same without SystemC: a plain loop over due times. Same events, byte for byte. */
VTDPI_API vtdpi_err_t vtdpi_run_plain(vtdpi_run_t *run, const vtdpi_listener_t *listener,
                                      vtdpi_totals_t *totals);

/** Name of event number [event], or NULL. */
VTDPI_API const char *vtdpi_event_name(unsigned event);

/** Name of stage number [stage], or NULL. */
VTDPI_API const char *vtdpi_stage_name(unsigned stage);

/** Name of memory line [line] of the platform in [run] ("pid0", "irte 4-7", …), or NULL. */
VTDPI_API const char *vtdpi_run_line_name(const vtdpi_run_t *run, uint32_t line);

/** Name of actor [actor] ("cpu0", "nic/0", "request 2", …), or NULL. */
VTDPI_API const char *vtdpi_run_actor_name(const vtdpi_run_t *run, uint32_t actor);

/** Name of thread [thread] ("guest/0", "idle1", "qemu"), or NULL. */
VTDPI_API const char *vtdpi_run_thread_name(const vtdpi_run_t *run, uint32_t thread);

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif
