#include "vtdpi/lapic.h"

enum { LAPIC_BROADCAST8 = 0xFF };

/*
 * @rule sdm.lapic.match.broadcast | SDM 3A | Determining IPI Destination | FFh in an 8-bit and
 * FFFFFFFFh in a 32-bit destination reach every APIC, in either destination mode.
 * @rule sdm.lapic.match.broadcast-narrow | SDM 3A | Determining IPI Destination | Choice: FFh in an
 * 8-bit destination reaches x2APIC CPUs too.
 */
static bool lapic_broadcast(const vtdpi_intr_msg_t *msg)
{
    return msg->wide != 0 ? msg->dest == UINT32_MAX : (msg->dest & 0xFFU) == LAPIC_BROADCAST8;
}

/*
 * @rule sdm.lapic.match.physical | SDM 3A | Determining IPI Destination | A physical destination is
 * an APIC ID: of 8 bits in xAPIC mode, of 32 in x2APIC mode, where 000000FFh is an ID.
 */
static bool lapic_physical_matches(const vtdpi_lapic_t *self, uint32_t dest)
{
    return dest == (self->mode == VTDPI_LAPIC_X2APIC ? self->id : self->id & 0xFFU);
}

/*
 * @rule sdm.lapic.match.x2apic | SDM 3A | Logical Destination Mode in x2APIC Mode | Bits 31:16 of
 * destination and LDR agree and bits 15:0 share a bit.
 * @rule sdm.lapic.match.flat | SDM 3A | Logical Destination Mode | DFR 1111b: the destination and
 * LDR[31:24] share a bit.
 * @rule sdm.lapic.match.cluster | SDM 3A | Logical Destination Mode | DFR 0000b: the high nibbles
 * of destination and LDR[31:24] agree and the low ones share a bit.
 * @rule sdm.lapic.match.model | SDM 3A | Logical Destination Mode | Choice: any other DFR model
 * matches nothing but the broadcast, and neither does a 32-bit logical destination above FFh in
 * xAPIC mode.
 */
static bool lapic_logical_matches(const vtdpi_lapic_t *self, uint32_t dest)
{
    uint32_t ldr = vtdpi_lapic_ldr(self);
    if (self->mode == VTDPI_LAPIC_X2APIC) {
        return dest >> 16 == ldr >> 16 && (dest & ldr & 0xFFFFU) != 0;
    }
    if (dest > 0xFF) {
        return false;
    }
    ldr >>= 24;
    if (self->dfr >> 28 == 0xF) {
        return (dest & ldr) != 0;
    }
    return self->dfr >> 28 == 0 && dest >> 4 == ldr >> 4 && (dest & ldr & 0xFU) != 0;
}

bool vtdpi_lapic_matches(const vtdpi_lapic_t *self, const vtdpi_intr_msg_t *msg)
{
    if (self->mode == VTDPI_LAPIC_DISABLED) {
        return false;
    }
    if (lapic_broadcast(msg)) {
        return true;
    }
    uint32_t dest = msg->wide != 0 ? msg->dest : msg->dest & 0xFFU;
    return msg->dest_mode != 0 ? lapic_logical_matches(self, dest)
                               : lapic_physical_matches(self, dest);
}

static bool lapic_candidate_lower(vtdpi_lapic_candidate_t a, vtdpi_lapic_candidate_t b)
{
    return a.tpr != b.tpr ? a.tpr < b.tpr : a.id < b.id;
}

static unsigned lapic_lowest_tpr(const vtdpi_lapic_candidate_t *candidates, unsigned count)
{
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        if (lapic_candidate_lower(candidates[i], candidates[best])) {
            best = i;
        }
    }
    return best;
}

/*
 * @rule sdm.lapic.lowest | SDM 3A | Lowest Priority Delivery Mode | One of the APICs that a
 * lowest-priority message addresses gets it.
 * @rule sdm.lapic.lowest-policy | SDM 3A | Lowest Priority Delivery Mode | Choice: the one with the
 * lowest TPR, and of these with the lowest ID; switch lowest_policy takes the vector modulo the
 * number, or the first.
 */
unsigned vtdpi_lapic_lowest(const vtdpi_lapic_candidate_t *candidates, unsigned count,
                            uint8_t vector, vtdpi_lowest_policy_t policy)
{
    VTDPI_ASSERT(count != 0);
    switch (policy) {
    case VTDPI_LOWEST_TPR:
        return lapic_lowest_tpr(candidates, count);
    case VTDPI_LOWEST_VECTOR:
        return vector % count;
    case VTDPI_LOWEST_FIRST:
        break;
    }
    return 0;
}
