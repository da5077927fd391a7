/* What the rules of user interrupts share. */
#ifndef VTDPI_MODELS_UINTR_RULE_H
#define VTDPI_MODELS_UINTR_RULE_H

#include "vtdpi/uintr.h"

/* Whether bits 63 down to [width] - 1 of [addr] are all alike. */
static inline bool uintr_canonical(uint64_t addr, unsigned width)
{
    uint64_t high = addr >> (width - 1);
    return high == 0 || high == UINT64_MAX >> (width - 1);
}

/* Whether the CPU is in 64-bit mode. */
static inline bool uintr_64bit(const vtdpi_uintr_mode_t *mode)
{
    return mode->efer_lma != 0 && mode->cs_l != 0;
}

#endif
