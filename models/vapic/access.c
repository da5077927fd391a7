#include "vtdpi/vapic.h"

/* Sets of 16-byte slots of the first 1 KiB of the page: bit n is offset 16 n. */
#define SLOT(offset)       (UINT64_C(1) << ((offset) >> 4))
#define SLOTS(first, last) ((SLOT(last) << 1) - SLOT(first))

/* "Readable with APIC-register virtualization": not 090h, 0A0h, 0C0h, 2F0h, 390h. */
#define VAPIC_READABLE                                                                             \
    (SLOT(0x020) | SLOT(0x030) | SLOT(0x080) | SLOT(0x0B0) | SLOTS(0x0D0, 0x0F0) |                 \
     SLOTS(0x100, 0x280) | SLOTS(0x300, 0x380) | SLOT(0x3E0))

/* "Writable with APIC-register virtualization." */
#define VAPIC_WRITABLE                                                                             \
    (SLOT(0x020) | SLOT(0x080) | SLOT(0x0B0) | SLOTS(0x0D0, 0x0F0) | SLOT(0x280) |                 \
     SLOTS(0x300, 0x380) | SLOT(0x3E0))

enum { VAPIC_MSR_FIRST = 0x800, VAPIC_MSR_LAST = 0x8FF, VAPIC_SLOT_MASK = 0xFF0 };

static uint64_t vapic_readable(vtdpi_ctls_t set, bool vid_reads)
{
    uint64_t slots = SLOT(0x080);
    if (vtdpi_ctl_virtual_interrupt_delivery(set) && vid_reads) {
        slots |= SLOT(0x0B0) | SLOT(0x300);
    }
    return vtdpi_ctl_apic_register_virtualization(set) ? slots | VAPIC_READABLE : slots;
}

static uint64_t vapic_writable(vtdpi_ctls_t set)
{
    uint64_t slots = SLOT(0x080);
    if (vtdpi_ctl_virtual_interrupt_delivery(set)) {
        slots |= SLOT(0x0B0) | SLOT(0x300);
    }
    if (vtdpi_ctl_ipi_virtualization(set)) {
        slots |= SLOT(0x300) | SLOT(0x310);
    }
    return vtdpi_ctl_apic_register_virtualization(set) ? slots | VAPIC_WRITABLE : slots;
}

/* "Not wider than 32 bits, and within the low 4 bytes of a slot." */
static bool vapic_shape_ok(uint16_t offset, unsigned bytes)
{
    return bytes <= 4 && (offset & 0xFU) + bytes <= 4;
}

static bool vapic_slot_in(uint64_t slots, uint16_t offset)
{
    return offset < 0x400 && (slots >> (offset >> 4) & 1U) != 0;
}

static vtdpi_vapic_access_t vapic_result(vtdpi_vapic_action_t action, uint16_t offset,
                                         uint8_t vector, uint32_t qualification)
{
    return (vtdpi_vapic_access_t){.qualification = qualification,
                                  .offset = offset,
                                  .action = (uint8_t)action,
                                  .vector = vector};
}

vtdpi_vapic_access_t vtdpi_vapic_mmio(vtdpi_ctls_t set, vtdpi_vapic_type_t type, uint16_t offset,
                                      unsigned bytes, bool vid_reads)
{
    VTDPI_ASSERT(offset < 0x1000 && bytes != 0);
    if (!vtdpi_ctl_virtualize_apic_accesses(set)) {
        return vapic_result(VTDPI_VAPIC_PHYSICAL, offset, 0, 0);
    }
    bool ok = vtdpi_ctl_tpr_shadow(set) && vapic_shape_ok(offset, bytes);
    if (ok && type == VTDPI_VAPIC_LINEAR_READ &&
        vapic_slot_in(vapic_readable(set, vid_reads), offset)) {
        return vapic_result(VTDPI_VAPIC_READ, offset, 0, 0);
    }
    if (ok && type == VTDPI_VAPIC_LINEAR_WRITE && vapic_slot_in(vapic_writable(set), offset)) {
        return vapic_result(VTDPI_VAPIC_STORE, offset, 0, 0);
    }
    /* "Guest-physical accesses leave the offset undefined": 0 here. */
    uint32_t shown = type <= VTDPI_VAPIC_LINEAR_EVENT ? offset : 0U;
    return vapic_result(VTDPI_VAPIC_EXIT_ACCESS, offset, 0, shown | (uint32_t)type << 12);
}

/* Self-IPI from VICR_LO: reserved bits, delivery status, trigger and mode are 0, shorthand is self,
 * vector is 16 or above. */
static bool vapic_self_form(uint32_t vicr_lo)
{
    return (vicr_lo & UINT32_C(0xFFFFB700)) == UINT32_C(0x00040000) && (vicr_lo & 0xF0U) != 0;
}

bool vtdpi_vapic_ipi_form(uint32_t vicr_lo)
{
    /* 31:20, 17:16, 13: reserved; 19:18 no shorthand; 15 edge; 12 idle; 11 physical; 10:8 fixed. */
    return (vicr_lo & UINT32_C(0xFFFFBF00)) == 0;
}

static vtdpi_vapic_access_t vapic_exit_write(uint16_t offset)
{
    return vapic_result(VTDPI_VAPIC_EXIT_WRITE, offset, 0, offset);
}

static vtdpi_vapic_access_t vapic_icr_emulate(vtdpi_ctls_t set, uint32_t vicr_lo)
{
    uint8_t vector = (uint8_t)vicr_lo;
    if (vtdpi_ctl_virtual_interrupt_delivery(set) && vapic_self_form(vicr_lo)) {
        return vapic_result(VTDPI_VAPIC_SELF_IPI, VTDPI_VAPIC_VICR_LO, vector, 0);
    }
    if (vtdpi_ctl_ipi_virtualization(set) && vtdpi_vapic_ipi_form(vicr_lo)) {
        return vapic_result(VTDPI_VAPIC_IPI, VTDPI_VAPIC_VICR_LO, vector, VTDPI_VAPIC_VICR_LO);
    }
    return vapic_exit_write(VTDPI_VAPIC_VICR_LO);
}

vtdpi_vapic_access_t vtdpi_vapic_write_emulation(vtdpi_ctls_t set, uint16_t offset, uint32_t value)
{
    uint16_t slot = offset & VAPIC_SLOT_MASK;
    switch (slot) {
    case VTDPI_VAPIC_VTPR:
        return vapic_result(VTDPI_VAPIC_TPR, slot, 0, 0);
    case VTDPI_VAPIC_VEOI:
        return vtdpi_ctl_virtual_interrupt_delivery(set) ? vapic_result(VTDPI_VAPIC_EOI, slot, 0, 0)
                                                         : vapic_exit_write(slot);
    case VTDPI_VAPIC_VICR_LO:
        return vapic_icr_emulate(set, value);
    case VTDPI_VAPIC_VICR_HI:
        return vapic_result(VTDPI_VAPIC_CLEAR_HI, slot, 0, 0);
    default:
        return vapic_exit_write(slot);
    }
}

static uint16_t vapic_msr_offset(uint32_t msr)
{
    return (uint16_t)((msr & 0xFFU) << 4);
}

static bool vapic_msr_virtualised(vtdpi_ctls_t set, uint32_t msr)
{
    return vtdpi_ctl_virtualize_x2apic_mode(set) && msr >= VAPIC_MSR_FIRST && msr <= VAPIC_MSR_LAST;
}

vtdpi_vapic_access_t vtdpi_vapic_rdmsr(vtdpi_ctls_t set, uint32_t msr)
{
    uint16_t offset = vapic_msr_offset(msr);
    bool all = vtdpi_ctl_apic_register_virtualization(set);
    bool read = vapic_msr_virtualised(set, msr) && (all || offset == VTDPI_VAPIC_VTPR);
    return vapic_result(read ? VTDPI_VAPIC_READ : VTDPI_VAPIC_PHYSICAL, offset, 0, 0);
}

/* WRMSR 830h: "#GP if EAX[31:20], [17:16] or [13] is not 0; stored at 300h; then the form decides".
 */
static vtdpi_vapic_access_t vapic_wrmsr_icr(uint64_t value)
{
    if ((value & UINT64_C(0xFFF32000)) != 0) {
        return vapic_result(VTDPI_VAPIC_GP, VTDPI_VAPIC_VICR_LO, 0, 0);
    }
    if (!vtdpi_vapic_ipi_form((uint32_t)value)) {
        return vapic_exit_write(VTDPI_VAPIC_VICR_LO);
    }
    return vapic_result(VTDPI_VAPIC_IPI, VTDPI_VAPIC_VICR_LO, (uint8_t)value, VTDPI_VAPIC_VICR_LO);
}

static vtdpi_vapic_access_t vapic_wrmsr_self(uint64_t value)
{
    if (value > 0xFF) {
        return vapic_result(VTDPI_VAPIC_GP, VTDPI_VAPIC_SELF, 0, 0);
    }
    if (value < 0x10) {
        return vapic_exit_write(VTDPI_VAPIC_SELF);
    }
    return vapic_result(VTDPI_VAPIC_SELF_IPI, VTDPI_VAPIC_SELF, (uint8_t)value, 0);
}

vtdpi_vapic_access_t vtdpi_vapic_wrmsr(vtdpi_ctls_t set, uint32_t msr, uint64_t value)
{
    uint16_t offset = vapic_msr_offset(msr);
    if (vapic_msr_virtualised(set, msr)) {
        bool vid = vtdpi_ctl_virtual_interrupt_delivery(set);
        if (offset == VTDPI_VAPIC_VTPR) {
            return vapic_result(value > 0xFF ? VTDPI_VAPIC_GP : VTDPI_VAPIC_TPR, offset, 0, 0);
        }
        if (offset == VTDPI_VAPIC_VEOI && vid) {
            return vapic_result(value != 0 ? VTDPI_VAPIC_GP : VTDPI_VAPIC_EOI, offset, 0, 0);
        }
        if (offset == VTDPI_VAPIC_SELF && vid) {
            return vapic_wrmsr_self(value);
        }
        if (offset == VTDPI_VAPIC_VICR_LO && vtdpi_ctl_ipi_virtualization(set)) {
            return vapic_wrmsr_icr(value);
        }
    }
    return vapic_result(VTDPI_VAPIC_PHYSICAL, offset, 0, 0);
}

bool vtdpi_vapic_ipi_allowed(uint8_t vector, uint32_t target, uint16_t last_pid_index)
{
    return vector >= 16 && target <= last_pid_index;
}

vtdpi_vapic_pointer_t vtdpi_vapic_ipi_entry(uint64_t entry, unsigned width)
{
    /* "Bit 0 is valid, bits 5:1 and those at or above the physical width are reserved." */
    bool valid = (entry & ~vtdpi_mask(width)) == 0 && (entry & 0x3FU) == 1;
    return (vtdpi_vapic_pointer_t){.pid_addr = entry & ~UINT64_C(0x3F), .valid = valid};
}
