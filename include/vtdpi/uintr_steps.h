/*
 * User interrupts step by step: SENDUIPI and user-interrupt notification processing as machines
 * that say which access comes next and take its result. Between two accesses anything may happen;
 * within one, nothing does.
 *
 *     vtdpi_senduipi_t send = {.index = 2};
 *     vtdpi_result_t r = {{0, 0}, 0};
 *     do {
 *         op = vtdpi_senduipi_next(&send, cpu, mode, r);
 *         r = perform(op);
 *     } while (op.kind > VTDPI_UINTR_FAULT);
 *
 * Reads / Writes: the UITT, the UPID and the local APIC, all through the caller. Timing: none. Not
 * modelled: what becomes of a notification in VMX non-root operation with a TPR shadow, which is
 * the virtual APIC's. Spec: SDM 2, "SENDUIPI"; SDM 3A, "User-Interrupt Notification".
 */
#ifndef VTDPI_UINTR_STEPS_H
#define VTDPI_UINTR_STEPS_H

#include "vtdpi/op.h"
#include "vtdpi/uintr.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Accesses. Those above VTDPI_UINTR_FAULT are to be performed; their result goes into the next
 * call. */
typedef enum {
    VTDPI_UINTR_DONE,    /**< the end: nothing is left to do */
    VTDPI_UINTR_FAULT,   /**< the end: fault [a], a vtdpi_uintr_fault_t */
    VTDPI_UINTR_LOAD,    /**< load of the word at [addr]; result: v[0] */
    VTDPI_UINTR_POST,    /**< one locked access to the 16 bytes at [addr]: vtdpi_upid_post of user
                            vector [a]; result: v[0] and v[1] as they were before it */
    VTDPI_UINTR_AND,     /**< locked clear of the bits [a] of the word at [addr] */
    VTDPI_UINTR_XCHG,    /**< locked exchange of the word at [addr] with [a]; result: v[0] */
    VTDPI_UINTR_EOI,     /**< EOI to the physical local APIC */
    VTDPI_UINTR_ICR,     /**< the physical ICR := [a]: an IPI is sent */
    VTDPI_UINTR_VIRTUAL, /**< the notification of vector [a] to NDST [b] is virtualised, as
                            vtdpi_vapic_senduipi says: VICR, then an IPI or VM exit 56 */
} vtdpi_uintr_step_kind_t;

/** An access. */
typedef struct {
    uint64_t addr;   /**< linear address */
    uint64_t a;      /**< operands, by kind */
    uint64_t b;      /**< … */
    uint8_t kind;    /**< vtdpi_uintr_step_kind_t */
    uint8_t pad_[7]; /**< 0 */
} vtdpi_uintr_step_t;

/** SENDUIPI under way; all 0 but index before the first step. */
typedef struct {
    uint64_t index;                    /**< operand of the instruction */
    uint64_t uitte[VTDPI_UITTE_WORDS]; /**< its UITT entry */
    uint16_t pc;                       /**< resume point */
    uint8_t pad_[6];                   /**< 0 */
} vtdpi_senduipi_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_senduipi_t) == 32, "SENDUIPI has no hidden bytes");

/** Notification processing under way; all 0 but is_virtual before the first step. */
typedef struct {
    uint16_t pc;        /**< resume point */
    uint8_t is_virtual; /**< 1: of a virtual interrupt, which owes no EOI to the physical APIC */
    uint8_t pad_;       /**< 0 */
} vtdpi_uintr_notify_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_uintr_notify_t) == 4, "notification has no hidden bytes");

/**
 * The next access of SENDUIPI on [cpu], of which [last] is what the last access gave (nothing at
 * the first call). *Pre:* it has not ended. *Spec:* SDM 2, "SENDUIPI". *Choice:* the entry is read
 * as two words.
 */
VTDPI_API vtdpi_uintr_step_t vtdpi_senduipi_next(vtdpi_senduipi_t *self, const vtdpi_uintr_t *cpu,
                                                 const vtdpi_uintr_mode_t *mode,
                                                 vtdpi_result_t last);

/**
 * The next access of notification processing on [cpu], whose UIRR it adds to; no event is taken
 * until it ends. The interrupt has been acknowledged, or retired from VISR. A CPU that was halted
 * is halted again afterwards. *Pre:* it has not ended. *Spec:* SDM 3A, "User-Interrupt Notification
 * Processing". *Choice:* ON and PIR are two locked accesses; the manual allows one.
 */
VTDPI_API vtdpi_uintr_step_t vtdpi_uintr_notify_next(vtdpi_uintr_notify_t *self, vtdpi_uintr_t *cpu,
                                                     vtdpi_result_t last);

#ifdef __cplusplus
}
#endif

#endif
