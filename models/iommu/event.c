/*
 * The unit's own interrupts: fault event and invalidation event, with mask and pending bit.
 */
#include "iommu_event.h"

/** An upper address register holds APIC ID[31:8] in place; its low byte is reserved. */
#define EVENT_UPPER_ID_MASK UINT32_C(0xFFFFFF00)

/** DLM of an event is bit 8 of the data only: fixed or lowest priority. */
#define EVENT_DLM_MASK 1U

/* @rule vtd.fault.ppf | VT-d | Fault Status Register | PPF is the OR of all F bits. */
bool vtdpi_iommu_ppf(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t f = 0;
    for (unsigned n = 0; n < cfg->frcd_count; n++) {
        f |= VTDPI_GET(FRCD, F, u->arch.frcd[n]);
    }
    return f != 0;
}

/*
 * @rule vtd.fault.hidden | VT-d | Fault Event Control Register | While any status bit is set, PFO
 * too, a further one is no new condition of the fault event.
 */
bool vtdpi_iommu_status_any(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    return (u->arch.reg[VTDPI_REG_FSTS] & IOMMU_FSTS_STORED) != 0 || vtdpi_iommu_ppf(u, cfg);
}

/* "Messages that bypass remapping": the compatibility layout, trigger mode and level fixed 0; in
 * x2APIC mode the upper address holds APIC ID[31:8].
 *
 * @rule vtd.event.message | VT-d | Fault Event Data Register | Events are built from their data
 * and address registers in the compatibility layout; DLM is data bit 8, trigger mode and level are
 * 0; they are not remapped.
 * @rule vtd.event.upper-address | VT-d | Fault Event Upper Address Register | In x2APIC mode bits
 * 31:8 of the upper address are APIC ID[31:8]; in xAPIC mode they are ignored.
 */
static vtdpi_intr_msg_t event_message(const vtdpi_iommu_t *u, iommu_event_t event)
{
    const uint64_t *reg = &u->arch.reg[event];
    vtdpi_msi_t msi = {.addr = reg[2], .data = (uint32_t)reg[1]};
    vtdpi_intr_msg_t msg = vtdpi_msi_compat_decode(msi);
    msg.delivery_mode &= EVENT_DLM_MASK;
    msg.trigger_mode = 0;
    msg.level = 0;
    if (u->arch.eime) {
        msg.dest |= (uint32_t)reg[3] & EVENT_UPPER_ID_MASK;
        msg.wide = 1;
    }
    return msg;
}

/*
 * @rule vtd.event.unmask | VT-d | Fault Event Control Register | An event that is pending is sent,
 * once, when IM goes to 0.
 */
vtdpi_iommu_event_t vtdpi_iommu_event_flush(vtdpi_iommu_t *u, iommu_event_t event)
{
    uint64_t ctl = u->arch.reg[event];
    if ((ctl & IOMMU_BIT(FECTL, IP)) == 0 || (ctl & IOMMU_BIT(FECTL, IM)) != 0) {
        return (vtdpi_iommu_event_t){.send = false};
    }
    vtdpi_iommu_event_drop(u, event);
    return (vtdpi_iommu_event_t){.msg = event_message(u, event), .send = true};
}

/*
 * @rule vtd.event.mask | VT-d | Fault Event Control Register | A new condition sets IP; with IM =
 * 0 the message goes at once and IP is cleared, with IM = 1 it stays.
 */
vtdpi_iommu_event_t vtdpi_iommu_event_raise(vtdpi_iommu_t *u, iommu_event_t event)
{
    u->arch.reg[event] |= IOMMU_BIT(FECTL, IP);
    return vtdpi_iommu_event_flush(u, event);
}

/*
 * @rule vtd.event.serviced | VT-d | Fault Event Control Register | When software has cleared every
 * status bit IP is cleared without a message; while one is left it stays.
 */
void vtdpi_iommu_event_drop(vtdpi_iommu_t *u, iommu_event_t event)
{
    u->arch.reg[event] &= ~IOMMU_BIT(FECTL, IP);
}
