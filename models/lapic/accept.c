#include "lapic_reg.h"

static bool lapic_enabled(const vtdpi_lapic_t *self)
{
    return (self->svr >> VTDPI_SVR_ENABLE_LOW & 1U) != 0;
}

/*
 * @rule sdm.lapic.accept.disabled | SDM 3A | Local APIC State After It Has Been Software Disabled |
 * A software-disabled APIC accepts no fixed and no lowest-priority interrupt.
 * @rule sdm.lapic.accept.illegal | SDM 3A | Valid Interrupt Vectors | A vector below 16 sets no bit
 * of IRR; it is a "received illegal vector" error.
 * @rule sdm.lapic.accept.irr | SDM 3A | Interrupt Acceptance for Fixed Interrupts | IRR[v] is set;
 * where it is set already, the interrupt merges. One of a vector may be in IRR while another is in
 * ISR.
 * @rule sdm.lapic.accept.tmr | SDM 3A | Interrupt Acceptance for Fixed Interrupts | Upon acceptance
 * TMR[v] becomes 1 for a level-triggered interrupt and 0 for an edge-triggered one, where it merges
 * too.
 */
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

/*
 * @rule sdm.lapic.accept.core | SDM 3A | Interrupt Acceptance for Fixed Interrupts | SMI, NMI,
 * INIT, ExtINT and start-up messages go straight to the core: IRR, ISR and TMR stay, and the vector
 * does not count.
 */
static vtdpi_lapic_accept_t lapic_core_accept(vtdpi_lapic_t *self, unsigned what)
{
    self->core = (uint8_t)(self->core | what);
    return VTDPI_LAPIC_TO_CORE;
}

/*
 * @rule sdm.lapic.disabled.global | SDM 3A | Enabling or Disabling the Local APIC | With
 * IA32_APIC_BASE.EN = 0 the APIC takes no message.
 * @rule sdm.lapic.accept.core-disabled | SDM 3A | Local APIC State After It Has Been Software
 * Disabled | INIT, NMI, SMI and start-up messages are responded to while software-disabled.
 * @rule sdm.lapic.accept.sipi | SDM 3A | Interrupt Command Register (ICR) | The vector of a
 * start-up message is the start page; whether the core waits for one is the core's to know.
 * @rule sdm.lapic.accept.extint | SDM 3A | Local APIC State After It Has Been Software Disabled |
 * Choice: ExtINT is refused while software-disabled, as fixed is.
 * @rule sdm.lapic.accept.reserved | SDM 3A | Interrupt Command Register (ICR) | Choice: a message
 * of the reserved delivery mode 3 is dropped.
 */
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

/*
 * @rule sdm.lapic.ppr | SDM 3A | Task and Processor Priorities | PPR[7:4] is the larger of TPR[7:4]
 * and ISRV[7:4]; PPR[3:0] is TPR[3:0] where TPR's class is larger, and 0 where ISRV's is.
 * @rule sdm.lapic.ppr-equal | SDM 3A | Task and Processor Priorities | Choice: at equal classes
 * PPR[3:0] is TPR[3:0]; switch ppr_equal makes it 0.
 */
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

/*
 * @rule sdm.lapic.offer | SDM 3A | Task and Processor Priorities | The highest vector in IRR is
 * dispatched if its class is above PPR's.
 * @rule sdm.lapic.offer.disabled | SDM 3A | Local APIC State After It Has Been Software Disabled |
 * What is in IRR already is held, and dispatched, while software-disabled.
 */
int vtdpi_lapic_offer(const vtdpi_lapic_t *self)
{
    int irrv = vtdpi_set_highest(self->irr);
    if (irrv < 0) {
        return -1;
    }
    int irr_class = irrv >> 4;
    return irr_class > self->tpr >> 4 && irr_class > lapic_isrv(self) >> 4 ? irrv : -1;
}

/*
 * @rule sdm.lapic.acknowledge | SDM 3A | Interrupt Acceptance for Fixed Interrupts | The dispatched
 * vector leaves IRR and enters ISR.
 * @rule sdm.lapic.spurious | SDM 3A | Spurious Interrupt | If nothing is eligible any more the core
 * gets SVR's vector, ISR stays and no EOI is owed.
 */
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

/*
 * @rule sdm.lapic.eoi.remote-irr | SDM 3A | Local Vector Table | Remote IRR of a level-triggered
 * LINT entry is reset by the EOI of its vector, whatever TMR says of the latest acceptance.
 */
static void lapic_remote_irr_clear(uint32_t *entry, unsigned vector)
{
    uint64_t lvt = *entry;
    if (VTDPI_GET(LVT, VECTOR, &lvt) == vector) {
        VTDPI_PUT(LVT, REMOTE_IRR, &lvt, 0);
        *entry = (uint32_t)lvt;
    }
}

/*
 * @rule sdm.lapic.eoi.dismiss | SDM 3A | Signaling Interrupt Servicing Completion | The highest bit
 * of ISR is cleared; without one nothing happens.
 * @rule sdm.lapic.eoi.spurious-vector | SDM 3A | Spurious Interrupt | An interrupt that was
 * accepted with the spurious vector is in service and its EOI counts.
 * @rule sdm.lapic.eoi.broadcast | SDM 3A | Signaling Interrupt Servicing Completion | The EOI of a
 * vector whose TMR bit is 1 is broadcast to the IOAPICs; TMR stays as it is.
 * @rule sdm.lapic.eoi.suppress | SDM 3A | Signaling Interrupt Servicing Completion | SVR bit 12
 * suppresses the broadcast.
 */
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
    }
    lapic_remote_irr_clear(&self->lvt[VTDPI_LAPIC_LVT_LINT0], (unsigned)v);
    lapic_remote_irr_clear(&self->lvt[VTDPI_LAPIC_LVT_LINT1], (unsigned)v);
    return eoi;
}

/*
 * @rule sdm.lapic.lvt.level | SDM 3A | Local Vector Table | The trigger mode counts for fixed
 * delivery by the LINT entries alone: NMI, SMI and INIT are edges, and so are the other entries.
 * @rule sdm.lapic.lvt.lint1-level | SDM 3A | Local Vector Table | Choice: a level-triggered LINT1,
 * which software must not set up, works as LINT0 does.
 */
bool vtdpi_lapic_lvt_level(vtdpi_lapic_lvt_t which, uint64_t lvt)
{
    bool pin = which == VTDPI_LAPIC_LVT_LINT0 || which == VTDPI_LAPIC_LVT_LINT1;
    return pin && VTDPI_GET(LVT, TRIGGER_MODE, &lvt) != 0 &&
           VTDPI_GET(LVT, DELIVERY_MODE, &lvt) == VTDPI_DLM_FIXED;
}

/*
 * @rule sdm.lapic.lvt.mask | SDM 3A | Local Vector Table | A masked entry delivers nothing.
 * @rule sdm.lapic.lvt.deliver | SDM 3A | Local Vector Table | An unmasked entry delivers to its own
 * APIC: by vector if its mode is fixed, else to the core.
 * @rule sdm.lapic.lvt.remote-irr | SDM 3A | Local Vector Table | Remote IRR is set when the
 * level-triggered fixed interrupt of a LINT pin is accepted.
 * @rule sdm.lapic.lvt.remote-irr-holds | SDM 3A | Local Vector Table | Choice: while remote IRR is
 * 1 the pin requests nothing more.
 * @rule sdm.lapic.lvt.reserved-mode | SDM 3A | Local Vector Table | Choice: an entry with lowest
 * priority, start-up or the reserved mode delivers nothing.
 * @rule sdm.lapic.lvt.perf-mask | SDM 3A | Local Vector Table | The performance-counter entry masks
 * itself upon delivery.
 */
vtdpi_lapic_accept_t vtdpi_lapic_lvt_event(vtdpi_lapic_t *self, vtdpi_lapic_lvt_t lvt)
{
    uint64_t entry = self->lvt[lvt];
    if (VTDPI_GET(LVT, MASK, &entry) != 0) {
        return VTDPI_LAPIC_IGNORED;
    }
    bool level = vtdpi_lapic_lvt_level(lvt, entry);
    vtdpi_intr_msg_t msg = {.vector = (uint8_t)VTDPI_GET(LVT, VECTOR, &entry),
                            .delivery_mode = (uint8_t)VTDPI_GET(LVT, DELIVERY_MODE, &entry),
                            .trigger_mode = level,
                            .level = 1};
    if (msg.delivery_mode == VTDPI_DLM_LOWEST || msg.delivery_mode == VTDPI_DLM_STARTUP ||
        (level && VTDPI_GET(LVT, REMOTE_IRR, &entry) != 0)) {
        return VTDPI_LAPIC_IGNORED;
    }
    vtdpi_lapic_accept_t result = vtdpi_lapic_accept(self, &msg);
    if (level && result != VTDPI_LAPIC_ILLEGAL) {
        VTDPI_PUT(LVT, REMOTE_IRR, &entry, 1);
    }
    if (lvt == VTDPI_LAPIC_LVT_PERF) {
        VTDPI_PUT(LVT, MASK, &entry, 1);
    }
    self->lvt[lvt] = (uint32_t)entry;
    return result;
}
