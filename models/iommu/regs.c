/*
 * Register page: one table of registers, legalised writes, and what each write sets off.
 */
#include "iommu_event.h"

/** Sizes of accesses and of a fault recording register. */
enum { REGS_DWORD = 4, REGS_QWORD = 8, REGS_DWORD_BITS = 32, REGS_FRCD_BYTES = 16 };

/** A row of vtd_regs.def. */
typedef struct {
    uint64_t rw;     /**< bits that software writes */
    uint64_t rw1c;   /**< bits that a 1 clears */
    uint32_t offset; /**< in the register page */
    uint32_t bytes;  /**< 4 or 8 */
} regs_row_t;

static const regs_row_t regs_row[VTDPI_REG_COUNT] = {
#define VTDPI_REG(NAME, offset_, bytes_, rw_, rw1c_, doc)                                          \
    [VTDPI_REG_##NAME] = {                                                                         \
        .rw = UINT64_C(rw_), .rw1c = UINT64_C(rw1c_), .offset = (offset_), .bytes = (bytes_)},
#include "vtdpi/layout/vtd_regs.def"
#undef VTDPI_REG
};

/** The register that the dword at [offset] belongs to, or VTDPI_REG_COUNT. */
static vtdpi_reg_t regs_find(uint32_t offset)
{
    unsigned reg = 0;
    while (reg < VTDPI_REG_COUNT && offset - regs_row[reg].offset >= regs_row[reg].bytes) {
        reg++;
    }
    return (vtdpi_reg_t)reg;
}

/** Whether this unit has register [reg]; without interrupt remapping or without a queue theirs are
 * reserved: they read 0 and writes do nothing.
 *
 * @rule vtd.regs.ir-absent | VT-d | Extended Capability Register | Without ECAP.IR the table
 * register is reserved and the commands of remapping do nothing: every request passes.
 * @rule vtd.regs.qi-absent | VT-d | Extended Capability Register | Without ECAP.QI the registers
 * of the queue are reserved and QIE does nothing.
 */
static bool regs_has(const vtdpi_iommu_cfg_t *cfg, vtdpi_reg_t reg)
{
    switch ((unsigned)reg) {
    case VTDPI_REG_IRTA:
        return cfg->ir;
    case VTDPI_REG_IQH:
    case VTDPI_REG_IQT:
    case VTDPI_REG_IQA:
    case VTDPI_REG_ICS:
    case VTDPI_REG_IECTL:
    case VTDPI_REG_IEDATA:
    case VTDPI_REG_IEADDR:
    case VTDPI_REG_IEUADDR:
    case VTDPI_REG_IQERCD:
        return !cfg->register_only;
    default:
        return true;
    }
}

static bool regs_is_frcd(const vtdpi_iommu_cfg_t *cfg, uint32_t offset)
{
    return offset - VTDPI_FRCD_OFFSET < (uint32_t)cfg->frcd_count * REGS_FRCD_BYTES;
}

uint32_t vtdpi_reg_offset(vtdpi_reg_t reg)
{
    return reg < VTDPI_REG_COUNT ? regs_row[reg].offset : 0;
}

/** What a read of register [reg] shows: PPF is derived; IQH bit 4 reads 0 with 256-bit
 * descriptors.
 *
 * @rule vtd.regs.iqh-wide | VT-d | Invalidation Queue Head Register | With DW = 1 bit 4 of the
 * head reads 0.
 */
static uint64_t regs_value(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, vtdpi_reg_t reg)
{
    uint64_t value = u->arch.reg[reg];
    if (reg == VTDPI_REG_FSTS && vtdpi_iommu_ppf(u, cfg)) {
        value |= IOMMU_BIT(FSTS, PPF);
    }
    if (reg == VTDPI_REG_IQH && (u->arch.reg[VTDPI_REG_IQA] & IOMMU_BIT(IQA, DW)) != 0) {
        value &= ~IOMMU_BIT(IQH, QH);
    }
    return value;
}

uint64_t vtdpi_iommu_peek(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, vtdpi_reg_t reg)
{
    return reg < VTDPI_REG_COUNT ? regs_value(u, cfg, reg) : 0;
}

/** The dword at byte [at] of the 64-bit [value]. */
static uint64_t regs_dword(uint64_t value, uint32_t at)
{
    return vtdpi_bits(value, at * 8U, REGS_DWORD_BITS);
}

static uint64_t regs_read_dword(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                uint32_t offset)
{
    if (regs_is_frcd(cfg, offset)) {
        uint32_t at = offset - VTDPI_FRCD_OFFSET;
        uint64_t word = u->arch.frcd[at / REGS_FRCD_BYTES][at / REGS_QWORD % 2];
        return regs_dword(word, at % REGS_QWORD);
    }
    vtdpi_reg_t reg = regs_find(offset);
    if (reg >= VTDPI_REG_COUNT) {
        return 0;
    }
    return regs_dword(regs_value(u, cfg, reg), offset - regs_row[reg].offset);
}

/*
 * @rule vtd.regs.read | VT-d | Register Descriptions | Registers are read 4 or 8 bytes at a time;
 * what is no register reads 0.
 */
uint64_t vtdpi_iommu_read(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint32_t offset,
                          uint32_t bytes)
{
    VTDPI_ASSERT((bytes == REGS_DWORD || bytes == REGS_QWORD) && offset % bytes == 0);
    uint64_t value = regs_read_dword(u, cfg, offset);
    if (bytes == REGS_QWORD) {
        value |= regs_read_dword(u, cfg, offset + REGS_DWORD) << REGS_DWORD_BITS;
    }
    return value;
}

/** Command bits that stay, in the place of their status bits. */
static uint64_t gcmd_levels(const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t levels = IOMMU_BIT(GCMD, TE);
    levels |= cfg->register_only ? 0 : IOMMU_BIT(GCMD, QIE);
    return cfg->ir ? levels | IOMMU_BIT(GCMD, IRE) | IOMMU_BIT(GCMD, CFI) : levels;
}

VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_TE_LOW == (int)VTDPI_GSTS_TES_LOW, "command over status");
VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_QIE_LOW == (int)VTDPI_GSTS_QIES_LOW, "command over status");
VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_IRE_LOW == (int)VTDPI_GSTS_IRES_LOW, "command over status");
VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_CFI_LOW == (int)VTDPI_GSTS_CFIS_LOW, "command over status");
VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_SIRTP_LOW == (int)VTDPI_GSTS_IRTPS_LOW, "command over status");
VTDPI_STATIC_ASSERT((int)VTDPI_GCMD_SRTP_LOW == (int)VTDPI_GSTS_RTPS_LOW, "command over status");

/* "The value takes effect at SIRTP, not at the write": base, S and EIME are latched; base bits at
 * or above HAW are ignored.
 *
 * @rule vtd.regs.sirtp | VT-d | Interrupt Remapping Table Address Register | Base, S and EIME
 * count from SIRTP on, not from the write of IRTA; IRTPS shows that they were latched.
 * @rule vtd.regs.table-haw | VT-d | Interrupt Remapping Table Address Register | Base bits at or
 * above the host address width are ignored.
 * @rule vtd.regs.eime-change | VT-d | Interrupt Remapping Table Address Register | Choice: EIME
 * must not change while IRES = 1; if it does, it counts, and the unit reports misuse.
 * @rule vtd.iec.sirtp | VT-d | Global Command Register | SIRTP empties the entry cache if
 * CAP.ESIRTPS = 1; else software has to.
 */
static uint32_t gcmd_sirtp(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    const uint64_t *irta = &u->arch.reg[VTDPI_REG_IRTA];
    bool eime = VTDPI_GET(IRTA, EIME, irta) != 0;
    bool active = (u->arch.reg[VTDPI_REG_GSTS] & IOMMU_BIT(GSTS, IRES)) != 0;
    uint32_t effects = VTDPI_EFFECT_TABLE;
    effects |= cfg->esirtps ? VTDPI_EFFECT_IEC_FLUSH : 0U;
    effects |= active && eime != u->arch.eime ? VTDPI_EFFECT_MISUSE : 0U;
    u->arch.irta_base = (VTDPI_GET(IRTA, IRTA, irta) << VTDPI_IRTA_IRTA_LOW) & vtdpi_mask(cfg->haw);
    u->arch.irta_s = (uint8_t)VTDPI_GET(IRTA, S, irta);
    u->arch.eime = eime;
    u->arch.reg[VTDPI_REG_GSTS] |= IOMMU_BIT(GSTS, IRTPS);
    return effects;
}

/** Takes the command bits that stay: [changed] of them differ from the status.
 *
 * @rule vtd.regs.levels | VT-d | Global Command Register | TE, IRE, QIE and CFI stay until a write
 * clears them; GSTS shows them.
 * @rule vtd.regs.ire-without-table | VT-d | Global Command Register | Choice: IRE without IRTPS
 * remaps through two entries at address 0, and the unit reports misuse.
 * @rule vtd.queue.disabled | VT-d | Global Command Register | Clearing QIE stops the queue and
 * sets its head to 0.
 */
static uint32_t gcmd_set_levels(vtdpi_iommu_t *u, uint64_t changed)
{
    uint64_t *gsts = &u->arch.reg[VTDPI_REG_GSTS];
    uint32_t effects = 0;
    *gsts ^= changed;
    if ((changed & IOMMU_BIT(GSTS, IRES)) != 0) {
        bool without_table =
            (*gsts & IOMMU_BIT(GSTS, IRES)) != 0 && (*gsts & IOMMU_BIT(GSTS, IRTPS)) == 0;
        effects |= VTDPI_EFFECT_ENABLE;
        effects |= without_table ? VTDPI_EFFECT_MISUSE : 0U;
    }
    if ((changed & IOMMU_BIT(GSTS, QIES)) != 0) {
        effects |= VTDPI_EFFECT_QUEUE;
        /* "Clearing QIE resets QH to 0." */
        u->arch.reg[VTDPI_REG_IQH] = 0;
    }
    return effects;
}

/* "Changing several at once is not allowed": it is done all the same and reported.
 *
 * @rule vtd.regs.one-shot | VT-d | Global Command Register | SRTP, SIRTP, SFL and WBF are commands
 * of one write; GCMD reads 0.
 * @rule vtd.regs.several-commands | VT-d | Global Command Register | Choice: several changes in
 * one write are all made, the table first, and the unit reports misuse.
 */
static uint32_t gcmd_write(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint64_t value)
{
    uint64_t changed = (u->arch.reg[VTDPI_REG_GSTS] ^ value) & gcmd_levels(cfg);
    uint64_t one_shot = value & (IOMMU_BIT(GCMD, SIRTP) | IOMMU_BIT(GCMD, SRTP) |
                                 IOMMU_BIT(GCMD, SFL) | IOMMU_BIT(GCMD, WBF));
    uint64_t all = changed | one_shot;
    uint32_t effects = (all & (all - 1)) != 0 ? VTDPI_EFFECT_MISUSE : 0U;
    if (cfg->ir && (value & IOMMU_BIT(GCMD, SIRTP)) != 0) {
        effects |= gcmd_sirtp(u, cfg);
    }
    u->arch.reg[VTDPI_REG_GSTS] |= value & IOMMU_BIT(GCMD, SRTP);
    return effects | gcmd_set_levels(u, changed);
}

/** Software may have cleared the last condition of the fault event: then IP goes with it. */
static void regs_status_cleared(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    if (!vtdpi_iommu_status_any(u, cfg)) {
        vtdpi_iommu_event_drop(u, IOMMU_EVENT_FAULT);
    }
}

/** What the register [reg] sets off after it was written; [value] is what software wrote, [was]
 * what it held.
 *
 * @rule vtd.queue.resume | VT-d | Fault Status Register | When software clears IQE the queue goes
 * on at its head.
 * @rule vtd.queue.tail | VT-d | Invalidation Queue Tail Register | Writing the tail starts the
 * queue.
 * @rule vtd.event.invalidation-serviced | VT-d | Invalidation Event Control Register | Clearing
 * IWC clears IP without a message.
 */
static vtdpi_iommu_write_t regs_after_write(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                            vtdpi_reg_t reg, uint64_t value, uint64_t was)
{
    vtdpi_iommu_write_t out = {.effects = 0};
    uint64_t cleared = was & ~u->arch.reg[reg];
    switch ((unsigned)reg) {
    case VTDPI_REG_GCMD:
        out.effects = gcmd_write(u, cfg, value);
        break;
    case VTDPI_REG_FSTS:
        regs_status_cleared(u, cfg);
        out.effects = (cleared & IOMMU_FSTS_STOPS_QUEUE) != 0 ? VTDPI_EFFECT_QUEUE : 0U;
        break;
    case VTDPI_REG_IQT:
        out.effects = VTDPI_EFFECT_QUEUE;
        break;
    case VTDPI_REG_ICS:
        if (cleared != 0) {
            vtdpi_iommu_event_drop(u, IOMMU_EVENT_INVALIDATION);
        }
        break;
    case VTDPI_REG_FECTL:
        out.event = vtdpi_iommu_event_flush(u, IOMMU_EVENT_FAULT);
        break;
    case VTDPI_REG_IECTL:
        out.event = vtdpi_iommu_event_flush(u, IOMMU_EVENT_INVALIDATION);
        break;
    default:
        break;
    }
    return out;
}

/** The bits of [reg] that software may write on this unit.
 *
 * @rule vtd.regs.eim-absent | VT-d | Interrupt Remapping Table Address Register | EIME is reserved
 * without ECAP.EIM: the unit stays in xAPIC mode.
 */
static uint64_t regs_writable(const vtdpi_iommu_cfg_t *cfg, vtdpi_reg_t reg)
{
    /* "EIME: reserved when ECAP.EIM = 0." */
    bool no_eime = reg == VTDPI_REG_IRTA && !cfg->eim;
    return no_eime ? regs_row[reg].rw & ~IOMMU_BIT(IRTA, EIME) : regs_row[reg].rw;
}

/*
 * @rule vtd.regs.attributes | VT-d | Register Descriptions | A write changes the bits that are
 * writable and clears those that are RW1C and written as 1; all others stay.
 */
static vtdpi_iommu_write_t regs_write_dword(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                            uint32_t offset, uint32_t value)
{
    vtdpi_reg_t reg = regs_find(offset);
    if (reg >= VTDPI_REG_COUNT || !regs_has(cfg, reg)) {
        return (vtdpi_iommu_write_t){.effects = 0};
    }
    unsigned shift = (offset - regs_row[reg].offset) * 8U;
    uint64_t wide = (uint64_t)value << shift;
    uint64_t lane = vtdpi_mask(REGS_DWORD_BITS) << shift;
    uint64_t writable = regs_writable(cfg, reg) & lane;
    uint64_t was = u->arch.reg[reg];
    u->arch.reg[reg] = ((was & ~writable) | (wide & writable)) & ~(wide & regs_row[reg].rw1c);
    return regs_after_write(u, cfg, reg, wide, was);
}

/** "The fields but F are read-only; F is RW1C."
 *
 * @rule vtd.regs.frcd | VT-d | Fault Recording Registers | The fields of a fault recording
 * register are read-only; F is cleared by writing 1.
 */
static void regs_write_frcd(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint32_t offset,
                            uint32_t value)
{
    uint32_t at = offset - VTDPI_FRCD_OFFSET;
    bool holds_f = at % REGS_FRCD_BYTES == REGS_FRCD_BYTES - REGS_DWORD;
    if (holds_f && value >> (REGS_DWORD_BITS - 1U) != 0) {
        VTDPI_PUT(FRCD, F, u->arch.frcd[at / REGS_FRCD_BYTES], 0);
        regs_status_cleared(u, cfg);
    }
}

static vtdpi_iommu_write_t regs_write_any(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                          uint32_t offset, uint32_t value)
{
    if (regs_is_frcd(cfg, offset)) {
        regs_write_frcd(u, cfg, offset, value);
        return (vtdpi_iommu_write_t){.effects = 0};
    }
    return regs_write_dword(u, cfg, offset, value);
}

/*
 * @rule vtd.regs.halves | VT-d | Register Descriptions | Registers are written 4 or 8 bytes at a
 * time; 8 bytes are two writes, the low half first.
 */
vtdpi_iommu_write_t vtdpi_iommu_write(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                      uint32_t offset, uint32_t bytes, uint64_t value)
{
    VTDPI_ASSERT((bytes == REGS_DWORD || bytes == REGS_QWORD) && offset % bytes == 0);
    vtdpi_iommu_write_t out = regs_write_any(u, cfg, offset, (uint32_t)value);
    if (bytes == REGS_QWORD) {
        vtdpi_iommu_write_t high =
            regs_write_any(u, cfg, offset + REGS_DWORD, (uint32_t)(value >> REGS_DWORD_BITS));
        VTDPI_ASSERT(!(out.event.send && high.event.send));
        out.event = out.event.send ? out.event : high.event;
        out.effects |= high.effects;
    }
    return out;
}

/** The bits of [reg] that can ever be 1: what software writes, and what hardware sets beside. */
static uint64_t regs_possible(const vtdpi_iommu_cfg_t *cfg, vtdpi_reg_t reg)
{
    switch ((unsigned)reg) {
    case VTDPI_REG_GSTS:
        return gcmd_levels(cfg) | IOMMU_BIT(GSTS, RTPS) | (cfg->ir ? IOMMU_BIT(GSTS, IRTPS) : 0);
    case VTDPI_REG_FECTL:
    case VTDPI_REG_IECTL:
        return regs_row[reg].rw | IOMMU_BIT(FECTL, IP);
    case VTDPI_REG_IQH:
        return regs_row[VTDPI_REG_IQT].rw;
    case VTDPI_REG_IQERCD:
        return VTDPI_IQEI_TABLE_MODE;
    case VTDPI_REG_VER:
    case VTDPI_REG_CAP:
    case VTDPI_REG_ECAP:
    case VTDPI_REG_FSTS:
        return UINT64_MAX;
    default:
        return regs_writable(cfg, reg) | regs_row[reg].rw1c;
    }
}

bool vtdpi_iommu_regs_check(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t impossible = 0;
    for (unsigned reg = 0; reg < VTDPI_REG_COUNT; reg++) {
        bool has = regs_has(cfg, (vtdpi_reg_t)reg);
        impossible |= u->arch.reg[reg] & ~(has ? regs_possible(cfg, (vtdpi_reg_t)reg) : 0);
    }
    return impossible == 0;
}
