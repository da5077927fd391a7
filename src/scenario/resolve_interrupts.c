/* Interrupts of devices and VMM threads, and when they arrive. */
#include "scenario/file.h"
#include "scenario/resolve.h"
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

static void arrive_poisson(const vtdpi_resolve_t *resolve, const raw_poisson_t *raw,
                           vtdpi_arrivals_t *out)
{
    bool rate = vtdpi_node_get(raw->head.node, "rate") != NULL;
    bool mean = vtdpi_node_get(raw->head.node, "mean") != NULL;
    if (rate == mean) {
        vtdpi_diags_add(resolve->reading->diags, raw->head.node->place, NULL,
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

static void arrive_burst(const vtdpi_resolve_t *resolve, const raw_burst_t *raw,
                         vtdpi_arrivals_t *out)
{
    if (raw->size > 1 && raw->gap_ps > 0 && raw->period_ps / raw->gap_ps < raw->size - 1) {
        vtdpi_diags_add(
            resolve->reading->diags, vtdpi_resolve_place(&raw->head, "period"), NULL,
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

static void arrive_trace(const vtdpi_resolve_t *resolve, const raw_trace_t *raw,
                         vtdpi_arrivals_t *out)
{
    raw_list_t times = raw->times;
    bool given = vtdpi_node_get(raw->head.node, "times") != NULL;
    const char *path = raw->file.text;
    if (path != NULL && !given) {
        path = vtdpi_file_beside(resolve->reading->arena, resolve->file, path);
    }
    if (path != NULL && !given) {
        vtdpi_trace_read(resolve->reading, raw->file.node->place, path, raw->limit, &times);
    }
    *out = (vtdpi_arrivals_t){.kind = VTDPI_ARRIVE_LIST,
                              .offset_ps = raw->offset_ps,
                              .count = raw->limit,
                              .times_ps = times.items,
                              .times_count = times.count,
                              .trace_file = raw->file.text};
}

static void resolve_arrivals(const vtdpi_resolve_t *resolve, const raw_arrivals_t *raw,
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
        arrive_poisson(resolve, &raw->poisson, out);
        break;
    case ARRIVALS_BURST:
        arrive_burst(resolve, &raw->burst, out);
        break;
    case ARRIVALS_LIST:
        arrive_list(&raw->list, out);
        break;
    case ARRIVALS_TRACE:
        arrive_trace(resolve, &raw->trace, out);
        break;
    default:
        break;
    }
}

static void resolve_interrupt(const vtdpi_resolve_t *resolve, const raw_interrupt_t *raw,
                              vtdpi_interrupt_cfg_t *out)
{
    *out = raw->cfg;
    (void)vtdpi_resolve_vcpu(resolve, raw->vcpu, &out->vcpu);
    resolve_arrivals(resolve, &raw->arrivals, &out->arrivals);
    if (raw->cfg.vector + raw->count > VECTOR_MAX + 1) {
        vtdpi_diags_add(resolve->reading->diags, vtdpi_resolve_place(&raw->head, "count"), NULL,
                        "%" PRIu32
                        " vectors from 0x%02x on go beyond 0xff (expected \"count\" of at most %d)",
                        raw->count, raw->cfg.vector, VECTOR_MAX + 1 - raw->cfg.vector);
    }
}

static const raw_list_t *source_list(const vtdpi_resolve_t *resolve, uint32_t source)
{
    const raw_device_t *devices = resolve->raw->devices.items;
    const raw_vmm_t *vmms = resolve->raw->vmms.items;
    uint32_t device_count = resolve->raw->devices.count;
    return source < device_count ? &devices[source].interrupts
                                 : &vmms[source - device_count].interrupts;
}

/* How many interrupts each source has; false if there are too many. */
static bool count_interrupts(vtdpi_resolve_t *resolve)
{
    uint32_t total = 0;
    for (uint32_t s = 0; s < vtdpi_resolve_source_count(resolve); s++) {
        const raw_list_t *list = source_list(resolve, s);
        const raw_interrupt_t *items = list->items;
        resolve->source_first[s] = total;
        for (uint32_t i = 0; i < list->count; i++) {
            resolve->source_count[s] += items[i].count;
        }
        total += resolve->source_count[s];
        if (total > VTDPI_RESOLVE_INTERRUPTS_MAX) {
            const raw_word_t *name = vtdpi_resolve_source_name(resolve, s);
            vtdpi_position_t place =
                name->node == NULL ? resolve->raw->head.node->place : name->node->place;
            vtdpi_diags_add(resolve->reading->diags, place, NULL,
                            "too many interrupts (expected at most %d in a scenario)",
                            VTDPI_RESOLVE_INTERRUPTS_MAX);
            return false;
        }
    }
    resolve->out->interrupt_count = total;
    return true;
}

static void check_msi(const vtdpi_resolve_t *resolve, uint32_t source)
{
    const raw_device_t *devices = resolve->raw->devices.items;
    if (source < resolve->raw->devices.count && !devices[source].cfg.msix &&
        resolve->source_count[source] > MSI_MAX) {
        vtdpi_diags_add(resolve->reading->diags, vtdpi_resolve_place(&devices[source].head, "kind"),
                        NULL,
                        "devices[].kind: MSI has at most %d messages, this device has %" PRIu32
                        " (expected msix)",
                        MSI_MAX, resolve->source_count[source]);
    }
}

/* The interrupts of one source; each entry makes `count` of them. */
static void resolve_source(vtdpi_resolve_t *resolve, uint32_t source,
                           vtdpi_interrupt_cfg_t *interrupts)
{
    const raw_list_t *list = source_list(resolve, source);
    const raw_interrupt_t *items = list->items;
    uint32_t device_count = resolve->raw->devices.count;
    uint32_t at = resolve->source_first[source];
    for (uint32_t i = 0; i < list->count; i++) {
        vtdpi_interrupt_cfg_t first = {0};
        resolve_interrupt(resolve, &items[i], &first);
        first.emulated = source >= device_count;
        first.device = first.emulated ? source - device_count : source;
        first.attached = first.attached || first.emulated;
        for (uint32_t k = 0; k < items[i].count; k++) {
            resolve->interrupt_raw[at] = &items[i];
            interrupts[at] = first;
            interrupts[at++].vector = (uint8_t)(first.vector + k);
        }
    }
    check_msi(resolve, source);
}

void vtdpi_resolve_interrupts(vtdpi_resolve_t *resolve)
{
    vtdpi_arena_t *arena = resolve->reading->arena;
    uint32_t sources = vtdpi_resolve_source_count(resolve);
    resolve->source_first = vtdpi_arena_alloc(arena, sources, sizeof *resolve->source_first);
    resolve->source_count = vtdpi_arena_alloc(arena, sources, sizeof *resolve->source_count);
    if (resolve->source_first == NULL || resolve->source_count == NULL ||
        !count_interrupts(resolve)) {
        return;
    }
    uint32_t count = resolve->out->interrupt_count;
    vtdpi_interrupt_cfg_t *interrupts = vtdpi_arena_alloc(arena, count, sizeof *interrupts);
    resolve->interrupt_raw = vtdpi_arena_alloc(arena, count, sizeof(const raw_interrupt_t *));
    resolve->out->interrupts = interrupts;
    if (interrupts == NULL || resolve->interrupt_raw == NULL) {
        resolve->out->interrupt_count = 0;
        return;
    }
    for (uint32_t s = 0; s < sources; s++) {
        resolve_source(resolve, s, interrupts);
    }
}
