/*
 * The remapping unit's second half: entry cache, fault recording, invalidation queue and registers.
 * State, configuration and the remapping rules themselves are in iommu.h.
 *
 * Reads / Writes: nothing by itself; rules return addresses to access and messages to send.
 * Timing: none.
 * Spec: VT-d, "Caching Translation Information", "Primary Fault Logging", "Queued Invalidation
 * Interface", "Register Descriptions".
 */
#ifndef VTDPI_IOMMU_UNIT_H
#define VTDPI_IOMMU_UNIT_H

#include "vtdpi/iommu.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An event of the unit itself. */
typedef struct {
    vtdpi_intr_msg_t msg; /**< the message, neither remapped nor posted */
    bool send;            /**< whether it is to be sent now */
    uint8_t pad_[3];      /**< 0 */
} vtdpi_iommu_event_t;

/** What became of a fault. */
typedef struct {
    vtdpi_iommu_event_t event; /**< fault event */
    bool recorded;             /**< a fault recording register holds it */
    bool overflow;             /**< no register was free: PFO was set by this fault */
    uint8_t frcd;              /**< recorded: number of the register */
    uint8_t pad_;              /**< 0 */
} vtdpi_record_t;

/** Whether an entry whose check ended in fault [code] may be cached: without CAP.CM only one that
 * raised none. *Spec:* VT-d, "Caching Mode". */
VTDPI_API bool vtdpi_iec_may_cache(const vtdpi_iommu_cfg_t *cfg, uint8_t code);

/** Puts the cached entry of [index] in [irte]; false if there is none. *Shape:*
 * `iec[cfg->iec_entries]`. */
VTDPI_API bool vtdpi_iec_lookup(const vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg,
                                uint32_t index, uint64_t irte[VTDPI_IRTE_WORDS]);

/**
 * Caches [irte] under [index]: in its own slot if it has one, else in the first empty one, else in
 * the oldest. *Shape:* `iec[cfg->iec_entries]`; with no entries nothing happens. *Choice:*
 * replacement is first in, first out.
 */
VTDPI_API void vtdpi_iec_insert(vtdpi_iommu_t *u, vtdpi_iec_entry_t *iec,
                                const vtdpi_iommu_cfg_t *cfg, uint32_t index,
                                const uint64_t irte[VTDPI_IRTE_WORDS]);

/** Empties slot [slot], as replacement may at any time. *Pre:* slot below cfg->iec_entries. */
VTDPI_API void vtdpi_iec_evict(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg, uint32_t slot);

/** Empties the cache. *Spec:* VT-d, "Interrupt Entry Cache Invalidate Descriptor". */
VTDPI_API void vtdpi_iec_invalidate_all(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg);

/** Empties each slot whose index equals [iidx] in all but the low [im] bits. *Pre:* im below 32.
 * *Spec:* as above. */
VTDPI_API void vtdpi_iec_invalidate(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg,
                                    uint32_t iidx, uint32_t im);

/**
 * Records [fault] if it is to be recorded and there is room, and raises the fault event where that
 * is due. *Spec:* VT-d, "Primary Fault Logging". *Choice:* switch fault_collapse.
 */
VTDPI_API vtdpi_record_t vtdpi_iommu_record(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                            vtdpi_fault_t fault);

/** What the queue wants. */
typedef enum {
    VTDPI_QUEUE_IDLE,  /**< disabled, stopped by an error, or empty */
    VTDPI_QUEUE_FETCH, /**< a descriptor is to be read */
    VTDPI_QUEUE_ERROR, /**< the tail or the address is wrong: give error to vtdpi_iommu_queue_error
                        */
} vtdpi_queue_kind_t;

/** The queue's next step. */
typedef struct {
    uint64_t paddr;  /**< FETCH: address of the descriptor */
    uint32_t bytes;  /**< FETCH: its size, 16 or 32 */
    uint8_t kind;    /**< vtdpi_queue_kind_t */
    uint8_t error;   /**< ERROR: vtdpi_iqei_t */
    uint8_t pad_[2]; /**< 0 */
} vtdpi_queue_next_t;

/** Commands that a descriptor can hold. */
typedef enum {
    VTDPI_IQD_INVALID, /**< error says why */
    VTDPI_IQD_DMA,     /**< concerns DMA remapping only: nothing to do */
    VTDPI_IQD_IEC,     /**< interrupt entry cache invalidate */
    VTDPI_IQD_WAIT,    /**< invalidation wait */
} vtdpi_iqd_kind_t;

/** A decoded queue descriptor. */
typedef struct {
    uint64_t status_paddr; /**< WAIT: where status_data goes, a multiple of 4 */
    uint32_t status_data;  /**< WAIT */
    uint32_t iidx;         /**< IEC: interrupt index */
    uint8_t kind;          /**< vtdpi_iqd_kind_t */
    uint8_t error;         /**< INVALID: vtdpi_iqei_t */
    uint8_t type;          /**< descriptor type, 7 bits */
    uint8_t im;            /**< IEC: index mask */
    bool g;                /**< IEC: index-selective */
    bool intr;             /**< WAIT: IF */
    bool sw;               /**< WAIT: SW */
    bool fn;               /**< WAIT: FN */
} vtdpi_iqd_t;

/** What the invalidation queue has to do now. *Spec:* VT-d, "Queued Invalidation Interface".
 * *Choice:* a descriptor width that the unit has not is an error when the queue runs, not when it
 * is written. */
VTDPI_API vtdpi_queue_next_t vtdpi_iommu_queue_next(const vtdpi_iommu_t *u,
                                                    const vtdpi_iommu_cfg_t *cfg);

/** Moves the head past a descriptor that was fetched and found valid. *Pre:* the queue is enabled.
 * *Spec:* as above. */
VTDPI_API void vtdpi_iommu_queue_advance(vtdpi_iommu_t *u);

/** Stops the queue with [error]: IQE, IQERCD.IQEI, fault event. The head stays. *Spec:* VT-d,
 * "Queued Invalidation Interface". */
VTDPI_API vtdpi_iommu_event_t vtdpi_iommu_queue_error(vtdpi_iommu_t *u,
                                                      const vtdpi_iommu_cfg_t *cfg, uint8_t error);

/**
 * Decodes the descriptor [w], 2 words or, with [wide], 4.
 * *Spec:* VT-d, "Interrupt Entry Cache Invalidate Descriptor", "Invalidation Wait Descriptor".
 * *Choice:* an index mask above MHMV is a reserved field; descriptors that need a PASID are invalid
 * types.
 */
VTDPI_API vtdpi_iqd_t vtdpi_iqd_decode(const uint64_t *w, bool wide, uint8_t mhmv);

/** Executes the invalidation [d] on the cache. *Pre:* d->kind is IEC. */
VTDPI_API void vtdpi_iommu_queue_iec(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg,
                                     const vtdpi_iqd_t *d);

/**
 * Completes the wait [d], after its status write: with IF sets ICS.IWC and raises the invalidation
 * event if IWC was 0. *Pre:* d->kind is WAIT. *Spec:* VT-d, "Invalidation Wait Descriptor",
 * "Invalidation Event Control Register".
 */
VTDPI_API vtdpi_iommu_event_t vtdpi_iommu_wait_complete(vtdpi_iommu_t *u, const vtdpi_iqd_t *d);

/** Consequences of a register write that the unit's owner has to see to: a set of bits. */
typedef enum {
    VTDPI_EFFECT_QUEUE = 1,     /**< the queue may have work: see vtdpi_iommu_queue_next */
    VTDPI_EFFECT_TABLE = 2,     /**< SIRTP latched a table */
    VTDPI_EFFECT_IEC_FLUSH = 4, /**< the entry cache is to be emptied */
    VTDPI_EFFECT_ENABLE = 8,    /**< IRES changed */
    VTDPI_EFFECT_MISUSE =
        16, /**< software broke the command protocol; what it asked for was done all the same */
} vtdpi_effect_t;

/** Outcome of a register write. */
typedef struct {
    vtdpi_iommu_event_t event; /**< fault or invalidation event that the write let loose */
    uint32_t effects;          /**< set of vtdpi_effect_t */
} vtdpi_iommu_write_t;

/** Reads [bytes] bytes at [offset] of the register page; what is no register of this unit reads 0.
 * *Pre:* bytes is 4 or 8, offset a multiple of it. */
VTDPI_API uint64_t vtdpi_iommu_read(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                    uint32_t offset, uint32_t bytes);

/**
 * Writes [value]; 8 bytes are two writes, low half first. What is no register, is read-only, or
 * belongs to a capability that the unit has not, stays. *Pre:* bytes is 4 or 8, offset a multiple
 * of it. *Spec:* VT-d, "Register Descriptions".
 */
VTDPI_API vtdpi_iommu_write_t vtdpi_iommu_write(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                                uint32_t offset, uint32_t bytes, uint64_t value);

/** The value that register [reg] shows to a read; 0 for VTDPI_REG_COUNT. *Spec:* VT-d, "Register
 * Descriptions". */
VTDPI_API uint64_t vtdpi_iommu_peek(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                    vtdpi_reg_t reg);

/** Where register [reg] lies in the register page. *Units:* bytes. */
VTDPI_API uint32_t vtdpi_reg_offset(vtdpi_reg_t reg);

#ifdef __cplusplus
}
#endif

#endif
