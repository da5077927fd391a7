#include "vtdpi/lapic_access.h"

/* Divider code {bit 3, bit 1, bit 0}: 0 is /2, 6 is /128, 7 is /1. */
static unsigned lapic_divide_shift(const vtdpi_lapic_t *self)
{
    unsigned code = (self->timer_divide & 3U) | (self->timer_divide >> 1 & 4U);
    return (code + 1) & 7U;
}

unsigned vtdpi_lapic_timer_divisor(const vtdpi_lapic_t *self)
{
    return 1U << lapic_divide_shift(self);
}

unsigned vtdpi_lapic_timer_mode(const vtdpi_lapic_t *self)
{
    uint64_t lvt = self->lvt[VTDPI_LAPIC_LVT_TIMER];
    return (unsigned)VTDPI_GET(LVT, TIMER_MODE, &lvt);
}

uint64_t vtdpi_lapic_timer_ticks(const vtdpi_lapic_t *self)
{
    return (uint64_t)self->timer_initial << lapic_divide_shift(self);
}

uint32_t vtdpi_lapic_timer_current(const vtdpi_lapic_t *self, uint64_t ticks)
{
    uint64_t round_up = vtdpi_lapic_timer_divisor(self) - 1U;
    return (uint32_t)((ticks + round_up) >> lapic_divide_shift(self));
}

vtdpi_lapic_accept_t vtdpi_lapic_timer_expire(vtdpi_lapic_t *self)
{
    VTDPI_ASSERT(self->timer_armed != 0 || self->deadline_armed != 0);
    self->deadline_armed = 0;
    self->timer_armed =
        self->timer_armed != 0 && vtdpi_lapic_timer_mode(self) == VTDPI_TIMER_PERIODIC;
    return vtdpi_lapic_lvt_event(self, VTDPI_LAPIC_LVT_TIMER);
}
