/*
 * The local APIC: takes interrupt messages, keeps them by vector (IRR), offers the highest to its
 * core, remembers what is in service (ISR) until the EOI, sends IPIs, and holds the local vector
 * table with its timer.
 *
 * Reads / Writes: interrupt messages in; out, as results, messages to send, EOIs to broadcast and
 * orders to the timer. Timing: none. Time is not state: only whether the timer or the deadline is
 * armed; counts are the caller's. Not modelled: P6 arbitration and focus processors, remote read
 * (reads 0), CPUs without TSC deadline or CMCI. Spec: SDM 3A, "Advanced Programmable Interrupt
 * Controller (APIC)".
 */
#ifndef VTDPI_LAPIC_H
#define VTDPI_LAPIC_H

#include "vtdpi/base.h"
#include "vtdpi/layout.h"
#include "vtdpi/msi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Mode, from IA32_APIC_BASE.EN and EXTD. */
typedef enum { VTDPI_LAPIC_DISABLED, VTDPI_LAPIC_XAPIC, VTDPI_LAPIC_X2APIC } vtdpi_lapic_mode_t;

/** Entries of the local vector table. */
typedef enum {

#define VTDPI_LAPIC_LVT(NAME, offset, writable, known, doc) VTDPI_LAPIC_LVT_##NAME,
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_LVT
    VTDPI_LAPIC_LVTS
} vtdpi_lapic_lvt_t;

/** Register offsets: VTDPI_LAPIC_REG_TPR and so on. */
enum {

#define VTDPI_LAPIC_REG(NAME, offset, slots, mmio, msr, doc) VTDPI_LAPIC_REG_##NAME = (offset),
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_REG
    VTDPI_LAPIC_MSR_APIC_BASE = 0x1B,
    VTDPI_LAPIC_MSR_DEADLINE = 0x6E0,
    VTDPI_LAPIC_MSR_FIRST = 0x800,
    VTDPI_LAPIC_MSR_LAST = 0x8FF,
};

/** What waits at the core itself, bits of vtdpi_lapic_t.core. */
enum {
    VTDPI_LAPIC_CORE_NMI = 1,
    VTDPI_LAPIC_CORE_INIT = 2,
    VTDPI_LAPIC_CORE_SIPI = 4,
    VTDPI_LAPIC_CORE_SMI = 8,
    VTDPI_LAPIC_CORE_EXTINT = 16,
};

/** ESR bits. */
enum {
    VTDPI_LAPIC_ESR_REDIRECTABLE = 0x10,
    VTDPI_LAPIC_ESR_SEND_VECTOR = 0x20,
    VTDPI_LAPIC_ESR_RECEIVE_VECTOR = 0x40,
    VTDPI_LAPIC_ESR_REGISTER = 0x80,
};

/** Model switches, bits of vtdpi_lapic_t.switches; all clear is the default. */
enum {
    VTDPI_LAPIC_PPR_EQUAL_ZERO = 1, /**< PPR[3:0] is 0 where TPR and ISRV are of one class */
    VTDPI_LAPIC_INIT_DEASSERT = 2,  /**< INIT level de-assert is sent as an INIT */
    VTDPI_LAPIC_SEND_ILLEGAL = 4,   /**< IPIs to others with a vector below 16 are sent */
    VTDPI_LAPIC_LVT_EAGER = 8,      /**< an illegal LVT vector sets ESR at the write */
};

/** A local APIC. */
typedef struct {
    uint64_t irr[VTDPI_VECTOR_WORDS]; /**< IRR */
    uint64_t isr[VTDPI_VECTOR_WORDS]; /**< ISR */
    uint64_t tmr[VTDPI_VECTOR_WORDS]; /**< TMR */
    uint64_t icr;                     /**< ICR, as last written */
    uint64_t base;                    /**< physical address of the page, 4 KiB aligned */
    uint32_t id;                      /**< APIC ID; xAPIC mode uses its low 8 bits */
    uint32_t ldr;                     /**< LDR of xAPIC mode; x2APIC's follows from id */
    uint32_t dfr;                     /**< DFR */
    uint32_t svr;                     /**< SVR */
    uint32_t timer_initial;           /**< initial count */
    uint32_t lvt[VTDPI_LAPIC_LVTS];   /**< local vector table, by vtdpi_lapic_lvt_t */
    uint8_t tpr;                      /**< TPR */
    uint8_t esr;                      /**< ESR as software reads it */
    uint8_t esr_pending;              /**< errors since the last write of ESR */
    uint8_t timer_divide;             /**< divide configuration, bits 3, 1, 0 */
    uint8_t timer_armed;              /**< 1: the count runs */
    uint8_t deadline_armed;           /**< 1: IA32_TSC_DEADLINE is not 0 */
    uint8_t mode;                     /**< vtdpi_lapic_mode_t */
    uint8_t core;                     /**< VTDPI_LAPIC_CORE_*: pending at the core */
    uint8_t sipi_vector;              /**< start page of the pending SIPI */
    uint8_t bsp;                      /**< 1: bootstrap processor */
    uint8_t switches;                 /**< model switches, constant after init */
    uint8_t pad_[5];                  /**< 0 */
} vtdpi_lapic_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_lapic_t) == 176, "a local APIC has no hidden bytes");

/** Kinds of reset. */
typedef enum { VTDPI_LAPIC_RESET_POWER_UP, VTDPI_LAPIC_RESET_INIT } vtdpi_lapic_reset_t;

/** What became of a message or of a local event. */
typedef enum {
    VTDPI_LAPIC_IGNORED, /**< the APIC is disabled, the LVT entry masked, or the mode reserved */
    VTDPI_LAPIC_SET,     /**< an IRR bit was set */
    VTDPI_LAPIC_MERGED,  /**< the IRR bit was set already */
    VTDPI_LAPIC_TO_CORE, /**< NMI, INIT, SIPI, SMI or ExtINT: pending at the core */
    VTDPI_LAPIC_ILLEGAL, /**< vector below 16: ESR */
} vtdpi_lapic_accept_t;

/** What the core gets when it acknowledges. */
typedef struct {
    uint8_t vector;   /**< vector to serve */
    uint8_t spurious; /**< 1: nothing was eligible; no ISR bit, no EOI owed */
} vtdpi_lapic_ack_t;

/** What an EOI retired. */
typedef struct {
    int16_t vector;    /**< vector, -1 if none was in service */
    uint8_t broadcast; /**< 1: the EOI goes to the IOAPICs */
    uint8_t pad_;      /**< 0 */
} vtdpi_lapic_eoi_t;

/** What a choice among several destinations looks at. */
typedef struct {
    uint32_t id;     /**< APIC ID */
    uint8_t tpr;     /**< TPR */
    uint8_t pad_[3]; /**< 0 */
} vtdpi_lapic_candidate_t;

/** Whom lowest priority picks; the hardware's own rule varies by generation. */
typedef enum {
    VTDPI_LOWEST_TPR,    /**< lowest TPR, then lowest ID */
    VTDPI_LOWEST_VECTOR, /**< vector modulo number of candidates */
    VTDPI_LOWEST_FIRST,  /**< the first */
} vtdpi_lowest_policy_t;

/**
 * Zeroes [self], gives it [id], [bsp] and [switches], and resets it, in xAPIC mode.
 * *Spec:* SDM 3A, "Local APIC State After Power-Up or Reset".
 */
VTDPI_API void vtdpi_lapic_init(vtdpi_lapic_t *self, uint32_t id, bool bsp, uint8_t switches);

/**
 * Resets by [kind]; an INIT keeps mode, ID and base.
 * *Spec:* SDM 3A, "Local APIC State After an INIT Reset (Wait-for-SIPI State)".
 * *Choice:* either kind clears what was pending at the core.
 */
VTDPI_API void vtdpi_lapic_reset(vtdpi_lapic_t *self, vtdpi_lapic_reset_t kind);

/** Whether every invariant of the state holds: no vector below 16 in IRR, ISR or TMR; nothing in
 * IRR and ISR while disabled; every LVT entry masked while software-disabled; the timer armed in a
 * mode that it counts in; remote IRR only of a level-triggered pin whose vector is requested or in
 * service; reserved bits as the manual has them. */
VTDPI_API bool vtdpi_lapic_check(const vtdpi_lapic_t *self);

/** LDR as the mode has it. *Spec:* SDM 3A, "Logical Destination Mode", "Deriving Logical x2APIC ID
 * from the Local x2APIC ID". */
VTDPI_API uint32_t vtdpi_lapic_ldr(const vtdpi_lapic_t *self);

/**
 * Whether [msg] is addressed to this APIC; a shorthand is not part of a message.
 * *Spec:* SDM 3A, "Determining IPI Destination".
 * *Choice:* FFh in an 8-bit destination reaches x2APIC CPUs too; to an xAPIC CPU a 32-bit
 * destination above FEh is only the broadcast FFFFFFFFh.
 */
VTDPI_API bool vtdpi_lapic_matches(const vtdpi_lapic_t *self, const vtdpi_intr_msg_t *msg);

/**
 * Index of the candidate that a lowest-priority message (or one with RH) goes to.
 * *Pre:* count is not 0; the candidates match the message and are software-enabled, in ascending
 * order of CPU. *Spec:* SDM 3A, "Lowest Priority Delivery Mode". *Choice:* the policy is a switch
 * of the platform.
 */
VTDPI_API unsigned vtdpi_lapic_lowest(const vtdpi_lapic_candidate_t *candidates, unsigned count,
                                      uint8_t vector, vtdpi_lowest_policy_t policy);

/**
 * Accepts [msg], which matched.
 * *Spec:* SDM 3A, "Interrupt Acceptance for Fixed Interrupts", "Valid Interrupt Vectors".
 * *Choice:* while software-disabled, ExtINT is refused as fixed is.
 */
VTDPI_API vtdpi_lapic_accept_t vtdpi_lapic_accept(vtdpi_lapic_t *self, const vtdpi_intr_msg_t *msg);

/** Notes [errors] (VTDPI_LAPIC_ESR_*), and raises LVT error if one of them is new since ESR was
 * written. *Spec:* SDM 3A, "Error Handling". */
VTDPI_API void vtdpi_lapic_error(vtdpi_lapic_t *self, uint8_t errors);

/** PPR. *Spec:* SDM 3A, "Task and Processor Priorities". *Choice:* PPR[3:0] is TPR[3:0] where TPR
 * and ISRV are of one class. */
VTDPI_API uint8_t vtdpi_lapic_ppr(const vtdpi_lapic_t *self);

/** The vector that the APIC offers to its core now, or -1. *Spec:* SDM 3A, "Task and Processor
 * Priorities". */
VTDPI_API int vtdpi_lapic_offer(const vtdpi_lapic_t *self);

/**
 * The core acknowledges: the offered vector moves from IRR to ISR, or the answer is spurious.
 * *Spec:* SDM 3A, "Spurious Interrupt".
 */
VTDPI_API vtdpi_lapic_ack_t vtdpi_lapic_acknowledge(vtdpi_lapic_t *self);

/**
 * Ends the highest vector in service, and resets remote IRR of the LINT entries with that vector; a
 * level-triggered one is broadcast unless SVR suppresses that. *Spec:* SDM 3A, "Signaling Interrupt
 * Servicing Completion".
 */
VTDPI_API vtdpi_lapic_eoi_t vtdpi_lapic_eoi(vtdpi_lapic_t *self);

/** The local event [lvt] happens: it is delivered as its entry says; of a level-triggered pin, the
 * caller finds it still asserted after the EOI and calls again. *Spec:* SDM 3A, "Local Vector
 * Table". *Choice:* while remote IRR is 1 the pin requests nothing; a write that changes the
 * vector of a LINT entry, or leaves it not level-triggered and fixed, resets it. */
VTDPI_API vtdpi_lapic_accept_t vtdpi_lapic_lvt_event(vtdpi_lapic_t *self, vtdpi_lapic_lvt_t lvt);

#ifdef __cplusplus
}
#endif

#endif
