#include "vtdpi/lapic_access.h"

/*
 * @rule sdm.lapic.icr.shorthand | SDM 3A | Valid Combinations for the Pentium 4 Processor and Intel
 * Xeon Processor Local xAPIC Interrupt Command Register | Self and all including self are for fixed
 * delivery only; all excluding self and no shorthand are for every mode.
 * @rule sdm.lapic.icr.not-legal | SDM 3A | Valid Combinations for the Pentium 4 Processor and Intel
 * Xeon Processor Local xAPIC Interrupt Command Register | Choice: a combination that is not legal,
 * and a reserved delivery mode, sends nothing and is no error.
 */
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

/*
 * @rule sdm.lapic.icr.init-deassert | SDM 3A | Interrupt Command Register (ICR) | Choice: INIT
 * level de-assert (trigger 1, level 0), which is not supported, sends nothing; switch init_deassert
 * sends it as an INIT.
 */
static bool lapic_deassert(const uint64_t *icr)
{
    return VTDPI_GET(ICR, DELIVERY_MODE, icr) == VTDPI_DLM_INIT &&
           VTDPI_GET(ICR, TRIGGER_MODE, icr) != 0 && VTDPI_GET(ICR, LEVEL, icr) == 0;
}

/*
 * @rule sdm.lapic.icr.illegal-vector | SDM 3A | Error Handling | A vector below 16, fixed or lowest
 * priority, is a "send illegal vector" error of the sender.
 * @rule sdm.lapic.icr.illegal-self | SDM 3A | Error Handling | To oneself it is a "received illegal
 * vector" error as well.
 * @rule sdm.lapic.icr.illegal-others | SDM 3A | Error Handling | Choice: to others nothing is sent;
 * switch ipi_illegal_vector sends it, so that each receiver notes it.
 */
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

/*
 * @rule sdm.lapic.icr.destination | SDM 3A | ICR Operation in x2APIC Mode | The destination is in
 * bits 63:56 in xAPIC mode and in bits 63:32 in x2APIC mode.
 * @rule sdm.lapic.icr.edge | SDM 3A | Interrupt Command Register (ICR) | Trigger mode and level are
 * sent as edge and assert whatever was written.
 * @rule sdm.lapic.icr.redirectable | SDM 3A | Error Handling | Lowest priority cannot be sent in
 * x2APIC mode: "redirectable IPI" error, whatever the vector.
 */
vtdpi_lapic_icr_t vtdpi_lapic_icr_decode(uint64_t icr, bool x2apic, uint8_t switches)
{
    vtdpi_lapic_icr_t out = {.shorthand = (uint8_t)VTDPI_GET(ICR, SHORTHAND, &icr)};
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
