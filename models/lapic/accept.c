#include "vtdpi/lapic.h"

static bool lapic_enabled(const vtdpi_lapic_t *self)
{
    return (self->svr >> VTDPI_SVR_ENABLE_LOW & 1U) != 0;
}

/* IRR[v] := 1; TMR[v] := level. "An interrupt whose IRR bit is set already merges with it." */
static vtdpi_lapic_accept_t lapic_vector_accept(vtdpi_lapic_t *self, uint8_t vector, bool level)
{
    if (!lapic_enabled(self)) {
        return VTDPI_LAPIC_IGNORED;
    }
    if (vector < 16) {
        vtdpi_lapic_error(self, VTDPI_LAPIC_ESR_RECEIVE_VECTOR);
        return VTDPI_LAPIC_ILLEGAL;
    }
    bool had = vtdpi_set_has(self->irr, vector);
    vtdpi_set_add(self->irr, vector);
    if (level) {
        vtdpi_set_add(self->tmr, vector);
    } else {
        vtdpi_set_remove(self->tmr, vector);
    }
    return had ? VTDPI_LAPIC_MERGED : VTDPI_LAPIC_SET;
}

static vtdpi_lapic_accept_t lapic_core_accept(vtdpi_lapic_t *self, unsigned what)
{
    self->core = (uint8_t)(self->core | what);
    return VTDPI_LAPIC_TO_CORE;
}

vtdpi_lapic_accept_t vtdpi_lapic_accept(vtdpi_lapic_t *self, const vtdpi_intr_msg_t *msg)
{
    if (self->mode == VTDPI_LAPIC_DISABLED) {
        return VTDPI_LAPIC_IGNORED;
    }
    switch (msg->delivery_mode) {
    case VTDPI_DLM_FIXED:
    case VTDPI_DLM_LOWEST:
        return lapic_vector_accept(self, msg->vector, msg->trigger_mode != 0);
    case VTDPI_DLM_SMI:
        return lapic_core_accept(self, VTDPI_LAPIC_CORE_SMI);
    case VTDPI_DLM_NMI:
        return lapic_core_accept(self, VTDPI_LAPIC_CORE_NMI);
    case VTDPI_DLM_INIT:
        return lapic_core_accept(self, VTDPI_LAPIC_CORE_INIT);
    case VTDPI_DLM_STARTUP:
        self->sipi_vector = msg->vector;
        return lapic_core_accept(self, VTDPI_LAPIC_CORE_SIPI);
    case VTDPI_DLM_EXTINT:
        return lapic_enabled(self) ? lapic_core_accept(self, VTDPI_LAPIC_CORE_EXTINT)
                                   : VTDPI_LAPIC_IGNORED;
    default:
        return VTDPI_LAPIC_IGNORED;
    }
}

static int lapic_isrv(const vtdpi_lapic_t *self)
{
    int v = vtdpi_set_highest(self->isr);
    return v < 0 ? 0 : v;
}

uint8_t vtdpi_lapic_ppr(const vtdpi_lapic_t *self)
{
    uint8_t tpr = self->tpr;
    uint8_t isr_class = (uint8_t)(lapic_isrv(self) & 0xF0);
    uint8_t tpr_class = tpr & 0xF0U;
    if (tpr_class == isr_class) {
        return (self->switches & VTDPI_LAPIC_PPR_EQUAL_ZERO) != 0 ? tpr_class : tpr;
    }
    return tpr_class > isr_class ? tpr : isr_class;
}

int vtdpi_lapic_offer(const vtdpi_lapic_t *self)
{
    int irrv = vtdpi_set_highest(self->irr);
    if (irrv < 0) {
        return -1;
    }
    int irr_class = irrv >> 4;
    return irr_class > self->tpr >> 4 && irr_class > lapic_isrv(self) >> 4 ? irrv : -1;
}

vtdpi_lapic_ack_t vtdpi_lapic_acknowledge(vtdpi_lapic_t *self)
{
    vtdpi_lapic_ack_t ack = {(uint8_t)(self->svr & 0xFFU), 1};
    int v = vtdpi_lapic_offer(self);
    if (v >= 0) {
        vtdpi_set_remove(self->irr, (unsigned)v);
        vtdpi_set_add(self->isr, (unsigned)v);
        ack.vector = (uint8_t)v;
        ack.spurious = 0;
    }
    return ack;
}

/* "The remote IRR flag of a level-triggered pin is reset when an EOI for it arrives." */
static void lapic_remote_irr_clear(uint32_t *entry, unsigned vector)
{
    uint64_t lvt = *entry;
    if (VTDPI_GET(LVT, VECTOR, &lvt) == vector) {
        VTDPI_PUT(LVT, REMOTE_IRR, &lvt, 0);
        *entry = (uint32_t)lvt;
    }
}

vtdpi_lapic_eoi_t vtdpi_lapic_eoi(vtdpi_lapic_t *self)
{
    vtdpi_lapic_eoi_t eoi = {-1, 0, 0};
    int v = vtdpi_set_highest(self->isr);
    if (v < 0) {
        return eoi;
    }
    eoi.vector = (int16_t)v;
    vtdpi_set_remove(self->isr, (unsigned)v);
    if (vtdpi_set_has(self->tmr, (unsigned)v)) {
        eoi.broadcast = (self->svr >> VTDPI_SVR_EOI_SUPPRESS_LOW & 1U) == 0;
        lapic_remote_irr_clear(&self->lvt[VTDPI_LAPIC_LVT_LINT0], (unsigned)v);
        lapic_remote_irr_clear(&self->lvt[VTDPI_LAPIC_LVT_LINT1], (unsigned)v);
    }
    return eoi;
}

/* "Bit 15 counts for fixed delivery only": and only the LINT pins have it. */
static bool lapic_lvt_level(vtdpi_lapic_lvt_t which, uint64_t lvt)
{
    bool pin = which == VTDPI_LAPIC_LVT_LINT0 || which == VTDPI_LAPIC_LVT_LINT1;
    return pin && VTDPI_GET(LVT, TRIGGER_MODE, &lvt) != 0 &&
           VTDPI_GET(LVT, DELIVERY_MODE, &lvt) == VTDPI_DLM_FIXED;
}

vtdpi_lapic_accept_t vtdpi_lapic_lvt_event(vtdpi_lapic_t *self, vtdpi_lapic_lvt_t lvt)
{
    uint64_t entry = self->lvt[lvt];
    if (VTDPI_GET(LVT, MASK, &entry) != 0) {
        return VTDPI_LAPIC_IGNORED;
    }
    bool level = lapic_lvt_level(lvt, entry);
    vtdpi_intr_msg_t msg = {.vector = (uint8_t)VTDPI_GET(LVT, VECTOR, &entry),
                            .delivery_mode = (uint8_t)VTDPI_GET(LVT, DELIVERY_MODE, &entry),
                            .trigger_mode = level,
                            .level = 1};
    if (msg.delivery_mode == VTDPI_DLM_LOWEST || msg.delivery_mode == VTDPI_DLM_STARTUP) {
        return VTDPI_LAPIC_IGNORED; /* reserved in an LVT entry */
    }
    vtdpi_lapic_accept_t result = vtdpi_lapic_accept(self, &msg);
    if (level && result != VTDPI_LAPIC_ILLEGAL) {
        VTDPI_PUT(LVT, REMOTE_IRR, &entry, 1);
    }
    if (lvt == VTDPI_LAPIC_LVT_PERF) {
        VTDPI_PUT(LVT, MASK, &entry,
                  1); /* "the performance-counter entry masks itself upon delivery" */
    }
    self->lvt[lvt] = (uint32_t)entry;
    return result;
}
