#include "vtdpi/layout.h"
#include "vtdpi/pid.h"
#include "vtdpi/vapic.h"

enum {
    VAPIC_SLOT_BITS = 0xE0, /* vector bits that choose the slot; the rest choose the bit in it */
    VAPIC_CLASS_LOW = 4,    /* a vector's, or TPR's, priority class is its bits 7:4 */
    VAPIC_CLASS_MASK = 0xF0,
    VAPIC_THRESHOLD_MASK = 0xF
};

/* @rule sdm.page.visr | SDM 3C | Virtualized APIC Registers | Bit x of VISR is bit x & 1Fh at
 * offset 100h | (x & E0h) >> 1. */
uint32_t vtdpi_vapic_visr_offset(uint8_t vector)
{
    return (uint32_t)VTDPI_VAPIC_VISR | ((vector & (unsigned)VAPIC_SLOT_BITS) >> 1);
}

/* @rule sdm.page.virr | SDM 3C | Virtualized APIC Registers | Bit x of VIRR is bit x & 1Fh at
 * offset 200h | (x & E0h) >> 1. */
uint32_t vtdpi_vapic_virr_offset(uint8_t vector)
{
    return (uint32_t)VTDPI_VAPIC_VIRR | ((vector & (unsigned)VAPIC_SLOT_BITS) >> 1);
}

static unsigned vapic_class(uint8_t value)
{
    return (unsigned)value >> VAPIC_CLASS_LOW;
}

/* @rule sdm.ppr | SDM 3C | PPR Virtualization | VPPR becomes VTPR if VTPR[7:4] is at least
 * SVI[7:4], else SVI & F0h; bytes 3:1 are cleared. VISR plays no part. */
uint8_t vtdpi_vapic_ppr(uint8_t vtpr, uint8_t svi)
{
    return vapic_class(vtpr) >= vapic_class(svi) ? vtpr
                                                 : (uint8_t)(svi & (unsigned)VAPIC_CLASS_MASK);
}

/* @rule sdm.evaluate | SDM 3C | Evaluation of Pending Virtual Interrupts | A virtual interrupt is
 * recognised if "interrupt-window exiting" is 0 and RVI[7:4] is above VPPR[7:4].
 * @rule sdm.evaluate.class-0 | SDM 3C | Evaluation of Pending Virtual Interrupts | Vectors 0 to 15
 * can become RVI but are never recognised. */
bool vtdpi_vapic_evaluate(uint8_t rvi, uint8_t vppr, bool interrupt_window_exiting)
{
    return !interrupt_window_exiting && vapic_class(rvi) > vapic_class(vppr);
}

/* The highest bit of [set], or 0: what RVI and SVI become. */
static uint8_t vapic_highest(const uint64_t *set)
{
    int v = vtdpi_set_highest(set);
    return v < 0 ? 0 : (uint8_t)v;
}

/* @rule sdm.deliver | SDM 3C | Virtual-Interrupt Delivery | VISR[RVI] is set, SVI becomes RVI, VPPR
 * becomes RVI & F0h, VIRR[RVI] is cleared, RVI becomes the highest bit left in VIRR or 0, and
 * recognition ends. */
vtdpi_vapic_step_t vtdpi_vapic_deliver(vtdpi_vapic_t *self, uint64_t *visr, uint64_t *virr)
{
    VTDPI_ASSERT(self->recognised != 0);
    vtdpi_vapic_step_t step = {.vector = self->rvi, .vppr = self->rvi & (unsigned)VAPIC_CLASS_MASK};
    vtdpi_set_add(visr, self->rvi);
    self->svi = self->rvi;
    vtdpi_set_remove(virr, self->rvi);
    self->rvi = vapic_highest(virr);
    self->recognised = 0;
    return step;
}

/* @rule sdm.deliver.uinv | SDM 3C | Virtual-Interrupt Delivery | A virtual interrupt that is a
 * user-interrupt notification is retired as by an EOI, without a look at the EOI-exit bitmap and
 * without an evaluation. */
vtdpi_vapic_step_t vtdpi_vapic_retire(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr)
{
    vtdpi_vapic_step_t step = {.vector = self->svi};
    vtdpi_set_remove(visr, self->svi);
    self->svi = vapic_highest(visr);
    step.vppr = vtdpi_vapic_ppr(vtpr, self->svi);
    return step;
}

/* @rule sdm.eoi.dismiss | SDM 3C | EOI Virtualization | VISR[SVI] is cleared, SVI becomes the
 * highest bit left in VISR or 0, and PPR virtualization follows.
 * @rule sdm.eoi.exit | SDM 3C | EOI Virtualization | If the EOI-exit bitmap has the bit of the old
 * SVI, exit 45 with that vector instead of an evaluation; bit 0 counts too where SVI was 0. */
vtdpi_vapic_step_t vtdpi_vapic_eoi(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr,
                                   const uint64_t *eoi_exit)
{
    vtdpi_vapic_step_t step = vtdpi_vapic_retire(self, visr, vtpr);
    step.exit = vtdpi_set_has(eoi_exit, step.vector);
    return step;
}

/* @rule sdm.self-ipi | SDM 3C | Self-IPI Virtualization | VIRR[v] is set and RVI becomes the
 * maximum of RVI and v; an evaluation follows. The descriptor plays no part. */
void vtdpi_vapic_self_ipi(vtdpi_vapic_t *self, uint64_t *virr, uint8_t vector)
{
    vtdpi_set_add(virr, vector);
    if (vector > self->rvi) {
        self->rvi = vector;
    }
}

/* PPR virtualization and evaluation: the new VPPR. */
static uint8_t vapic_prioritise(vtdpi_vapic_t *self, vtdpi_ctls_t set, uint8_t vtpr)
{
    uint8_t vppr = vtdpi_vapic_ppr(vtpr, self->svi);
    bool window = vtdpi_ctl_interrupt_window_exiting(set);
    self->recognised = vtdpi_vapic_evaluate(self->rvi, vppr, window);
    return vppr;
}

/* @rule sdm.entry.evaluate | SDM 3C | Updating Non-Register State | With "virtual-interrupt
 * delivery" an entry loads RVI and SVI from the guest interrupt status, then PPR virtualization and
 * the evaluation of pending virtual interrupts follow; VISR, VIRR and the descriptor are not read.
 */
vtdpi_vapic_step_t vtdpi_vapic_enter(vtdpi_vapic_t *self, vtdpi_ctls_t set, uint16_t intr_status,
                                     uint8_t vtpr)
{
    uint64_t status = intr_status;
    self->rvi = (uint8_t)VTDPI_GET(INTR_STATUS, RVI, &status);
    self->svi = (uint8_t)VTDPI_GET(INTR_STATUS, SVI, &status);
    return (vtdpi_vapic_step_t){.vppr = vapic_prioritise(self, set, vtpr)};
}

/* @rule sdm.exit.recognition-ends | SDM 3C | Updating Non-Register State | Recognition of a
 * virtual interrupt does not outlast a VM exit: the next entry evaluates anew. */
void vtdpi_vapic_leave(vtdpi_vapic_t *self)
{
    self->recognised = 0;
}

/* @rule sdm.posted.clear-on | SDM 3C | Posted-Interrupt Processing | ON is cleared by one locked
 * access, before PIR is read; no other bit of the descriptor changes, and SN, NV and NDST play no
 * part. */
uint64_t vtdpi_vapic_posted_control(uint64_t control)
{
    return control & ~VTDPI_PID_ON;
}

/* @rule sdm.posted.take | SDM 3C | Posted-Interrupt Processing | PIR is read and cleared with no
 * access of others to a bit in between; what was read is added to VIRR. */
uint64_t vtdpi_vapic_posted_take(uint64_t *pir_word, uint64_t *virr_word)
{
    uint64_t taken = *pir_word;
    *pir_word = 0;
    *virr_word |= taken;
    return taken;
}

/* @rule sdm.posted.rvi | SDM 3C | Posted-Interrupt Processing | RVI becomes the maximum of RVI and
 * the highest bit taken from PIR; it stays if PIR was empty.
 * @rule sdm.posted.pir-order | SDM 3C | Posted-Interrupt Processing | Choice: PIR is taken in four
 * words of 64 bits, ascending; whatever the order, VIRR and RVI come out the same. */
void vtdpi_vapic_raise(vtdpi_vapic_t *self, const uint64_t *pir)
{
    int v = vtdpi_set_highest(pir);
    if (v > self->rvi) {
        self->rvi = (uint8_t)v;
    }
}

/* @rule sdm.tpr.evaluate | SDM 3C | TPR Virtualization | With "virtual-interrupt delivery": PPR
 * virtualization and an evaluation, no exit. */
vtdpi_vapic_step_t vtdpi_vapic_tpr(vtdpi_vapic_t *self, vtdpi_ctls_t set, uint8_t vtpr,
                                   uint32_t tpr_threshold)
{
    if (vtdpi_ctl_virtual_interrupt_delivery(set)) {
        return (vtdpi_vapic_step_t){.vppr = vapic_prioritise(self, set, vtpr)};
    }
    return (vtdpi_vapic_step_t){.exit = vtdpi_vapic_tpr_below(vtpr, tpr_threshold)};
}

/* @rule sdm.tpr.threshold | SDM 3C | TPR Virtualization | Without "virtual-interrupt delivery":
 * exit 43 if VTPR[7:4] is below TPR threshold[3:0]. */
bool vtdpi_vapic_tpr_below(uint8_t vtpr, uint32_t tpr_threshold)
{
    return vapic_class(vtpr) < (tpr_threshold & (uint32_t)VAPIC_THRESHOLD_MASK);
}
