/*
 * The remapping unit: configuration, reset values, invariants.
 */
#include "iommu_event.h"

#include <string.h>

/* Bits of a host physical address, as server processors of the time have them. */
enum { DEFAULT_HAW = 46 };

/** Ranges and reset values that the manual leaves to the part. */
enum {
    UNIT_HAW_MIN = 32,
    UNIT_HAW_MAX = 64,
    UNIT_MHMV_MAX = 15,
    UNIT_VERSION_MAJOR = 1,
    UNIT_IOTLB_OFFSET = 0xF0,
    UNIT_OFFSET_SHIFT = 4,
};

vtdpi_iommu_cfg_t vtdpi_iommu_cfg_default(void)
{
    return (vtdpi_iommu_cfg_t){
        .iec_entries = 64,
        .frcd_count = 1,
        .haw = DEFAULT_HAW,
        .mhmv = UNIT_MHMV_MAX,
        .pi = true,
        .ir = true,
        .eim = true,
        .coherent = true,
        .wide_queue = true,
        .pid_ndst_check = true,
        .dlm_check = true,
        .svt3_code = VTDPI_SVT3_26H,
        .irte_check_order = VTDPI_CHECK_SOURCE_FIRST,
    };
}

bool vtdpi_iommu_cfg_ok(const vtdpi_iommu_cfg_t *cfg)
{
    return cfg->iec_entries <= VTDPI_IEC_MAX && cfg->frcd_count >= 1 &&
           cfg->frcd_count <= VTDPI_FRCD_MAX && cfg->haw >= UNIT_HAW_MIN &&
           cfg->haw <= UNIT_HAW_MAX && cfg->mhmv <= UNIT_MHMV_MAX &&
           cfg->svt3_code <= VTDPI_SVT3_24H && cfg->irte_check_order <= VTDPI_CHECK_RESERVED_FIRST;
}

/*
 * @rule vtd.regs.cap | VT-d | Capability Register | CM, MGAW, FRO, NFR, PI and ESIRTPS show what
 * the unit has.
 */
static uint64_t unit_cap(const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t cap[1] = {0};
    VTDPI_PUT(CAP, CM, cap, cfg->cm);
    VTDPI_PUT(CAP, MGAW, cap, cfg->haw - 1);
    VTDPI_PUT(CAP, FRO, cap, VTDPI_FRCD_OFFSET >> UNIT_OFFSET_SHIFT);
    VTDPI_PUT(CAP, NFR, cap, cfg->frcd_count - 1);
    VTDPI_PUT(CAP, PI, cap, cfg->pi);
    VTDPI_PUT(CAP, ESIRTPS, cap, cfg->esirtps);
    return cap[0];
}

/*
 * @rule vtd.regs.ecap | VT-d | Extended Capability Register | C, QI, IR, EIM, IRO and MHMV show
 * what the unit has.
 */
static uint64_t unit_ecap(const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t ecap[1] = {0};
    VTDPI_PUT(ECAP, C, ecap, cfg->coherent);
    VTDPI_PUT(ECAP, QI, ecap, !cfg->register_only);
    VTDPI_PUT(ECAP, IR, ecap, cfg->ir);
    VTDPI_PUT(ECAP, EIM, ecap, cfg->eim);
    VTDPI_PUT(ECAP, IRO, ecap, UNIT_IOTLB_OFFSET >> UNIT_OFFSET_SHIFT);
    VTDPI_PUT(ECAP, MHMV, ecap, cfg->mhmv);
    return ecap[0];
}

/*
 * @rule vtd.regs.power-good | VT-d | Register Descriptions | After power-good every register is 0
 * but for VER, CAP, ECAP and the masks of both events, which are 1.
 */
void vtdpi_iommu_init(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    VTDPI_ASSERT(vtdpi_iommu_cfg_ok(cfg));
    memset(u, 0, sizeof *u);
    vtdpi_iommu_reset(u, cfg);
}

/* "FSTS and FRCD fault fields are sticky: reset clears them only at power-good."
 *
 * @rule vtd.regs.sticky | VT-d | Fault Status Register | Fault records and their status outlive a
 * reset that is not power-good.
 */
void vtdpi_iommu_reset(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    vtdpi_iommu_arch_t was = u->arch;
    memset(u, 0, sizeof *u);
    memcpy(u->arch.frcd, was.frcd, sizeof u->arch.frcd);
    u->arch.reg[VTDPI_REG_FSTS] = was.reg[VTDPI_REG_FSTS];
    VTDPI_PUT(VER, MAX, &u->arch.reg[VTDPI_REG_VER], UNIT_VERSION_MAJOR);
    u->arch.reg[VTDPI_REG_CAP] = unit_cap(cfg);
    u->arch.reg[VTDPI_REG_ECAP] = unit_ecap(cfg);
    VTDPI_PUT(FECTL, IM, &u->arch.reg[VTDPI_REG_FECTL], 1);
    VTDPI_PUT(IECTL, IM, &u->arch.reg[VTDPI_REG_IECTL], !cfg->register_only);
}

/** IP stays only while the message is masked and the condition lasts. */
static bool unit_check_event(uint64_t ctl, bool condition)
{
    bool pending = (ctl & IOMMU_BIT(FECTL, IP)) != 0;
    bool masked = (ctl & IOMMU_BIT(FECTL, IM)) != 0;
    return !pending || (masked && condition);
}

static bool unit_check_table(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t page_offset = vtdpi_bits(u->arch.irta_base, 0, VTDPI_IRTA_IRTA_LOW);
    return (!u->arch.eime || cfg->eim) && page_offset == 0 &&
           (u->arch.irta_base & ~vtdpi_mask(cfg->haw)) == 0 &&
           u->arch.irta_s <= vtdpi_mask(VTDPI_IRTA_S_WIDTH);
}

/** FSTS holds its status bits and FRI; records and positions are within what the unit has. */
static bool unit_check_faults(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    uint64_t fsts = u->arch.reg[VTDPI_REG_FSTS];
    uint64_t fri = VTDPI_GET(FSTS, FRI, &fsts);
    return (fsts & ~(IOMMU_FSTS_STORED | fri << VTDPI_FSTS_FRI_LOW)) == 0 &&
           fri < cfg->frcd_count && u->uarch.fault_next < cfg->frcd_count;
}

bool vtdpi_iommu_check(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg)
{
    bool fault = vtdpi_iommu_status_any(u, cfg);
    bool completed = (u->arch.reg[VTDPI_REG_ICS] & IOMMU_BIT(ICS, IWC)) != 0;
    bool cache_ok = u->uarch.iec_next == 0 || u->uarch.iec_next < cfg->iec_entries;
    return vtdpi_iommu_regs_check(u, cfg) && unit_check_faults(u, cfg) && cache_ok &&
           unit_check_event(u->arch.reg[VTDPI_REG_FECTL], fault) &&
           unit_check_event(u->arch.reg[VTDPI_REG_IECTL], completed) && unit_check_table(u, cfg);
}
