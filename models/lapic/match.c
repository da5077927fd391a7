#include "vtdpi/lapic.h"

enum { LAPIC_BROADCAST8 = 0xFF };

/* "FFh in 8 bits, FFFFFFFFh in 32 bits: all APICs", in either destination mode. */
static bool lapic_broadcast(const vtdpi_intr_msg_t *msg)
{
    return msg->wide != 0 ? msg->dest == UINT32_MAX : (msg->dest & 0xFFU) == LAPIC_BROADCAST8;
}

static bool lapic_physical_matches(const vtdpi_lapic_t *self, uint32_t dest)
{
    return dest == (self->mode == VTDPI_LAPIC_X2APIC ? self->id : self->id & 0xFFU);
}

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
    /* "Cluster: the high nibbles agree and the low ones share a bit." */
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
