/*
 * What the tests of the CPU's side share: cmocka and local APICs to start from.
 */
#ifndef VTDPI_TESTS_APIC_TEST_H
#define VTDPI_TESTS_APIC_TEST_H

#include "vtdpi/lapic_access.h"

#include "vtd_test.h"

/* An xAPIC-mode local APIC, software-enabled, ID as given. */
static inline vtdpi_lapic_t enabled_lapic(uint32_t id)
{
    vtdpi_lapic_t apic;
    vtdpi_lapic_init(&apic, id, id == 0, 0);
    (void)vtdpi_lapic_mmio_write(&apic, VTDPI_LAPIC_REG_SVR, 0x1FF);
    return apic;
}

/* The same in x2APIC mode. */
static inline vtdpi_lapic_t enabled_x2apic(uint32_t id)
{
    vtdpi_lapic_t apic = enabled_lapic(id);
    (void)vtdpi_lapic_wrmsr(&apic, VTDPI_LAPIC_MSR_APIC_BASE, 0xFEE00C00);
    return apic;
}

/* A fixed interrupt of [vector]. */
static inline vtdpi_lapic_accept_t fixed(vtdpi_lapic_t *apic, uint8_t vector, bool level)
{
    vtdpi_intr_msg_t msg = {.vector = vector, .trigger_mode = level, .level = 1};
    return vtdpi_lapic_accept(apic, &msg);
}

#endif
