/*
 * User interrupts: an interrupt of user vector 0 to 63 that SENDUIPI posts into the user
 * posted-interrupt descriptor (UPID) of a thread, that an ordinary interrupt of vector UINV
 * announces to the CPU where the thread runs, and that the CPU delivers to the thread's handler
 * without entering the kernel.
 *
 * Reads / Writes: nothing; rules on the registers of one logical CPU and on words that the caller
 * holds. What reads and writes memory step by step is in uintr_steps.h. Timing: none. Not modelled:
 * page faults and stack faults; shadow stacks; enclaves and transactional regions; XSAVES and
 * XRSTORS of the state; address monitoring, which UIRET ends.
 * Spec: SDM 3A, "User Interrupts"; SDM 2, "SENDUIPI", "UIRET", "CLUI", "STUI", "TESTUI".
 */
#ifndef VTDPI_UINTR_H
#define VTDPI_UINTR_H

#include "vtdpi/base.h"
#include "vtdpi/controls.h"
#include "vtdpi/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Words of a UPID and of a UITT entry. *Units:* 64-bit words. */
enum {
    VTDPI_UPID_WORDS = 2,
    VTDPI_UITTE_WORDS = 2,
    VTDPI_UITTE_BYTES = 16,
};

/** User vectors. */
enum { VTDPI_USER_VECTORS = 64 };

/** ON and SN as masks of a UPID's word 0. */
#define VTDPI_UPID_ON (UINT64_C(1) << VTDPI_UPID_ON_LOW)
#define VTDPI_UPID_SN (UINT64_C(1) << VTDPI_UPID_SN_LOW)

/** The MSRs: VTDPI_UINTR_MSR_RR and so on. */
enum {

#define VTDPI_UINTR_MSR(NAME, number, reserved, canonical, doc) VTDPI_UINTR_MSR_##NAME = (number),
#include "vtdpi/layout/uintr.def"
#undef VTDPI_UINTR_MSR
};

/** What a logical CPU holds. */
typedef struct {
    uint64_t uirr;        /**< UIRR: user vectors that are pending in the CPU */
    uint64_t handler;     /**< UIHANDLER: linear address */
    uint64_t stackadjust; /**< UISTACKADJUST: bit 0 loads RSP, else it is subtracted */
    uint64_t upid_addr;   /**< UPIDADDR: linear address, 64-byte aligned */
    uint64_t tt;          /**< IA32_UINTR_TT: UITTADDR; bit 0: SENDUIPI is enabled */
    uint32_t uittsz;      /**< UITTSZ: highest index of the target table */
    uint8_t uinv;         /**< UINV: user-interrupt notification vector */
    uint8_t uif;          /**< UIF: 1: user interrupts are delivered */
    uint8_t pad_[2];      /**< 0 */
} vtdpi_uintr_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_uintr_t) == 48, "user-interrupt state has no hidden bytes");

/** What else of the CPU the rules look at. */
typedef struct {
    vtdpi_ctls_t set;     /**< VMX controls in force; 0 outside VMX non-root operation */
    uint8_t cr4_uintr;    /**< CR4.UINTR */
    uint8_t efer_lma;     /**< IA32_EFER.LMA: IA-32e mode, compatibility mode included */
    uint8_t cs_l;         /**< CS.L: with LMA 1, 64-bit mode */
    uint8_t cpl;          /**< CPL, 0-3 */
    uint8_t x2apic;       /**< 1: the local APIC is in x2APIC mode */
    uint8_t linear_width; /**< bits of a linear address: 48, or 57 with 5-level paging */
    uint8_t uiret_uif;    /**< CPUID.(7,1):EDX[17]: UIRET loads UIF from RFLAGS[1] */
    uint8_t pad_;         /**< 0 */
} vtdpi_uintr_mode_t;

/** Faults, by vector. */
typedef enum {
    VTDPI_UINTR_NO_FAULT = 0,
    VTDPI_UINTR_UD = 6,  /**< #UD */
    VTDPI_UINTR_GP = 13, /**< #GP(0) */
} vtdpi_uintr_fault_t;

/** What became of an access to an MSR. */
typedef enum {
    VTDPI_UINTR_ACCESS_OTHER, /**< not one of these MSRs */
    VTDPI_UINTR_ACCESS_DONE,  /**< performed */
    VTDPI_UINTR_ACCESS_GP,    /**< #GP(0): a reserved bit, or no canonical address */
} vtdpi_uintr_access_t;

/** What SENDUIPI's update did to a UPID. */
typedef struct {
    uint32_t ndst;       /**< NDST, raw, of the same access */
    uint8_t nv;          /**< NV of the same access */
    uint8_t fault;       /**< vtdpi_uintr_fault_t; a fault leaves the UPID as it was */
    uint8_t notify;      /**< 1: ON went from 0 to 1: a notification is to be sent */
    uint8_t pir_was_set; /**< 1: the vector's PIR bit was 1 already: the requests merged */
} vtdpi_upid_post_t;

/** What a UITT entry says. */
typedef struct {
    uint64_t upid_addr; /**< linear address of the UPID */
    uint8_t uv;         /**< user vector, 0-63 */
    uint8_t fault;      /**< vtdpi_uintr_fault_t; the other fields mean nothing with a fault */
    uint8_t pad_[6];    /**< 0 */
} vtdpi_uitte_t;

/** The registers that delivery and UIRET change. */
typedef struct {
    uint64_t rip;
    uint64_t rsp;
    uint64_t rflags;
} vtdpi_uintr_regs_t;

/** Words on the stack: delivery pushes four, the lowest is the vector; UIRET pops the upper three.
 */
enum {
    VTDPI_UINTR_FRAME_VECTOR,
    VTDPI_UINTR_FRAME_RIP,
    VTDPI_UINTR_FRAME_RFLAGS,
    VTDPI_UINTR_FRAME_RSP,
    VTDPI_UINTR_FRAME_WORDS,
};

/** A delivery. */
typedef struct {
    uint64_t frame[VTDPI_UINTR_FRAME_WORDS]; /**< to be stored at the new RSP, lowest first */
    uint8_t uv;                              /**< user vector */
    uint8_t fault;                           /**< vtdpi_uintr_fault_t; nothing changed */
    uint8_t pad_[6];                         /**< 0 */
} vtdpi_uintr_delivery_t;

/**
 * RDMSR of [msr] into [value]; never VTDPI_UINTR_ACCESS_GP.
 * *Spec:* SDM 3A, "User-Interrupt MSRs".
 */
VTDPI_API vtdpi_uintr_access_t vtdpi_uintr_rdmsr(const vtdpi_uintr_t *self, uint32_t msr,
                                                 uint64_t *value);

/**
 * WRMSR of [value] to [msr] on a CPU with [linear_width] bits of linear address.
 * *Errors:* #GP(0) as a result. *Spec:* SDM 3A, "User-Interrupt MSRs". *Choice:* bits 2:1 of
 * IA32_UINTR_STACKADJUST may be set.
 */
VTDPI_API vtdpi_uintr_access_t vtdpi_uintr_wrmsr(vtdpi_uintr_t *self, uint32_t msr, uint64_t value,
                                                 unsigned linear_width);

/** Posts user vector [uv] to the UPID in [upid], which the caller owns exclusively. *Shape:*
 * `upid[2]`. *Pre:* uv below 64. *Spec:* SDM 2, "SENDUIPI". *Choice:* the parts of NDST that xAPIC
 * mode does not use are not checked. */
VTDPI_API vtdpi_upid_post_t vtdpi_upid_post(uint64_t *upid, unsigned uv);

/** Linear address of the UITT entry [index]. *Spec:* SDM 2, "SENDUIPI". */
VTDPI_API uint64_t vtdpi_uitt_address(const vtdpi_uintr_t *self, uint64_t index);

/** The UITT entry in [words]. *Shape:* `words[2]`. *Spec:* SDM 3A, "User-Interrupt Target Table".
 */
VTDPI_API vtdpi_uitte_t vtdpi_uitte_decode(const uint64_t *words);

/** The ICR that sends [nv] to [ndst], physical and fixed: [ndst] as it stands with [x2apic], else
 * NDST[15:8]. *Spec:* SDM 2, "SENDUIPI". */
VTDPI_API uint64_t vtdpi_uintr_icr(uint8_t nv, uint32_t ndst, bool x2apic);

/** Whether SENDUIPI of [index] may read its UITT entry. *Spec:* SDM 2, "SENDUIPI". */
VTDPI_API vtdpi_uintr_fault_t vtdpi_uintr_send_check(const vtdpi_uintr_t *self,
                                                     const vtdpi_uintr_mode_t *mode,
                                                     uint64_t index);

/** Whether an interrupt of [vector] is a user-interrupt notification, be it an acknowledged
 * external interrupt that goes to the IDT otherwise, or a virtual interrupt. *Spec:* SDM 3A,
 * "User-Interrupt Notification Identification"; SDM 3C, "Virtual-Interrupt Delivery". */
VTDPI_API bool vtdpi_uintr_match(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                 uint8_t vector);

/** Whether a pending user interrupt is recognised. *Spec:* SDM 3A, "User-Interrupt Recognition". */
VTDPI_API bool vtdpi_uintr_recognised(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode);

/** Whether a user interrupt is delivered at this boundary if nothing more urgent is;
 * [interruptibility]: VTDPI_BLOCK_*. *Spec:* SDM 3A, "User-Interrupt Delivery". */
VTDPI_API bool vtdpi_uintr_deliverable(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                       uint32_t interruptibility);

/** Delivers the highest user vector of UIRR: [regs] go to the handler, with RSP below the frame.
 * *Pre:* vtdpi_uintr_deliverable. *Spec:* SDM 3A, "User-Interrupt Delivery". */
VTDPI_API vtdpi_uintr_delivery_t vtdpi_uintr_deliver(vtdpi_uintr_t *self,
                                                     const vtdpi_uintr_mode_t *mode,
                                                     vtdpi_uintr_regs_t *regs);

/** UIRET, with [popped] the three words from RSP up: RIP, RFLAGS, RSP. *Shape:* `popped[3]`.
 * *Spec:* SDM 2, "UIRET". */
VTDPI_API vtdpi_uintr_fault_t vtdpi_uintr_uiret(vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                                const uint64_t *popped, vtdpi_uintr_regs_t *regs);

/** CLUI and STUI: UIF := [uif]. *Spec:* SDM 2, "CLUI", "STUI". */
VTDPI_API vtdpi_uintr_fault_t vtdpi_uintr_set_uif(vtdpi_uintr_t *self,
                                                  const vtdpi_uintr_mode_t *mode, bool uif);

/** TESTUI: CF := UIF, the other status flags of [rflags] := 0. *Spec:* SDM 2, "TESTUI". */
VTDPI_API vtdpi_uintr_fault_t vtdpi_uintr_testui(const vtdpi_uintr_t *self,
                                                 const vtdpi_uintr_mode_t *mode, uint64_t *rflags);

/** VM entry's check of the field guest UINV. *Spec:* SDM 3C, "Checks on Guest Control Registers,
 * Debug Registers, and MSRs". */
VTDPI_API bool vtdpi_uintr_guest_uinv_ok(vtdpi_ctls_t set, uint16_t guest_uinv);

/** VM entry: UINV is loaded from [guest_uinv] with "load UINV". *Pre:* vtdpi_uintr_guest_uinv_ok.
 * *Spec:* SDM 3C, "Loading Guest State". */
VTDPI_API void vtdpi_uintr_vmentry(vtdpi_uintr_t *self, vtdpi_ctls_t set, uint16_t guest_uinv);

/** VM exit: returns UINV, which the field guest UINV gets; with "clear UINV" it becomes 0.
 * *Spec:* SDM 3C, "Saving Guest State", "Loading Host State". */
VTDPI_API uint16_t vtdpi_uintr_vmexit(vtdpi_uintr_t *self, vtdpi_ctls_t set);

#ifdef __cplusplus
}
#endif

#endif
