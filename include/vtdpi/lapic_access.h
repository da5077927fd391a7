/*
 * The local APIC's registers, its interrupt command register and its timer, as rules on
 * vtdpi_lapic_t.
 *
 * Reads / Writes: the register page (xAPIC) or MSRs 800h to 8FFh (x2APIC), IA32_APIC_BASE,
 * IA32_TSC_DEADLINE. Timing: none; counts and deadlines are the caller's, who is told when to arm
 * and to disarm. Not modelled: accesses that are not 32 bits wide (the SDM leaves them undefined).
 * Spec: SDM 3A, "Local APIC", "Extended XAPIC (x2APIC)".
 */
#ifndef VTDPI_LAPIC_ACCESS_H
#define VTDPI_LAPIC_ACCESS_H

#include "vtdpi/lapic.h"

#ifdef __cplusplus
extern "C" {
#endif

/** ICR destination shorthands. */
typedef enum {
    VTDPI_SHORTHAND_NONE,
    VTDPI_SHORTHAND_SELF,
    VTDPI_SHORTHAND_ALL,
    VTDPI_SHORTHAND_OTHERS,
} vtdpi_shorthand_t;

/** LVT timer modes (3 is reserved). */
typedef enum {
    VTDPI_TIMER_ONE_SHOT,
    VTDPI_TIMER_PERIODIC,
    VTDPI_TIMER_DEADLINE,
} vtdpi_timer_mode_t;

/** What an access asks the caller to do. */
typedef enum {
    VTDPI_LAPIC_DO_NONE,
    VTDPI_LAPIC_DO_TPR,             /**< TPR changed: the offer may have changed */
    VTDPI_LAPIC_DO_EOI,             /**< an EOI was performed: see eoi */
    VTDPI_LAPIC_DO_SEND_IPI,        /**< send msg by shorthand */
    VTDPI_LAPIC_DO_SELF_IPI,        /**< SELF IPI was accepted already: see msg */
    VTDPI_LAPIC_DO_TIMER_ARM,       /**< start the count afresh */
    VTDPI_LAPIC_DO_TIMER_DISARM,    /**< stop count and deadline */
    VTDPI_LAPIC_DO_TIMER_DIVIDE,    /**< the divider of a running count changed */
    VTDPI_LAPIC_DO_DEADLINE_ARM,    /**< arm for the TSC value written */
    VTDPI_LAPIC_DO_DEADLINE_DISARM, /**< disarm the deadline */
    VTDPI_LAPIC_DO_READ_COUNT,      /**< the value is the current count: the caller's */
    VTDPI_LAPIC_DO_READ_DEADLINE,   /**< the value is the armed deadline: the caller's */
    VTDPI_LAPIC_DO_MODE,            /**< the mode changed; stop the timer */
} vtdpi_lapic_effect_t;

/** Result of a register access. */
typedef struct {
    uint64_t value;        /**< what a read returns */
    vtdpi_intr_msg_t msg;  /**< message to send */
    vtdpi_lapic_eoi_t eoi; /**< what an EOI did */
    uint8_t ok;            /**< 1: performed; 0: the APIC does not answer here, or #GP */
    uint8_t gp;            /**< 1: #GP(0) */
    uint8_t effect;        /**< vtdpi_lapic_effect_t */
    uint8_t shorthand;     /**< vtdpi_shorthand_t of msg */
    uint8_t pad_[4];       /**< 0 */
} vtdpi_lapic_access_t;

/** What writing an ICR would do. */
typedef struct {
    vtdpi_intr_msg_t msg; /**< the message */
    uint8_t send;         /**< 1: it is sent */
    uint8_t shorthand;    /**< vtdpi_shorthand_t */
    uint8_t esr;          /**< errors that the sender notes */
    uint8_t pad_;         /**< 0 */
} vtdpi_lapic_icr_t;

/**
 * Reads the register at [offset] of the page. Not const: an offset without register is an error
 * that ESR notes. *Pre:* offset below 1000h. *Spec:* SDM 3A, "The Local APIC Block Diagram".
 * *Choice:* an access outside the low 4 bytes of a slot reads 0 and writes nothing.
 */
VTDPI_API vtdpi_lapic_access_t vtdpi_lapic_mmio_read(vtdpi_lapic_t *self, uint32_t offset);

/** Writes [value] to the register at [offset] of the page. *Pre:*, *Spec:* as
 * vtdpi_lapic_mmio_read. */
VTDPI_API vtdpi_lapic_access_t vtdpi_lapic_mmio_write(vtdpi_lapic_t *self, uint32_t offset,
                                                      uint32_t value);

/**
 * RDMSR of [msr]: IA32_APIC_BASE, IA32_TSC_DEADLINE, 800h to 8FFh; ok is 0 and gp 0 for others,
 * which are not the APIC's. *Spec:* SDM 3A, "x2APIC Register Address Space", "Reserved Bit
 * Checking".
 */
VTDPI_API vtdpi_lapic_access_t vtdpi_lapic_rdmsr(const vtdpi_lapic_t *self, uint32_t msr);

/** WRMSR of [value] to [msr]. *Spec:* as vtdpi_lapic_rdmsr. */
VTDPI_API vtdpi_lapic_access_t vtdpi_lapic_wrmsr(vtdpi_lapic_t *self, uint32_t msr, uint64_t value);

/** CR8 := [cr8]: TPR[7:4], the low nibble becomes 0. *Pre:* cr8 below 16. *Spec:* SDM 3A,
 * "Interaction of Task Priorities between CR8 and APIC". */
VTDPI_API void vtdpi_lapic_write_cr8(vtdpi_lapic_t *self, uint8_t cr8);

/**
 * What the write of [icr] would send.
 * *Spec:* SDM 3A, "Interrupt Command Register (ICR)", "Valid Combinations for the Pentium 4
 * Processor and Intel Xeon Processor Local xAPIC Interrupt Command Register". Trigger and level are
 * sent as edge, assert. *Choice:* combinations that are not legal send nothing; lowest priority
 * cannot be sent in x2APIC mode and sets ESR bit 4.
 */
VTDPI_API vtdpi_lapic_icr_t vtdpi_lapic_icr_decode(uint64_t icr, bool x2apic, uint8_t switches);

/** What the timer divides its clock by: 1 to 128. *Spec:* SDM 3A, "APIC Timer". */
VTDPI_API unsigned vtdpi_lapic_timer_divisor(const vtdpi_lapic_t *self);

/** The LVT's timer mode; 3 is reserved and counts nothing. */
VTDPI_API unsigned vtdpi_lapic_timer_mode(const vtdpi_lapic_t *self);

/** Ticks of the timer's clock from an initial count to 0. *Spec:* SDM 3A, "APIC Timer". */
VTDPI_API uint64_t vtdpi_lapic_timer_ticks(const vtdpi_lapic_t *self);

/** The current count when [ticks] of the timer's clock remain. *Units:* ticks before division. */
VTDPI_API uint32_t vtdpi_lapic_timer_current(const vtdpi_lapic_t *self, uint64_t ticks);

/**
 * The count or the deadline is reached: disarms (a periodic count stays armed: the caller starts it
 * again), then raises LVT timer. *Pre:* timer_armed or deadline_armed. *Spec:* SDM 3A, "APIC
 * Timer", "TSC-Deadline Mode".
 */
VTDPI_API vtdpi_lapic_accept_t vtdpi_lapic_timer_expire(vtdpi_lapic_t *self);

#ifdef __cplusplus
}
#endif

#endif
