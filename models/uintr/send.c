/*
 * The sender's side: UPID, UITT entry, and what SENDUIPI checks before it reads either.
 */
#include "vtdpi/pid.h"

#include "uintr_rule.h"

#define UINTR_MASK(S, F) (vtdpi_mask(VTDPI_##S##_##F##_WIDTH) << VTDPI_##S##_##F##_LOW)

/* @rule sdm.senduipi.ud | SDM 2 | SENDUIPI | #UD outside 64-bit mode, with CR4.UINTR = 0, or with
 * IA32_UINTR_TT[0] = 0. These come first.
 * @rule sdm.senduipi.index | SDM 2 | SENDUIPI | An index above UITTSZ, in all its 64 bits, is
 * #GP(0); no entry is read.
 * @rule sdm.senduipi.uitt-canonical | SDM 2 | SENDUIPI | #GP(0) if the entry's linear address is
 * not canonical.
 * @rule sdm.senduipi.any-cpl | SDM 2 | SENDUIPI | It may be executed at any CPL. */
vtdpi_uintr_fault_t vtdpi_uintr_send_check(const vtdpi_uintr_t *self,
                                           const vtdpi_uintr_mode_t *mode, uint64_t index)
{
    if (!uintr_64bit(mode) || mode->cr4_uintr == 0 || VTDPI_GET(UINTR_TT, ENABLE, &self->tt) == 0) {
        return VTDPI_UINTR_UD;
    }
    if (index > self->uittsz) {
        return VTDPI_UINTR_GP;
    }
    bool canonical = uintr_canonical(vtdpi_uitt_address(self, index), mode->linear_width);
    return canonical ? VTDPI_UINTR_NO_FAULT : VTDPI_UINTR_GP;
}

uint64_t vtdpi_uitt_address(const vtdpi_uintr_t *self, uint64_t index)
{
    uint64_t table = self->tt & UINTR_MASK(UINTR_TT, UITTADDR);
    return table + (index * VTDPI_UITTE_BYTES);
}

/* @rule sdm.uitt.valid | SDM 3A | User-Interrupt Target Table | An entry with V = 0 is #GP(0); its
 * UPID is not read.
 * @rule sdm.uitt.reserved | SDM 3A | User-Interrupt Target Table | Bits 7:1 and 63:16 set, a user
 * vector above 63 or a UPID address that is not 64-byte aligned are #GP(0); the UPID is not read.
 */
vtdpi_uitte_t vtdpi_uitte_decode(const uint64_t *words)
{
    bool reserved_ok =
        VTDPI_GET(UITTE_RSVD, B7_1, words) == 0 && VTDPI_GET(UITTE_RSVD, B15_14, words) == 0 &&
        VTDPI_GET(UITTE_RSVD, B63_16, words) == 0 && VTDPI_GET(UITTE_RSVD, B69_64, words) == 0;
    if (VTDPI_GET(UITTE, V, words) == 0 || !reserved_ok) {
        return (vtdpi_uitte_t){.fault = VTDPI_UINTR_GP};
    }
    return (vtdpi_uitte_t){
        .upid_addr = words[VTDPI_UITTE_UPIDADDR_WORD],
        .uv = (uint8_t)VTDPI_GET(UITTE, UV, words),
    };
}

/* @rule sdm.upid.reserved | SDM 2 | SENDUIPI | A UPID with one of the bits 15:2 or 31:24 set is
 * #GP(0) and keeps its content.
 * @rule sdm.upid.post | SDM 2 | SENDUIPI | PIR[UV] is set, whether or not a notification follows.
 * @rule sdm.upid.notify | SDM 2 | SENDUIPI | With ON = 0 and SN = 0, ON is set and a notification
 * is sent; else neither.
 * @rule sdm.upid.ndst-reserved | SDM 3A | User Posted-Interrupt Descriptor (UPID) | Choice: bits of
 * NDST outside 15:8 are not checked in xAPIC mode. */
vtdpi_upid_post_t vtdpi_upid_post(uint64_t *upid, unsigned uv)
{
    VTDPI_ASSERT(uv < VTDPI_USER_VECTORS);
    if (VTDPI_GET(UPID_RSVD, B15_2, upid) != 0 || VTDPI_GET(UPID_RSVD, B31_24, upid) != 0) {
        return (vtdpi_upid_post_t){.fault = VTDPI_UINTR_GP};
    }
    uint64_t bit = UINT64_C(1) << uv;
    vtdpi_upid_post_t post = {
        .ndst = (uint32_t)VTDPI_GET(UPID, NDST, upid),
        .nv = (uint8_t)VTDPI_GET(UPID, NV, upid),
        .notify = VTDPI_GET(UPID, ON, upid) == 0 && VTDPI_GET(UPID, SN, upid) == 0,
        .pir_was_set = (upid[VTDPI_UPID_PIR_WORD] & bit) != 0,
    };
    upid[VTDPI_UPID_PIR_WORD] |= bit;
    if (post.notify != 0) {
        VTDPI_PUT(UPID, ON, upid, 1);
    }
    return post;
}

/* @rule sdm.senduipi.ipi | SDM 2 | SENDUIPI | The notification is an ordinary IPI, physical and
 * fixed, of vector NV to the 32-bit APIC ID NDST in x2APIC mode, else to the 8-bit APIC ID
 * NDST[15:8]. */
uint64_t vtdpi_uintr_icr(uint8_t nv, uint32_t ndst, bool x2apic)
{
    uint32_t dest = vtdpi_pid_ndst_decode(ndst, x2apic);
    uint64_t icr = 0;
    VTDPI_PUT(ICR, VECTOR, &icr, nv);
    if (x2apic) {
        VTDPI_PUT(ICR, DEST_X2APIC, &icr, dest);
    } else {
        VTDPI_PUT(ICR, DEST_XAPIC, &icr, dest);
    }
    return icr;
}
