/*
 * Posted-interrupt descriptor: the layout's forms, the reserved bits and one posting.
 */
#include "vtdpi/pid.h"

static uint64_t pid_field_mask(unsigned low, unsigned width)
{
    return vtdpi_mask(width) << low;
}

/*
 * @rule vtd.pid.layout | VT-d | Posted Interrupt Descriptor (PID) | 512 bits: PIR 255:0, ON 256,
 * SN 257, NV 279:272, NDST 319:288; all others are reserved, 271 too, for there is no destination
 * mode.
 */
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

/*
 * @rule vtd.pid.ndst | VT-d | Posted Interrupt Descriptor (PID) | NDST is APIC ID[31:0] with EIME
 * = 1, and holds APIC ID[7:0] in its bits 15:8 with EIME = 0.
 */
uint32_t vtdpi_pid_ndst_decode(uint32_t ndst, bool x2apic)
{
    return x2apic ? ndst
                  : (uint32_t)vtdpi_bits(ndst, VTDPI_PID_NDST8_LOW - VTDPI_PID_NDST_LOW,
                                         VTDPI_PID_NDST8_WIDTH);
}

#define PID_MASK(S, F) pid_field_mask(VTDPI_##S##_##F##_LOW, VTDPI_##S##_##F##_WIDTH)

/*
 * @rule vtd.pid.reserved | VT-d | Interrupt-Posting Hardware Operation | Bits 271:258, 287:280 and
 * 511:320 of the descriptor are reserved and 0.
 * @rule vtd.pid.ndst-reserved | VT-d | Interrupt-Posting Hardware Operation | Choice: with EIME =
 * 0 the unused parts of NDST count as reserved; switch pid_ndst_check.
 */
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
 * takes no part in it, so a post that adds no new bit can still notify.
 *
 * @rule vtd.post.atomic | VT-d | Interrupt-Posting Hardware Operation | PIR[VV] := 1 and, where a
 * notification is due, ON := 1 in one atomic update of the line; nothing else of it changes.
 * @rule vtd.post.notify | VT-d | Interrupt-Posting Hardware Operation | A notification is due if
 * ON is 0 and either SN is 0 or the request is urgent.
 * @rule vtd.post.coalesced | VT-d | Interrupt-Posting Hardware Operation | While ON is 1 nothing
 * is sent, for an urgent request neither.
 * @rule vtd.post.suppressed | VT-d | Interrupt-Posting Hardware Operation | A request that is not
 * urgent leaves ON at 0 while SN is 1; clearing SN sends nothing.
 * @rule vtd.post.urgent | VT-d | Interrupt-Posting Hardware Operation | An urgent request notifies
 * although SN is 1.
 * @rule vtd.post.merged | VT-d | Interrupt-Posting Hardware Operation | If PIR[VV] is 1 already
 * the requests merge; ON, SN and URG decide as ever.
 * @rule vtd.post.sampled | VT-d | Interrupt-Posting Hardware Operation | NV and NDST are those of
 * the same atomic access: a change counts from the next post on, without invalidation.
 * @rule vtd.post.low-vectors | VT-d | Interrupt-Posting Hardware Operation | Vectors below 16 are
 * posted as any other, and an NV below 16 is sent as any other.
 */
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
