/* Contradictions between keys: each text names both. */
#include "scenario/build.h"

#include <inttypes.h>
#include <string.h>

#define COMPLAIN(build, place, ...)                                                                \
    vtdpi_diags_add((build)->reading->diags, place, NULL, __VA_ARGS__)

static bool cpus_known(const vtdpi_build_t *build)
{
    return (build->raw->platform.head.bad & 1U) == 0;
}

static void check_cpu(const vtdpi_build_t *build, vtdpi_place_t place, uint64_t cpu)
{
    uint32_t cpus = build->out->platform.cpus;
    if (cpus_known(build) && cpu >= cpus) {
        COMPLAIN(build, place, "there is no CPU %" PRIu64 " (\"platform.cpus\" is %" PRIu32 ")",
                 cpu, cpus);
    }
}

static bool set_is_empty(const uint64_t *set)
{
    return vtdpi_set_highest(set) < 0;
}

/* affinity: each CPU exists; start: is a member. */
static void check_affinity(const vtdpi_build_t *build, const raw_head_t *head, const uint64_t *set,
                           uint32_t start)
{
    const vtdpi_node_t *list = vtdpi_node_get(head->node, "affinity");
    for (uint32_t i = 0; list != NULL && list->kind == VTDPI_NODE_LIST && i < list->count; i++) {
        uint64_t cpu = 0;
        if (vtdpi_decode_integer(list->items[i], &cpu) && cpu < VTDPI_VECTORS) {
            check_cpu(build, list->items[i]->place, cpu);
        }
    }
    if (vtdpi_node_get(head->node, "start") == NULL) {
        return;
    }
    check_cpu(build, vtdpi_build_place(head, "start"), start);
    if (!set_is_empty(set) && !vtdpi_set_has(set, start)) {
        COMPLAIN(build, vtdpi_build_place(head, "start"),
                 "\"start\": CPU %" PRIu32 " is not in \"affinity\"", start);
    }
}

static void check_threads(const vtdpi_build_t *build)
{
    for (uint32_t i = 0; i < build->out->vcpu_count; i++) {
        const raw_vcpu_t *raw = build->vcpu_raw[i];
        check_affinity(build, &raw->head, raw->cfg.affinity, raw->cfg.start_cpu);
    }
    const raw_vmm_t *vmms = build->raw->vmms.items;
    for (uint32_t i = 0; i < build->raw->vmms.count; i++) {
        check_affinity(build, &vmms[i].head, vmms[i].cfg.affinity, vmms[i].cfg.start_cpu);
    }
}

static void check_hypervisor(const vtdpi_build_t *build)
{
    const raw_hypervisor_t *raw = &build->raw->hypervisor;
    bool posts = vtdpi_protocol_posts(raw->protocol);
    bool given = vtdpi_build_given(&build->raw->platform.iommu.head, SECTION_iommu, "posting");
    if (posts && given && !build->out->platform.iommu_posting) {
        COMPLAIN(build, vtdpi_build_place(&build->raw->platform.iommu.head, "posting"),
                 "\"platform.iommu.posting\": protocol %s needs a unit that posts (expected true, "
                 "or another "
                 "\"hypervisor.protocol\")",
                 build->out->hypervisor.protocol);
    }
}

static void check_interrupts(const vtdpi_build_t *build)
{
    bool posts = vtdpi_protocol_posts(build->raw->hypervisor.protocol);
    for (uint32_t i = 0; i < build->out->interrupt_count; i++) {
        const raw_interrupt_t *raw = build->interrupt_raw[i];
        if (build->out->interrupts[i].emulated) {
            continue;
        }
        if (raw->cfg.urgent && !posts) {
            COMPLAIN(build, vtdpi_build_place(&raw->head, "urgent"),
                     "\"urgent\" needs posting, which protocol %s does not use (expected another "
                     "\"hypervisor.protocol\")",
                     build->out->hypervisor.protocol);
        }
        if (vtdpi_build_given(&raw->head, SECTION_interrupt, "host_cpu")) {
            check_cpu(build, vtdpi_build_place(&raw->head, "host_cpu"), raw->cfg.host_cpu);
        }
    }
}

/* [name] must not be that of an earlier one. */
static void check_name(const vtdpi_build_t *build, const raw_word_t *name,
                       const raw_word_t *earlier)
{
    if (name->text != NULL && earlier->text != NULL && strcmp(name->text, earlier->text) == 0) {
        COMPLAIN(build, name->node->place,
                 "name \"%.63s\" is taken (by the one on line %" PRIu32 ")", name->text,
                 earlier->node->place.line);
    }
}

static void check_names(const vtdpi_build_t *build)
{
    const raw_vm_t *vms = build->raw->vms.items;
    for (uint32_t i = 0; i < build->raw->vms.count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            check_name(build, &vms[i].name, &vms[k].name);
        }
    }
    uint32_t sources = vtdpi_build_source_count(build);
    for (uint32_t i = 0; i < sources; i++) {
        for (uint32_t k = 0; k < i; k++) {
            check_name(build, vtdpi_build_source_name(build, i), vtdpi_build_source_name(build, k));
        }
    }
}

static void check_requesters(const vtdpi_build_t *build)
{
    const raw_device_t *devices = build->raw->devices.items;
    for (uint32_t i = 0; i < build->raw->devices.count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (!vtdpi_build_given(&devices[i].head, SECTION_device, "requester") ||
                !vtdpi_build_given(&devices[k].head, SECTION_device, "requester") ||
                devices[i].cfg.requester_id != devices[k].cfg.requester_id) {
                continue;
            }
            COMPLAIN(build, vtdpi_build_place(&devices[i].head, "requester"),
                     "requester ID is taken (by the device on line %" PRIu32 ")",
                     devices[k].head.node->place.line);
        }
    }
}

static void check_migration(const vtdpi_build_t *build, const raw_event_t *raw,
                            const vtdpi_event_cfg_t *event)
{
    const vtdpi_vcpu_cfg_t *vcpu =
        event->vcpu < build->out->vcpu_count ? &build->out->vcpus[event->vcpu] : NULL;
    if (vcpu == NULL || !vtdpi_build_given(&raw->head, SECTION_event, "to") ||
        event->cpu == UINT32_MAX) {
        return;
    }
    vtdpi_place_t place = vtdpi_build_place(&raw->head, "to");
    check_cpu(build, place, event->cpu);
    if (!set_is_empty(vcpu->affinity) && !vtdpi_set_has(vcpu->affinity, event->cpu)) {
        COMPLAIN(build, place, "\"to\": CPU %" PRIu32 " is not in the \"affinity\" of %.63s",
                 event->cpu, raw->who.text == NULL ? "the vCPU" : raw->who.text);
    }
}

static void check_event(const vtdpi_build_t *build, const raw_event_t *raw,
                        const vtdpi_event_cfg_t *event)
{
    if (event->at_ps > build->out->duration_ps) {
        COMPLAIN(build, vtdpi_build_place(&raw->head, "at"),
                 "\"at\" is after the end of \"duration\"");
    }
    if (event->times > 1 && event->every_ps == 0) {
        COMPLAIN(build, vtdpi_build_place(&raw->head, "times"),
                 "\"times\" above 1 needs \"every\"");
    }
    if (event->times == 1 && event->every_ps != 0) {
        COMPLAIN(build, vtdpi_build_place(&raw->head, "every"),
                 "\"every\" needs \"times\" above 1");
    }
    if (event->kind == VTDPI_EVENT_MIGRATE) {
        check_migration(build, raw, event);
    }
}

void vtdpi_build_check(const vtdpi_build_t *build)
{
    check_hypervisor(build);
    check_names(build);
    check_requesters(build);
    check_threads(build);
    check_interrupts(build);
    const raw_event_t *events = build->raw->events.items;
    for (uint32_t i = 0; i < build->out->event_count; i++) {
        if (events[i].head.bad == 0) {
            check_event(build, &events[i], &build->out->events[i]);
        }
    }
}
