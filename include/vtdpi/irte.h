/*
 * Interrupt remapping table entry (IRTE): 128 bits. With IM = 0 it holds an interrupt message, with
 * IM = 1 the address of a posted-interrupt descriptor and the virtual vector to set there. Both
 * formats say which requesters may use it.
 *
 * Reads / Writes: nothing; rules on the two words of an entry.
 * Timing: none.
 * Spec: VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts", "Interrupt
 * Remapping Table Entry (IRTE) for Posted Interrupts".
 */
#ifndef VTDPI_IRTE_H
#define VTDPI_IRTE_H

#include "vtdpi/base.h"
#include "vtdpi/layout.h"
#include "vtdpi/msi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Size of an entry. */
enum { VTDPI_IRTE_WORDS = 2, VTDPI_IRTE_BYTES = 16 };

/** Source validation types, as encoded in SVT. 3 is reserved. */
typedef enum { VTDPI_SVT_NONE = 0, VTDPI_SVT_SID = 1, VTDPI_SVT_BUS = 2 } vtdpi_svt_t;

/** Outcome of source validation. */
typedef enum {
    VTDPI_SOURCE_VALID,
    VTDPI_SOURCE_MISMATCH,      /**< the requester is not among those that SID, SQ and SVT name */
    VTDPI_SOURCE_RESERVED_TYPE, /**< SVT is 3 */
} vtdpi_source_check_t;

/** Fields of an entry with IM = 0. */
typedef struct {
    uint32_t dst;  /**< DST: APIC ID or logical ID, 32 bits if EIME, else 8 */
    uint16_t sid;  /**< SID: bus 15:8, device 7:3, function 2:0; or first and last bus */
    uint8_t v;     /**< V: physical vector */
    uint8_t dlm;   /**< DLM: vtdpi_dlm_t */
    uint8_t avail; /**< AVAIL, 4 bits */
    uint8_t sq;    /**< SQ, 2 bits */
    uint8_t svt;   /**< SVT: vtdpi_svt_t */
    bool p;        /**< P: present */
    bool fpd;      /**< FPD: qualified faults are not recorded */
    bool dm;       /**< DM: logical destination */
    bool rh;       /**< RH: redirection hint */
    bool tm;       /**< TM: level */
} vtdpi_irte_remapped_t;

/** Fields of an entry with IM = 1. */
typedef struct {
    uint64_t pid_paddr; /**< PDAH and PDAL: address of the descriptor, a multiple of 64 */
    uint16_t sid;       /**< SID, as above */
    uint8_t vv;         /**< VV: virtual vector */
    uint8_t avail;      /**< AVAIL, 4 bits */
    uint8_t sq;         /**< SQ, 2 bits */
    uint8_t svt;        /**< SVT: vtdpi_svt_t */
    bool p;             /**< P: present */
    bool fpd;           /**< FPD */
    bool urg;           /**< URG: notify even if SN = 1 */
    uint8_t pad_[7];    /**< 0 */
} vtdpi_irte_posted_t;

/**
 * Builds in [irte] an entry with IM = 0; DST takes the form that [eime] asks for.
 * *Pre:* without eime, f->dst below 256.
 * *Spec:* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts".
 */
VTDPI_API void vtdpi_irte_remapped_make(const vtdpi_irte_remapped_t *f, bool eime,
                                        uint64_t irte[VTDPI_IRTE_WORDS]);

/** The fields of the entry [irte], read as IM = 0. *Spec:* VT-d, as above. */
VTDPI_API vtdpi_irte_remapped_t vtdpi_irte_remapped_read(const uint64_t irte[VTDPI_IRTE_WORDS],
                                                         bool eime);

/**
 * Builds in [irte] an entry with IM = 1.
 * *Pre:* f->pid_paddr is a multiple of 64.
 * *Spec:* VT-d, "Interrupt Remapping Table Entry (IRTE) for Posted Interrupts".
 */
VTDPI_API void vtdpi_irte_posted_make(const vtdpi_irte_posted_t *f,
                                      uint64_t irte[VTDPI_IRTE_WORDS]);

/** The fields of the entry [irte], read as IM = 1. *Spec:* VT-d, as above. */
VTDPI_API vtdpi_irte_posted_t vtdpi_irte_posted_read(const uint64_t irte[VTDPI_IRTE_WORDS]);

/** PDAH and PDAL of [irte] put together: the descriptor's address, always a multiple of 64. */
VTDPI_API uint64_t vtdpi_irte_pid_paddr(const uint64_t irte[VTDPI_IRTE_WORDS]);

/**
 * The message that the entry [irte], read as IM = 0, sends: level is always asserted.
 * *Spec:* VT-d, "Interrupt Remapping Hardware Operation".
 */
VTDPI_API vtdpi_intr_msg_t vtdpi_irte_message(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime);

/**
 * Whether the entry [irte] has no reserved bit set in the format that its IM selects. Without [pi]
 * (CAP.PI = 0) IM itself is reserved. With [dlm_check] the DLM encodings 3 and 6 count as reserved.
 * *Spec:* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts".
 * *Choice:* switch dlm_check.
 */
VTDPI_API bool vtdpi_irte_reserved_ok(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime, bool pi,
                                      bool dlm_check);

/**
 * Source validation of requester [rid] against SID, SQ and SVT of [irte].
 * *Spec:* VT-d, "Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts", fields SVT, SQ,
 * SID. *Choice:* the bus range's first bus is SID[15:8], as operating systems program it.
 */
VTDPI_API vtdpi_source_check_t vtdpi_irte_source(const uint64_t irte[VTDPI_IRTE_WORDS],
                                                 uint16_t rid);

#ifdef __cplusplus
}
#endif

#endif
