/* Interrupts of devices and VMM threads, and when they arrive. */
#include "scenario/build.h"
#include "scenario/file.h"
#include "scenario/trace.h"

#include <inttypes.h>

enum { VECTOR_MAX = 255, MSI_MAX = 32 };

static const uint64_t ps_per_second = UINT64_C(1000000000000);

static void arrive_periodic(const raw_periodic_t *raw, vtdpi_arrivals_t *out)
{
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_PERIODIC,
                              .period_ps = raw->period_ps,
                              .offset_ps = raw->offset_ps,
                              .count = raw->count};
}

static void arrive_poisson(const vtdpi_build_t *build, const raw_poisson_t *raw,
                           vtdpi_arrivals_t *out)
{
    bool rate = vtdpi_node_get(raw->head.node, "rate") != NULL;
    bool mean = vtdpi_node_get(raw->head.node, "mean") != NULL;
    if (rate == mean) {
        vtdpi_diags_add(build->reading->diags, raw->head.node->place, NULL,
                        "arrivals.poisson: %s \"rate\" and \"mean\" (expected one of them)",
                        rate ? "both" : "neither of");
    }
    uint64_t mean_ps =
        raw->rate_hz == 0 ? raw->period_ps : (ps_per_second + raw->rate_hz / 2) / raw->rate_hz;
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_POISSON,
                              .period_ps = mean_ps,
                              .offset_ps = raw->offset_ps,
                              .count = raw->count};
}

static void arrive_burst(const vtdpi_build_t *build, const raw_burst_t *raw, vtdpi_arrivals_t *out)
{
    if (raw->size > 1 && raw->gap_ps > 0 && raw->period_ps / raw->gap_ps < raw->size - 1) {
        vtdpi_diags_add(
            build->reading->diags, vtdpi_build_place(&raw->head, "period"), NULL,
            "arrivals.burst: the burst is longer than \"period\" (\"size\" - 1 times \"gap\")");
    }
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_BURST,
                              .period_ps = raw->period_ps,
                              .offset_ps = raw->offset_ps,
                              .gap_ps = raw->gap_ps,
                              .size = raw->size,
                              .count = raw->count};
}

static void arrive_list(const raw_times_t *raw, vtdpi_arrivals_t *out)
{
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_LIST,
                              .offset_ps = raw->offset_ps,
                              .count = raw->count,
                              .times_ps = raw->times.items,
                              .times_count = raw->times.count};
}

static void arrive_trace(const vtdpi_build_t *build, const raw_trace_t *raw, vtdpi_arrivals_t *out)
{
    raw_list_t times = raw->times;
    bool given = vtdpi_node_get(raw->head.node, "times") != NULL;
    const char *path = raw->file.text;
    if (path != NULL && !given) {
        path = vtdpi_file_beside(build->reading->arena, build->file, path);
    }
    if (path != NULL && !given) {
        vtdpi_trace_read(build->reading, raw->file.node->place, path, raw->limit, &times);
    }
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_LIST,
                              .offset_ps = raw->offset_ps,
                              .count = raw->limit,
                              .times_ps = times.items,
                              .times_count = times.count,
                              .trace_file = raw->file.text};
}

static void build_arrivals(const vtdpi_build_t *build, const raw_arrivals_t *raw,
                           vtdpi_arrivals_t *out)
{
    if (raw->head.node == NULL || raw->head.bad != 0) {
        return;
    }
    switch (raw->head.kind) {
    case ARRIVALS_PERIODIC:
        arrive_periodic(&raw->periodic, out);
        break;
    case ARRIVALS_POISSON:
        arrive_poisson(build, &raw->poisson, out);
        break;
    case ARRIVALS_BURST:
        arrive_burst(build, &raw->burst, out);
        break;
    case ARRIVALS_LIST:
        arrive_list(&raw->list, out);
        break;
    case ARRIVALS_TRACE:
        arrive_trace(build, &raw->trace, out);
        break;
    default:
        break;
    }
}

static void build_interrupt(const vtdpi_build_t *build, const raw_interrupt_t *raw,
                            vtdpi_interrupt_cfg_t *out)
{
    *out = raw->cfg;
    (void)vtdpi_build_vcpu(build, raw->vcpu, &out->vcpu);
    build_arrivals(build, &raw->arrivals, &out->arrivals);
    if (raw->cfg.vector + raw->count > VECTOR_MAX + 1) {
        vtdpi_diags_add(build->reading->diags, vtdpi_build_place(&raw->head, "count"), NULL,
                        "%" PRIu32
                        " vectors from 0x%02x on go beyond 0xff (expected \"count\" of at most %d)",
                        raw->count, raw->cfg.vector, VECTOR_MAX + 1 - raw->cfg.vector);
    }
}

static const raw_list_t *source_list(const vtdpi_build_t *build, uint32_t source)
{
    const raw_device_t *devices = build->raw->devices.items;
    const raw_vmm_t *vmms = build->raw->vmms.items;
    uint32_t device_count = build->raw->devices.count;
    return source < device_count ? &devices[source].interrupts
                                 : &vmms[source - device_count].interrupts;
}

/* How many interrupts each source has; false if there are too many. */
static bool count_interrupts(vtdpi_build_t *build)
{
    uint32_t total = 0;
    for (uint32_t s = 0; s < vtdpi_build_source_count(build); s++) {
        const raw_list_t *list = source_list(build, s);
        const raw_interrupt_t *items = list->items;
        build->source_first[s] = total;
        for (uint32_t i = 0; i < list->count; i++) {
            build->source_count[s] += items[i].count;
        }
        total += build->source_count[s];
        if (total > VTDPI_BUILD_INTERRUPTS_MAX) {
            const raw_word_t *name = vtdpi_build_source_name(build, s);
            vtdpi_place_t place =
                name->node == NULL ? build->raw->head.node->place : name->node->place;
            vtdpi_diags_add(build->reading->diags, place, NULL,
                            "too many interrupts (expected at most %d in a scenario)",
                            VTDPI_BUILD_INTERRUPTS_MAX);
            return false;
        }
    }
    build->out->interrupt_count = total;
    return true;
}

static void check_msi(const vtdpi_build_t *build, uint32_t source)
{
    const raw_device_t *devices = build->raw->devices.items;
    if (source < build->raw->devices.count && !devices[source].cfg.msix &&
        build->source_count[source] > MSI_MAX) {
        vtdpi_diags_add(build->reading->diags, vtdpi_build_place(&devices[source].head, "kind"),
                        NULL,
                        "devices[].kind: MSI has at most %d messages, this device has %" PRIu32
                        " (expected msix)",
                        MSI_MAX, build->source_count[source]);
    }
}

/* The interrupts of one source; each entry makes `count` of them. */
static void build_source(vtdpi_build_t *build, uint32_t source, vtdpi_interrupt_cfg_t *interrupts)
{
    const raw_list_t *list = source_list(build, source);
    const raw_interrupt_t *items = list->items;
    uint32_t device_count = build->raw->devices.count;
    uint32_t at = build->source_first[source];
    for (uint32_t i = 0; i < list->count; i++) {
        vtdpi_interrupt_cfg_t first = {0};
        build_interrupt(build, &items[i], &first);
        first.emulated = source >= device_count;
        first.device = first.emulated ? source - device_count : source;
        first.attached = first.attached || first.emulated;
        for (uint32_t k = 0; k < items[i].count; k++) {
            build->interrupt_raw[at] = &items[i];
            interrupts[at] = first;
            interrupts[at++].vector = (uint8_t)(first.vector + k);
        }
    }
    check_msi(build, source);
}

void vtdpi_build_interrupts(vtdpi_build_t *build)
{
    vtdpi_arena_t *arena = build->reading->arena;
    uint32_t sources = vtdpi_build_source_count(build);
    build->source_first = vtdpi_arena_alloc(arena, sources, sizeof *build->source_first);
    build->source_count = vtdpi_arena_alloc(arena, sources, sizeof *build->source_count);
    if (build->source_first == NULL || build->source_count == NULL || !count_interrupts(build)) {
        return;
    }
    uint32_t count = build->out->interrupt_count;
    vtdpi_interrupt_cfg_t *interrupts = vtdpi_arena_alloc(arena, count, sizeof *interrupts);
    build->interrupt_raw = vtdpi_arena_alloc(arena, count, sizeof(const raw_interrupt_t *));
    build->out->interrupts = interrupts;
    if (interrupts == NULL || build->interrupt_raw == NULL) {
        build->out->interrupt_count = 0;
        return;
    }
    for (uint32_t s = 0; s < sources; s++) {
        build_source(build, s, interrupts);
    }
}
