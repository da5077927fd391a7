#include "scenario/file.h"
#include "scenario/resolve.h"

#include <stdlib.h>
#include <string.h>

/* A scenario with the memory of all that it points to. */
typedef struct {
    vtdpi_scenario_t scenario;
    vtdpi_arena_t arena;
} owned_scenario_t;

static vtdpi_err_t owned_finish(owned_scenario_t *owned, vtdpi_diags_t *diags, size_t before,
                                vtdpi_scenario_t **out)
{
    bool failed = owned->arena.failed || vtdpi_diags_failed(diags);
    if (failed || vtdpi_diags_total(diags) != before) {
        vtdpi_scenario_free(&owned->scenario);
        return failed ? VTDPI_ERR_INTERNAL : VTDPI_ERR_INPUT;
    }
    *out = &owned->scenario;
    return VTDPI_OK;
}

static void owned_read(owned_scenario_t *owned, vtdpi_diags_t *diags, const char *file,
                       const char *text, size_t length)
{
    vtdpi_reading_t reading = {.arena = &owned->arena, .diags = diags};
    const char *name = vtdpi_arena_text(&owned->arena, file, strlen(file));
    raw_scenario_t *raw = vtdpi_arena_alloc(&owned->arena, 1, sizeof *raw);
    if (name == NULL || raw == NULL) {
        return;
    }
    const vtdpi_node_t *node = vtdpi_yaml_read(&owned->arena, diags, name, text, length);
    if (node == NULL) {
        return;
    }
    vtdpi_decode(&reading, SECTION_scenario, node, raw);
    if (node->kind == VTDPI_NODE_MAP && !owned->arena.failed) {
        owned->scenario.file = name;
        vtdpi_resolve(&reading, raw, name, &owned->scenario);
    }
}

vtdpi_err_t vtdpi_scenario_read_text(const char *text, size_t length, const char *filename,
                                     vtdpi_diags_t *diags, vtdpi_scenario_t **out)
{
    owned_scenario_t *owned = calloc(1, sizeof *owned);
    *out = NULL;
    if (owned == NULL) {
        return VTDPI_ERR_INTERNAL;
    }
    size_t before = vtdpi_diags_total(diags);
    owned_read(owned, diags, filename, text, length);
    return owned_finish(owned, diags, before, out);
}

vtdpi_err_t vtdpi_scenario_read_file(const char *path, vtdpi_diags_t *diags, vtdpi_scenario_t **out)
{
    vtdpi_arena_t arena = {0};
    const char *why = "";
    size_t length = 0;
    *out = NULL;
    const char *text = vtdpi_file_read(&arena, path, VTDPI_YAML_BYTES_MAX, &length, &why);
    vtdpi_err_t err = VTDPI_ERR_INPUT;
    if (text != NULL) {
        err = vtdpi_scenario_read_text(text, length, path, diags, out);
    } else {
        vtdpi_diags_add(diags, (vtdpi_position_t){.file = path}, NULL, "%s", why);
    }
    vtdpi_arena_release(&arena);
    return err;
}

void vtdpi_scenario_free(vtdpi_scenario_t *scenario)
{
    owned_scenario_t *owned = (owned_scenario_t *)(void *)scenario;
    if (owned != NULL) {
        vtdpi_arena_release(&owned->arena);
        free(owned);
    }
}

void vtdpi_scenario_default(vtdpi_scenario_t *scenario)
{
    raw_scenario_t raw = {0};
    vtdpi_decode_defaults(SECTION_scenario, &raw);
    vtdpi_decode_defaults(SECTION_platform, &raw.platform);
    vtdpi_decode_defaults(SECTION_iommu, &raw.platform.iommu);
    vtdpi_decode_defaults(SECTION_switches, &raw.platform.switches);
    vtdpi_decode_defaults(SECTION_hypervisor, &raw.hypervisor);
    *scenario = (vtdpi_scenario_t){
        .name = raw.name.text,
        .timing = vtdpi_key_find(SECTION_scenario, "timing")->default_,
        .seed = raw.seed,
        .duration_ps = raw.duration_ps,
        .drain_limit_ps = raw.drain_limit_ps,
        .platform = raw.platform.cfg,
        .hypervisor = raw.hypervisor.cfg,
    };
    scenario->platform.iommu_posting = raw.platform.iommu.posting;
    scenario->platform.no_remapping = !raw.platform.iommu.remapping;
    scenario->platform.fault_records = raw.platform.iommu.fault_records;
    scenario->platform.iommu_units = raw.platform.iommu.units;
    scenario->platform.iommu_cache = raw.platform.iommu.cache;
    scenario->platform.iommu_requests = raw.platform.iommu.requests;
    scenario->platform.coherent = raw.platform.iommu.coherent;
    scenario->platform.switches = raw.platform.switches.cfg;
    scenario->hypervisor.protocol = vtdpi_name(NAMES_PROTOCOL, raw.hypervisor.protocol);
}
