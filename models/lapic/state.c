#include "vtdpi/lapic.h"

#include <string.h>

enum { LAPIC_SVR_RESET = 0xFF, LAPIC_LVT_RESET = 0x10000 };

#define LAPIC_BASE_RESET UINT64_C(0xFEE00000)

void vtdpi_lapic_init(vtdpi_lapic_t *self, uint32_t id, bool bsp, uint8_t switches)
{
    memset(self, 0, sizeof *self);
    self->id = id;
    self->bsp = bsp;
    self->switches = switches;
    vtdpi_lapic_reset(self, VTDPI_LAPIC_RESET_POWER_UP);
}

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

/* "IRR and ISR never hold a vector below 16", and software-disabled means every LVT entry masked.
 */
bool vtdpi_lapic_check(const vtdpi_lapic_t *self)
{
    static const uint8_t zero[sizeof self->pad_] = {0};
    bool masked = true;
    for (unsigned i = 0; i < VTDPI_LAPIC_LVTS; i++) {
        masked = masked && (self->lvt[i] & LAPIC_LVT_RESET) != 0;
    }
    bool enabled = (self->svr >> VTDPI_SVR_ENABLE_LOW & 1U) != 0;
    return ((self->irr[0] | self->isr[0] | self->tmr[0]) & UINT64_C(0xFFFF)) == 0 &&
           (enabled || masked) && self->mode <= VTDPI_LAPIC_X2APIC &&
           (self->base & UINT64_C(0xFFF)) == 0 && memcmp(self->pad_, zero, sizeof zero) == 0;
}

uint32_t vtdpi_lapic_ldr(const vtdpi_lapic_t *self)
{
    if (self->mode == VTDPI_LAPIC_X2APIC) {
        return (uint32_t)vtdpi_bits(self->id, 4, 16) << 16 | UINT32_C(1) << (self->id & 15U);
    }
    return self->ldr;
}

void vtdpi_lapic_error(vtdpi_lapic_t *self, uint8_t errors)
{
    /* "An error of a kind that is already noted raises nothing until ESR is written." */
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
