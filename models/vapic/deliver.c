#include "vtdpi/vapic.h"

/* Vector bits that choose the slot; the rest choose the bit in it. */
enum { VAPIC_SLOT_BITS = 0xE0 };

uint32_t vtdpi_vapic_visr_offset(uint8_t vector)
{
    return (uint32_t)VTDPI_VAPIC_VISR | ((vector & (unsigned)VAPIC_SLOT_BITS) >> 1);
}

uint32_t vtdpi_vapic_virr_offset(uint8_t vector)
{
    return (uint32_t)VTDPI_VAPIC_VIRR | ((vector & (unsigned)VAPIC_SLOT_BITS) >> 1);
}

uint8_t vtdpi_vapic_ppr(uint8_t vtpr, uint8_t svi)
{
    return vtpr >> 4 >= svi >> 4 ? vtpr : (uint8_t)(svi & 0xF0U);
}

bool vtdpi_vapic_evaluate(uint8_t rvi, uint8_t vppr, bool interrupt_window_exiting)
{
    return !interrupt_window_exiting && rvi >> 4 > vppr >> 4;
}

/* The highest bit of [set], or 0: what RVI and SVI become. */
static uint8_t vapic_highest(const uint64_t *set)
{
    int v = vtdpi_set_highest(set);
    return v < 0 ? 0 : (uint8_t)v;
}

vtdpi_vapic_step_t vtdpi_vapic_deliver(vtdpi_vapic_t *self, uint64_t *visr, uint64_t *virr)
{
    VTDPI_ASSERT(self->recognised != 0);
    vtdpi_vapic_step_t step = {.vector = self->rvi, .vppr = self->rvi & 0xF0U};
    vtdpi_set_add(visr, self->rvi);
    self->svi = self->rvi;
    vtdpi_set_remove(virr, self->rvi);
    self->rvi = vapic_highest(virr);
    self->recognised = 0;
    return step;
}

vtdpi_vapic_step_t vtdpi_vapic_retire(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr)
{
    vtdpi_vapic_step_t step = {.vector = self->svi};
    vtdpi_set_remove(visr, self->svi);
    self->svi = vapic_highest(visr);
    step.vppr = vtdpi_vapic_ppr(vtpr, self->svi);
    return step;
}

vtdpi_vapic_step_t vtdpi_vapic_eoi(vtdpi_vapic_t *self, uint64_t *visr, uint8_t vtpr,
                                   const uint64_t *eoi_exit)
{
    /* "With SVI = 0 the bitmap's bit 0 is tested all the same." */
    vtdpi_vapic_step_t step = vtdpi_vapic_retire(self, visr, vtpr);
    step.exit = vtdpi_set_has(eoi_exit, step.vector);
    return step;
}

void vtdpi_vapic_self_ipi(vtdpi_vapic_t *self, uint64_t *virr, uint8_t vector)
{
    vtdpi_set_add(virr, vector);
    if (vector > self->rvi) {
        self->rvi = vector;
    }
}

void vtdpi_vapic_raise(vtdpi_vapic_t *self, const uint64_t *pir)
{
    int v = vtdpi_set_highest(pir);
    if (v > self->rvi) {
        self->rvi = (uint8_t)v;
    }
}

bool vtdpi_vapic_tpr_below(uint8_t vtpr, uint32_t tpr_threshold)
{
    return (uint32_t)(vtpr >> 4) < (tpr_threshold & 0xFU);
}
