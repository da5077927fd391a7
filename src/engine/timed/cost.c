/* Costs: every parameter in cycles of each domain, and what a lump leaves over beside the
 * operations inside it. */
#include "engine/timed/state.h"

#include <string.h>

static uint32_t bounded(uint64_t cycles)
{
    if (cycles == 0) {
        return 1;
    }
    return cycles > UINT32_MAX ? UINT32_MAX : (uint32_t)cycles;
}

/* A source gives picoseconds or core cycles; either becomes cycles of [domain], rounded up. */
static uint32_t cost_cycles(const vtdpi_timed_cfg_t *cfg, const vtdpi_timing_t *value,
                            vtdpi_domain_t domain)
{
    if (value->ps == 0 && domain == VTDPI_DOMAIN_CORE) {
        return bounded(value->cyc);
    }
    uint64_t ps =
        value->ps != 0 ? value->ps : vtdpi_clock_edge(&cfg->clock[VTDPI_DOMAIN_CORE], value->cyc);
    return bounded(vtdpi_clock_at_or_after(&cfg->clock[domain], ps));
}

typedef struct {
    vtdpi_timing_param_t param;
    uint32_t percent, plain, locked, msr;
} lump_row_t;

static const lump_row_t lump_rows[VTDPI_LUMP_COUNT] = {
#define VTDPI_LUMP(name, param, percent, plain, locked, msr, doc)                                  \
    [VTDPI_LUMP_##name] = {VTDPI_T_##param, percent, plain, locked, msr},
#include "vtdpi/lumps.def"
#undef VTDPI_LUMP
};

static uint32_t lump_cycles(const vtdpi_timed_cfg_t *cfg, const lump_row_t *row)
{
    const uint32_t *cyc = cfg->cyc[VTDPI_DOMAIN_CORE];
    uint64_t whole = ((uint64_t)cyc[row->param] * row->percent) / 100;
    uint64_t own = cyc[VTDPI_T_mem_own];
    uint64_t inside = (own * row->plain) + ((own + cyc[VTDPI_T_locked_rmw]) * row->locked) +
                      ((uint64_t)cyc[VTDPI_T_msr_access] * row->msr);
    return bounded(whole > inside ? whole - inside : 1);
}

void vtdpi_timed_configure(vtdpi_timed_cfg_t *cfg, const vtdpi_platform_t *p,
                           const vtdpi_scenario_t *scenario, const vtdpi_profile_t *profile)
{
    memset(cfg, 0, sizeof *cfg);
    cfg->p = p;
    cfg->scenario = scenario;
    for (unsigned d = 0; d < VTDPI_DOMAIN_COUNT; d++) {
        vtdpi_clock_make(&cfg->clock[d], profile->hz[d]);
    }
    for (unsigned i = 0; i < VTDPI_T_COUNT; i++) {
        const vtdpi_timing_t *value = &profile->value[i];
        cfg->cyc[VTDPI_DOMAIN_CORE][i] = cost_cycles(cfg, value, VTDPI_DOMAIN_CORE);
        cfg->cyc[VTDPI_DOMAIN_UNCORE][i] = cost_cycles(cfg, value, VTDPI_DOMAIN_UNCORE);
        cfg->guess[i] = value->status == VTDPI_STATUS_GUESS ? 1 : 0;
    }
    for (unsigned i = 1; i < VTDPI_LUMP_COUNT; i++) {
        cfg->lump[i] = lump_cycles(cfg, &lump_rows[i]);
        cfg->lump_guess[i] = cfg->guess[lump_rows[i].param];
    }
    timed_arrival_table(cfg);
}
