#include "vtdpi/lapic_access.h"

/* Divider code {bit 3, bit 1, bit 0}: 0 is /2, 6 is /128, 7 is /1. */
static unsigned lapic_divide_shift(const vtdpi_lapic_t *self)
{
    unsigned code = (self->timer_divide & 3U) | (self->timer_divide >> 1 & 4U);
    return (code + 1) & 7U;
}

/*
 * @rule sdm.lapic.timer.divide | SDM 3A | APIC Timer | Divide configuration {bit 3, bit 1, bit 0}:
 * 000 divides by 2, and so on by powers of 2 to 110, 128; 111 divides by 1.
 */
unsigned vtdpi_lapic_timer_divisor(const vtdpi_lapic_t *self)
{
    return 1U << lapic_divide_shift(self);
}

unsigned vtdpi_lapic_timer_mode(const vtdpi_lapic_t *self)
{
    uint64_t lvt = self->lvt[VTDPI_LAPIC_LVT_TIMER];
    return (unsigned)VTDPI_GET(LVT, TIMER_MODE, &lvt);
}

/*
 * @rule sdm.lapic.timer.count | SDM 3A | APIC Timer | The count goes from the initial count to 0 at
 * the timer's clock, divided.
 */
uint64_t vtdpi_lapic_timer_ticks(const vtdpi_lapic_t *self)
{
    return (uint64_t)self->timer_initial << lapic_divide_shift(self);
}

uint32_t vtdpi_lapic_timer_current(const vtdpi_lapic_t *self, uint64_t ticks)
{
    uint64_t round_up = vtdpi_lapic_timer_divisor(self) - 1U;
    return (uint32_t)((ticks + round_up) >> lapic_divide_shift(self));
}

/*
 * @rule sdm.lapic.timer.one-shot | SDM 3A | APIC Timer | One-shot: at 0 the interrupt is raised and
 * the count stays 0 until the initial count is written.
 * @rule sdm.lapic.timer.periodic | SDM 3A | APIC Timer | Periodic: at 0 the interrupt is raised and
 * the count starts again.
 * @rule sdm.lapic.timer.deadline | SDM 3A | TSC-Deadline Mode | At the deadline the interrupt is
 * raised and IA32_TSC_DEADLINE becomes 0.
 * @rule sdm.lapic.timer.masked | SDM 3A | APIC Timer | Choice: a masked entry loses the interrupt
 * and lets the count go on.
 */
vtdpi_lapic_accept_t vtdpi_lapic_timer_expire(vtdpi_lapic_t *self)
{
    VTDPI_ASSERT(self->timer_armed != 0 || self->deadline_armed != 0);
    self->deadline_armed = 0;
    self->timer_armed =
        self->timer_armed != 0 && vtdpi_lapic_timer_mode(self) == VTDPI_TIMER_PERIODIC;
    return vtdpi_lapic_lvt_event(self, VTDPI_LAPIC_LVT_TIMER);
}
