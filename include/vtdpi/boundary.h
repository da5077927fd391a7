/*
 * What a CPU in VMX non-root operation does at an instruction boundary, of all that is pending, and
 * what becomes of an external interrupt there.
 *
 * Reads / Writes: nothing; rules on facts that the caller collects.
 * Timing: none.
 * Not modelled: reset and machine check, which come before everything here; faults of the next
 * instruction, which come last. Spec: SDM 3C, "VMX Non-Root Operation", "VM Entries"; SDM 3A,
 * "Priority Among Concurrent Events".
 */
#ifndef VTDPI_BOUNDARY_H
#define VTDPI_BOUNDARY_H

#include "vtdpi/base.h"
#include "vtdpi/controls.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What may be pending, bits of vtdpi_boundary_t.pending, the most urgent first. */
enum {
    VTDPI_PENDING_APIC_WRITE = 1 << 0, /**< APIC-write emulation; dropped if its operation exits */
    VTDPI_PENDING_TPR_EXIT = 1 << 1,   /**< VTPR below threshold at entry, perhaps deferred */
    VTDPI_PENDING_SMI = 1 << 2,        /**< SMI */
    VTDPI_PENDING_INIT = 1 << 3,       /**< INIT */
    VTDPI_PENDING_SIPI = 1 << 4,       /**< start-up IPI */
    VTDPI_PENDING_MTF = 1 << 5,        /**< monitor trap flag */
    VTDPI_PENDING_DEBUG = 1 << 6,      /**< debug trap of the previous instruction */
    VTDPI_PENDING_PREEMPTION = 1 << 7, /**< VMX-preemption timer at 0 */
    VTDPI_PENDING_NMI = 1 << 8,        /**< NMI */
    VTDPI_PENDING_VIRTUAL = 1 << 9,    /**< a virtual interrupt is recognised */
    VTDPI_PENDING_EXTERNAL = 1 << 10,  /**< the local APIC offers an interrupt, or ExtINT waits */
    VTDPI_PENDING_USER_INTERRUPT =
        1 << 11 /**< a user interrupt is recognised, and UIF, CPL and mode allow it */
};

/** The facts. */
typedef struct {
    vtdpi_ctls_t set;          /**< controls in force */
    uint32_t pending;          /**< VTDPI_PENDING_* */
    uint32_t interruptibility; /**< VTDPI_BLOCK_* */
    uint8_t activity;          /**< vtdpi_activity_t */
    uint8_t rflags_if;         /**< RFLAGS.IF, 0 or 1 */
    uint8_t
        hold_external; /**< 1: blocking by STI or MOV SS holds exiting external interrupts too */
    uint8_t pad_[5];   /**< 0 */
} vtdpi_boundary_t;

/** What happens. */
typedef enum {
    VTDPI_NEXT_NOTHING,         /**< the next instruction, or the halt goes on */
    VTDPI_NEXT_APIC_WRITE,      /**< APIC-write emulation */
    VTDPI_NEXT_EXIT_TPR,        /**< VM exit 43 */
    VTDPI_NEXT_SMI,             /**< SMI */
    VTDPI_NEXT_EXIT_INIT,       /**< VM exit 3 */
    VTDPI_NEXT_EXIT_SIPI,       /**< VM exit 4 */
    VTDPI_NEXT_DISCARD_SIPI,    /**< the start-up IPI is dropped; nothing else changes */
    VTDPI_NEXT_EXIT_MTF,        /**< VM exit 37 */
    VTDPI_NEXT_DEBUG,           /**< debug trap */
    VTDPI_NEXT_EXIT_PREEMPTION, /**< VM exit 52 */
    VTDPI_NEXT_EXIT_NMI_WINDOW, /**< VM exit 8 */
    VTDPI_NEXT_EXIT_NMI,        /**< VM exit 0 */
    VTDPI_NEXT_NMI,             /**< NMI through the guest's IDT */
    VTDPI_NEXT_EXIT_WINDOW,     /**< VM exit 7 */
    VTDPI_NEXT_VIRTUAL,         /**< virtual-interrupt delivery */
    VTDPI_NEXT_EXTERNAL,        /**< acknowledge, then vtdpi_boundary_external */
    VTDPI_NEXT_EXIT_EXTERNAL,   /**< VM exit 1 without acknowledge */
    VTDPI_NEXT_USER_INTERRUPT,  /**< user-interrupt delivery */
} vtdpi_next_t;

/** What becomes of an acknowledged external interrupt. */
typedef enum {
    VTDPI_EXTERNAL_PROCESS, /**< posted-interrupt processing */
    VTDPI_EXTERNAL_EXIT,    /**< VM exit 1, vector in the interruption information */
    VTDPI_EXTERNAL_UINV,    /**< EOI, then user-interrupt notification processing */
    VTDPI_EXTERNAL_IDT,     /**< through the IDT */
} vtdpi_external_t;

/**
 * What happens next at this boundary.
 * *Spec:* SDM 3C, "Event Blocking", "Virtual-Interrupt Delivery", "Special Features of VM Entry";
 * SDM 3A, "Priority Among Concurrent Events". *Choice:* exiting external interrupts are not held by
 * STI and MOV SS unless [hold_external]; MOV SS holds NMIs, STI does not.
 */
VTDPI_API vtdpi_next_t vtdpi_boundary_next(const vtdpi_boundary_t *facts);

/**
 * Whether a virtual interrupt, or the interrupt window, is open. *Spec:* SDM 3C, "Interrupt-Window
 * Exiting and Virtual-Interrupt Delivery".
 */
VTDPI_API bool vtdpi_boundary_window_open(const vtdpi_boundary_t *facts);

/**
 * What becomes of [vector], which the APIC gave upon acknowledge; [uinv_match]: it equals UINV,
 * CR4.UINTR and EFER.LMA are set. *Spec:* SDM 3C, "Posted-Interrupt Processing"; SDM 3A,
 * "User-Interrupt Notification Identification".
 */
VTDPI_API vtdpi_external_t vtdpi_boundary_external(vtdpi_ctls_t set, uint8_t vector, uint16_t pinv,
                                                   bool uinv_match);

/** Activity state after [next] was done in [activity]; for an exit, what is saved. *Pre:* next is
 * not EXTERNAL. *Spec:* SDM 3C, "Architectural State Before a VM Exit", "Virtual-Interrupt
 * Delivery". */
VTDPI_API vtdpi_activity_t vtdpi_boundary_activity(vtdpi_next_t next, vtdpi_activity_t activity);

/** Activity state after an acknowledged external interrupt became [external] in [activity];
 * [deliverable]: posted-interrupt processing recognised a virtual interrupt, and the window is
 * open. *Spec:* SDM 3C, "Posted-Interrupt Processing". */
VTDPI_API vtdpi_activity_t vtdpi_boundary_external_activity(vtdpi_external_t external,
                                                            vtdpi_activity_t activity,
                                                            bool deliverable);

/** Basic exit reason of [next], or -1 if it is no exit. *Spec:* SDM 3D, "VMX Basic Exit Reasons".
 */
VTDPI_API int vtdpi_boundary_exit(vtdpi_next_t next);

#ifdef __cplusplus
}
#endif

#endif
