/*
 * The remapping unit: turns interrupt requests into interrupt messages or postings, through a table
 * in memory and a cache of its entries; records faults; takes invalidation commands from a queue;
 * shows all this in registers.
 *
 * These are the unit's rules on plain state. What is in flight belongs to the unit's actor, not to
 * this header.
 *
 * Reads / Writes: nothing by itself; rules return addresses to access and messages to send. Timing:
 * none. Not modelled: DMA remapping, advanced fault logging, page requests, fault reason 29h. Spec:
 * VT-d, "Interrupt Remapping", "Interrupt-Posting Hardware Operation", "Invalidation of Translation
 * Caches", "Register Descriptions".
 */
#ifndef VTDPI_IOMMU_H
#define VTDPI_IOMMU_H

#include "vtdpi/base.h"
#include "vtdpi/irte.h"
#include "vtdpi/layout.h"
#include "vtdpi/msi.h"
#include "vtdpi/pid.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Limits: entries of the entry cache, fault recording registers, and where those begin (offset in
 * the register page). */
enum { VTDPI_IEC_MAX = 256, VTDPI_FRCD_MAX = 8, VTDPI_FRCD_OFFSET = 0x220 };

/** Interrupt fault reasons, the specification's own codes. */
typedef enum {
    VTDPI_FAULT_NONE = 0,

#define VTDPI_FAULT_ROW(code, NAME, name, qualified, logged, doc) VTDPI_FAULT_##NAME = (code),
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
} vtdpi_fault_code_t;

/** Invalidation queue errors, the codes of IQERCD.IQEI. Code 7 is never raised: it concerns
 * translation tables. */
typedef enum {
    VTDPI_IQEI_NONE = 0,
    VTDPI_IQEI_TAIL_INVALID = 1,
    VTDPI_IQEI_FETCH = 2,
    VTDPI_IQEI_TYPE = 3,
    VTDPI_IQEI_RESERVED = 4,
    VTDPI_IQEI_WIDTH = 5,
    VTDPI_IQEI_TAIL_MISALIGNED = 6,
    VTDPI_IQEI_TABLE_MODE = 7,
} vtdpi_iqei_t;

/** Registers, one each row of vtd_regs.def. */
typedef enum {

#define VTDPI_REG(NAME, offset, bytes, rw, rw1c, doc) VTDPI_REG_##NAME,
#include "vtdpi/layout/vtd_regs.def"
#undef VTDPI_REG
    VTDPI_REG_COUNT
} vtdpi_reg_t;

/** What a reserved SVT is reported as. */
typedef enum { VTDPI_SVT3_26H, VTDPI_SVT3_24H } vtdpi_svt3_t;

/** Which check of a present entry comes first. */
typedef enum { VTDPI_CHECK_SOURCE_FIRST, VTDPI_CHECK_RESERVED_FIRST } vtdpi_check_order_t;

/** Capabilities and model switches; constant after init and no part of the state. */
typedef struct {
    uint32_t iec_entries;     /**< entries of the entry cache, 0 to VTDPI_IEC_MAX */
    uint8_t frcd_count;       /**< fault recording registers (CAP.NFR + 1), 1 to VTDPI_FRCD_MAX */
    uint8_t haw;              /**< host address width, bits, 32 to 64 */
    uint8_t mhmv;             /**< ECAP.MHMV: greatest index mask, 0 to 15 */
    bool pi;                  /**< CAP.PI */
    bool ir;                  /**< ECAP.IR */
    bool eim;                 /**< ECAP.EIM */
    bool cm;                  /**< CAP.CM */
    bool coherent;            /**< ECAP.C */
    bool esirtps;             /**< CAP.ESIRTPS: SIRTP drops the entry cache */
    bool register_only;       /**< ECAP.QI is 0: there is no invalidation queue */
    bool wide_queue;          /**< 256-bit descriptors (IQA.DW = 1) are supported */
    bool pid_ndst_check;      /**< switch: NDST's reserved parts count in xAPIC mode */
    bool index_wrap16;        /**< switch: handle + subhandle modulo 2^16 */
    bool dlm_check;           /**< switch: reserved DLM gives 24h */
    bool fault_collapse;      /**< switch: one pending record for a requester */
    uint8_t svt3_code;        /**< switch: vtdpi_svt3_t */
    uint8_t irte_check_order; /**< switch: vtdpi_check_order_t */
    uint8_t pad_[3];          /**< 0 */
} vtdpi_iommu_cfg_t;

/** One slot of the entry cache. */
typedef struct {
    uint64_t irte[VTDPI_IRTE_WORDS]; /**< the entry as it was read */
    uint32_t index;                  /**< its interrupt index; 0 if the slot is empty */
    uint32_t valid;                  /**< 1 if the slot is in use */
} vtdpi_iec_entry_t;

/** What the manual names. GCMD reads 0; FSTS.PPF is not stored but derived from the F bits. */
typedef struct {
    uint64_t reg[VTDPI_REG_COUNT];    /**< registers by vtdpi_reg_t */
    uint64_t frcd[VTDPI_FRCD_MAX][2]; /**< fault recording registers */
    uint64_t irta_base;               /**< table base, as latched by SIRTP */
    uint8_t irta_s;                   /**< S, as latched by SIRTP */
    bool eime;                        /**< EIME, as latched by SIRTP */
    uint8_t pad_[6];                  /**< 0 */
} vtdpi_iommu_arch_t;

/** What we invented. */
typedef struct {
    uint32_t fault_next; /**< fault recording register that comes next, 0 to frcd_count - 1 */
    uint32_t iec_next;   /**< slot of the entry cache that is replaced next */
} vtdpi_iommu_uarch_t;

/** The unit. The slots of its entry cache, `vtdpi_iec_entry_t[cfg.iec_entries]`, lie wherever its
 * owner keeps them. */
typedef struct {
    vtdpi_iommu_arch_t arch;   /**< what the manual names */
    vtdpi_iommu_uarch_t uarch; /**< what we invented */
} vtdpi_iommu_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_iommu_cfg_t) == 24, "no hidden bytes");
VTDPI_STATIC_ASSERT(sizeof(vtdpi_iec_entry_t) == 24, "no hidden bytes");
VTDPI_STATIC_ASSERT(sizeof(vtdpi_iommu_t) == (8U * VTDPI_REG_COUNT) + (16U * VTDPI_FRCD_MAX) + 24U,
                    "no hidden bytes");

/** A fault of a request. */
typedef struct {
    uint8_t code;   /**< vtdpi_fault_code_t */
    bool record;    /**< unqualified, or the entry's FPD is 0: is to be recorded */
    uint16_t sid;   /**< requester */
    uint16_t index; /**< interrupt index, low 16 bits; 0 where none is known */
    uint16_t pad_;  /**< 0 */
} vtdpi_fault_t;

/** Ways for a request at the unit's door. */
typedef enum {
    VTDPI_ADMIT_NOT_INTERRUPT, /**< an ordinary write */
    VTDPI_ADMIT_FORWARD,       /**< forwarded unchanged: msg */
    VTDPI_ADMIT_LOOKUP,        /**< the entry of index is wanted */
    VTDPI_ADMIT_BLOCKED,       /**< fault */
} vtdpi_admit_kind_t;

/** Outcome of steps 0 to 4 of the remapping algorithm. */
typedef struct {
    uint32_t kind;        /**< vtdpi_admit_kind_t */
    uint32_t index;       /**< LOOKUP: interrupt index, within the table */
    vtdpi_intr_msg_t msg; /**< FORWARD */
    vtdpi_fault_t fault;  /**< BLOCKED */
} vtdpi_admit_t;

/** What an entry makes of a request. */
typedef enum {
    VTDPI_IRTE_REMAPPED, /**< msg goes to the local APICs */
    VTDPI_IRTE_POSTED,   /**< vv is posted to the descriptor at pid_paddr */
    VTDPI_IRTE_BLOCKED,  /**< fault */
} vtdpi_irte_kind_t;

/** Outcome of steps 6 to 9, before the descriptor is touched. */
typedef struct {
    uint64_t pid_paddr;   /**< POSTED: address of the descriptor */
    uint32_t kind;        /**< vtdpi_irte_kind_t */
    vtdpi_intr_msg_t msg; /**< REMAPPED */
    vtdpi_fault_t fault;  /**< BLOCKED; POSTED: fault.record says whether faults of the descriptor
                             are recorded */
    uint8_t vv;           /**< POSTED: virtual vector */
    bool urg;             /**< POSTED: urgent */
    uint8_t pad_[6];      /**< 0 */
} vtdpi_irte_outcome_t;

/** The default: posting, x2APIC capable, HAW 46, 64 cached entries, one fault recording register,
 * every switch at the manual's side. */
VTDPI_API vtdpi_iommu_cfg_t vtdpi_iommu_cfg_default(void);

/** Whether every member of [cfg] is in its range. */
VTDPI_API bool vtdpi_iommu_cfg_ok(const vtdpi_iommu_cfg_t *cfg);

/** Zeroes [u] and gives its registers their values after power-good. *Pre:* vtdpi_iommu_cfg_ok.
 * *Spec:* VT-d, "Register Descriptions". */
VTDPI_API void vtdpi_iommu_init(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** Resets [u] but for the sticky fault state: FRCD, and FSTS.PFO, IQE, ICE, ITE, FRI. *Spec:* VT-d,
 * "Fault Status Register". */
VTDPI_API void vtdpi_iommu_reset(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** Whether every invariant of [u] holds: status bits, ring positions, no reserved bit set. */
VTDPI_API bool vtdpi_iommu_check(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg);

/** Whether faults with [code] are recorded only if FPD is 0. *Pre:* code is one of fault.def, or
 * none (false). *Spec:* VT-d, "Interrupt Remapping Fault Conditions". */
VTDPI_API bool vtdpi_fault_qualified(uint8_t code);

/**
 * Takes the request [msi] of requester [rid] up to its index: steps 0 to 4 of the algorithm, in
 * this order. *Spec:* VT-d, "Interrupt Remapping Hardware Operation". *Choice:* switch
 * index_wrap16.
 */
VTDPI_API vtdpi_admit_t vtdpi_iommu_admit(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                          vtdpi_msi_t msi, uint16_t rid);

/**
 * Puts in [paddr] the address of entry [index] of the latched table; false if it lies at or above
 * the host address width (fault 21h, nothing is read). *Spec:* VT-d, "Interrupt Remapping Table
 * Address Register".
 */
VTDPI_API bool vtdpi_iommu_irte_address(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                        uint32_t index, uint64_t *paddr);

/** A fault [code] (21h or 23h to the request's reader, 27h, 28h to the poster) of [rid] at [index];
 * [fpd] is the entry's. */
VTDPI_API vtdpi_fault_t vtdpi_iommu_fault(uint8_t code, uint16_t rid, uint32_t index, bool fpd);

/**
 * What the entry [irte], found at [index], makes of a request of [rid]: present, source, reserved
 * bits, format. *Spec:* VT-d, "Interrupt Remapping Hardware Operation", "Interrupt-Posting Hardware
 * Operation". *Choice:* switches irte_check_order, svt3_code, dlm_check; a descriptor at or above
 * the host address width is 27h.
 */
VTDPI_API vtdpi_irte_outcome_t vtdpi_iommu_check_irte(const vtdpi_iommu_t *u,
                                                      const vtdpi_iommu_cfg_t *cfg,
                                                      const uint64_t irte[VTDPI_IRTE_WORDS],
                                                      uint32_t index, uint16_t rid);

/** Whether the descriptor in [line] may be posted to; false is fault 28h. *Choice:* switch
 * pid_ndst_check. */
VTDPI_API bool vtdpi_iommu_check_pid(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                     const uint64_t line[VTDPI_LINE_WORDS]);

/** The notification for [post]: physical, fixed, edge, never remapped. *Pre:* post->notify. *Spec:*
 * VT-d, "Interrupt-Posting Hardware Operation". */
VTDPI_API vtdpi_intr_msg_t vtdpi_iommu_notification(const vtdpi_iommu_t *u,
                                                    const vtdpi_pid_post_t *post);

#ifdef __cplusplus
}
#endif

#endif
