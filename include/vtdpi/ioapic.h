/*
 * The IOAPIC: turns interrupt pins into interrupt requests, by a redirection entry for each pin,
 * and holds a level-triggered pin back until the EOI of its vector.
 *
 * Reads / Writes: the register page, pins and EOIs in; out, requests (vtdpi_msi_t) that go through
 * the remapping unit, one at a time, when the caller takes them.
 * Timing: none. A request that was not taken yet shows as delivery status 1.
 * Not modelled: arbitration ID and boot configuration (APIC bus), accesses that are not 32 bits
 * wide. Spec: 82093AA, "I/O Advanced Programmable Interrupt Controller"; VT-d, "Programming of
 * Interrupt Remapping in IOxAPICs".
 */
#ifndef VTDPI_IOAPIC_H
#define VTDPI_IOAPIC_H

#include "vtdpi/base.h"
#include "vtdpi/layout.h"
#include "vtdpi/msi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VTDPI_IOAPIC_PINS_MAX = 120,     /**< what the largest IOAPICs have */
    VTDPI_IOAPIC_LINE_WORDS = 2,     /**< words of a set of pins */
    VTDPI_IOAPIC_VERSION_EOI = 0x20, /**< first version with the EOI register */
    VTDPI_IOAPIC_RIRR_ON_ACCEPT = 1, /**< switch: remote IRR is set if the request is accepted */
};

/** Register offsets: VTDPI_IOAPIC_REG_SELECT and so on. */
enum {

#define VTDPI_IOAPIC_REG(NAME, offset, doc) VTDPI_IOAPIC_REG_##NAME = (offset),
#include "vtdpi/layout/ioapic_regs.def"
#undef VTDPI_IOAPIC_REG
    VTDPI_IOAPIC_PAGE = 0x1000 /**< bytes of the page */
};

/** Indices: VTDPI_IOAPIC_INDEX_ID and so on. */
enum {

#define VTDPI_IOAPIC_INDEX(NAME, index, writable, doc) VTDPI_IOAPIC_INDEX_##NAME = (index),
#include "vtdpi/layout/ioapic_regs.def"
#undef VTDPI_IOAPIC_INDEX
};

/** An IOAPIC. */
typedef struct {
    uint64_t rte[VTDPI_IOAPIC_PINS_MAX];    /**< redirection entries, with their read-only bits */
    uint64_t line[VTDPI_IOAPIC_LINE_WORDS]; /**< pins that are electrically high */
    uint32_t id;                            /**< identification register */
    uint8_t select;                         /**< IOREGSEL */
    uint8_t pins;                           /**< pins and entries, constant after init */
    uint8_t version;                        /**< version, constant after init */
    uint8_t switches;                       /**< VTDPI_IOAPIC_RIRR_ON_ACCEPT, constant after init */
} vtdpi_ioapic_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_ioapic_t) == 984, "an IOAPIC has no hidden bytes");

/** A request that leaves. */
typedef struct {
    vtdpi_msi_t msi; /**< the request */
    uint8_t send;    /**< 0: there is none */
    uint8_t pin;     /**< whose request it is */
    uint8_t level;   /**< 1: of a level-triggered pin */
    uint8_t pad_[5]; /**< 0 */
} vtdpi_ioapic_send_t;

/**
 * Zeroes [self], gives it [pins], [version] and [switches], every line low, and resets it.
 * *Pre:* pins is 1 to VTDPI_IOAPIC_PINS_MAX.
 */
VTDPI_API void vtdpi_ioapic_init(vtdpi_ioapic_t *self, uint8_t pins, uint8_t version,
                                 uint8_t switches);

/**
 * Masks every entry and clears ID and IOREGSEL; the lines are the devices' and stay.
 * *Spec:* 82093AA, "I/O Redirection Table Registers".
 */
VTDPI_API void vtdpi_ioapic_reset(vtdpi_ioapic_t *self);

/** Whether every invariant of the state holds: reserved bits are 0, a masked entry has no request
 * due, an edge-triggered one no remote IRR, and no request is due while remote IRR is 1. */
VTDPI_API bool vtdpi_ioapic_check(const vtdpi_ioapic_t *self);

/**
 * Reads 32 bits at [offset] of the page. *Pre:* offset below VTDPI_IOAPIC_PAGE.
 * *Spec:* 82093AA, "I/O Window Register". *Choice:* what is not there, and the EOI register, reads
 * 0.
 */
VTDPI_API uint32_t vtdpi_ioapic_read(const vtdpi_ioapic_t *self, uint32_t offset);

/** Writes 32 bits at [offset] of the page. *Pre:*, *Spec:* as vtdpi_ioapic_read. *Choice:* a write
 * of what is not there is dropped. */
VTDPI_API void vtdpi_ioapic_write(vtdpi_ioapic_t *self, uint32_t offset, uint32_t value);

/**
 * Pin [pin] is electrically [high]. *Pre:* pin below pins.
 * *Spec:* 82093AA, "I/O Redirection Table Registers".
 */
VTDPI_API void vtdpi_ioapic_pin(vtdpi_ioapic_t *self, unsigned pin, bool high);

/**
 * The EOI of [vector], by broadcast or by the EOI register.
 * *Spec:* 82093AA, "I/O Redirection Table Registers"; VT-d, "Programming of Interrupt Remapping in
 * IOxAPICs".
 */
VTDPI_API void vtdpi_ioapic_eoi(vtdpi_ioapic_t *self, uint8_t vector);

/** Takes the request that is due, of the lowest pin first. *Spec:* VT-d, "Programming of Interrupt
 * Remapping in IOxAPICs". *Choice:* remote IRR is set when the request is sent. */
VTDPI_API vtdpi_ioapic_send_t vtdpi_ioapic_send(vtdpi_ioapic_t *self);

/**
 * What became of the request of [pin] that was taken last: whether it was [accepted]. Says
 * something with switch VTDPI_IOAPIC_RIRR_ON_ACCEPT only. *Pre:* pin below pins. *Choice:* a
 * blocked request leaves remote IRR at 0 then, and the pin is tried again at its next evaluation.
 */
VTDPI_API void vtdpi_ioapic_outcome(vtdpi_ioapic_t *self, unsigned pin, bool accepted);

#ifdef __cplusplus
}
#endif

#endif
