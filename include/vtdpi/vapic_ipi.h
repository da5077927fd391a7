/*
 * IPI virtualization: from ICR's value to the target's descriptor, in the steps that the manual
 * gives.
 *
 * Reads / Writes: nothing. The PID-pointer table and the descriptor are in memory, which is the
 * caller's. Timing: none. Not modelled: faults of the accesses to the table and the descriptor.
 * Spec: SDM 3C, "IPI Virtualization".
 */
#ifndef VTDPI_VAPIC_IPI_H
#define VTDPI_VAPIC_IPI_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A PID-pointer table entry. */
typedef struct {
    uint64_t pid_addr; /**< descriptor address */
    uint8_t valid;     /**< 1: the entry may be used */
    uint8_t pad_[7];   /**< 0 */
} vtdpi_vapic_pointer_t;

/** What IPI virtualization's access to a descriptor's control word decided. */
typedef struct {
    uint32_t ndst;   /**< NDST, raw */
    uint8_t nv;      /**< NV */
    uint8_t send;    /**< 1: ON was set, a notification is to be sent */
    uint8_t pad_[2]; /**< 0 */
} vtdpi_vapic_notify_t;

/** Whether an ICR's low half is of the form that IPI virtualization takes. *Spec:* SDM 3C, "IPI
 * Virtualization". */
VTDPI_API bool vtdpi_vapic_ipi_form(uint32_t icr_lo);

/** Virtual APIC ID that [icr] (VICR_HI and VICR_LO, or EDX:EAX with [x2apic]) names. *Spec:* SDM
 * 3C, "IPI Virtualization". */
VTDPI_API uint32_t vtdpi_vapic_ipi_target(uint64_t icr, bool x2apic);

/** Whether [vector] to virtual APIC ID [target] gets as far as the PID-pointer table. *Spec:* SDM
 * 3C, "IPI Virtualization". */
VTDPI_API bool vtdpi_vapic_ipi_allowed(uint8_t vector, uint32_t target, uint16_t last_pid_index);

/** Address of the PID-pointer of [target]. *Spec:* SDM 3C, "IPI Virtualization". */
VTDPI_API uint64_t vtdpi_vapic_ipi_pointer_addr(uint64_t table, uint32_t target);

/** The PID-pointer table [entry] on a CPU with [width] physical-address bits. *Spec:* SDM 3C, "IPI
 * Virtualization". */
VTDPI_API vtdpi_vapic_pointer_t vtdpi_vapic_ipi_entry(uint64_t entry, unsigned width);

/** First locked access, to the 32 bytes of PIR at the head of the descriptor in [line]. *Spec:* SDM
 * 3C, "IPI Virtualization". */
VTDPI_API void vtdpi_vapic_ipi_request(uint64_t line[VTDPI_LINE_WORDS], uint8_t vector);

/** Second locked access, to the 8 bytes that hold ON, SN, NV and NDST. Anything may happen between
 * the two. *Spec:* SDM 3C, "IPI Virtualization". */
VTDPI_API vtdpi_vapic_notify_t vtdpi_vapic_ipi_notify(uint64_t *control);

/** What is written to the physical ICR for [notify]. *Pre:* send. *Spec:* SDM 3C, "IPI
 * Virtualization". */
VTDPI_API uint64_t vtdpi_vapic_ipi_icr(vtdpi_vapic_notify_t notify, bool x2apic);

#ifdef __cplusplus
}
#endif

#endif
