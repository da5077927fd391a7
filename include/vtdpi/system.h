/*
 * The system: a transition system with three verbs, and the state that they move.
 *
 * vtdpi_enabled tells how many alternatives an actor has, vtdpi_pending describes one, vtdpi_fire performs it. Whoever calls
 * them decides when: the timed engine by cost and contention, an explorer in every order. State is one block of plain data:
 * memcpy is a snapshot. Configuration (vtdpi_platform_t) lies outside.
 *
 * The block ends with ghost data: which interrupt a pending bit stands for. Behaviour never reads it, and it is not hashed.
 */
#ifndef VTDPI_SYSTEM_H
#define VTDPI_SYSTEM_H

#include "vtdpi/lapic.h"
#include "vtdpi/platform.h"
#include "vtdpi/vapic.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers of frame functions. */
typedef enum {
    VTDPI_FN_none,
#define VTDPI_HOOK(name, doc) VTDPI_FN_hook_##name,
#define VTDPI_FRAME(name, doc) VTDPI_FN_##name,
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME
    VTDPI_FN_COUNT
} vtdpi_func_t;

/** Depths of frame stacks. */
enum { VTDPI_THREAD_DEPTH = 10, VTDPI_IRQ_DEPTH = 6, VTDPI_GUEST_DEPTH = 6 };

/** An entry of a store buffer. */
typedef struct {
    uint64_t mask;  /**< bits that are stored */
    uint64_t value; /**< their values */
    uint16_t line;
    uint8_t word;
    uint8_t pad_[5];
} vtdpi_store_t;

/** What a CPU executes. */
typedef enum { VTDPI_MODE_ROOT, VTDPI_MODE_NONROOT } vtdpi_mode_t;

/** A logical processor with its local APIC. */
typedef struct {
    vtdpi_lapic_t apic;
    vtdpi_store_t store[VTDPI_STORE_BUFFER_MAX]; /**< oldest first */
    uint32_t thread;      /**< current thread */
    uint32_t next;        /**< thread that PICK named */
    uint32_t vcpu;        /**< current VMCS, or VTDPI_NOBODY */
    uint32_t armed;       /**< armed deadline slots, a bit each */
    uint8_t store_count;
    uint8_t mode;         /**< vtdpi_mode_t */
    uint8_t host_if;      /**< RFLAGS.IF of the host */
    uint8_t need_resched; /**< the scheduler wants this CPU */
    uint8_t irq_depth;    /**< frames in irq */
    uint8_t in_irq;       /**< an interrupt interrupted a thread */
    uint8_t tick;         /**< the scheduler tick is armed */
    uint8_t pad_;
    vtdpi_frame_t ucode;  /**< microcode in progress; func 0: none */
    vtdpi_frame_t irq[VTDPI_IRQ_DEPTH];
} vtdpi_cpu_t;

/** States of a thread. */
typedef enum {
    VTDPI_TS_RUNNING,  /**< has a CPU */
    VTDPI_TS_SLEEPING, /**< has a CPU and declared that it is about to sleep */
    VTDPI_TS_RUNNABLE, /**< in a run queue */
    VTDPI_TS_BLOCKED,  /**< sleeps */
} vtdpi_thread_state_t;

/** A thread of the host. */
typedef struct {
    uint64_t affinity[4]; /**< CPUs that it may run on */
    uint32_t cpu;         /**< CPU that it runs on, or ran on last, or is queued on */
    uint32_t rank;        /**< RUNNABLE: place in the queue of that CPU */
    uint8_t state;        /**< vtdpi_thread_state_t */
    uint8_t on_cpu;       /**< its stack is in use */
    uint8_t depth;        /**< frames */
    uint8_t blocking;     /**< in the block path (own flag) */
    uint8_t preempted;    /**< lost its CPU involuntarily */
    uint8_t preempt_off;  /**< preemption disabled (own flag) */
    uint8_t started;      /**< ran once */
    uint8_t pad_;
    uint32_t last_cpu;    /**< CPU of the last load (own) */
    uint32_t prev;        /**< thread that it took the CPU from, until the switch is finished (own) */
    vtdpi_frame_t frame[VTDPI_THREAD_DEPTH];
} vtdpi_thread_t;

/** A virtual CPU: VMCS, and the guest that it runs. */
typedef struct {
    vtdpi_vmcs_t vmcs;
    vtdpi_vapic_t vapic;
    uint64_t exit_reg[2]; /**< registers that the exiting instruction used: MSR or offset, value */
    uint64_t timer;       /**< unused deadline value of the guest */
    uint8_t guest_if;     /**< RFLAGS.IF */
    uint8_t sti_shadow;   /**< blocking by STI */
    uint8_t halted;       /**< activity state HLT in non-root operation */
    uint8_t depth;        /**< frames */
    uint8_t soft_tpr;     /**< TPR of the software local APIC */
    uint8_t pad_[3];
    vtdpi_frame_t frame[VTDPI_GUEST_DEPTH];
} vtdpi_vcpu_t;

/** Phases of a remapping request. */
typedef enum {
    VTDPI_RQ_FREE,
    VTDPI_RQ_ADMIT, /**< on its way to the unit */
    VTDPI_RQ_FETCH, /**< entry not cached */
    VTDPI_RQ_POST,  /**< posted format: descriptor to be updated */
    VTDPI_RQ_SEND   /**< message to be sent */
} vtdpi_request_phase_t;

/** A remapping request in flight. */
typedef struct {
    uint64_t irte[2];
    uint64_t pid_paddr;
    vtdpi_msi_t msi;
    vtdpi_intr_msg_t msg;
    uint32_t source;
    uint32_t index;
    uint16_t requester;
    uint16_t order;     /**< place among the requests of its requester, 0: oldest */
    uint8_t phase;      /**< vtdpi_request_phase_t */
    uint8_t old;        /**< came before an invalidation that was executed */
    uint8_t vv;
    uint8_t urg;
    uint8_t record;     /**< faults of the descriptor are recorded */
    uint8_t wake;       /**< the message is a notification */
    uint8_t pad_[6];
} vtdpi_request_t;

/** An interrupt message in flight. */
typedef struct {
    vtdpi_intr_msg_t msg;
    uint32_t vcpu;      /**< notification: vCPU of the descriptor (identity only), else VTDPI_NOBODY */
    uint8_t used;
    uint8_t old;        /**< a remapped interrupt from before an executed invalidation */
    uint8_t from_unit;  /**< sent by the remapping unit */
    uint8_t pad_[5];
} vtdpi_message_t;

/** The host's record of an interrupt source, and the device's side of it. */
typedef struct {
    vtdpi_msi_t msi;    /**< address and data in the device */
    uint32_t vcpu;      /**< target vCPU, or VTDPI_NOBODY */
    uint32_t host_cpu;  /**< CPU of the host vector */
    uint32_t budget;    /**< arrivals left */
    uint32_t raised;    /**< emulated: not yet taken by the VMM thread */
    uint8_t vector;     /**< guest vector */
    uint8_t host_vector;/**< host vector, 0: none */
    uint8_t attached;   /**< bound to a vCPU */
    uint8_t enabled;    /**< the device may write */
    uint8_t pad_[4];
} vtdpi_source_t;

/** A request of a user to the toolstack. */
typedef struct {
    uint32_t event; /**< outside event + 1, 0: none */
    uint32_t pad_;
} vtdpi_tool_t;

/** The unit's queue engine. */
typedef struct {
    uint64_t desc[2];
    uint8_t phase; /**< 0 fetch, 1 run, 2 status */
    uint8_t pad_[7];
} vtdpi_queue_t;

/** Where an interrupt is. */
typedef enum {
    VTDPI_AT_NOWHERE,
    VTDPI_AT_REQUEST, /**< in the remapping unit: request */
    VTDPI_AT_MESSAGE, /**< in flight: message */
    VTDPI_AT_CPU,     /**< at a CPU: in its IRR or in host software there */
    VTDPI_AT_VCPU,    /**< at a vCPU: PIR, VIRR, software IRR, or its handler's entry */
} vtdpi_place_t;

/** A live interrupt. */
typedef struct {
    uint32_t id; /**< 0: slot free */
    uint32_t source;
    uint32_t where;
    uint8_t place; /**< vtdpi_place_t */
    uint8_t pad_[3];
} vtdpi_live_t;

enum { VTDPI_LIVE_MAX = 4096 };

/** Identity of what is pending at a vCPU. */
typedef struct {
    uint32_t pir[VTDPI_VECTORS];
    uint32_t virr[VTDPI_VECTORS];
    uint32_t soft[VTDPI_VECTORS];
    uint32_t handler[VTDPI_VECTORS];
} vtdpi_ghost_vcpu_t;

/** Identity of what is pending at a CPU. */
typedef struct {
    uint32_t irr[VTDPI_VECTORS];
} vtdpi_ghost_cpu_t;

/** Numbers of actors: where each kind starts. */
typedef struct {
    uint32_t cpu, drain, timer, request, message, source, queue, outside, count;
} vtdpi_actors_t;

/** Deadline slots of a CPU. */
enum { VTDPI_SLOT_TICK, VTDPI_SLOT_PREEMPTION, VTDPI_SLOTS };

/** An observation that fire makes; see run.h. */
typedef struct {
    vtdpi_event_t *event; /**< room for [capacity] records */
    uint32_t capacity;
    uint32_t count; /**< records written; observations beyond capacity are a programming error */
} vtdpi_obs_t;

enum { VTDPI_OBS_MAX = 64, VTDPI_TOUCHED_MAX = 512, VTDPI_SEALED_MAX = 64 };

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
    size_t size;   /**< of the block */
    size_t hashed; /**< of its part without ghost data */
    uint64_t *lines; /**< VTDPI_LINE_WORDS words a line */
    vtdpi_cpu_t *cpus;
    vtdpi_thread_t *threads;
    vtdpi_vcpu_t *vcpus;
    vtdpi_iommu_t *iommu;
    vtdpi_iec_entry_t *iec;
    vtdpi_request_t *requests;
    vtdpi_message_t *messages;
    vtdpi_source_t *sources;
    vtdpi_queue_t *queue;
    uint32_t *outside; /**< 1: happened; a word an outside event */
    vtdpi_tool_t *tools;
    /* ghost */
    uint32_t *next_id;
    vtdpi_live_t *live;
    vtdpi_ghost_vcpu_t *ghost_vcpu;
    vtdpi_ghost_cpu_t *ghost_cpu;
    uint32_t *ghost_source;  /**< interrupt of a source that host software holds */
    uint32_t *ghost_request; /**< by request */
    uint32_t *ghost_message; /**< by message */
    uint32_t live_high;      /**< slots of live ever used (handle only) */
    /* about the last fire */
    uint32_t touched[VTDPI_TOUCHED_MAX]; /**< actors whose alternatives may have changed */
    uint32_t touched_count;
    vtdpi_sealed_t sealed[VTDPI_SEALED_MAX];
    uint32_t sealed_count;
    uint32_t moved_line;  /**< line that was accessed, or VTDPI_NO_LINE */
    uint32_t new_id;      /**< interrupt that was written, or 0 */
    uint32_t serial[VTDPI_CPUS_MAX]; /**< changes when the pending operation of a CPU's current frame does */
    uint64_t line_cpu_waiters; /**< CPUs whose operation polls memory */
    uint64_t pid_locked;  /**< locked operations on descriptors so far */
    uint64_t monitors;    /**< set of monitors that fired so far */
    vtdpi_obs_t *obs;     /**< where fire observes, during fire */
    uint64_t now_ps;      /**< what CLOCK answers; set by the timed engine, 0 otherwise */
    uint32_t firing;      /**< actor that fires */
    uint32_t firing_id;   /**< interrupt that it serves */
} vtdpi_system_t;

/** What an alternative of an actor is. */
typedef struct {
    vtdpi_op_t op;     /**< the operation */
    uint64_t tag;      /**< changes when it becomes another operation; for engines that wait for it */
    uint16_t cpu;      /**< CPU, or UINT16_MAX */
    uint8_t nonroot;   /**< the CPU is in non-root operation */
    uint8_t halted;    /**< the CPU was halted or idle until this event */
    uint8_t pad_[4];
    uint32_t slot;     /**< SPEND: stack * 16 + depth: names what remains of it */
    uint32_t wait;     /**< vtdpi_stage_t to which waiting goes */
} vtdpi_alt_t;

/** Size of the block of state of a system configured by [p]. *Units:* bytes. */
VTDPI_API size_t vtdpi_system_size(const vtdpi_platform_t *p);

/** Binds [sys] to [p] and to the caller's [block] of vtdpi_system_size bytes (aligned to 64), without touching the block. */
VTDPI_API void vtdpi_system_bind(vtdpi_system_t *sys, const vtdpi_platform_t *p, void *block);

/** Puts the bound system into its initial state: memory, tables, threads on their CPUs, the unit enabled. */
VTDPI_API void vtdpi_system_init(vtdpi_system_t *sys);

/** A hash of the state, ghost data left out. What is in flight counts as a set. */
VTDPI_API uint64_t vtdpi_system_hash(const vtdpi_system_t *sys);

/** Brings messages and requests in flight into an order that depends on their content alone. */
VTDPI_API void vtdpi_system_canonicalise(vtdpi_system_t *sys);

/** Whether every invariant of the state's representation holds. */
VTDPI_API bool vtdpi_system_check(const vtdpi_system_t *sys);

/** Number of alternatives that [actor] has now; 0: it cannot move. *Pre:* actor below sys->actor.count. */
VTDPI_API uint32_t vtdpi_enabled(const vtdpi_system_t *sys, uint32_t actor);

/** Describes alternative [alt] of [actor]. For a CPU, an event to be recognised is alternative 0. */
VTDPI_API void vtdpi_pending(const vtdpi_system_t *sys, uint32_t actor, uint32_t alt,
                             vtdpi_alt_t *out);

/** Performs alternative [alt] of [actor]: the only place where shared state changes. [obs] may be NULL. */
VTDPI_API void vtdpi_fire(vtdpi_system_t *sys, uint32_t actor, uint32_t alt, vtdpi_obs_t *obs);

/** Number of the declared line that holds [paddr], or VTDPI_NO_LINE. */
VTDPI_API uint32_t vtdpi_line_at(const vtdpi_platform_t *p, uint64_t paddr);

#ifdef __cplusplus
}
#endif

#endif
