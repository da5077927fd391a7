#include "vtdpi/lapic_access.h"

/* "Self and all including self: fixed only; all excluding self: all but reserved ones." */
static bool lapic_mode_legal(unsigned mode, unsigned shorthand)
{
    switch (shorthand) {
    case VTDPI_SHORTHAND_SELF:
    case VTDPI_SHORTHAND_ALL:
        return mode == VTDPI_DLM_FIXED;
    default:
        return mode != 3 && mode != VTDPI_DLM_EXTINT;
    }
}

/* INIT with trigger = level, level = 0: "INIT level de-assert is not supported". */
static bool lapic_deassert(const uint64_t *icr)
{
    return VTDPI_GET(ICR, DELIVERY_MODE, icr) == VTDPI_DLM_INIT &&
           VTDPI_GET(ICR, TRIGGER_MODE, icr) != 0 && VTDPI_GET(ICR, LEVEL, icr) == 0;
}

/* "A vector below 16 is a send error; to oneself it is a receive error as well." */
static void lapic_vector_judge(vtdpi_lapic_icr_t *out, uint8_t switches)
{
    bool by_vector =
        out->msg.delivery_mode == VTDPI_DLM_FIXED || out->msg.delivery_mode == VTDPI_DLM_LOWEST;
    if (!by_vector || out->msg.vector >= 16) {
        return;
    }
    out->esr = VTDPI_LAPIC_ESR_SEND_VECTOR;
    if (out->shorthand == VTDPI_SHORTHAND_SELF) {
        out->esr |= VTDPI_LAPIC_ESR_RECEIVE_VECTOR;
        out->send = 0;
    } else if ((switches & VTDPI_LAPIC_SEND_ILLEGAL) == 0) {
        out->send = 0;
    }
}

vtdpi_lapic_icr_t vtdpi_lapic_icr_decode(uint64_t icr, bool x2apic, uint8_t switches)
{
    vtdpi_lapic_icr_t out = {.shorthand = (uint8_t)VTDPI_GET(ICR, SHORTHAND, &icr)};
    /* "Trigger and level are forced to edge, assert." */
    out.msg.dest =
        (uint32_t)(x2apic ? VTDPI_GET(ICR, DEST_X2APIC, &icr) : VTDPI_GET(ICR, DEST_XAPIC, &icr));
    out.msg.wide = x2apic;
    out.msg.vector = (uint8_t)VTDPI_GET(ICR, VECTOR, &icr);
    out.msg.delivery_mode = (uint8_t)VTDPI_GET(ICR, DELIVERY_MODE, &icr);
    out.msg.dest_mode = (uint8_t)VTDPI_GET(ICR, DEST_MODE, &icr);
    out.msg.level = 1;
    if (!lapic_mode_legal(out.msg.delivery_mode, out.shorthand)) {
        return out;
    }
    if (x2apic && out.msg.delivery_mode == VTDPI_DLM_LOWEST) {
        out.esr = VTDPI_LAPIC_ESR_REDIRECTABLE;
        return out;
    }
    out.send = !lapic_deassert(&icr) || (switches & VTDPI_LAPIC_INIT_DEASSERT) != 0;
    lapic_vector_judge(&out, switches);
    return out;
}
