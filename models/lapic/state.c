#include "lapic_reg.h"

#include <string.h>

enum {
    LAPIC_SVR_RESET = 0xFF,
    LAPIC_LVT_RESET = 0x10000,
    LAPIC_CLASS_0 = 0xFFFF,      /* vectors below 16 */
    LAPIC_PAGE_OFFSET = 0xFFF,   /* bits of an address within a page */
    LAPIC_BELOW_ID = 0x0FFFFFFF, /* DFR below its model */
    LAPIC_BELOW_LDR = 0x00FFFFFF /* LDR below the logical ID */
};

#define LAPIC_BASE_RESET UINT64_C(0xFEE00000)

void vtdpi_lapic_init(vtdpi_lapic_t *self, uint32_t id, bool bsp, uint8_t switches)
{
    memset(self, 0, sizeof *self);
    self->id = id;
    self->bsp = bsp;
    self->switches = switches;
    vtdpi_lapic_reset(self, VTDPI_LAPIC_RESET_POWER_UP);
}

/*
 * @rule sdm.lapic.reset | SDM 3A | Local APIC State After Power-Up or Reset | xAPIC mode; IRR, ISR,
 * TMR, ICR, LDR, TPR and the timer's registers are 0, DFR is all 1s, LVT entries are masked, SVR is
 * FFh.
 * @rule sdm.lapic.init | SDM 3A | Local APIC State After an INIT Reset (Wait-for-SIPI State) | As
 * after power-up, but the ID and the mode stay, and with them LDR in x2APIC mode.
 * @rule sdm.lapic.init-core | SDM 3A | Local APIC State After an INIT Reset (Wait-for-SIPI State) |
 * Choice: what was pending at the core is cleared.
 */
void vtdpi_lapic_reset(vtdpi_lapic_t *self, vtdpi_lapic_reset_t kind)
{
    vtdpi_lapic_t old = *self;
    memset(self, 0, sizeof *self);
    self->id = old.id;
    self->bsp = old.bsp;
    self->switches = old.switches;
    self->dfr = UINT32_MAX;
    self->svr = LAPIC_SVR_RESET;
    for (unsigned i = 0; i < VTDPI_LAPIC_LVTS; i++) {
        self->lvt[i] = LAPIC_LVT_RESET;
    }
    bool init = kind == VTDPI_LAPIC_RESET_INIT;
    self->mode = init ? old.mode : VTDPI_LAPIC_XAPIC;
    self->base = init ? old.base : LAPIC_BASE_RESET;
}

/* IRR, ISR and TMR never hold a vector below 16; a disabled APIC has nothing requested and nothing
 * in service. */
static bool lapic_sets_check(const vtdpi_lapic_t *self)
{
    uint64_t any = 0;
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        any |= self->irr[w] | self->isr[w];
    }
    return ((self->irr[0] | self->isr[0] | self->tmr[0]) & LAPIC_CLASS_0) == 0 &&
           (self->mode != VTDPI_LAPIC_DISABLED || any == 0);
}

/* Software-disabled means every LVT entry masked. */
static bool lapic_lvt_check(const vtdpi_lapic_t *self)
{
    bool masked = true;
    for (unsigned i = 0; i < VTDPI_LAPIC_LVTS; i++) {
        masked = masked && (self->lvt[i] & LAPIC_LVT_RESET) != 0;
    }
    return masked || (self->svr >> VTDPI_SVR_ENABLE_LOW & 1U) != 0;
}

/* Remote IRR is that of a level-triggered pin, the EOI of whose vector is to come. */
static bool lapic_pins_check(const vtdpi_lapic_t *self)
{
    bool ends = true;
    for (unsigned i = 0; i < VTDPI_LAPIC_LVTS; i++) {
        uint64_t entry = self->lvt[i];
        unsigned vector = (unsigned)VTDPI_GET(LVT, VECTOR, &entry);
        if (VTDPI_GET(LVT, REMOTE_IRR, &entry) != 0) {
            ends = ends && vtdpi_lapic_lvt_level((vtdpi_lapic_lvt_t)i, entry) &&
                   (vtdpi_set_has(self->irr, vector) || vtdpi_set_has(self->isr, vector));
        }
    }
    return ends;
}

/* The count runs from a number in a mode that counts; the deadline is armed in its own mode. */
static bool lapic_timer_check(const vtdpi_lapic_t *self)
{
    unsigned mode = vtdpi_lapic_timer_mode(self);
    bool counts =
        self->timer_armed == 0 || (mode <= VTDPI_TIMER_PERIODIC && self->timer_initial != 0);
    return counts && (self->deadline_armed == 0 || mode == VTDPI_TIMER_DEADLINE);
}

/* Reserved bits are as the manual has them. */
static bool lapic_reserved_check(const vtdpi_lapic_t *self)
{
    static const uint8_t zero[sizeof self->pad_] = {0};
    return (self->base & LAPIC_PAGE_OFFSET) == 0 && (~self->dfr & LAPIC_BELOW_ID) == 0 &&
           (self->ldr & LAPIC_BELOW_LDR) == 0 && self->mode <= VTDPI_LAPIC_X2APIC &&
           memcmp(self->pad_, zero, sizeof zero) == 0;
}

bool vtdpi_lapic_check(const vtdpi_lapic_t *self)
{
    return lapic_sets_check(self) && lapic_lvt_check(self) && lapic_pins_check(self) &&
           lapic_timer_check(self) && lapic_reserved_check(self);
}

/*
 * @rule sdm.lapic.ldr-x2apic | SDM 3A | Deriving Logical x2APIC ID from the Local x2APIC ID | LDR
 * is ID[19:4] << 16 | 1 << ID[3:0].
 */
uint32_t vtdpi_lapic_ldr(const vtdpi_lapic_t *self)
{
    if (self->mode == VTDPI_LAPIC_X2APIC) {
        return (uint32_t)vtdpi_bits(self->id, 4, 16) << 16 | UINT32_C(1) << (self->id & 15U);
    }
    return self->ldr;
}

/*
 * @rule sdm.lapic.esr.lvt | SDM 3A | Error Handling | A newly noted error raises LVT error, unless
 * that is masked.
 * @rule sdm.lapic.esr.kinds | SDM 3A | Error Handling | Choice: an error of a kind that is noted
 * already raises nothing until ESR is written; another kind does.
 * @rule sdm.lapic.esr.own-vector | SDM 3A | Error Handling | An LVT error entry with a vector below
 * 16 adds a "received illegal vector" error and sets no bit of IRR.
 */
void vtdpi_lapic_error(vtdpi_lapic_t *self, uint8_t errors)
{
    uint8_t fresh = (uint8_t)(errors & ~self->esr_pending);
    uint64_t lvt = self->lvt[VTDPI_LAPIC_LVT_ERROR];
    self->esr_pending |= errors;
    if (fresh == 0 || VTDPI_GET(LVT, MASK, &lvt) != 0) {
        return;
    }
    unsigned vector = (unsigned)VTDPI_GET(LVT, VECTOR, &lvt);
    if (vector < 16) {
        self->esr_pending |= VTDPI_LAPIC_ESR_RECEIVE_VECTOR;
        return;
    }
    vtdpi_set_add(self->irr, vector);
    vtdpi_set_remove(self->tmr, vector);
}
