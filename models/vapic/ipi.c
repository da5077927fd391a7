/*
 * IPI virtualization: the forms of ICR that it takes, the PID-pointer table, and the two locked
 * accesses to the target's descriptor.
 */
#include "vtdpi/layout.h"
#include "vtdpi/pid.h"

#include "form.h"

enum {
    IPI_VECTOR_MIN = 16,    /* lower vectors are illegal */
    IPI_SHORTHAND_NONE = 0, /* ICR's shorthands */
    IPI_SHORTHAND_SELF = 1,
    IPI_FIXED = 0,        /* ICR's delivery mode */
    IPI_POINTER_BYTES = 8 /* entry of the PID-pointer table */
};

bool vtdpi_vapic_icr_reserved(uint32_t icr_lo)
{
    uint64_t icr = icr_lo;
    return VTDPI_GET(VICR_RSVD, B13, &icr) != 0 || VTDPI_GET(VICR_RSVD, B17_16, &icr) != 0 ||
           VTDPI_GET(VICR_RSVD, B31_20, &icr) != 0;
}

/* What both forms want: nothing reserved, fixed, edge-triggered, idle. */
static bool ipi_plain(uint32_t icr_lo)
{
    uint64_t icr = icr_lo;
    return !vtdpi_vapic_icr_reserved(icr_lo) && VTDPI_GET(ICR, DELIVERY_MODE, &icr) == IPI_FIXED &&
           VTDPI_GET(ICR, TRIGGER_MODE, &icr) == 0 && VTDPI_GET(ICR, DELIVERY_STATUS, &icr) == 0;
}

/* @rule sdm.self-ipi.form | SDM 3C | APIC-Write Emulation | A self-IPI is virtualised if reserved
 * bits, delivery status, trigger mode and delivery mode are 0, the shorthand is self and the vector
 * is 16 or above; level and destination mode do not matter. */
bool vtdpi_vapic_self_form(uint32_t icr_lo)
{
    uint64_t icr = icr_lo;
    return ipi_plain(icr_lo) && VTDPI_GET(ICR, SHORTHAND, &icr) == IPI_SHORTHAND_SELF &&
           VTDPI_GET(ICR, VECTOR, &icr) >= IPI_VECTOR_MIN;
}

/* @rule sdm.ipiv.form | SDM 3C | IPI Virtualization | The form is: no reserved bit, no shorthand,
 * edge-triggered, idle, physical destination, fixed; level does not matter. */
bool vtdpi_vapic_ipi_form(uint32_t icr_lo)
{
    uint64_t icr = icr_lo;
    return ipi_plain(icr_lo) && VTDPI_GET(ICR, SHORTHAND, &icr) == IPI_SHORTHAND_NONE &&
           VTDPI_GET(ICR, DEST_MODE, &icr) == 0;
}

/* @rule sdm.ipiv.target | SDM 3C | IPI Virtualization | The virtual APIC ID is VICR_HI[31:24], or
 * EDX of WRMSR 830h. */
uint32_t vtdpi_vapic_ipi_target(uint64_t icr, bool x2apic)
{
    return (uint32_t)(x2apic ? VTDPI_GET(ICR, DEST_X2APIC, &icr)
                             : VTDPI_GET(ICR, DEST_XAPIC, &icr));
}

/* @rule sdm.ipiv.limits | SDM 3C | IPI Virtualization | A vector below 16, or a target above the
 * last PID-pointer index, exits with reason 56 and 300h. */
bool vtdpi_vapic_ipi_allowed(uint8_t vector, uint32_t target, uint16_t last_pid_index)
{
    return vector >= IPI_VECTOR_MIN && target <= last_pid_index;
}

/* @rule sdm.ipiv.table | SDM 3C | IPI Virtualization | The PID-pointer is the 8 bytes at the
 * table's address plus 8 times the target. */
uint64_t vtdpi_vapic_ipi_pointer_addr(uint64_t table, uint32_t target)
{
    return table + IPI_POINTER_BYTES * (uint64_t)target;
}

/* @rule sdm.ipiv.pointer | SDM 3C | IPI Virtualization | A PID-pointer that sets bits at or above
 * the physical width, or whose bits 5:0 are not 000001b, exits with reason 56 and 300h. */
vtdpi_vapic_pointer_t vtdpi_vapic_ipi_entry(uint64_t entry, unsigned width)
{
    bool valid = (entry & ~vtdpi_mask(width)) == 0 && VTDPI_GET(PID_POINTER, VALID, &entry) != 0 &&
                 VTDPI_GET(PID_POINTER, RSVD, &entry) == 0;
    uint64_t addr = VTDPI_GET(PID_POINTER, ADDR, &entry) << VTDPI_PID_POINTER_ADDR_LOW;
    return (vtdpi_vapic_pointer_t){.pid_addr = addr, .valid = valid};
}

/* @rule sdm.ipiv.request | SDM 3C | IPI Virtualization | First locked access: the vector's PIR bit
 * is set. */
void vtdpi_vapic_ipi_request(uint64_t line[VTDPI_LINE_WORDS], uint8_t vector)
{
    vtdpi_set_add(line, vector);
}

/* @rule sdm.ipiv.notify | SDM 3C | IPI Virtualization | Second locked access: if ON and SN are 0,
 * ON is set and a notification is due to NV and NDST as they are then.
 * @rule sdm.ipiv.no-reserved-check | SDM 3C | IPI Virtualization | Choice: reserved bits of the
 * descriptor are neither checked nor changed. */
vtdpi_vapic_notify_t vtdpi_vapic_ipi_notify(uint64_t *control)
{
    vtdpi_pid_ctl_t was = vtdpi_pid_ctl_read(*control);
    vtdpi_vapic_notify_t notify = {.ndst = was.ndst, .nv = was.nv, .send = !was.on && !was.sn};
    if (notify.send != 0) {
        *control |= VTDPI_PID_ON;
    }
    return notify;
}

static uint64_t ipi_icr(uint8_t vector, uint32_t ndst, bool x2apic)
{
    uint64_t icr = 0;
    VTDPI_PUT(ICR, VECTOR, &icr, vector);
    if (x2apic) {
        VTDPI_PUT(ICR, DEST_X2APIC, &icr, ndst);
    } else {
        VTDPI_PUT(ICR, DEST_XAPIC, &icr, vtdpi_pid_ndst_decode(ndst, false));
    }
    return icr;
}

/* @rule sdm.ipiv.notification | SDM 3C | IPI Virtualization | The notification is an ordinary IPI:
 * in xAPIC mode ICR_HI[31:24] is NDST[15:8], in x2APIC mode EDX is NDST; ICR_LO is NV. */
uint64_t vtdpi_vapic_ipi_icr(vtdpi_vapic_notify_t notify, bool x2apic)
{
    return ipi_icr(notify.nv, notify.ndst, x2apic);
}

/* @rule sdm.ipiv.senduipi | SDM 3C | IPI Virtualization | The notification of SENDUIPI with "use
 * TPR shadow" is written to VICR, of xAPIC form or, with "virtualize x2APIC mode", as 8 bytes at
 * 300h; IPI virtualization follows, or exit 56 with 300h without it. */
vtdpi_vapic_senduipi_t vtdpi_vapic_senduipi(vtdpi_ctls_t set, uint8_t nv, uint32_t ndst)
{
    vtdpi_vapic_senduipi_t out = {.access.offset = VTDPI_VAPIC_VICR_LO};
    if (!vtdpi_ctl_tpr_shadow(set)) {
        out.access.action = VTDPI_VAPIC_PHYSICAL;
        return out;
    }
    bool x2apic = vtdpi_ctl_virtualize_x2apic_mode(set);
    out.icr = ipi_icr(nv, ndst, x2apic);
    out.wide = x2apic;
    out.target = vtdpi_vapic_ipi_target(out.icr, x2apic);
    out.access.vector = nv;
    out.access.qualification = VTDPI_VAPIC_VICR_LO;
    out.access.action =
        vtdpi_ctl_ipi_virtualization(set) ? VTDPI_VAPIC_IPI : VTDPI_VAPIC_EXIT_WRITE;
    return out;
}
