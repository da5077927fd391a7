#include "lapic_reg.h"

/* IA32_APIC_BASE: BSP, EXTD, EN below the address, and the widest physical address. */
enum { LAPIC_BASE_KNOWN_LOW = 0xD00, LAPIC_BASE_WIDTH = 52 };

static vtdpi_lapic_access_t lapic_gp(void)
{
    return (vtdpi_lapic_access_t){.gp = 1};
}

/*
 * @rule sdm.lapic.mmio.illegal | SDM 3A | Error Handling | An access to an offset without register
 * is an "illegal register address" error, in xAPIC mode only; a read gives 0.
 */
static vtdpi_lapic_access_t lapic_mmio_illegal(vtdpi_lapic_t *self)
{
    vtdpi_lapic_error(self, VTDPI_LAPIC_ESR_REGISTER);
    return (vtdpi_lapic_access_t){.ok = 1};
}

/*
 * @rule sdm.lapic.mmio.mode | SDM 3A | x2APIC Mode | In x2APIC mode and when globally disabled the
 * APIC does not answer in its page.
 * @rule sdm.lapic.mmio.slot | SDM 3A | The Local APIC Block Diagram | Choice: an access that is not
 * to the low 4 bytes of a slot reads 0 and writes nothing.
 * @rule sdm.lapic.mmio.read | SDM 3A | The Local APIC Block Diagram | Registers lie at their
 * offsets, 16 bytes apart; vector v is bit v mod 32 of slot v / 32 of ISR, TMR and IRR.
 * @rule sdm.lapic.mmio.write-only | SDM 3A | The Local APIC Block Diagram | Choice: a write-only
 * register reads 0, a write of a read-only one is dropped.
 */
vtdpi_lapic_access_t vtdpi_lapic_mmio_read(vtdpi_lapic_t *self, uint32_t offset)
{
    VTDPI_ASSERT(offset < 0x1000);
    if (self->mode != VTDPI_LAPIC_XAPIC) {
        return (vtdpi_lapic_access_t){.ok = 0};
    }
    if ((offset & 0xFU) != 0) {
        return (vtdpi_lapic_access_t){.ok = 1};
    }
    const lapic_reg_t *reg = vtdpi_lapic_reg_find(offset);
    if (reg == NULL || reg->mmio == LAPIC_NO) {
        return lapic_mmio_illegal(self);
    }
    if (reg->mmio == LAPIC_WO) {
        return (vtdpi_lapic_access_t){.ok = 1};
    }
    return vtdpi_lapic_reg_read(self, offset);
}

vtdpi_lapic_access_t vtdpi_lapic_mmio_write(vtdpi_lapic_t *self, uint32_t offset, uint32_t value)
{
    VTDPI_ASSERT(offset < 0x1000);
    if (self->mode != VTDPI_LAPIC_XAPIC) {
        return (vtdpi_lapic_access_t){.ok = 0};
    }
    if ((offset & 0xFU) != 0) {
        return (vtdpi_lapic_access_t){.ok = 1};
    }
    const lapic_reg_t *reg = vtdpi_lapic_reg_find(offset);
    if (reg == NULL || reg->mmio == LAPIC_NO) {
        return lapic_mmio_illegal(self);
    }
    if (reg->mmio == LAPIC_RO) {
        return (vtdpi_lapic_access_t){.ok = 1}; /* writes to read-only registers are dropped */
    }
    return vtdpi_lapic_reg_write(self, offset, value);
}

static uint64_t lapic_base_value(const vtdpi_lapic_t *self)
{
    uint64_t value = self->base;
    VTDPI_PUT(APIC_BASE, BSP, &value, self->bsp);
    VTDPI_PUT(APIC_BASE, EN, &value, self->mode != VTDPI_LAPIC_DISABLED);
    VTDPI_PUT(APIC_BASE, EXTD, &value, self->mode == VTDPI_LAPIC_X2APIC);
    return value;
}

/*
 * @rule sdm.lapic.mode.transitions | SDM 3A | x2APIC State Transitions | x2APIC mode is reached
 * from xAPIC mode alone and left for disabled alone; EXTD without EN is illegal. Else #GP.
 */
static bool lapic_mode_reachable(unsigned from, unsigned to)
{
    return from == to || from == VTDPI_LAPIC_XAPIC || to == VTDPI_LAPIC_DISABLED ||
           (from == VTDPI_LAPIC_DISABLED && to == VTDPI_LAPIC_XAPIC);
}

/*
 * @rule sdm.lapic.mode.disable | SDM 3A | x2APIC State Transitions | Choice: leaving for disabled
 * makes the registers what an INIT makes them; the manual preserves none.
 * @rule sdm.lapic.mode.to-x2apic | SDM 3A | x2APIC State Transitions | From xAPIC to x2APIC mode
 * registers stay, except LDR, which follows from the ID, and the high half of ICR.
 */
static void lapic_mode_enter(vtdpi_lapic_t *self, unsigned mode)
{
    uint8_t core = self->core;
    if (mode == VTDPI_LAPIC_DISABLED) {
        vtdpi_lapic_reset(self, VTDPI_LAPIC_RESET_INIT);
        self->core = core;
    }
    if (mode == VTDPI_LAPIC_X2APIC) {
        self->icr &= UINT32_MAX; /* "the high half of ICR is lost", and so is a logical ID */
        self->ldr = 0;
    }
    self->mode = (uint8_t)mode;
}

/*
 * @rule sdm.lapic.base | SDM 3A | Local APIC Status and Location | IA32_APIC_BASE: BSP 8, EXTD 10,
 * EN 11, page 51:12; another bit is #GP.
 */
static vtdpi_lapic_access_t lapic_base_write(vtdpi_lapic_t *self, uint64_t value)
{
    bool en = VTDPI_GET(APIC_BASE, EN, &value) != 0;
    bool extd = VTDPI_GET(APIC_BASE, EXTD, &value) != 0;
    unsigned mode = VTDPI_LAPIC_DISABLED;
    if (en) {
        mode = extd ? VTDPI_LAPIC_X2APIC : VTDPI_LAPIC_XAPIC;
    }
    bool reserved =
        (value & 0xFFFU & ~(unsigned)LAPIC_BASE_KNOWN_LOW) != 0 || value >> LAPIC_BASE_WIDTH != 0;
    if (reserved || (extd && !en) || !lapic_mode_reachable(self->mode, mode)) {
        return lapic_gp();
    }
    vtdpi_lapic_access_t out = {.ok = 1};
    self->bsp = (uint8_t)VTDPI_GET(APIC_BASE, BSP, &value);
    if (mode != self->mode) {
        lapic_mode_enter(self, mode);
        out.effect = VTDPI_LAPIC_DO_MODE;
    }
    self->base = VTDPI_GET(APIC_BASE, BASE, &value) << 12;
    return out;
}

/*
 * @rule sdm.lapic.timer.deadline-msr | SDM 3A | TSC-Deadline Mode | Not 0 arms, 0 disarms; in the
 * other modes the MSR reads 0 and ignores writes.
 */
static vtdpi_lapic_access_t lapic_deadline_write(vtdpi_lapic_t *self, uint64_t value)
{
    vtdpi_lapic_access_t out = {.ok = 1};
    if (vtdpi_lapic_timer_mode(self) != VTDPI_TIMER_DEADLINE) {
        return out;
    }
    self->deadline_armed = value != 0;
    out.effect = value != 0 ? VTDPI_LAPIC_DO_DEADLINE_ARM : VTDPI_LAPIC_DO_DEADLINE_DISARM;
    return out;
}

static vtdpi_lapic_access_t lapic_deadline_read(const vtdpi_lapic_t *self)
{
    vtdpi_lapic_access_t out = {.ok = 1};
    if (self->deadline_armed != 0) {
        out.effect = VTDPI_LAPIC_DO_READ_DEADLINE;
    }
    return out;
}

static bool lapic_msr_is_register(uint32_t msr)
{
    return msr >= VTDPI_LAPIC_MSR_FIRST && msr <= VTDPI_LAPIC_MSR_LAST;
}

/*
 * @rule sdm.lapic.msr.block | SDM 3A | x2APIC Register Address Space | MSRs 800h to 8FFh are the
 * APIC's: #GP for those without register, for reads of a write-only one, for writes of a read-only
 * one, and for any access outside x2APIC mode.
 */
vtdpi_lapic_access_t vtdpi_lapic_rdmsr(const vtdpi_lapic_t *self, uint32_t msr)
{
    if (msr == VTDPI_LAPIC_MSR_APIC_BASE) {
        return (vtdpi_lapic_access_t){.ok = 1, .value = lapic_base_value(self)};
    }
    if (msr == VTDPI_LAPIC_MSR_DEADLINE) {
        return lapic_deadline_read(self);
    }
    if (!lapic_msr_is_register(msr)) {
        return (vtdpi_lapic_access_t){.ok = 0};
    }
    uint32_t offset = (msr - VTDPI_LAPIC_MSR_FIRST) << 4;
    const lapic_reg_t *reg = vtdpi_lapic_reg_find(offset);
    bool readable = reg != NULL && (reg->msr == LAPIC_RO || reg->msr == LAPIC_RW);
    if (self->mode != VTDPI_LAPIC_X2APIC || !readable) {
        return lapic_gp();
    }
    return vtdpi_lapic_reg_read(self, offset);
}

/*
 * @rule sdm.lapic.self-ipi | SDM 3A | SELF IPI Register | Edge, fixed, to oneself: on completion of
 * the WRMSR the bit is in IRR.
 */
static vtdpi_lapic_access_t lapic_self_ipi(vtdpi_lapic_t *self, uint8_t vector)
{
    uint64_t icr = (uint64_t)VTDPI_SHORTHAND_SELF << VTDPI_ICR_SHORTHAND_LOW | vector;
    vtdpi_lapic_access_t out = vtdpi_lapic_icr_send(self, icr);
    if (out.effect == VTDPI_LAPIC_DO_SEND_IPI) {
        (void)vtdpi_lapic_accept(self, &out.msg);
        out.effect = VTDPI_LAPIC_DO_SELF_IPI;
    }
    return out;
}

/*
 * @rule sdm.lapic.msr.reserved | SDM 3A | Reserved Bit Checking | A WRMSR that sets a reserved bit
 * is #GP; of EOI and ESR every bit is reserved.
 * @rule sdm.lapic.msr.status | SDM 3A | Reserved Bit Checking | Choice: status bits (ICR 12, LVT 12
 * and 14) are ignored in a write, not reserved.
 * @rule sdm.lapic.icr.x2apic | SDM 3A | ICR Operation in x2APIC Mode | ICR is one MSR; its write
 * sends.
 */
static vtdpi_lapic_access_t lapic_x2apic_write(vtdpi_lapic_t *self, uint32_t offset, uint64_t value)
{
    if ((value & ~vtdpi_lapic_reg_known(offset)) != 0) {
        return lapic_gp();
    }
    switch (offset) {
    case VTDPI_LAPIC_REG_ICR_LO:
        self->icr = value & ~(UINT64_C(1) << VTDPI_ICR_DELIVERY_STATUS_LOW);
        return vtdpi_lapic_icr_send(self, self->icr);
    case VTDPI_LAPIC_REG_SELF_IPI:
        return lapic_self_ipi(self, (uint8_t)value);
    default:
        return vtdpi_lapic_reg_write(self, offset, (uint32_t)value);
    }
}

vtdpi_lapic_access_t vtdpi_lapic_wrmsr(vtdpi_lapic_t *self, uint32_t msr, uint64_t value)
{
    if (msr == VTDPI_LAPIC_MSR_APIC_BASE) {
        return lapic_base_write(self, value);
    }
    if (msr == VTDPI_LAPIC_MSR_DEADLINE) {
        return lapic_deadline_write(self, value);
    }
    if (!lapic_msr_is_register(msr)) {
        return (vtdpi_lapic_access_t){.ok = 0};
    }
    uint32_t offset = (msr - VTDPI_LAPIC_MSR_FIRST) << 4;
    const lapic_reg_t *reg = vtdpi_lapic_reg_find(offset);
    bool writable = reg != NULL && (reg->msr == LAPIC_WO || reg->msr == LAPIC_RW);
    if (self->mode != VTDPI_LAPIC_X2APIC || !writable) {
        return lapic_gp();
    }
    return lapic_x2apic_write(self, offset, value);
}

/*
 * @rule sdm.lapic.cr8 | SDM 3A | Interaction of Task Priorities between CR8 and APIC | CR8 is
 * TPR[7:4]; its write makes TPR[3:0] 0.
 */
void vtdpi_lapic_write_cr8(vtdpi_lapic_t *self, uint8_t cr8)
{
    VTDPI_ASSERT(cr8 < 16);
    self->tpr = (uint8_t)(cr8 << 4);
}
