/*
 * APIC virtualization: what the CPU does with a guest's virtual-APIC page and with RVI and SVI.
 *
 * Reads / Writes: nothing. The page is in memory, which is the caller's: the rules take register
 * values and 256-bit sets (VISR, VIRR) and return what to store. Timing: none. Not modelled:
 * MSR-bitmap exits, which come before every MSR rule here; page walks, which come before every
 * access rule. Spec: SDM 3C, "APIC Virtualization and Virtual Interrupts".
 */
#ifndef VTDPI_VAPIC_H
#define VTDPI_VAPIC_H

#include "vtdpi/base.h"
#include "vtdpi/controls.h"
#include "vtdpi/vapic_ipi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a logical CPU in non-root operation holds beside the page. */
typedef struct {
    uint8_t rvi;        /**< requesting virtual interrupt */
    uint8_t svi;        /**< servicing virtual interrupt */
    uint8_t recognised; /**< 1: a pending virtual interrupt was recognised */
    uint8_t pad_;       /**< 0 */
} vtdpi_vapic_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_vapic_t) == 4, "virtual APIC state has no hidden bytes");

/** Offsets in the virtual-APIC page that the rules name. */
enum {
    VTDPI_VAPIC_VTPR = 0x080,
    VTDPI_VAPIC_VPPR = 0x0A0,
    VTDPI_VAPIC_VEOI = 0x0B0,
    VTDPI_VAPIC_VISR = 0x100,
    VTDPI_VAPIC_VIRR = 0x200,
    VTDPI_VAPIC_VICR_LO = 0x300,
    VTDPI_VAPIC_VICR_HI = 0x310,
    VTDPI_VAPIC_SELF = 0x3F0,
    VTDPI_VAPIC_SLOTS = 8, /**< 32-bit slots of VISR and of VIRR, 16 bytes apart */
};

/** What a delivery or an EOI virtualization leaves to be done. */
typedef struct {
    uint8_t vector; /**< vector delivered or retired */
    uint8_t vppr;   /**< new VPPR, bytes 3:1 are 0 */
    uint8_t exit;   /**< 1: VM exit 45 with vector as qualification, or after a TPR write 43 */
    uint8_t pad_;   /**< 0 */
} vtdpi_vapic_step_t;

/** What an access to the APIC comes to. */
typedef enum {
    VTDPI_VAPIC_PHYSICAL, /**< not virtualised: the rules of memory or of the physical APIC apply */
    VTDPI_VAPIC_READ,     /**< read the page */
    VTDPI_VAPIC_STORE,    /**< store into the page; MMIO: then vtdpi_vapic_write_emulation */
    VTDPI_VAPIC_TPR,      /**< TPR virtualization; first clear bytes 3:1 of VTPR */
    VTDPI_VAPIC_EOI,      /**< EOI virtualization; first clear VEOI */
    VTDPI_VAPIC_SELF_IPI, /**< self-IPI virtualization of vector */
    VTDPI_VAPIC_IPI,      /**< IPI virtualization of vector */
    VTDPI_VAPIC_CLEAR_HI, /**< clear bytes 2:0 of VICR_HI */
    VTDPI_VAPIC_EXIT_ACCESS, /**< VM exit 44 */
    VTDPI_VAPIC_EXIT_WRITE,  /**< VM exit 56 */
    VTDPI_VAPIC_GP,          /**< #GP(0) */
} vtdpi_vapic_action_t;

/** Types of access, as in the qualification of exit 44. */
typedef enum {
    VTDPI_VAPIC_LINEAR_READ = 0,
    VTDPI_VAPIC_LINEAR_WRITE = 1,
    VTDPI_VAPIC_LINEAR_FETCH = 2,
    VTDPI_VAPIC_LINEAR_EVENT = 3,
    VTDPI_VAPIC_PHYSICAL_EVENT = 10,
    VTDPI_VAPIC_PHYSICAL_OTHER = 15,
} vtdpi_vapic_type_t;

/** Result of an access rule. The page is accessed at offset, by WRMSR and RDMSR with 8 bytes. */
typedef struct {
    uint32_t qualification; /**< of an exit */
    uint16_t offset;        /**< where in the page */
    uint8_t action;         /**< vtdpi_vapic_action_t */
    uint8_t vector;         /**< of a self-IPI or an IPI */
} vtdpi_vapic_access_t;

/** What one operation did to the APIC-access page so far; all 0 at its beginning. */
typedef struct {
    uint16_t offset; /**< of the write that was virtualised */
    uint8_t bytes;   /**< its size */
    uint8_t wrote;   /**< 1: there was one */
} vtdpi_vapic_earlier_t;

/** What a MOV to or from CR8 comes to. */
typedef enum {
    VTDPI_VAPIC_CR8_PHYSICAL, /**< TPR of the physical APIC */
    VTDPI_VAPIC_CR8_SHADOW,   /**< VTPR */
    VTDPI_VAPIC_CR8_EXIT,     /**< VM exit 28 */
    VTDPI_VAPIC_CR8_GP,       /**< #GP(0) */
} vtdpi_vapic_cr8_action_t;

/** Result of a CR8 rule. */
typedef struct {
    uint32_t qualification; /**< of the exit */
    uint8_t action;         /**< vtdpi_vapic_cr8_action_t */
    uint8_t value;          /**< written: TPR; read: CR8 */
    uint8_t pad_[2];        /**< 0 */
} vtdpi_vapic_cr8_t;

/** What the notification of SENDUIPI comes to. */
typedef struct {
    uint64_t icr; /**< VICR: low half at 300h; high half at 304h if wide, else 310h */
    vtdpi_vapic_access_t access; /**< PHYSICAL, IPI or EXIT_WRITE */
    uint32_t target;             /**< virtual APIC ID of an IPI */
    uint8_t wide;                /**< 1: x2APIC form */
    uint8_t pad_[3];             /**< 0 */
} vtdpi_vapic_senduipi_t;

/** Offset of the slot that holds [vector] in VISR; its bit is vector[4:0]. *Spec:* SDM 3C,
 * "Virtualized APIC Registers". */
VTDPI_API uint32_t vtdpi_vapic_visr_offset(uint8_t vector);

/** Offset of the slot that holds [vector] in VIRR; its bit is vector[4:0]. *Spec:* SDM 3C,
 * "Virtualized APIC Registers". */
VTDPI_API uint32_t vtdpi_vapic_virr_offset(uint8_t vector);

/** VPPR from [vtpr] and [svi]. *Spec:* SDM 3C, "PPR Virtualization". */
VTDPI_API uint8_t vtdpi_vapic_ppr(uint8_t vtpr, uint8_t svi);

/** Whether evaluation recognises a virtual interrupt. *Spec:* SDM 3C, "Evaluation of Pending
 * Virtual Interrupts". */
VTDPI_API bool vtdpi_vapic_evaluate(uint8_t rvi, uint8_t vppr, bool interrupt_window_exiting);

/**
 * Delivers: RVI becomes SVI, its bit moves from [virr] to [visr], recognition ends.
 * *Pre:* recognised. *Spec:* SDM 3C, "Virtual-Interrupt Delivery".
 */
VTDPI_API vtdpi_vapic_step_t vtdpi_vapic_deliver(vtdpi_vapic_t *self, uint64_t *visr,
                                                 uint64_t *virr);

/** EOI virtualization, up to the evaluation, which is the caller's if exit is 0. *Spec:* SDM 3C,
 * "EOI Virtualization". */
VTDPI_API vtdpi_vapic_step_t vtdpi_vapic_eoi(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr,
                                             const uint64_t *eoi_exit);

/** As vtdpi_vapic_eoi but without exit: what delivery does for a user-interrupt notification.
 * *Spec:* SDM 3C, "Virtual-Interrupt Delivery". */
VTDPI_API vtdpi_vapic_step_t vtdpi_vapic_retire(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr);

/** Self-IPI virtualization, up to the evaluation. *Spec:* SDM 3C, "Self-IPI Virtualization". */
VTDPI_API void vtdpi_vapic_self_ipi(vtdpi_vapic_t *self, uint64_t *virr, uint8_t vector);

/** VM entry with virtual-interrupt delivery: RVI and SVI come from [intr_status], PPR
 * virtualization and evaluation follow. *Spec:* SDM 3C, "Updating Non-Register State". */
VTDPI_API vtdpi_vapic_step_t vtdpi_vapic_enter(vtdpi_vapic_t *self, vtdpi_ctls_t set,
                                               uint16_t intr_status, uint8_t vtpr);

/** VM exit: recognition ends. *Spec:* SDM 3C, "Updating Non-Register State". */
VTDPI_API void vtdpi_vapic_leave(vtdpi_vapic_t *self);

/** Posted-interrupt processing, step 3: the control word without ON, else untouched, in one locked
 * access. *Spec:* SDM 3C, "Posted-Interrupt Processing". */
VTDPI_API uint64_t vtdpi_vapic_posted_control(uint64_t control);

/** Posted-interrupt processing, step 5, for one word of PIR: it is taken, in one locked access, and
 * then goes to VIRR. Returns what was taken. *Spec:* SDM 3C, "Posted-Interrupt Processing". */
VTDPI_API uint64_t vtdpi_vapic_posted_take(uint64_t *pir_word, uint64_t *virr_word);

/** Posted-interrupt processing, step 6: RVI rises to the highest bit of [pir], all that was taken;
 * stays if it is empty. *Spec:* SDM 3C, "Posted-Interrupt Processing". */
VTDPI_API void vtdpi_vapic_raise(vtdpi_vapic_t *self, const uint64_t *pir);

/** TPR virtualization after VTPR became [vtpr]: exit 43 or not without virtual-interrupt delivery,
 * else the new VPPR and an evaluation. *Spec:* SDM 3C, "TPR Virtualization". */
VTDPI_API vtdpi_vapic_step_t vtdpi_vapic_tpr(vtdpi_vapic_t *self, vtdpi_ctls_t set, uint8_t vtpr,
                                             uint32_t tpr_threshold);

/** Whether a write of VTPR causes VM exit 43. *Pre:* VID is off. *Spec:* SDM 3C, "TPR
 * Virtualization". */
VTDPI_API bool vtdpi_vapic_tpr_below(uint8_t vtpr, uint32_t tpr_threshold);

/** What an access of [bytes] at [offset] of the APIC-access page comes to, the first of its
 * operation; [vid_reads] is the switch of that name (default on). *Spec:* SDM 3C, "Virtualizing
 * Memory-Mapped APIC Accesses". */
VTDPI_API vtdpi_vapic_access_t vtdpi_vapic_mmio(vtdpi_ctls_t set, vtdpi_vapic_type_t type,
                                                uint16_t offset, unsigned bytes, bool vid_reads);

/** The same for any access of an operation, whose [earlier] ones count. *Spec:* SDM 3C,
 * "Virtualizing Memory-Mapped APIC Accesses". */
VTDPI_API vtdpi_vapic_access_t vtdpi_vapic_mmio_next(vtdpi_ctls_t set,
                                                     vtdpi_vapic_earlier_t *earlier,
                                                     vtdpi_vapic_type_t type, uint16_t offset,
                                                     unsigned bytes, bool vid_reads);

/** What follows the store of a virtualised write: [value] is what the slot at [offset] holds.
 * *Spec:* SDM 3C, "APIC-Write Emulation". */
VTDPI_API vtdpi_vapic_access_t vtdpi_vapic_write_emulation(vtdpi_ctls_t set, uint16_t offset,
                                                           uint32_t value);

/** What RDMSR of [msr] comes to. *Spec:* SDM 3C, "Virtualizing MSR-Based APIC Accesses". */
VTDPI_API vtdpi_vapic_access_t vtdpi_vapic_rdmsr(vtdpi_ctls_t set, uint32_t msr);

/** What WRMSR of [value] to [msr] comes to; all but PHYSICAL and GP store 8 bytes at offset first.
 * *Spec:* SDM 3C, "Virtualizing MSR-Based APIC Accesses". */
VTDPI_API vtdpi_vapic_access_t vtdpi_vapic_wrmsr(vtdpi_ctls_t set, uint32_t msr, uint64_t value);

/** What MOV to CR8 of [source] in register [gpr] comes to. *Spec:* SDM 3C, "Virtualizing CR8-Based
 * TPR Accesses". */
VTDPI_API vtdpi_vapic_cr8_t vtdpi_vapic_cr8_write(vtdpi_ctls_t set, uint64_t source, unsigned gpr);

/** What MOV from CR8 to register [gpr] comes to. *Spec:* SDM 3C, "Virtualizing CR8-Based TPR
 * Accesses". */
VTDPI_API vtdpi_vapic_cr8_t vtdpi_vapic_cr8_read(vtdpi_ctls_t set, uint8_t vtpr, unsigned gpr);

/** What SENDUIPI's notification of [nv] to [ndst] comes to in non-root operation. *Spec:* SDM 3C,
 * "IPI Virtualization". */
VTDPI_API vtdpi_vapic_senduipi_t vtdpi_vapic_senduipi(vtdpi_ctls_t set, uint8_t nv, uint32_t ndst);

#ifdef __cplusplus
}
#endif

#endif
