/* How well the figures behind a stage are known. */
#include "log/rows.h"
#include "stats/stats.h"

/** When a figure can be part of a stage. */
typedef enum { ALWAYS, EXTERNAL, INTEGRATED, X2APIC, XAPIC } when_t;

/** A row of stage_costs.def. */
typedef struct {
    vtdpi_stage_t stage;
    vtdpi_timing_param_t parameter;
    when_t when;
} stage_cost_t;

static const stage_cost_t stage_costs[] = {
#define VTDPI_STAGE_COST(stage, parameter, when) {VTDPI_STAGE_##stage, VTDPI_T_##parameter, when},
#include "stats/stage_costs.def"
#undef VTDPI_STAGE_COST
};

static bool any_device(const vtdpi_scenario_t *scenario, bool integrated)
{
    for (uint32_t i = 0; i < scenario->device_count; i++) {
        if (scenario->devices[i].integrated == integrated) {
            return true;
        }
    }
    return false;
}

static bool applies(const vtdpi_scenario_t *scenario, when_t when)
{
    switch (when) {
    case EXTERNAL:
        return any_device(scenario, false);
    case INTEGRATED:
        return any_device(scenario, true);
    case X2APIC:
        return scenario->platform.x2apic;
    case XAPIC:
        return !scenario->platform.x2apic;
    case ALWAYS:
        break;
    }
    return true;
}

const char *vtdpi_stage_status(const vtdpi_stats_t *stats, unsigned stage)
{
    static const char *const names[VTDPI_STATUS_COUNT] = {"measured", "derived", "memory", "guess"};
    int worst = -1;
    if (vtdpi_stage_rows[stage].wait) {
        return "wait";
    }
    for (size_t i = 0; stats->profile != NULL && i < sizeof stage_costs / sizeof stage_costs[0];
         i++) {
        if ((unsigned)stage_costs[i].stage != stage ||
            !applies(stats->scenario, stage_costs[i].when)) {
            continue;
        }
        int status = (int)stats->profile->value[stage_costs[i].parameter].status;
        worst = status > worst ? status : worst;
    }
    return worst >= 0 && worst < VTDPI_STATUS_COUNT ? names[worst] : "-";
}
