/*
 * The state of a system, actor by actor: plain data without pointers, with every pad byte named. A
 * copy is a snapshot.
 */
#ifndef VTDPI_STATE_H
#define VTDPI_STATE_H

#include "vtdpi/iommu.h"
#include "vtdpi/lapic.h"
#include "vtdpi/op.h"
#include "vtdpi/vapic.h"
#include "vtdpi/vmx.h"

#ifdef __cplusplus
extern "C" {
#endif

/** More limits of the state. */
enum { VTDPI_STORE_BUFFER_MAX = 8 };

/** Numbers of frame functions. */
typedef enum {
    VTDPI_FN_none,

#define VTDPI_HOOK(name, doc)  VTDPI_FN_hook_##name,
#define VTDPI_FRAME(name, doc) VTDPI_FN_##name,
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME
    VTDPI_FN_COUNT
} vtdpi_func_t;

/** Depths of frame stacks. */
enum { VTDPI_THREAD_DEPTH = 12, VTDPI_IRQ_DEPTH = 8, VTDPI_GUEST_DEPTH = 6 };

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
    uint32_t thread;                             /**< current thread */
    uint32_t next;                               /**< thread that PICK named */
    uint32_t vcpu;                               /**< current VMCS, or VTDPI_NOBODY */
    uint32_t armed;                              /**< armed deadline slots, a bit each */
    uint8_t store_count;
    uint8_t mode;         /**< vtdpi_mode_t */
    uint8_t host_if;      /**< RFLAGS.IF of the host */
    uint8_t need_resched; /**< the scheduler wants this CPU */
    uint8_t irq_depth;    /**< frames in irq */
    uint8_t in_irq;       /**< an interrupt interrupted a thread */
    uint8_t tick;         /**< the scheduler tick is armed */
    uint8_t tick_due;     /**< it expired, and the scheduler has not run since */
    uint8_t timer_due;   /**< a deadline of the host's software timers expired, not yet looked at */
    uint8_t nmi_blocked; /**< blocking by NMI: until the next IRET */
    uint8_t preemption;  /**< the VMX-preemption timer counted down to 0 */
    uint8_t irq_if;      /**< host_if when the oldest host interrupt frame began */
    uint8_t pad_[4];
    vtdpi_frame_t ucode; /**< microcode in progress; func 0: none */
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
    uint8_t started;      /**< ran once (own flag) */
    uint8_t yield;        /**< an outside preemption: the next PICK passes it over once */
    uint32_t last_cpu;    /**< CPU of the last load (own) */
    uint32_t prev;    /**< thread that it took the CPU from, until the switch is finished (own) */
    uint8_t declared; /**< RUNNABLE: lost its CPU after it had declared that it is about to sleep */
    uint8_t pad_[7];
    vtdpi_frame_t frame[VTDPI_THREAD_DEPTH];
} vtdpi_thread_t;

/** A virtual CPU: VMCS, and the guest that it runs. */
typedef struct {
    vtdpi_vmcs_t vmcs;
    uint64_t exit_reg[2]; /**< registers that the exiting instruction used: MSR or offset, value */
    uint64_t controls;    /**< vmcs's controls in force, kept beside it (derived) */
    uint64_t
        timer_ps;     /**< when its virtual APIC timer expires, by the VMX-preemption timer (own) */
    uint64_t soft_ps; /**< when the host's software timer for it expires; 0: none queued */
    uint32_t soft_cpu;  /**< CPU whose queue that is in */
    uint8_t guest_if;   /**< RFLAGS.IF */
    uint8_t sti_shadow; /**< blocking by STI */
    uint8_t halted;     /**< activity state HLT in non-root operation */
    uint8_t depth;      /**< frames */
    uint8_t soft_tpr;   /**< TPR of the software local APIC */
    uint8_t timer_hv;   /**< the VMX-preemption timer stands for its APIC timer (own) */
    uint8_t pad_[2];
    vtdpi_vapic_t vapic;
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
    uint16_t order; /**< place among the requests of its requester, 0: oldest */
    uint8_t phase;  /**< vtdpi_request_phase_t */
    uint8_t old;    /**< came before an invalidation that was executed */
    uint8_t vv;
    uint8_t urg;
    uint8_t record; /**< faults of the descriptor are recorded */
    uint8_t wake;   /**< the message is a notification */
    uint8_t plain;  /**< passes as it came */
    uint8_t pad_;
    uint8_t pad2_[8];
} vtdpi_request_t;

/** An interrupt message in flight. */
typedef struct {
    vtdpi_intr_msg_t msg;
    uint32_t vcpu; /**< notification: vCPU of the descriptor (identity only), else VTDPI_NOBODY */
    uint8_t used;
    uint8_t old;       /**< a remapped interrupt from before an executed invalidation */
    uint8_t from_unit; /**< sent by this remapping unit, counted from 1; 0: by none */
    uint8_t pad_[5];
} vtdpi_message_t;

/** The host's record of an interrupt source, and the device's side of it. */
typedef struct {
    vtdpi_msi_t msi;     /**< address and data in the device */
    uint32_t vcpu;       /**< target vCPU, or VTDPI_NOBODY */
    uint32_t host_cpu;   /**< CPU of the host vector */
    uint32_t budget;     /**< arrivals left */
    uint32_t raised;     /**< emulated: not yet taken by the VMM thread */
    uint8_t vector;      /**< guest vector */
    uint8_t host_vector; /**< host vector, 0: none */
    uint8_t attached;    /**< bound to a vCPU */
    uint8_t enabled;     /**< the device may write */
    uint8_t old_vector;  /**< host vector before the last move, still looked up: one may be on its
                            way; 0: none */
    uint8_t pad_[7];
    uint32_t old_cpu; /**< its CPU */
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

/** Identity of what is pending at a vCPU: slot of live + 1, 0: nobody. */
typedef struct {
    uint32_t pir[VTDPI_VECTORS];
    uint32_t virr[VTDPI_VECTORS];
    uint32_t soft[VTDPI_VECTORS];
    uint32_t handler[VTDPI_VECTORS];
} vtdpi_ghost_vcpu_t;

/** Identity of what is pending at a CPU. */
typedef struct {
    uint32_t irr[VTDPI_VECTORS];
    uint32_t posted; /**< interrupt that software here has posted and not yet told anybody about */
    uint32_t posted_id;
    uint64_t notified[4]; /**< vCPUs whose notifications wait in its IRR */
    uint32_t misdirected; /**< posted-interrupt processing under way is for none of them */
    uint32_t pad_;
} vtdpi_ghost_cpu_t;

#ifdef __cplusplus
}
#endif

#endif
