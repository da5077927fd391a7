#include "vtdpi/layout.h"

#include "form.h"

/* Parts of a page offset, of a register and of an MSR number. */
enum {
    VAPIC_SLOT_LOW = 4,        /* registers stand 16 bytes apart */
    VAPIC_SLOT_MASK = 0xFF0,   /* offset of a register */
    VAPIC_IN_SLOT = 0xF,       /* byte in its slot */
    VAPIC_REG_BYTES = 4,       /* the low bytes of a slot are the register */
    VAPIC_REGS_END = 0x400,    /* no register lies there or above */
    VAPIC_PAGE_BYTES = 0x1000, /* page */
    VAPIC_MSR_FIRST = 0x800,   /* MSRs of the APIC */
    VAPIC_MSR_LAST = 0x8FF,
    VAPIC_MSR_INDEX = 0xFF,
    VAPIC_BYTE_MAX = 0xFF,   /* what TPR and SELF IPI may hold */
    VAPIC_VECTOR_MIN = 0x10, /* lower vectors are illegal */
    VAPIC_CR8 = 8,           /* the register, as exit 28 names it */
    VAPIC_CR8_MAX = 0xF,     /* what it may hold */
    VAPIC_CR8_TPR_LOW = 4,   /* it is TPR[7:4] */
    VAPIC_CR_TO = 0,         /* MOV to and from a control register, as exit 28 tells them */
    VAPIC_CR_FROM = 1
};

/* Sets of 16-byte slots of the first 1 KiB of the page: bit n is offset 16 n. */
#define SLOT(offset)       (UINT64_C(1) << ((offset) >> VAPIC_SLOT_LOW))
#define SLOTS(first, last) ((SLOT(last) << 1) - SLOT(first))

/* Readable with APIC-register virtualization: not 090h, 0A0h, 0C0h, 2F0h, 390h. */
#define VAPIC_READABLE                                                                             \
    (SLOT(0x020) | SLOT(0x030) | SLOT(0x080) | SLOT(0x0B0) | SLOTS(0x0D0, 0x0F0) |                 \
     SLOTS(0x100, 0x280) | SLOTS(0x300, 0x380) | SLOT(0x3E0))

/* Writable with APIC-register virtualization. */
#define VAPIC_WRITABLE                                                                             \
    (SLOT(0x020) | SLOT(0x080) | SLOT(0x0B0) | SLOTS(0x0D0, 0x0F0) | SLOT(0x280) |                 \
     SLOTS(0x300, 0x380) | SLOT(0x3E0))

/* @rule sdm.read.tpr | SDM 3C | Virtualizing Reads from the APIC-Access Page | 080h is always
 * virtualised.
 * @rule sdm.read.delivery | SDM 3C | Virtualizing Reads from the APIC-Access Page | Choice: with
 * "virtual-interrupt delivery" 0B0h and 300h are readable, as newer editions have it (switch
 * vid_reads; off: exit 44).
 * @rule sdm.read.registers | SDM 3C | Virtualizing Reads from the APIC-Access Page | With
 * "APIC-register virtualization": ID, version, TPR, EOI, LDR, DFR, SVR, ISR, TMR, IRR, ESR, ICR,
 * LVT, initial count and divide configuration; not APR, PPR, remote read, LVT CMCI and current
 * count. */
static uint64_t vapic_readable(vtdpi_ctls_t set, bool vid_reads)
{
    uint64_t slots = SLOT(0x080);
    if (vtdpi_ctl_virtual_interrupt_delivery(set) && vid_reads) {
        slots |= SLOT(0x0B0) | SLOT(0x300);
    }
    return vtdpi_ctl_apic_register_virtualization(set) ? slots | VAPIC_READABLE : slots;
}

/* @rule sdm.write.tpr | SDM 3C | Virtualizing Writes to the APIC-Access Page | 080h is always
 * virtualised.
 * @rule sdm.write.delivery | SDM 3C | Virtualizing Writes to the APIC-Access Page | With
 * "virtual-interrupt delivery" 0B0h and 300h too.
 * @rule sdm.write.ipi | SDM 3C | Virtualizing Writes to the APIC-Access Page | With "IPI
 * virtualization" 300h and 310h too.
 * @rule sdm.write.registers | SDM 3C | Virtualizing Writes to the APIC-Access Page | With
 * "APIC-register virtualization": ID, TPR, EOI, LDR, DFR, SVR, ESR, ICR, LVT, initial count and
 * divide configuration. */
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

/* @rule sdm.access.shape | SDM 3C | Virtualizing Memory-Mapped APIC Accesses | An access is
 * virtualised only if it is at most 32 bits wide and lies in the low 4 bytes of a 16-byte slot. */
static bool vapic_shape_ok(uint16_t offset, unsigned bytes)
{
    return (offset & (unsigned)VAPIC_IN_SLOT) + bytes <= VAPIC_REG_BYTES;
}

static bool vapic_slot_in(uint64_t slots, uint16_t offset)
{
    return offset < VAPIC_REGS_END && (slots >> (offset >> VAPIC_SLOT_LOW) & 1U) != 0;
}

static vtdpi_vapic_access_t vapic_result(vtdpi_vapic_action_t action, uint16_t offset,
                                         uint8_t vector, uint32_t qualification)
{
    return (vtdpi_vapic_access_t){.qualification = qualification,
                                  .offset = offset,
                                  .action = (uint8_t)action,
                                  .vector = vector};
}

/* Exit 44. "For guest-physical accesses the offset is undefined": 0 here. */
static vtdpi_vapic_access_t vapic_exit_access(vtdpi_vapic_type_t type, uint16_t offset)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_APIC_ACCESS, OFFSET, &word, type <= VTDPI_VAPIC_LINEAR_EVENT ? offset : 0U);
    VTDPI_PUT(QUAL_APIC_ACCESS, TYPE, &word, type);
    return vapic_result(VTDPI_VAPIC_EXIT_ACCESS, offset, 0, (uint32_t)word);
}

/* @rule sdm.access.page | SDM 3C | Virtualizing Memory-Mapped APIC Accesses | With "virtualize APIC
 * accesses" an access to the APIC-access page is virtualised or exits with reason 44; without, it
 * is an access like others.
 * @rule sdm.access.no-shadow | SDM 3C | Virtualizing Memory-Mapped APIC Accesses | Without "use TPR
 * shadow" every access exits.
 * @rule sdm.access.fetch | SDM 3C | Virtualizing Memory-Mapped APIC Accesses | Instruction fetches,
 * accesses during event delivery and guest-physical accesses exit. */
vtdpi_vapic_access_t vtdpi_vapic_mmio(vtdpi_ctls_t set, vtdpi_vapic_type_t type, uint16_t offset,
                                      unsigned bytes, bool vid_reads)
{
    VTDPI_ASSERT(offset < VAPIC_PAGE_BYTES && bytes != 0);
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
    return vapic_exit_access(type, offset);
}

/* @rule sdm.access.after-write | SDM 3C | Virtualizing Memory-Mapped APIC Accesses | After a
 * virtualised write of the same operation a read exits, and so does a write of another offset or
 * size. */
vtdpi_vapic_access_t vtdpi_vapic_mmio_next(vtdpi_ctls_t set, vtdpi_vapic_earlier_t *earlier,
                                           vtdpi_vapic_type_t type, uint16_t offset, unsigned bytes,
                                           bool vid_reads)
{
    vtdpi_vapic_access_t access = vtdpi_vapic_mmio(set, type, offset, bytes, vid_reads);
    bool same =
        type == VTDPI_VAPIC_LINEAR_WRITE && earlier->offset == offset && earlier->bytes == bytes;
    if (earlier->wrote != 0 && !same && access.action != VTDPI_VAPIC_PHYSICAL) {
        return vapic_exit_access(type, offset);
    }
    if (access.action == VTDPI_VAPIC_STORE) {
        *earlier = (vtdpi_vapic_earlier_t){.offset = offset, .bytes = (uint8_t)bytes, .wrote = 1};
    }
    return access;
}

static vtdpi_vapic_access_t vapic_exit_write(uint16_t offset)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_APIC_WRITE, OFFSET, &word, offset);
    return vapic_result(VTDPI_VAPIC_EXIT_WRITE, offset, 0, (uint32_t)word);
}

/* @rule sdm.emulate.icr | SDM 3C | APIC-Write Emulation | 300h: self-IPI virtualization if
 * "virtual-interrupt delivery" is 1 and VICR_LO is a fixed, edge-triggered self-IPI of a legal
 * vector; else IPI virtualization if it is on and its form matches; else exit 56. */
static vtdpi_vapic_access_t vapic_icr_emulate(vtdpi_ctls_t set, uint32_t vicr_lo)
{
    uint8_t vector = (uint8_t)vicr_lo;
    if (vtdpi_ctl_virtual_interrupt_delivery(set) && vtdpi_vapic_self_form(vicr_lo)) {
        return vapic_result(VTDPI_VAPIC_SELF_IPI, VTDPI_VAPIC_VICR_LO, vector, 0);
    }
    if (vtdpi_ctl_ipi_virtualization(set) && vtdpi_vapic_ipi_form(vicr_lo)) {
        return vapic_result(VTDPI_VAPIC_IPI, VTDPI_VAPIC_VICR_LO, vector, VTDPI_VAPIC_VICR_LO);
    }
    return vapic_exit_write(VTDPI_VAPIC_VICR_LO);
}

/* @rule sdm.emulate.tpr | SDM 3C | APIC-Write Emulation | 080h: bytes 3:1 of VTPR are cleared, then
 * TPR virtualization.
 * @rule sdm.emulate.eoi | SDM 3C | APIC-Write Emulation | 0B0h: with "virtual-interrupt delivery"
 * VEOI is cleared, then EOI virtualization; without, exit 56.
 * @rule sdm.emulate.icr-high | SDM 3C | APIC-Write Emulation | 310h: bytes 2:0 of VICR_HI are
 * cleared, nothing else.
 * @rule sdm.emulate.others | SDM 3C | APIC-Write Emulation | Any other offset: exit 56 with the
 * offset as its qualification. */
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
    return (uint16_t)((msr & (uint32_t)VAPIC_MSR_INDEX) << VAPIC_SLOT_LOW);
}

static bool vapic_msr_virtualised(vtdpi_ctls_t set, uint32_t msr)
{
    return vtdpi_ctl_virtualize_x2apic_mode(set) && msr >= VAPIC_MSR_FIRST && msr <= VAPIC_MSR_LAST;
}

/* @rule sdm.rdmsr.registers | SDM 3C | Virtualizing MSR-Based APIC Accesses | With "virtualize
 * x2APIC mode" and "APIC-register virtualization" RDMSR of 800h to 8FFh reads 8 bytes of the page,
 * whatever the physical APIC's mode.
 * @rule sdm.rdmsr.tpr | SDM 3C | Virtualizing MSR-Based APIC Accesses | With "virtualize x2APIC
 * mode" alone, RDMSR of 808h reads 080h of the page; the others are the physical APIC's. */
vtdpi_vapic_access_t vtdpi_vapic_rdmsr(vtdpi_ctls_t set, uint32_t msr)
{
    uint16_t offset = vapic_msr_offset(msr);
    bool all = vtdpi_ctl_apic_register_virtualization(set);
    bool read = vapic_msr_virtualised(set, msr) && (all || offset == VTDPI_VAPIC_VTPR);
    return vapic_result(read ? VTDPI_VAPIC_READ : VTDPI_VAPIC_PHYSICAL, offset, 0, 0);
}

/* @rule sdm.wrmsr.icr | SDM 3C | Virtualizing MSR-Based APIC Accesses | With "IPI virtualization"
 * WRMSR of 830h is #GP(0) if a reserved bit is set, else the value is stored at 300h, and IPI
 * virtualization follows if the form matches, exit 56 if not. */
static vtdpi_vapic_access_t vapic_wrmsr_icr(uint64_t value)
{
    if (vtdpi_vapic_icr_reserved((uint32_t)value)) {
        return vapic_result(VTDPI_VAPIC_GP, VTDPI_VAPIC_VICR_LO, 0, 0);
    }
    if (!vtdpi_vapic_ipi_form((uint32_t)value)) {
        return vapic_exit_write(VTDPI_VAPIC_VICR_LO);
    }
    return vapic_result(VTDPI_VAPIC_IPI, VTDPI_VAPIC_VICR_LO, (uint8_t)value, VTDPI_VAPIC_VICR_LO);
}

/* @rule sdm.wrmsr.self | SDM 3C | Virtualizing MSR-Based APIC Accesses | WRMSR of 83Fh: #GP(0)
 * above FFh, else the value is stored at 3F0h, and self-IPI virtualization follows for vectors from
 * 16 on, exit 56 with 3F0h below. */
static vtdpi_vapic_access_t vapic_wrmsr_self(uint64_t value)
{
    if (value > VAPIC_BYTE_MAX) {
        return vapic_result(VTDPI_VAPIC_GP, VTDPI_VAPIC_SELF, 0, 0);
    }
    if (value < VAPIC_VECTOR_MIN) {
        return vapic_exit_write(VTDPI_VAPIC_SELF);
    }
    return vapic_result(VTDPI_VAPIC_SELF_IPI, VTDPI_VAPIC_SELF, (uint8_t)value, 0);
}

/* @rule sdm.wrmsr.tpr | SDM 3C | Virtualizing MSR-Based APIC Accesses | WRMSR of 808h: #GP(0) above
 * FFh, else the value is stored at 080h and TPR virtualization follows.
 * @rule sdm.wrmsr.eoi | SDM 3C | Virtualizing MSR-Based APIC Accesses | With "virtual-interrupt
 * delivery" WRMSR of 80Bh: #GP(0) if not 0, else EOI virtualization.
 * @rule sdm.wrmsr.others | SDM 3C | Virtualizing MSR-Based APIC Accesses | Other writes, and all
 * without "virtualize x2APIC mode", are the physical APIC's. */
vtdpi_vapic_access_t vtdpi_vapic_wrmsr(vtdpi_ctls_t set, uint32_t msr, uint64_t value)
{
    uint16_t offset = vapic_msr_offset(msr);
    if (vapic_msr_virtualised(set, msr)) {
        bool vid = vtdpi_ctl_virtual_interrupt_delivery(set);
        if (offset == VTDPI_VAPIC_VTPR) {
            bool legal = value <= VAPIC_BYTE_MAX;
            return vapic_result(legal ? VTDPI_VAPIC_TPR : VTDPI_VAPIC_GP, offset, 0, 0);
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

static vtdpi_vapic_cr8_t vapic_cr8_exit(unsigned type, unsigned gpr)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_CR, NUMBER, &word, VAPIC_CR8);
    VTDPI_PUT(QUAL_CR, TYPE, &word, type);
    VTDPI_PUT(QUAL_CR, GPR, &word, gpr);
    return (vtdpi_vapic_cr8_t){.qualification = (uint32_t)word, .action = VTDPI_VAPIC_CR8_EXIT};
}

/* @rule sdm.cr8.write | SDM 3C | Virtualizing CR8-Based TPR Accesses | MOV to CR8 with "use TPR
 * shadow" and without "CR8-load exiting" stores source[3:0] in VTPR[7:4], 0 in the rest, and TPR
 * virtualization follows.
 * @rule sdm.cr8.exits | SDM 3C | Virtualizing CR8-Based TPR Accesses | "CR8-load exiting" and
 * "CR8-store exiting" go before the TPR shadow: exit 28. */
vtdpi_vapic_cr8_t vtdpi_vapic_cr8_write(vtdpi_ctls_t set, uint64_t source, unsigned gpr)
{
    if (vtdpi_ctl_cr8_load_exiting(set)) {
        return vapic_cr8_exit(VAPIC_CR_TO, gpr);
    }
    if (source > VAPIC_CR8_MAX) {
        return (vtdpi_vapic_cr8_t){.action = VTDPI_VAPIC_CR8_GP};
    }
    bool shadow = vtdpi_ctl_tpr_shadow(set);
    return (vtdpi_vapic_cr8_t){.action = shadow ? VTDPI_VAPIC_CR8_SHADOW : VTDPI_VAPIC_CR8_PHYSICAL,
                               .value = (uint8_t)(source << VAPIC_CR8_TPR_LOW)};
}

/* @rule sdm.cr8.read | SDM 3C | Virtualizing CR8-Based TPR Accesses | MOV from CR8 with "use TPR
 * shadow" and without "CR8-store exiting" reads VTPR[7:4]. */
vtdpi_vapic_cr8_t vtdpi_vapic_cr8_read(vtdpi_ctls_t set, uint8_t vtpr, unsigned gpr)
{
    if (vtdpi_ctl_cr8_store_exiting(set)) {
        return vapic_cr8_exit(VAPIC_CR_FROM, gpr);
    }
    if (!vtdpi_ctl_tpr_shadow(set)) {
        return (vtdpi_vapic_cr8_t){.action = VTDPI_VAPIC_CR8_PHYSICAL};
    }
    return (vtdpi_vapic_cr8_t){.action = VTDPI_VAPIC_CR8_SHADOW,
                               .value = (uint8_t)(vtpr >> VAPIC_CR8_TPR_LOW)};
}
