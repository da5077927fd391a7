/*
 * Posted-interrupt descriptor: the layout's forms, the reserved bits and one posting.
 */
#include "vtdpi/pid.h"

static uint64_t pid_field_mask(unsigned low, unsigned width)
{
    return vtdpi_mask(width) << low;
}

uint64_t vtdpi_pid_ctl_make(vtdpi_pid_ctl_t ctl)
{
    uint64_t word = 0;
    word = vtdpi_with_bits(word, VTDPI_PID_ON_LOW, VTDPI_PID_ON_WIDTH, ctl.on);
    word = vtdpi_with_bits(word, VTDPI_PID_SN_LOW, VTDPI_PID_SN_WIDTH, ctl.sn);
    word = vtdpi_with_bits(word, VTDPI_PID_NV_LOW, VTDPI_PID_NV_WIDTH, ctl.nv);
    return vtdpi_with_bits(word, VTDPI_PID_NDST_LOW, VTDPI_PID_NDST_WIDTH, ctl.ndst);
}

vtdpi_pid_ctl_t vtdpi_pid_ctl_read(uint64_t word)
{
    return (vtdpi_pid_ctl_t){
        .ndst = (uint32_t)vtdpi_bits(word, VTDPI_PID_NDST_LOW, VTDPI_PID_NDST_WIDTH),
        .nv = (uint8_t)vtdpi_bits(word, VTDPI_PID_NV_LOW, VTDPI_PID_NV_WIDTH),
        .on = (word & VTDPI_PID_ON) != 0,
        .sn = (word & VTDPI_PID_SN) != 0,
    };
}

uint32_t vtdpi_pid_ndst_encode(uint32_t apic_id, bool x2apic)
{
    VTDPI_ASSERT(x2apic || apic_id <= UINT8_MAX);
    return x2apic ? apic_id : apic_id << (VTDPI_PID_NDST8_LOW - VTDPI_PID_NDST_LOW);
}

uint32_t vtdpi_pid_ndst_decode(uint32_t ndst, bool x2apic)
{
    return x2apic ? ndst
                  : (uint32_t)vtdpi_bits(ndst, VTDPI_PID_NDST8_LOW - VTDPI_PID_NDST_LOW,
                                         VTDPI_PID_NDST8_WIDTH);
}

#define PID_MASK(S, F) pid_field_mask(VTDPI_##S##_##F##_LOW, VTDPI_##S##_##F##_WIDTH)

bool vtdpi_pid_reserved_ok(const uint64_t line[VTDPI_LINE_WORDS], bool x2apic, bool ndst_check)
{
    uint64_t reserved = PID_MASK(PID_RSVD, C15_2) | PID_MASK(PID_RSVD, C31_24);
    if (ndst_check && !x2apic) {
        reserved |= PID_MASK(PID_RSVD_XAPIC, C39_32) | PID_MASK(PID_RSVD_XAPIC, C63_48);
    }
    return (line[VTDPI_PID_CTL_WORD] & reserved) == 0 && VTDPI_GET(PID_RSVD, W5, line) == 0 &&
           VTDPI_GET(PID_RSVD, W6, line) == 0 && VTDPI_GET(PID_RSVD, W7, line) == 0;
}

/* Steps 4 to 6 of the posting algorithm. "X = ((ON == 0) & (URG | (SN == 0)))"; PIR's old value
 * takes no part in it, so a post that adds no new bit can still notify. */
vtdpi_pid_post_t vtdpi_pid_post(uint64_t line[VTDPI_LINE_WORDS], unsigned vv, bool urg)
{
    VTDPI_ASSERT(vv < VTDPI_VECTORS);
    vtdpi_pid_ctl_t was = vtdpi_pid_ctl_read(line[VTDPI_PID_CTL_WORD]);
    vtdpi_pid_post_t post = {
        .ndst = was.ndst,
        .nv = was.nv,
        .notify = !was.on && (urg || !was.sn),
        .pir_was_set = vtdpi_set_has(line, vv),
        .on_was = was.on,
        .sn_was = was.sn,
    };
    vtdpi_set_add(line, vv);
    if (post.notify) {
        line[VTDPI_PID_CTL_WORD] |= VTDPI_PID_ON;
    }
    return post;
}
