/*
 * Sets of VM-execution, exit and entry controls: one bit each, VTDPI_CTL_*, in one 64-bit word.
 *
 * Every rule that depends on controls takes such a set; vtdpi_vmcs_controls makes it from a VMCS,
 * with the secondary and tertiary controls already off where the primary controls do not activate
 * them.
 *
 * Beside them the guest's activity states and interruptibility bits, which the same rules look at.
 */
#ifndef VTDPI_CONTROLS_H
#define VTDPI_CONTROLS_H

#include "vtdpi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The control words of a VMCS. */
typedef enum {
    VTDPI_VMCS_PIN,
    VTDPI_VMCS_PROC,
    VTDPI_VMCS_PROC2,
    VTDPI_VMCS_PROC3,
    VTDPI_VMCS_EXIT,
    VTDPI_VMCS_ENTRY,
    VTDPI_VMCS_CONTROL_WORDS
} vtdpi_vmcs_word_t;

/** The controls. */
typedef enum {

#define VTDPI_CONTROL(NAME, name, word, bit, doc) VTDPI_CTL_##NAME,
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    VTDPI_CTLS
} vtdpi_ctl_t;

/** The bit of each control in its VMCS word. */
enum {

#define VTDPI_CONTROL(NAME, name, word, bit, doc) VTDPI_CTL_##NAME##_BIT = (bit),
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
};

VTDPI_STATIC_ASSERT((int)VTDPI_CTLS <= 64, "a set of controls is one word");

/** Activity states. A VMCS never holds the last one, in which MWAIT waits. */
typedef enum {
    VTDPI_ACTIVITY_ACTIVE,
    VTDPI_ACTIVITY_HLT,
    VTDPI_ACTIVITY_SHUTDOWN,
    VTDPI_ACTIVITY_WAIT_FOR_SIPI,
    VTDPI_ACTIVITY_MWAIT,
} vtdpi_activity_t;

/** Interruptibility bits. */
enum {
    VTDPI_BLOCK_STI = 1,
    VTDPI_BLOCK_MOV_SS = 2,
    VTDPI_BLOCK_SMI = 4,
    VTDPI_BLOCK_NMI = 8,
    VTDPI_BLOCK_ENCLAVE = 16,
};

/** A set of controls. */
typedef uint64_t vtdpi_ctls_t;

/** The set of [ctl] alone. */
static inline vtdpi_ctls_t vtdpi_ctl_one(vtdpi_ctl_t ctl)
{
    return UINT64_C(1) << (unsigned)ctl;
}

/* One predicate a control: vtdpi_ctl_process_posted_interrupts(set) and so on. */
#define VTDPI_CONTROL(NAME, name, word, bit, doc)                                                  \
    static inline bool vtdpi_ctl_##name(vtdpi_ctls_t set)                                          \
    {                                                                                              \
        return ((set >> (unsigned)VTDPI_CTL_##NAME) & 1U) != 0;                                    \
    }
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL

#ifdef __cplusplus
}
#endif

#endif
