/*
 * What the tests of APIC virtualization share: sets of controls by letters.
 */
#ifndef VTDPI_TESTS_VAPIC_TEST_H
#define VTDPI_TESTS_VAPIC_TEST_H

#include "vtdpi/vapic.h"

#include "vtd_test.h"

/* The controls that [letters] names: T use TPR shadow, A virtualize APIC accesses, X virtualize
 * x2APIC mode, R APIC-register virtualization, V virtual-interrupt delivery, I IPI virtualization,
 * L CR8-load exiting, S CR8-store exiting. */
static inline vtdpi_ctls_t controls(const char *letters)
{
    static const char names[] = "TAXRVILS";
    static const vtdpi_ctl_t ctls[] = {
        VTDPI_CTL_TPR_SHADOW,
        VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES,
        VTDPI_CTL_VIRTUALIZE_X2APIC_MODE,
        VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION,
        VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY,
        VTDPI_CTL_IPI_VIRTUALIZATION,
        VTDPI_CTL_CR8_LOAD_EXITING,
        VTDPI_CTL_CR8_STORE_EXITING,
    };
    vtdpi_ctls_t set = 0;
    for (; *letters != 0; letters++) {
        set |= vtdpi_ctl_one(ctls[strchr(names, *letters) - names]);
    }
    return set;
}

#endif
