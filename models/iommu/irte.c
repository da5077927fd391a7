/*
 * Interrupt remapping table entry: building, reading and checking both formats.
 */
#include "vtdpi/irte.h"

#include <string.h>

/** PDAL holds address bits 31:6, PDAH bits 63:32. */
enum { IRTE_PDAL_SHIFT = 6, IRTE_PDAH_SHIFT = 32, IRTE_PID_ALIGN_MASK = VTDPI_LINE_BYTES - 1 };

/** DLM encodings that mean nothing: 3 and 6. */
static bool irte_dlm_ok(uint64_t dlm)
{
    return dlm != VTDPI_DLM_STARTUP && dlm != (VTDPI_DLM_LOWEST | VTDPI_DLM_SMI);
}

/*
 * @rule vtd.irte.remapped-layout | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped
 * Interrupts | P 0, FPD 1, DM 2, RH 3, TM 4, DLM 7:5, AVAIL 11:8, IM 15, V 23:16, DST 63:32, SID
 * 79:64, SQ 81:80, SVT 83:82.
 * @rule vtd.irte.xapic-destination | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped
 * Interrupts | With EIME = 0 DST is 8 bits, bits 47:40 of the entry; with EIME = 1 it is 32 bits.
 */
void vtdpi_irte_remapped_make(const vtdpi_irte_remapped_t *f, bool eime,
                              uint64_t irte[VTDPI_IRTE_WORDS])
{
    VTDPI_ASSERT(eime || f->dst <= UINT8_MAX);
    memset(irte, 0, VTDPI_IRTE_BYTES);
    VTDPI_PUT(IRTE, P, irte, f->p);
    VTDPI_PUT(IRTE, FPD, irte, f->fpd);
    VTDPI_PUT(IRTE, DM, irte, f->dm);
    VTDPI_PUT(IRTE, RH, irte, f->rh);
    VTDPI_PUT(IRTE, TM, irte, f->tm);
    VTDPI_PUT(IRTE, DLM, irte, f->dlm);
    VTDPI_PUT(IRTE, AVAIL, irte, f->avail);
    VTDPI_PUT(IRTE, V, irte, f->v);
    if (eime) {
        VTDPI_PUT(IRTE, DST, irte, f->dst);
    } else {
        VTDPI_PUT(IRTE, DST8, irte, f->dst);
    }
    VTDPI_PUT(IRTE, SID, irte, f->sid);
    VTDPI_PUT(IRTE, SQ, irte, f->sq);
    VTDPI_PUT(IRTE, SVT, irte, f->svt);
}

static uint32_t irte_dst(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime)
{
    return (uint32_t)(eime ? VTDPI_GET(IRTE, DST, irte) : VTDPI_GET(IRTE, DST8, irte));
}

vtdpi_irte_remapped_t vtdpi_irte_remapped_read(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime)
{
    return (vtdpi_irte_remapped_t){
        .dst = irte_dst(irte, eime),
        .sid = (uint16_t)VTDPI_GET(IRTE, SID, irte),
        .v = (uint8_t)VTDPI_GET(IRTE, V, irte),
        .dlm = (uint8_t)VTDPI_GET(IRTE, DLM, irte),
        .avail = (uint8_t)VTDPI_GET(IRTE, AVAIL, irte),
        .sq = (uint8_t)VTDPI_GET(IRTE, SQ, irte),
        .svt = (uint8_t)VTDPI_GET(IRTE, SVT, irte),
        .p = VTDPI_GET(IRTE, P, irte) != 0,
        .fpd = VTDPI_GET(IRTE, FPD, irte) != 0,
        .dm = VTDPI_GET(IRTE, DM, irte) != 0,
        .rh = VTDPI_GET(IRTE, RH, irte) != 0,
        .tm = VTDPI_GET(IRTE, TM, irte) != 0,
    };
}

/*
 * @rule vtd.irte.posted-layout | VT-d | Interrupt Remapping Table Entry (IRTE) for Posted
 * Interrupts | URG 14, IM 15 (1), VV 23:16, PDAL 63:38, PDAH 127:96; P, FPD, AVAIL, SID, SQ, SVT
 * as in the other format.
 */
void vtdpi_irte_posted_make(const vtdpi_irte_posted_t *f, uint64_t irte[VTDPI_IRTE_WORDS])
{
    VTDPI_ASSERT((f->pid_paddr & IRTE_PID_ALIGN_MASK) == 0);
    memset(irte, 0, VTDPI_IRTE_BYTES);
    VTDPI_PUT(IRTE, P, irte, f->p);
    VTDPI_PUT(IRTE, FPD, irte, f->fpd);
    VTDPI_PUT(IRTE, AVAIL, irte, f->avail);
    VTDPI_PUT(IRTE, URG, irte, f->urg);
    VTDPI_PUT(IRTE, IM, irte, 1);
    VTDPI_PUT(IRTE, VV, irte, f->vv);
    VTDPI_PUT(IRTE, PDAL, irte, f->pid_paddr >> IRTE_PDAL_SHIFT);
    VTDPI_PUT(IRTE, PDAH, irte, f->pid_paddr >> IRTE_PDAH_SHIFT);
    VTDPI_PUT(IRTE, SID, irte, f->sid);
    VTDPI_PUT(IRTE, SQ, irte, f->sq);
    VTDPI_PUT(IRTE, SVT, irte, f->svt);
}

vtdpi_irte_posted_t vtdpi_irte_posted_read(const uint64_t irte[VTDPI_IRTE_WORDS])
{
    return (vtdpi_irte_posted_t){
        .pid_paddr = vtdpi_irte_pid_paddr(irte),
        .sid = (uint16_t)VTDPI_GET(IRTE, SID, irte),
        .vv = (uint8_t)VTDPI_GET(IRTE, VV, irte),
        .avail = (uint8_t)VTDPI_GET(IRTE, AVAIL, irte),
        .sq = (uint8_t)VTDPI_GET(IRTE, SQ, irte),
        .svt = (uint8_t)VTDPI_GET(IRTE, SVT, irte),
        .p = VTDPI_GET(IRTE, P, irte) != 0,
        .fpd = VTDPI_GET(IRTE, FPD, irte) != 0,
        .urg = VTDPI_GET(IRTE, URG, irte) != 0,
    };
}

/*
 * @rule vtd.irte.pid-address | VT-d | Interrupt Remapping Table Entry (IRTE) for Posted Interrupts
 * | PDAH and PDAL are bits 63:32 and 31:6 of the descriptor's address, which is thus always a
 * multiple of 64.
 */
uint64_t vtdpi_irte_pid_paddr(const uint64_t irte[VTDPI_IRTE_WORDS])
{
    return VTDPI_GET(IRTE, PDAH, irte) << IRTE_PDAH_SHIFT | VTDPI_GET(IRTE, PDAL, irte)
                                                                << IRTE_PDAL_SHIFT;
}

/*
 * @rule vtd.irte.message | VT-d | Interrupt Remapping Hardware Operation | A remapped message
 * takes DST, DM, RH, DLM, TM and V from the entry; its level is always asserted.
 */
vtdpi_intr_msg_t vtdpi_irte_message(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime)
{
    return (vtdpi_intr_msg_t){
        .dest = irte_dst(irte, eime),
        .vector = (uint8_t)VTDPI_GET(IRTE, V, irte),
        .delivery_mode = (uint8_t)VTDPI_GET(IRTE, DLM, irte),
        .dest_mode = (uint8_t)VTDPI_GET(IRTE, DM, irte),
        .trigger_mode = (uint8_t)VTDPI_GET(IRTE, TM, irte),
        .level = 1,
        .rh = (uint8_t)VTDPI_GET(IRTE, RH, irte),
        .wide = eime,
    };
}

/*
 * @rule vtd.irte.posted-reserved | VT-d | Interrupt Remapping Table Entry (IRTE) for Posted
 * Interrupts | Bits 7:2, 13:12, 37:24 and 95:84 are 0; AVAIL is not looked at.
 */
static bool irte_posted_reserved_ok(const uint64_t irte[VTDPI_IRTE_WORDS])
{
    return (VTDPI_GET(IRTE_RSVD_IM1, B7_2, irte) | VTDPI_GET(IRTE_RSVD_IM1, B13_12, irte) |
            VTDPI_GET(IRTE_RSVD_IM1, B37_24, irte) | VTDPI_GET(IRTE_RSVD_IM1, B95_84, irte)) == 0;
}

/*
 * @rule vtd.irte.remapped-reserved | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped
 * Interrupts | Bits 14:12, 31:24 and 127:84 are 0; AVAIL is not looked at.
 * @rule vtd.irte.xapic-reserved | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped
 * Interrupts | With EIME = 0 bits 39:32 and 63:48 are 0 too.
 */
static bool irte_remapped_reserved_ok(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime)
{
    uint64_t set = VTDPI_GET(IRTE_RSVD_IM0, B14_12, irte) | VTDPI_GET(IRTE_RSVD_IM0, B31_24, irte) |
                   VTDPI_GET(IRTE_RSVD_IM0, B127_84, irte);
    if (!eime) {
        set |= VTDPI_GET(IRTE_RSVD_XAPIC, B39_32, irte) | VTDPI_GET(IRTE_RSVD_XAPIC, B63_48, irte);
    }
    return set == 0;
}

/*
 * @rule vtd.irte.im-without-pi | VT-d | Interrupt Remapping Table Entry (IRTE) for Posted
 * Interrupts | Without CAP.PI bit 15 (IM) is reserved.
 * @rule vtd.irte.dlm | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts |
 * Choice: the delivery modes 011b and 110b count as reserved; switch dlm_check.
 */
bool vtdpi_irte_reserved_ok(const uint64_t irte[VTDPI_IRTE_WORDS], bool eime, bool pi,
                            bool dlm_check)
{
    if (VTDPI_GET(IRTE, IM, irte) != 0) {
        return pi && irte_posted_reserved_ok(irte);
    }
    return irte_remapped_reserved_ok(irte, eime) &&
           (!dlm_check || irte_dlm_ok(VTDPI_GET(IRTE, DLM, irte)));
}

/** The bits of a requester ID that SQ leaves to compare.
 *
 * @rule vtd.irte.sq | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts | SQ =
 * 01b ignores bit 2 of the requester ID, 10b bits 2:1, 11b bits 2:0; 00b ignores none.
 */
static uint16_t irte_sq_mask(uint64_t sq)
{
    static const uint16_t mask[] = {0xFFFF, 0xFFFB, 0xFFF9, 0xFFF8};
    return mask[sq];
}

/*
 * @rule vtd.irte.svt-bus | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts |
 * SVT = 10b: the requester's bus lies between the first and the last bus of SID, both included; SQ
 * takes no part.
 * @rule vtd.irte.bus-order | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts
 * | Choice: the first bus is SID[15:8], as operating systems program it.
 */
static bool irte_bus_in_range(uint16_t sid, uint16_t rid)
{
    unsigned bus = rid >> 8U;
    return (unsigned)(sid >> 8U) <= bus && bus <= (sid & UINT8_MAX);
}

/*
 * @rule vtd.irte.svt | VT-d | Interrupt Remapping Table Entry (IRTE) for Remapped Interrupts | SVT
 * = 00b validates nothing; 01b compares the requester ID with SID under the mask of SQ.
 */
vtdpi_source_check_t vtdpi_irte_source(const uint64_t irte[VTDPI_IRTE_WORDS], uint16_t rid)
{
    uint16_t sid = (uint16_t)VTDPI_GET(IRTE, SID, irte);
    bool valid = true;
    switch (VTDPI_GET(IRTE, SVT, irte)) {
    case VTDPI_SVT_NONE:
        break;
    case VTDPI_SVT_SID:
        valid = ((sid ^ rid) & irte_sq_mask(VTDPI_GET(IRTE, SQ, irte))) == 0;
        break;
    case VTDPI_SVT_BUS:
        valid = irte_bus_in_range(sid, rid);
        break;
    default:
        return VTDPI_SOURCE_RESERVED_TYPE;
    }
    return valid ? VTDPI_SOURCE_VALID : VTDPI_SOURCE_MISMATCH;
}
