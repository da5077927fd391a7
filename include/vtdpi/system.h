/*
 * The system: a transition system with three verbs, and the state that they move.
 *
 * vtdpi_enabled tells how many alternatives an actor has, vtdpi_pending describes one, vtdpi_fire
 * performs it. Whoever calls them decides when: the timed engine by cost and contention, an
 * explorer in every order. State is one block of plain data: memcpy is a snapshot. Configuration
 * (vtdpi_platform_t) lies outside.
 *
 * The block ends with ghost data: which interrupt a pending bit stands for. Behaviour never reads
 * it, and it is not hashed.
 */
#ifndef VTDPI_SYSTEM_H
#define VTDPI_SYSTEM_H

#include "vtdpi/platform.h"
#include "vtdpi/state.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/** Numbers of actors: where each kind starts. */
typedef struct {
    uint32_t cpu, drain, timer, request, message, source, queue, outside, evict, count;
} vtdpi_actors_t;

/** Deadline slots of a CPU. */
enum { VTDPI_SLOT_TICK, VTDPI_SLOT_PREEMPTION, VTDPI_SLOT_TIMER, VTDPI_SLOTS };

/** An observation that fire makes; see run.h. */
typedef struct {
    vtdpi_event_t *event; /**< room for [capacity] records */
    uint32_t capacity;
    uint32_t count; /**< records written; observations beyond capacity are a programming error */
    bool follow; /**< each record of a CPU also says which interrupt it serves, as far as that can
                    be said */
} vtdpi_obs_t;

enum { VTDPI_OBS_MAX = 64, VTDPI_TOUCHED_MAX = 8192, VTDPI_SEALED_MAX = 64 };

/** An interrupt whose fate was sealed by the last fire. */
typedef struct {
    uint32_t id, carrier;
    uint8_t fate, reason;
    uint8_t pad_[2];
} vtdpi_sealed_t;

/** A handle: views into one block, and what the last fire touched. The handle is not state. */
typedef struct {
    const vtdpi_platform_t *p;
    vtdpi_actors_t actor;
    uint8_t *block;
    size_t size;       /**< of the block */
    size_t hashed;     /**< of its part without ghost data */
    uint64_t *lines;   /**< VTDPI_LINE_WORDS words a line */
    uint64_t *flushed; /**< the remapping tables as memory has it, for a unit that does not snoop */
    vtdpi_cpu_t *cpus;
    vtdpi_thread_t *threads;
    vtdpi_vcpu_t *vcpus;
    vtdpi_iommu_t *iommu;   /**< by unit */
    vtdpi_iec_entry_t *iec; /**< by unit, then slot */
    vtdpi_request_t *requests;
    vtdpi_message_t *messages;
    vtdpi_source_t *sources;
    vtdpi_queue_t *queue; /**< by unit */
    uint32_t *outside;    /**< 1: happened; a word an outside event */
    vtdpi_tool_t *tools;
    /* ghost */
    uint32_t *next_id;
    vtdpi_live_t *live;
    vtdpi_ghost_vcpu_t *ghost_vcpu;
    vtdpi_ghost_cpu_t *ghost_cpu;
    uint32_t *ghost_source;  /**< interrupt of a source that host software holds */
    uint32_t *ghost_request; /**< by request */
    uint32_t *ghost_message; /**< by message */
    uint64_t *polling;       /**< CPUs whose operation polls memory (derived, not hashed) */
    uint32_t *live_high;     /**< slots of live that were ever used */
    /* about the last fire */
    uint32_t touched[VTDPI_TOUCHED_MAX]; /**< actors whose alternatives may have changed */
    uint32_t touched_count;
    vtdpi_sealed_t sealed[VTDPI_SEALED_MAX];
    uint32_t sealed_count;
    uint32_t moved_line; /**< line that was accessed, or VTDPI_NO_LINE */
    uint32_t new_id;     /**< interrupt that was written, or 0 */
    uint32_t moved;      /**< 0: every live interrupt is where it was, and every thread too */
    uint32_t arm;        /**< timer that was armed (of the timer actors), or VTDPI_NOBODY … */
    uint64_t arm_ps;     /**< … and after how long it expires */
    uint32_t serial[VTDPI_CPUS_MAX]; /**< changes when the pending operation of a CPU's current
                                        frame does */
    uint64_t pid_locked;             /**< locked operations on descriptors so far */
    uint64_t monitors;               /**< set of monitors that fired so far */
    vtdpi_obs_t *obs;                /**< where fire observes, during fire */
    uint64_t now_ps;    /**< what CLOCK answers; set by the timed engine, 0 otherwise */
    uint32_t firing;    /**< actor that fires */
    uint32_t firing_id; /**< interrupt that it serves */
} vtdpi_system_t;

/** What an alternative of an actor is. */
typedef struct {
    vtdpi_op_t op;   /**< the operation */
    uint64_t tag;    /**< changes when it becomes another operation; for engines that wait for it */
    uint16_t cpu;    /**< CPU, or UINT16_MAX */
    uint8_t nonroot; /**< the CPU is in non-root operation */
    uint8_t halted;  /**< the CPU was halted or idle until this event */
    uint8_t pad_[4];
    uint32_t slot; /**< SPEND: stack * 16 + depth: names what remains of it */
    uint32_t wait; /**< vtdpi_stage_t to which waiting goes */
} vtdpi_alt_t;

/** Size of the block of state of a system configured by [p]. *Units:* bytes. */
VTDPI_API size_t vtdpi_system_size(const vtdpi_platform_t *p);

/** Binds [sys] to [p] and to the caller's [block] of vtdpi_system_size bytes (aligned to 64),
 * without touching the block. */
VTDPI_API void vtdpi_system_bind(vtdpi_system_t *sys, const vtdpi_platform_t *p, void *block);

/** Puts the bound system into its initial state: memory, tables, threads on their CPUs, the unit
 * enabled. */
VTDPI_API void vtdpi_system_init(vtdpi_system_t *sys);

/** A hash of the state, ghost data left out. What is in flight counts as a set. */
VTDPI_API uint64_t vtdpi_system_hash(const vtdpi_system_t *sys);

/** Bytes of a part of the block that has a fingerprint of its own. */
enum { VTDPI_HASH_PART = 256 };

/** Number of such parts. */
VTDPI_API uint32_t vtdpi_system_parts(const vtdpi_system_t *sys);

/**
 * vtdpi_system_hash by parts: [part] has the fingerprints (vtdpi_system_parts of them) of the state
 * in block [before], and gets those of [sys]; only parts that differ are hashed. [before] NULL: all
 * are.
 */
VTDPI_API uint64_t vtdpi_system_rehash(const vtdpi_system_t *sys, const void *before,
                                       uint64_t *part);

/** Brings messages and requests in flight into an order that depends on their content alone. */
VTDPI_API void vtdpi_system_canonicalise(vtdpi_system_t *sys);

/** Whether every invariant of the state's representation holds. */
VTDPI_API bool vtdpi_system_check(const vtdpi_system_t *sys);

/** Number of alternatives that [actor] has now; 0: it cannot move. *Pre:* actor below
 * sys->actor.count. */
VTDPI_API uint32_t vtdpi_enabled(const vtdpi_system_t *sys, uint32_t actor);

/** Describes alternative [alt] of [actor]. For a CPU, an event to be recognised is alternative 0.
 */
VTDPI_API void vtdpi_pending(const vtdpi_system_t *sys, uint32_t actor, uint32_t alt,
                             vtdpi_alt_t *out);

/** Both in one for whoever takes the first alternative: vtdpi_enabled, and if that is not 0,
 * vtdpi_pending of alternative 0, but for its operation: that stays where it is, and [op] points to
 * it until the next vtdpi_fire. */
VTDPI_API uint32_t vtdpi_look(const vtdpi_system_t *sys, uint32_t actor, vtdpi_alt_t *first,
                              const vtdpi_op_t **op);

/** Performs alternative [alt] of [actor]: the only place where shared state changes. [obs] may be
 * NULL. */
VTDPI_API void vtdpi_fire(vtdpi_system_t *sys, uint32_t actor, uint32_t alt, vtdpi_obs_t *obs);

/** Whether every CPU is halted or in guest code, nothing is in flight and no store waits: nobody is
 * in the middle of an update. */
VTDPI_API bool vtdpi_system_at_rest(const vtdpi_system_t *sys);

/**
 * The monitors that state [sys] violates, a bit each, of those that can be told from a state alone:
 * s1, s3 and s4. Where software is in the middle of an update they may be violated for a moment:
 * ask when nothing is under way.
 */
VTDPI_API uint64_t vtdpi_system_violated(const vtdpi_system_t *sys);

/** Number of the declared line that holds [paddr], or VTDPI_NO_LINE. */
VTDPI_API uint32_t vtdpi_line_at(const vtdpi_platform_t *p, uint64_t paddr);

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif
