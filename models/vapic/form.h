/*
 * Forms of ICR that both accesses by page and by MSR look at.
 */
#ifndef VTDPI_MODELS_VAPIC_FORM_H
#define VTDPI_MODELS_VAPIC_FORM_H

#include "vtdpi/vapic.h"

/** Whether an ICR's low half sets reserved bits: 31:20, 17:16 or 13. *Spec:* SDM 3A, "ICR Operation
 * in x2APIC Mode". */
bool vtdpi_vapic_icr_reserved(uint32_t icr_lo);

/** Whether an ICR's low half is a self-IPI that is virtualised. *Spec:* SDM 3C, "APIC-Write
 * Emulation". */
bool vtdpi_vapic_self_form(uint32_t icr_lo);

#endif
