#include "lapic_reg.h"

/* Version 15h, 7 LVT entries, EOI-broadcast suppression: what CPUs with posted interrupts have. */
enum { LAPIC_VERSION = 0x01060015, LAPIC_SVR_KNOWN = 0x13FF, LAPIC_DIVIDE_BITS = 0xB };

/* "Reserved are 31:20, 17:16 and 13 only." */
#define LAPIC_ICR_RESERVED UINT64_C(0xFFF32000)

/* Slots of 16 bytes that registers lie in; ISR, TMR and IRR fill a block of 8 each. */
enum { LAPIC_SLOTS = 64, LAPIC_BLOCK = 0xF80 };

static const lapic_reg_t lapic_regs[LAPIC_SLOTS] = {
#define NO LAPIC_NO
#define RO LAPIC_RO
#define WO LAPIC_WO
#define RW LAPIC_RW
#define VTDPI_LAPIC_REG(NAME, offset, slots, mmio, msr, doc)                                       \
    [(offset) >> 4] = {(offset), (slots), (mmio), (msr), 0},
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_REG
#undef NO
#undef RO
#undef WO
#undef RW
};

/* Writable and known bits of an LVT entry. */
typedef struct {
    uint32_t offset;
    uint32_t writable;
    uint32_t known;
} lapic_lvt_row_t;

static const lapic_lvt_row_t lapic_lvts[VTDPI_LAPIC_LVTS] = {
#define VTDPI_LAPIC_LVT(NAME, offset, writable, known, doc) {(offset), (writable), (known)},
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_LVT
};

const lapic_reg_t *vtdpi_lapic_reg_find(uint32_t offset)
{
    uint32_t block = offset & LAPIC_BLOCK;
    bool set = block == VTDPI_LAPIC_REG_ISR || block == VTDPI_LAPIC_REG_TMR ||
               block == VTDPI_LAPIC_REG_IRR;
    uint32_t slot = (set ? block : offset) >> 4;
    if (slot >= LAPIC_SLOTS || lapic_regs[slot].slots == 0) {
        return NULL;
    }
    return &lapic_regs[slot];
}

/* Index of the LVT entry at [offset], or VTDPI_LAPIC_LVTS. */
static unsigned lapic_lvt_at(uint32_t offset)
{
    unsigned i = 0;
    while (i < VTDPI_LAPIC_LVTS && lapic_lvts[i].offset != offset) {
        i++;
    }
    return i;
}

static uint64_t lapic_set_slot(const uint64_t *set, uint32_t offset)
{
    unsigned slot = (offset >> 4) & 7U;
    return vtdpi_bits(set[slot >> 1], (slot & 1U) * 32U, 32);
}

/*
 * @rule sdm.lapic.apr | SDM 3A | Task and Processor Priorities | APR is TPR if TPR[7:4] >=
 * IRRV[7:4] and TPR[7:4] > ISRV[7:4], else the larger of TPR[7:4] & ISRV[7:4] and IRRV[7:4], << 4.
 */
static uint8_t lapic_apr(const vtdpi_lapic_t *self)
{
    int irrv = vtdpi_set_highest(self->irr);
    int isrv = vtdpi_set_highest(self->isr);
    unsigned irr = irrv < 0 ? 0U : (unsigned)irrv >> 4;
    unsigned isr = isrv < 0 ? 0U : (unsigned)isrv >> 4;
    unsigned tpr = self->tpr >> 4;
    if (tpr >= irr && tpr > isr) {
        return self->tpr;
    }
    unsigned both = tpr & isr;
    return (uint8_t)((both > irr ? both : irr) << 4);
}

/*
 * @rule sdm.lapic.id | SDM 3A | Local APIC ID | The ID is in bits 31:24 in xAPIC mode and in bits
 * 31:0 in x2APIC mode; it is read-only.
 */
static uint64_t lapic_id(const vtdpi_lapic_t *self)
{
    return self->mode == VTDPI_LAPIC_X2APIC ? self->id : (uint64_t)(self->id & 0xFFU) << 24;
}

static uint64_t lapic_value(const vtdpi_lapic_t *self, uint32_t offset)
{
    unsigned lvt = lapic_lvt_at(offset);
    if (lvt < VTDPI_LAPIC_LVTS) {
        return self->lvt[lvt];
    }
    switch (offset) {
    case VTDPI_LAPIC_REG_ID:
        return lapic_id(self);
    case VTDPI_LAPIC_REG_VERSION:
        return LAPIC_VERSION;
    case VTDPI_LAPIC_REG_TPR:
        return self->tpr;
    case VTDPI_LAPIC_REG_APR:
        return lapic_apr(self);
    case VTDPI_LAPIC_REG_PPR:
        return vtdpi_lapic_ppr(self);
    case VTDPI_LAPIC_REG_LDR:
        return vtdpi_lapic_ldr(self);
    case VTDPI_LAPIC_REG_DFR:
        return self->dfr;
    case VTDPI_LAPIC_REG_SVR:
        return self->svr;
    case VTDPI_LAPIC_REG_ESR:
        return self->esr;
    case VTDPI_LAPIC_REG_ICR_LO:
        return self->mode == VTDPI_LAPIC_X2APIC ? self->icr : self->icr & UINT32_MAX;
    case VTDPI_LAPIC_REG_ICR_HI:
        return self->icr >> 32;
    case VTDPI_LAPIC_REG_TIMER_INITIAL:
        return self->timer_initial;
    case VTDPI_LAPIC_REG_TIMER_DIVIDE:
        return self->timer_divide;
    default:
        return 0; /* remote read, current count: the former has no source, the latter is the
                     caller's */
    }
}

vtdpi_lapic_access_t vtdpi_lapic_reg_read(const vtdpi_lapic_t *self, uint32_t offset)
{
    vtdpi_lapic_access_t out = {.ok = 1};
    switch (offset & LAPIC_BLOCK) {
    case VTDPI_LAPIC_REG_ISR:
        out.value = lapic_set_slot(self->isr, offset);
        break;
    case VTDPI_LAPIC_REG_TMR:
        out.value = lapic_set_slot(self->tmr, offset);
        break;
    case VTDPI_LAPIC_REG_IRR:
        out.value = lapic_set_slot(self->irr, offset);
        break;
    default:
        out.value = lapic_value(self, offset);
        break;
    }
    if (offset == VTDPI_LAPIC_REG_TIMER_CURRENT && self->timer_armed != 0) {
        out.effect = VTDPI_LAPIC_DO_READ_COUNT;
    }
    return out;
}

uint64_t vtdpi_lapic_reg_known(uint32_t offset)
{
    unsigned lvt = lapic_lvt_at(offset);
    if (lvt < VTDPI_LAPIC_LVTS) {
        return lapic_lvts[lvt].known;
    }
    switch (offset) {
    case VTDPI_LAPIC_REG_TPR:
    case VTDPI_LAPIC_REG_SELF_IPI:
        return 0xFF;
    case VTDPI_LAPIC_REG_SVR:
        return LAPIC_SVR_KNOWN;
    case VTDPI_LAPIC_REG_ICR_LO:
        return ~LAPIC_ICR_RESERVED;
    case VTDPI_LAPIC_REG_TIMER_INITIAL:
        return UINT32_MAX;
    case VTDPI_LAPIC_REG_TIMER_DIVIDE:
        return LAPIC_DIVIDE_BITS;
    default:
        return 0; /* EOI, ESR: only 0 may be written */
    }
}

static bool lapic_enabled(const vtdpi_lapic_t *self)
{
    return (self->svr >> VTDPI_SVR_ENABLE_LOW & 1U) != 0;
}

/*
 * @rule sdm.lapic.svr.mask | SDM 3A | Local APIC State After It Has Been Software Disabled | While
 * SVR bit 8 is 0 the mask bits of the LVT are 1 and cannot be cleared.
 * @rule sdm.lapic.svr.focus | SDM 3A | Spurious Interrupt | Choice: bit 9, the P6 family's focus
 * processor checking, is kept and has no effect; in x2APIC mode too it is not reserved.
 */
static void lapic_svr_write(vtdpi_lapic_t *self, uint32_t value)
{
    self->svr = value & LAPIC_SVR_KNOWN;
    for (unsigned i = 0; i < VTDPI_LAPIC_LVTS && !lapic_enabled(self); i++) {
        self->lvt[i] |= UINT32_C(1) << VTDPI_LVT_MASK_LOW;
    }
}

/*
 * @rule sdm.lapic.timer.mode-change | SDM 3A | TSC-Deadline Mode | A write of the LVT entry that
 * changes the timer's mode disarms the timer.
 */
static uint8_t lapic_timer_mode_changed(vtdpi_lapic_t *self)
{
    self->timer_armed = 0;
    self->deadline_armed = 0;
    return VTDPI_LAPIC_DO_TIMER_DISARM;
}

/*
 * @rule sdm.lapic.lvt.illegal-vector | SDM 3A | Valid Interrupt Vectors | Choice: a fixed entry
 * with a vector below 16 is an error when its event fires unmasked; switch lvt_illegal_at_write
 * makes it one at the write.
 */
static void lapic_lvt_judge(vtdpi_lapic_t *self, uint64_t entry)
{
    if ((self->switches & VTDPI_LAPIC_LVT_EAGER) != 0 && VTDPI_GET(LVT, VECTOR, &entry) < 16 &&
        VTDPI_GET(LVT, DELIVERY_MODE, &entry) == VTDPI_DLM_FIXED) {
        vtdpi_lapic_error(self, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
    }
}

/*
 * An EOI goes by the vector of the entry: that of the interrupt accepted before would not match.
 *
 * @rule sdm.lapic.lvt.remote-irr-write | SDM 3A | Local Vector Table | Choice: the write of a LINT
 * entry that changes its vector, or leaves it not level-triggered and fixed, resets remote IRR; the
 * interrupt that was accepted stays.
 */
static void lapic_pin_rewritten(vtdpi_lapic_t *self, vtdpi_lapic_lvt_t which, uint64_t old)
{
    uint64_t entry = self->lvt[which];
    if (!vtdpi_lapic_lvt_level(which, entry) ||
        VTDPI_GET(LVT, VECTOR, &entry) != VTDPI_GET(LVT, VECTOR, &old)) {
        VTDPI_PUT(LVT, REMOTE_IRR, &entry, 0);
        self->lvt[which] = (uint32_t)entry;
    }
}

/*
 * @rule sdm.lapic.lvt.write | SDM 3A | Local Vector Table | Delivery status and remote IRR are
 * read-only: the value written does not count for them; reserved bits stay 0.
 */
static uint8_t lapic_lvt_write(vtdpi_lapic_t *self, unsigned lvt, uint32_t value)
{
    uint32_t writable = lapic_lvts[lvt].writable;
    uint32_t old = self->lvt[lvt];
    unsigned old_mode = vtdpi_lapic_timer_mode(self);
    self->lvt[lvt] = (old & ~writable) | (value & writable);
    lapic_pin_rewritten(self, (vtdpi_lapic_lvt_t)lvt, old);
    if (!lapic_enabled(self)) {
        self->lvt[lvt] |= UINT32_C(1) << VTDPI_LVT_MASK_LOW;
    }
    lapic_lvt_judge(self, self->lvt[lvt]);
    return old_mode != vtdpi_lapic_timer_mode(self) ? lapic_timer_mode_changed(self)
                                                    : (uint8_t)VTDPI_LAPIC_DO_NONE;
}

/*
 * @rule sdm.lapic.timer.initial | SDM 3A | APIC Timer | The write of the initial count starts the
 * count; 0 stops it.
 * @rule sdm.lapic.timer.initial-deadline | SDM 3A | TSC-Deadline Mode | In TSC-deadline mode the
 * write is ignored and the current count reads 0.
 * @rule sdm.lapic.timer.reserved-mode | SDM 3A | APIC Timer | Choice: in the reserved mode 3
 * nothing counts.
 */
static uint8_t lapic_initial_write(vtdpi_lapic_t *self, uint32_t value)
{
    unsigned mode = vtdpi_lapic_timer_mode(self);
    if (mode == VTDPI_TIMER_DEADLINE) {
        return VTDPI_LAPIC_DO_NONE;
    }
    self->timer_initial = value;
    self->timer_armed = value != 0 && mode <= VTDPI_TIMER_PERIODIC;
    return self->timer_armed != 0 ? VTDPI_LAPIC_DO_TIMER_ARM : VTDPI_LAPIC_DO_TIMER_DISARM;
}

static uint8_t lapic_divide_write(vtdpi_lapic_t *self, uint32_t value)
{
    self->timer_divide = value & LAPIC_DIVIDE_BITS;
    return self->timer_armed != 0 ? VTDPI_LAPIC_DO_TIMER_DIVIDE : VTDPI_LAPIC_DO_NONE;
}

/*
 * @rule sdm.lapic.esr.write | SDM 3A | Error Handling | The write of ESR, of any value in xAPIC
 * mode, shows the errors since the last write and clears their accumulation.
 */
static void lapic_esr_write(vtdpi_lapic_t *self)
{
    self->esr = self->esr_pending;
    self->esr_pending = 0;
}

/*
 * @rule sdm.lapic.icr.xapic | SDM 3A | Interrupt Command Register (ICR) | The write of the low half
 * sends, that of the high half does not.
 * @rule sdm.lapic.icr.disabled | SDM 3A | Local APIC State After It Has Been Software Disabled |
 * IPIs may be sent while software-disabled.
 */
vtdpi_lapic_access_t vtdpi_lapic_icr_send(vtdpi_lapic_t *self, uint64_t icr)
{
    vtdpi_lapic_access_t out = {.ok = 1};
    vtdpi_lapic_icr_t ipi =
        vtdpi_lapic_icr_decode(icr, self->mode == VTDPI_LAPIC_X2APIC, self->switches);
    if (ipi.esr != 0) {
        vtdpi_lapic_error(self, ipi.esr);
    }
    if (ipi.send != 0) {
        out.effect = VTDPI_LAPIC_DO_SEND_IPI;
        out.msg = ipi.msg;
        out.shorthand = ipi.shorthand;
    }
    return out;
}

static uint8_t lapic_state_write(vtdpi_lapic_t *self, uint32_t offset, uint32_t value)
{
    unsigned lvt = lapic_lvt_at(offset);
    if (lvt < VTDPI_LAPIC_LVTS) {
        return lapic_lvt_write(self, lvt, value);
    }
    switch (offset) {
    case VTDPI_LAPIC_REG_TPR:
        self->tpr = value & 0xFFU;
        return VTDPI_LAPIC_DO_TPR;
    case VTDPI_LAPIC_REG_LDR:
        self->ldr = value & UINT32_C(0xFF000000);
        break;
    case VTDPI_LAPIC_REG_DFR:
        self->dfr = value | UINT32_C(0x0FFFFFFF);
        break;
    case VTDPI_LAPIC_REG_SVR:
        lapic_svr_write(self, value);
        break;
    case VTDPI_LAPIC_REG_ESR:
        lapic_esr_write(self);
        break;
    case VTDPI_LAPIC_REG_ICR_HI:
        self->icr = vtdpi_with_bits(self->icr, 32, 32, value & UINT32_C(0xFF000000));
        break;
    case VTDPI_LAPIC_REG_TIMER_INITIAL:
        return lapic_initial_write(self, value);
    default:
        VTDPI_ASSERT(offset == VTDPI_LAPIC_REG_TIMER_DIVIDE);
        return lapic_divide_write(self, value);
    }
    return VTDPI_LAPIC_DO_NONE;
}

vtdpi_lapic_access_t vtdpi_lapic_reg_write(vtdpi_lapic_t *self, uint32_t offset, uint32_t value)
{
    vtdpi_lapic_access_t out = {.ok = 1};
    if (offset == VTDPI_LAPIC_REG_EOI) {
        out.eoi = vtdpi_lapic_eoi(self);
        out.effect = VTDPI_LAPIC_DO_EOI;
    } else if (offset == VTDPI_LAPIC_REG_ICR_LO) {
        uint32_t known = (uint32_t)vtdpi_lapic_reg_known(offset);
        known &= ~(UINT32_C(1) << VTDPI_ICR_DELIVERY_STATUS_LOW);
        self->icr = vtdpi_with_bits(self->icr, 0, 32, value & known);
        out = vtdpi_lapic_icr_send(self, self->icr);
    } else {
        out.effect = lapic_state_write(self, offset, value);
    }
    return out;
}
