/*
 * Posted-interrupt descriptor (PID): 64 bytes in coherent memory, one per virtual CPU. Bits 255:0
 * (PIR) collect virtual vectors; a control word holds ON, SN, NV and NDST, the notification's
 * state, vector and destination.
 *
 * Reads / Writes: nothing; these are rules on a line that the caller holds.
 * Timing: none.
 * Not modelled: a destination mode (NDM): bit 271 is reserved and the notification is always
 * physical. Spec: VT-d, "Posted Interrupt Descriptor (PID)", "Interrupt-Posting Hardware
 * Operation"; SDM 3C, "Posted-Interrupt Processing".
 */
#ifndef VTDPI_PID_H
#define VTDPI_PID_H

#include "vtdpi/base.h"
#include "vtdpi/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Word of the line that holds ON, SN, NV and NDST; words 0 to 3 are PIR. */
enum { VTDPI_PID_CTL_WORD = VTDPI_PID_ON_WORD };

/** ON and SN as masks of the control word. */
#define VTDPI_PID_ON (UINT64_C(1) << VTDPI_PID_ON_LOW)
#define VTDPI_PID_SN (UINT64_C(1) << VTDPI_PID_SN_LOW)

VTDPI_STATIC_ASSERT((int)VTDPI_PID_NDST_WORD == (int)VTDPI_PID_CTL_WORD, "one control word");

/** The fields of the control word. */
typedef struct {
    uint32_t ndst; /**< NDST, bits 63:32 as they stand: see vtdpi_pid_ndst_encode */
    uint8_t nv;    /**< NV: physical vector, 0-255 */
    bool on;       /**< ON: outstanding notification */
    bool sn;       /**< SN: suppress notification */
    uint8_t pad_;  /**< 0 */
} vtdpi_pid_ctl_t;

/** What one posting did to a descriptor. */
typedef struct {
    uint32_t ndst;    /**< NDST, raw, as sampled in the same atomic access */
    uint8_t nv;       /**< NV as sampled in the same atomic access */
    bool notify;      /**< ON went from 0 to 1: a notification is to be sent */
    bool pir_was_set; /**< the vector's PIR bit was 1 already: the requests merged */
    bool on_was;      /**< ON before */
    bool sn_was;      /**< SN before */
    uint8_t pad_[3];  /**< 0 */
} vtdpi_pid_post_t;

/**
 * The control word with the given fields, all reserved bits 0.
 * *Spec:* VT-d, "Posted Interrupt Descriptor (PID)".
 */
VTDPI_API uint64_t vtdpi_pid_ctl_make(vtdpi_pid_ctl_t ctl);

/**
 * The fields of the control word [word]; reserved bits are dropped.
 * *Spec:* VT-d, "Posted Interrupt Descriptor (PID)".
 */
VTDPI_API vtdpi_pid_ctl_t vtdpi_pid_ctl_read(uint64_t word);

/**
 * NDST for the physical [apic_id]: the ID itself with [x2apic], else its low 8 bits in NDST[15:8].
 * *Pre:* without x2apic, apic_id below 256.
 * *Spec:* VT-d, "Posted Interrupt Descriptor (PID)".
 */
VTDPI_API uint32_t vtdpi_pid_ndst_encode(uint32_t apic_id, bool x2apic);

/**
 * The physical APIC ID that [ndst] names.
 * *Spec:* VT-d, "Posted Interrupt Descriptor (PID)".
 */
VTDPI_API uint32_t vtdpi_pid_ndst_decode(uint32_t ndst, bool x2apic);

/**
 * Whether every bit of [line] that VT-d reserves is 0; with [ndst_check] the unused parts of NDST
 * count too unless [x2apic]. The CPU never asks: to it bits 511:257 are software's. *Shape:*
 * `line[8]`. *Spec:* VT-d, "Interrupt-Posting Hardware Operation". *Choice:* switch pid_ndst_check,
 * whether NDST's reserved parts are checked in xAPIC mode.
 */
VTDPI_API bool vtdpi_pid_reserved_ok(const uint64_t line[VTDPI_LINE_WORDS], bool x2apic,
                                     bool ndst_check);

/**
 * Posts virtual vector [vv], urgent or not, to the descriptor in [line], which the caller owns
 * exclusively: sets the PIR bit and, where a notification is due, ON. *Shape:* `line[8]`. *Pre:* vv
 * below 256. *Spec:* VT-d, "Interrupt-Posting Hardware Operation".
 */
VTDPI_API vtdpi_pid_post_t vtdpi_pid_post(uint64_t line[VTDPI_LINE_WORDS], unsigned vv, bool urg);

#ifdef __cplusplus
}
#endif

#endif
