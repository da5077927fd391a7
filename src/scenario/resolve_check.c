/* Contradictions between keys: each text names both. */
#include "vtdpi/platform.h"

#include "scenario/resolve.h"

#include <inttypes.h>
#include <string.h>

#define COMPLAIN(resolve, place, ...)                                                              \
    vtdpi_diags_add((resolve)->reading->diags, place, NULL, __VA_ARGS__)

static bool cpus_known(const vtdpi_resolve_t *resolve)
{
    return (resolve->raw->platform.head.bad & 1U) == 0;
}

static void check_cpu(const vtdpi_resolve_t *resolve, vtdpi_position_t place, uint64_t cpu)
{
    uint32_t cpus = resolve->out->platform.cpus;
    if (cpus_known(resolve) && cpu >= cpus) {
        COMPLAIN(resolve, place, "there is no CPU %" PRIu64 " (\"platform.cpus\" is %" PRIu32 ")",
                 cpu, cpus);
    }
}

static bool set_is_empty(const uint64_t *set)
{
    return vtdpi_set_highest(set) < 0;
}

/* affinity: each CPU exists; start: is a member. */
static void check_affinity(const vtdpi_resolve_t *resolve, const raw_head_t *head,
                           const uint64_t *set, uint32_t start)
{
    const vtdpi_node_t *list = vtdpi_node_get(head->node, "affinity");
    for (uint32_t i = 0; list != NULL && list->kind == VTDPI_NODE_LIST && i < list->count; i++) {
        uint64_t cpu = 0;
        if (vtdpi_decode_integer(list->items[i], &cpu) &&
            cpu <= vtdpi_key_find(SECTION_vcpu, "affinity")->max) {
            check_cpu(resolve, list->items[i]->place, cpu);
        }
    }
    if (vtdpi_node_get(head->node, "start") == NULL) {
        return;
    }
    check_cpu(resolve, vtdpi_resolve_place(head, "start"), start);
    if (!set_is_empty(set) && !vtdpi_set_has(set, start)) {
        COMPLAIN(resolve, vtdpi_resolve_place(head, "start"),
                 "\"start\": CPU %" PRIu32 " is not in \"affinity\"", start);
    }
}

static void check_threads(const vtdpi_resolve_t *resolve)
{
    for (uint32_t i = 0; i < resolve->out->vcpu_count; i++) {
        const raw_vcpu_t *raw = resolve->vcpu_raw[i];
        check_affinity(resolve, &raw->head, raw->cfg.affinity, raw->cfg.start_cpu);
    }
    const raw_vmm_t *vmms = resolve->raw->vmms.items;
    for (uint32_t i = 0; i < resolve->raw->vmms.count; i++) {
        check_affinity(resolve, &vmms[i].head, vmms[i].cfg.affinity, vmms[i].cfg.start_cpu);
    }
}

/* Whether anything changes what a device's interrupt is turned into. */
static bool moves_interrupts(const vtdpi_resolve_t *resolve)
{
    const vtdpi_scenario_t *s = resolve->out;
    bool moves = s->hypervisor.irq_follows_vcpu;
    for (uint32_t i = 0; i < s->event_count; i++) {
        vtdpi_event_kind_t kind = s->events[i].kind;
        moves = moves || kind == VTDPI_EVENT_WRITE_MSI || kind == VTDPI_EVENT_ATTACH ||
                kind == VTDPI_EVENT_DETACH;
    }
    for (uint32_t v = 0; v < s->vcpu_count; v++) {
        for (uint32_t i = 0; i < s->vcpus[v].program_count; i++) {
            moves = moves || s->vcpus[v].program[i].kind == VTDPI_STEP_WRITE_MSI;
        }
    }
    return moves;
}

static void check_hypervisor(const vtdpi_resolve_t *resolve)
{
    const raw_hypervisor_t *raw = &resolve->raw->hypervisor;
    bool posts = vtdpi_protocol_posts(raw->protocol);
    bool given = vtdpi_resolve_given(&resolve->raw->platform.iommu.head, SECTION_iommu, "posting");
    if (posts && given && !resolve->out->platform.iommu_posting) {
        COMPLAIN(resolve, vtdpi_resolve_place(&resolve->raw->platform.iommu.head, "posting"),
                 "\"platform.iommu.posting\": protocol %s needs a unit that posts (expected true, "
                 "or another "
                 "\"hypervisor.protocol\")",
                 resolve->out->hypervisor.protocol);
    }
    bool off =
        vtdpi_resolve_given(&resolve->raw->platform.iommu.head, SECTION_iommu, "remapping") &&
        resolve->out->platform.no_remapping;
    if (off && (posts || moves_interrupts(resolve))) {
        COMPLAIN(resolve, vtdpi_resolve_place(&resolve->raw->platform.iommu.head, "remapping"),
                 "\"platform.iommu.remapping\": without it nothing is posted, and no interrupt can "
                 "move (expected true, or protocol injected, cpu_posted_xen or cpu_posted_kvm and "
                 "no write_msi, attach, detach or irq_follows_vcpu)");
    }
    if (raw->cfg.ipi_virtualization && !vtdpi_protocol_ipiv(raw->protocol)) {
        COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, "ipi_virtualization"),
                 "\"hypervisor.ipi_virtualization\": protocol %s does not use it (expected false, "
                 "or protocol kvm, kvm_5_17 or cpu_posted_kvm)",
                 resolve->out->hypervisor.protocol);
    }
}

static void check_interrupts(const vtdpi_resolve_t *resolve)
{
    bool posts = vtdpi_protocol_posts(resolve->raw->hypervisor.protocol);
    for (uint32_t i = 0; i < resolve->out->interrupt_count; i++) {
        const raw_interrupt_t *raw = resolve->interrupt_raw[i];
        if (resolve->out->interrupts[i].emulated) {
            continue;
        }
        if (raw->cfg.urgent && !posts) {
            COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, "urgent"),
                     "\"urgent\" needs posting, which protocol %s does not use (expected another "
                     "\"hypervisor.protocol\")",
                     resolve->out->hypervisor.protocol);
        }
        if (vtdpi_resolve_given(&raw->head, SECTION_interrupt, "host_cpu")) {
            check_cpu(resolve, vtdpi_resolve_place(&raw->head, "host_cpu"), raw->cfg.host_cpu);
        }
    }
}

/* [name] must not be that of an earlier one. */
static void check_name(const vtdpi_resolve_t *resolve, const raw_word_t *name,
                       const raw_word_t *earlier)
{
    if (name->text != NULL && earlier->text != NULL && strcmp(name->text, earlier->text) == 0) {
        COMPLAIN(resolve, name->node->place,
                 "name \"%.63s\" is taken (by the one on line %" PRIu32 ")", name->text,
                 earlier->node->place.line);
    }
}

static void check_names(const vtdpi_resolve_t *resolve)
{
    const raw_vm_t *vms = resolve->raw->vms.items;
    for (uint32_t i = 0; i < resolve->raw->vms.count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            check_name(resolve, &vms[i].name, &vms[k].name);
        }
    }
    uint32_t sources = vtdpi_resolve_source_count(resolve);
    for (uint32_t i = 0; i < sources; i++) {
        for (uint32_t k = 0; k < i; k++) {
            check_name(resolve, vtdpi_resolve_source_name(resolve, i),
                       vtdpi_resolve_source_name(resolve, k));
        }
    }
}

/* Units share what a platform may have in flight; a device is at one that exists. */
static void check_units(const vtdpi_resolve_t *resolve)
{
    const vtdpi_platform_cfg_t *platform = &resolve->out->platform;
    const raw_iommu_t *raw = &resolve->raw->platform.iommu;
    const raw_device_t *devices = resolve->raw->devices.items;
    if (platform->iommu_units == 0) { /* the map of the unit is wrong as a whole */
        return;
    }
    if (platform->iommu_units * platform->iommu_requests > VTDPI_REQUESTS_MAX) {
        bool given = vtdpi_resolve_given(&raw->head, SECTION_iommu, "requests_in_flight");
        COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, given ? "requests_in_flight" : "units"),
                 "\"platform.iommu\": %" PRIu32 " units with %" PRIu32
                 " requests in flight each (expected at most %d for all units together)",
                 platform->iommu_units, platform->iommu_requests, (int)VTDPI_REQUESTS_MAX);
    }
    for (uint32_t i = 0; i < resolve->raw->devices.count; i++) {
        if (vtdpi_resolve_given(&devices[i].head, SECTION_device, "unit") &&
            devices[i].cfg.unit >= platform->iommu_units) {
            COMPLAIN(resolve, vtdpi_resolve_place(&devices[i].head, "unit"),
                     "\"unit\": there is no remapping unit %" PRIu32
                     " (expected one below \"platform.iommu.units\", %" PRIu32 ")",
                     devices[i].cfg.unit, platform->iommu_units);
        }
    }
}

static void check_requesters(const vtdpi_resolve_t *resolve)
{
    const raw_device_t *devices = resolve->raw->devices.items;
    for (uint32_t i = 0; i < resolve->raw->devices.count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (!vtdpi_resolve_given(&devices[i].head, SECTION_device, "requester") ||
                !vtdpi_resolve_given(&devices[k].head, SECTION_device, "requester") ||
                devices[i].cfg.requester_id != devices[k].cfg.requester_id) {
                continue;
            }
            COMPLAIN(resolve, vtdpi_resolve_place(&devices[i].head, "requester"),
                     "requester ID is taken (by the device on line %" PRIu32 ")",
                     devices[k].head.node->place.line);
        }
    }
}

static void check_migration(const vtdpi_resolve_t *resolve, const raw_event_t *raw,
                            const vtdpi_event_cfg_t *event)
{
    const vtdpi_vcpu_cfg_t *vcpu =
        event->vcpu < resolve->out->vcpu_count ? &resolve->out->vcpus[event->vcpu] : NULL;
    if (vcpu == NULL || !vtdpi_resolve_given(&raw->head, SECTION_event, "to") ||
        event->cpu == UINT32_MAX) {
        return;
    }
    vtdpi_position_t place = vtdpi_resolve_place(&raw->head, "to");
    check_cpu(resolve, place, event->cpu);
    if (!set_is_empty(vcpu->affinity) && !vtdpi_set_has(vcpu->affinity, event->cpu)) {
        COMPLAIN(resolve, place, "\"to\": CPU %" PRIu32 " is not in the \"affinity\" of %.63s",
                 event->cpu, raw->who.text == NULL ? "the vCPU" : raw->who.text);
    }
}

static void check_event(const vtdpi_resolve_t *resolve, const raw_event_t *raw,
                        const vtdpi_event_cfg_t *event)
{
    if (event->at_ps > resolve->out->duration_ps) {
        COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, "at"),
                 "\"at\" is after the end of \"duration\"");
    }
    if (event->times > 1 && event->every_ps == 0) {
        COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, "times"),
                 "\"times\" above 1 needs \"every\"");
    }
    if (event->times == 1 && event->every_ps != 0) {
        COMPLAIN(resolve, vtdpi_resolve_place(&raw->head, "every"),
                 "\"every\" needs \"times\" above 1");
    }
    if (event->kind == VTDPI_EVENT_MIGRATE) {
        check_migration(resolve, raw, event);
    } else if (event->kind == VTDPI_EVENT_NMI) {
        check_cpu(resolve, vtdpi_resolve_place(&raw->head, "nmi"), event->cpu);
    }
}

void vtdpi_resolve_check(const vtdpi_resolve_t *resolve)
{
    check_hypervisor(resolve);
    check_names(resolve);
    check_units(resolve);
    check_requesters(resolve);
    check_threads(resolve);
    check_interrupts(resolve);
    const raw_event_t *events = resolve->raw->events.items;
    for (uint32_t i = 0; i < resolve->out->event_count; i++) {
        if (events[i].head.bad == 0) {
            check_event(resolve, &events[i], &resolve->out->events[i]);
        }
    }
}
